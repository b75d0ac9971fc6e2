"""Whose data got out: what the log knows of an account, a key for programs or an export between two moments
(个人信息保护法第五十七条, docs/security.md). Whoever may read the audit may ask; names are shown as their roles say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NamedTuple

import orjson
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.customers.models import Incident
from kemai.customers.services.own_erasing import naming_customers
from kemai.kit.numbers import record_key
from kemai.platform import access, audit, query
from kemai.platform.access import Actor, tokens
from kemai.platform.access.actor import actor_for
from kemai.platform.access.auditor import may_audit
from kemai.platform.access.quota import HOUR
from kemai.platform.exports import Order
from kemai.platform.exports.rows import records as exported
from kemai.platform.models import ApiToken, AuditEntry, Change, ChangeSet, RateCount
from kemai.platform.objects import ObjectType, get
from kemai.platform.records import FieldErrors, Refused
from kemai.platform.records.sql import Among

TYPES = ("customer", "contact")
"""The persons: a customer is affected by what belongs to them as well (orders, interactions …)."""
SHOWN = 50
MOST_EXPORTS = 200
"""Of an account's exports in the span, the newest are looked into."""
MOST_ACTS = 2_000
"""Changes that are told one by one for the persons of a page."""
SHA = 64
LOOKS = {
    "reveal": (gettext_lazy("查看了完整信息"), "orange"),
    "create": (gettext_lazy("新建"), "blue"),
    "update": (gettext_lazy("修改"), "blue"),
    "delete": (gettext_lazy("删除"), "blue"),
    "export": (gettext_lazy("导出"), "red"),
    "download": (gettext_lazy("下载了文件"), "red"),
    "print": (gettext_lazy("打印"), "orange"),
}
"""Kinds of acts in words; whatever else stands in the log changed a record."""
Asked = Mapping[str, str]


class How(NamedTuple):
    """How the log knows that somebody is affected; `sure` is False where it is only the filter as it stands today."""

    label: str
    color: str
    more: str
    sure: bool = True


class Line(NamedTuple):
    key: int
    name: str
    url: str
    hows: Sequence[How]


class Taken(NamedTuple):
    """An export of the span: its keys, or None where the log has only its filter."""

    set: ChangeSet
    asked: Mapping[str, Any]
    keys: frozenset[int] | None


def require(actor: Actor) -> None:
    """Raises NotVisible: whether there was an incident is nobody else's to know."""
    if not may_audit(actor):
        raise access.NotVisible


def incidents(actor: Actor) -> QuerySet[Incident]:
    require(actor)
    return Incident.objects.order_by("-pk")


def one(actor: Actor, key: int) -> Incident:
    found = incidents(actor).filter(pk=key).first() if 0 < key < 2**63 else None
    if found is None:
        raise access.NotVisible
    return found


# opening


def open_incident(asked: Asked, *, by: Actor) -> Incident:
    """Raises FieldErrors, NotVisible."""
    require(by)
    errors = {
        name: _("请填写") for name in ("title", "reason", "from", "to") if not asked.get(name, "").strip()
    }
    began, ended = moment_of(asked.get("from", "")), moment_of(asked.get("to", ""))
    if began is None or ended is None or began >= ended:
        errors.setdefault("to", _("结束要晚于开始"))
    values = subject_of(asked)
    if not values:
        errors[{"account": "who", "token": "token"}.get(asked.get("kind", ""), "mark")] = _(
            "没有找到，请检查"
        )
    if errors or began is None or ended is None:
        raise FieldErrors(errors)
    with transaction.atomic():
        made = Incident(
            title=asked["title"].strip()[:120], reason=asked["reason"].strip(), began_at=began, ended_at=ended,
            opened_by=by.user_id, opened_name=by.name, opened_at=timezone.now(), **values,
        )  # fmt: skip
        made.save()
        told = {"title": [None, made.title], "subject": [None, made.subject]}
        audit.note("setting", "incident", made.pk, by=by, reason=made.reason, diff=told)
    return made


def moment_of(text: str) -> datetime | None:
    try:
        return timezone.make_aware(datetime.fromisoformat(text), timezone.get_default_timezone())
    except ValueError:
        return None


def subject_of(asked: Asked) -> dict[str, Any]:
    """What got out, as the record keeps it; nothing where there is no such thing."""
    finders = {"account": account_of, "token": token_of, "export": export_of}
    finder = finders.get(asked.get("kind", ""))
    return finder(asked) if finder else {}


def number(text: str) -> int:
    return record_key(text.strip()) or 0


def account_of(asked: Asked) -> dict[str, Any]:
    person = user_of(number(asked.get("who", "")))
    return {"kind": "account", "account": person.pk, "subject": str(person)[:200]} if person else {}


def user_of(key: int | None) -> Any:
    return get_user_model()._default_manager.filter(pk=key).first() if key else None


def token_of(asked: Asked) -> dict[str, Any]:
    """A key that is there, or the number of one that was revoked and has left a trace."""
    key = number(asked.get("token", "")) or number(asked.get("mark", ""))
    token = ApiToken.objects.select_related("user").filter(pk=key).first() if key else None
    if token is not None:
        subject = f"{token.user} · {token.name}"
        return {"kind": "token", "account": token.user_id, "token": key, "subject": subject[:200]}
    trace = AuditEntry.objects.filter(via=f"token {key}").first() if key else None
    if trace is None:
        return {}
    return {"kind": "token", "account": trace.actor_id, "token": key, "subject": trace.actor_name}


def tokens_there() -> QuerySet[ApiToken]:
    return ApiToken.objects.select_related("user").order_by("user__name", "pk")[:500]


def token_is_there(incident: Incident) -> bool:
    return incident.token is not None and ApiToken.objects.filter(pk=incident.token).exists()


def export_of(asked: Asked) -> dict[str, Any]:
    """By the hash or the mark of its file, or the number of its change set."""
    text = asked.get("mark", "").strip().lower()
    exports = ChangeSet.objects.filter(kind="export")
    if len(text) == SHA or text.startswith("kemai:"):
        exports = exports.filter(reason__contains=text)
    else:
        exports = exports.filter(pk=number(text))
    found = exports.order_by("pk").first()
    if found is None:
        return {}
    subject = f"#{found.pk} · {found.actor_name} · {timezone.localtime(found.at):%Y-%m-%d %H:%M}"
    return {"kind": "export", "account": found.actor_id, "export": found.pk, "subject": subject[:200]}


# what the log knows


class Effects:
    """What an incident touched, counted and paged by the database."""

    def __init__(self, incident: Incident) -> None:
        self.incident = incident

    def sets(self) -> QuerySet[ChangeSet]:
        one = self.incident
        if one.kind == "export":
            return ChangeSet.objects.filter(pk=one.export or 0)
        found = ChangeSet.objects.filter(at__gte=one.began_at, at__lte=one.ended_at)
        if one.account is not None:
            found = found.filter(actor_id=one.account)
        return found.filter(via=f"token {one.token}") if one.kind == "token" else found

    def acts(self, type_key: str = "") -> QuerySet[Change]:
        found = Change.objects.filter(changeset__in=self.sets().values("pk"))
        return found.filter(type_key=type_key) if type_key else found

    @cached_property
    def counts(self) -> dict[tuple[str, str], int]:
        """{(type, act): different records}"""
        rows = self.acts().order_by().values_list("type_key", "action")
        return {(key, act): many for key, act, many in rows.annotate(many=Count("object_id", distinct=True))}

    @cached_property
    def exports(self) -> list[Taken]:
        sets = self.sets().filter(kind="export", type_key__in=TYPES).order_by("-pk")
        return [taken(one) for one in sets[:MOST_EXPORTS]]

    @cached_property
    def account(self) -> Actor | None:
        """With the rights of today, through the key where it was one."""
        person = user_of(self.incident.account)
        if person is None:
            return None
        actor = actor_for(person)
        token = ApiToken.objects.filter(pk=self.incident.token or 0).first()
        return replace(actor, types=frozenset(token.types)) if token else actor

    def parts(self, type_key: str) -> Iterable[QuerySet[Any, Any]]:
        """Keys of persons, from each thing that the log knows."""
        object_type = get(type_key)
        yield self.acts(type_key).values("object_id")
        if type_key == "customer":
            yield from self.belonging()
        for one in self.exports:
            if one.set.type_key == type_key:
                yield self.rows_of(object_type, one).order_by().values("pk")

    def belonging(self) -> Iterable[QuerySet[Any, Any]]:
        touched = {key for key, _act in self.counts}
        for other, links in naming_customers():
            if other.key in touched:
                rows = other.records().filter(pk__in=self.acts(other.key).values("object_id")).order_by()
                for link in links:
                    if not link.refs and link.own is None:
                        yield rows.exclude(**{link.path: None}).values(link.path)

    def rows_of(self, object_type: ObjectType, one: Taken) -> QuerySet[Any]:
        if one.keys is not None:
            return object_type.records().filter(Among("pk", one.keys))
        if self.account is None or not one.asked or "ids" in one.asked:
            return object_type.records().none()
        order = Order(object_type.key, where=one.asked.get("where"), q=str(one.asked.get("q", "")))
        try:
            return exported(self.account, order)
        except (access.Denied, query.QueryError):
            return object_type.records().none()

    def persons(self, type_key: str) -> QuerySet[Any]:
        """Those who are still there, by key; deleted ones too."""
        first, *others = self.parts(type_key)
        keys = first.union(*others) if others else first
        return get(type_key).records().filter(pk__in=keys).order_by("pk")

    def gone(self, type_key: str) -> int:
        """Those of whom only the log's number is left."""
        there = get(type_key).records().values("pk")
        left = self.acts(type_key).filter(object_id__gt=0).exclude(object_id__in=there)
        return left.aggregate(many=Count("object_id", distinct=True))["many"] or 0

    def reach(self, type_key: str) -> int:
        """How many the account sees today at all: the upper bound of what was read."""
        return access.scope(self.account, type_key).count() if self.account is not None else 0

    def hours(self) -> list[tuple[datetime, bool, int]]:
        """(hour, through the interface?, records read), as far as the count is still kept."""
        one = self.incident
        if one.account is None or one.kind == "export":
            return []
        names = [f"api:{one.account}"] + ([f"pages:{one.account}"] if one.kind == "account" else [])
        span = (int(one.began_at.timestamp()) // HOUR, int(one.ended_at.timestamp()) // HOUR)
        rows = RateCount.objects.filter(bucket__in=names, window__range=span).order_by("window")
        return [
            (datetime.fromtimestamp(row.window * HOUR, tz=UTC), row.bucket.startswith("api:"), row.count)
            for row in rows[:100]
        ]

    def kinds(self) -> list[str]:
        """The labels of the data that certainly were seen, changed or taken out."""
        wanted: set[tuple[str, str]] = set()
        sealed = AuditEntry.objects.filter(changeset_id__in=self.sets().values("pk")).exclude(fields="")
        for key, names in sealed.order_by().values_list("type_key", "fields").distinct()[:500]:
            wanted |= {(key, name) for name in names.split()}
        for one in self.exports:
            wanted |= {(one.set.type_key, name) for name in one.asked.get("columns", ())}
        return sorted({label for key, name in wanted if (label := label_of(key, name))})


def taken(one: ChangeSet) -> Taken:
    try:
        asked = orjson.loads(one.reason)
    except orjson.JSONDecodeError:
        asked = {}
    keys = (one.outcome or {}).get("keys")
    found = asked if isinstance(asked, dict) else {}
    return Taken(one, found, frozenset(keys) if keys is not None else None)


def of_persons(type_key: str) -> bool:
    """Are these persons, or records that belong to them?"""
    return type_key in TYPES or any(other.key == type_key for other, _links in naming_customers())


def label_of(type_key: str, name: str) -> str:
    """Of a field of persons and what belongs to them; '' for settings and the like."""
    spec = get(type_key).fields.get(name) if of_persons(type_key) else None
    return str(spec.label) if spec is not None else ""


# telling


def lines(actor: Actor, effects: Effects, type_key: str, after: int) -> list[Line]:
    """A page of persons, one more than is shown where there are more."""
    object_type = get(type_key)
    keys = list(effects.persons(type_key).filter(pk__gt=after).values_list("pk", flat=True)[: SHOWN + 1])
    names = names_of(actor, object_type, keys)
    hows = hows_of(effects, object_type, keys)
    return [
        Line(key, names.get(key, ""), f"/o/{type_key}/{key}" if key in names else "", hows[key])
        for key in keys
    ]


def names_of(actor: Actor, object_type: ObjectType, keys: Sequence[int]) -> dict[int, str]:
    """As the actor's roles say, and counted as read."""
    specs = access.visible_specs(actor, object_type, [object_type.title])
    rows = query.fetch(access.scope(actor, object_type).filter(pk__in=keys), object_type, specs)
    access.mask_rows(actor, object_type, rows)
    return {int(row["id"]): str(row.get(object_type.title) or f"#{row['id']}") for row in rows}


def hows_of(effects: Effects, object_type: ObjectType, keys: Sequence[int]) -> dict[int, list[How]]:
    found: dict[int, dict[str, set[str]]] = {key: {} for key in keys}
    acts = effects.acts(object_type.key).filter(object_id__in=keys).order_by("pk")
    for change in acts[:MOST_ACTS]:
        labels = {label_of(object_type.key, name) for name in change.diff or {}} - {""}
        kind = change.action if change.action in LOOKS else "update"
        found[change.object_id].setdefault(kind, set()).update(labels)
    told = {
        key: [How(str(LOOKS[act][0]), LOOKS[act][1], joined(labels)) for act, labels in acts_of.items()]
        for key, acts_of in found.items()
    }
    for one in effects.exports:
        if one.set.type_key == object_type.key:
            within = effects.rows_of(object_type, one).filter(pk__in=keys).values_list("pk", flat=True)
            add(told, one, one.keys.intersection(keys) if one.keys is not None else within)
    if object_type.key == "customer":
        for key in (key for key in keys if not told[key]):
            told[key].append(How(_("名下的记录"), "gray", ""))
    return told


def add(told: dict[int, list[How]], one: Taken, keys: Iterable[int]) -> None:
    columns = {label_of(one.set.type_key, name) for name in one.asked.get("columns", ())} - {""}
    more = (
        joined(columns)
        if one.asked.get("unmasked")
        else _("%(fields)s（脱敏）") % {"fields": joined(columns)}
    )
    for key in keys:
        told[key].append(How(f"{LOOKS['export'][0]} #{one.set.pk}", "red", more, one.keys is not None))


def joined(labels: Iterable[str]) -> str:
    return "、".join(sorted(labels))


def tallies(effects: Effects) -> list[tuple[str, str, int]]:
    """(object, act, different records) of everything that belongs to persons."""
    found: dict[tuple[str, str], int] = {}
    for (key, act), many in effects.counts.items():
        if of_persons(key):
            place = (str(get(key).label), str(LOOKS.get(act, LOOKS["update"])[0]))
            found[place] = max(found.get(place, 0), many)
    return [(label, act, many) for (label, act), many in sorted(found.items())]


# the record's texts


TEXTS = ("notice", "notice_en", "report", "report_en")


def text_label(name: str) -> str:
    field: Any = Incident._meta.get_field(name)
    return str(field.verbose_name)


def save_texts(incident: Incident, texts: Mapping[str, str], *, by: Actor) -> None:
    """The former texts stand in the log."""
    require(by)
    changed = {key: texts[key] for key in TEXTS if key in texts and texts[key] != getattr(incident, key)}
    if not changed:
        return
    diff = {key: [getattr(incident, key), text] for key, text in changed.items()}
    with transaction.atomic():
        for key, text in changed.items():
            setattr(incident, key, text)
        incident.save(update_fields=sorted(changed))
        audit.note("setting", "incident", incident.pk, by=by, diff=diff)


def revoke(incident: Incident, *, by: Actor) -> None:
    """Raises Refused where there is no such token any more."""
    require(by)
    with transaction.atomic():
        if incident.token is None or not tokens.revoke(incident.token):
            raise Refused("no_token", _("这个令牌已经不在了"))
        audit.note("setting", "token", incident.token, by=by, reason=incident.title)
