"""Whose data got out: what the log knows of an account, a key for programs or an export between two moments
(个人信息保护法第五十七条, docs/security.md). Whoever may read the audit may ask; names are shown as their roles say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.customers.models import Incident
from kemai.customers.services.incident_effects import (
    MOST_FILTERS,
    Effects,
    Taken,
    label_of,
    of_persons,
    user_of,
)
from kemai.kit.numbers import record_key
from kemai.platform import access, audit, query
from kemai.platform.access import Actor, tokens
from kemai.platform.access.auditor import may_audit
from kemai.platform.exports.services import MARK
from kemai.platform.models import ApiToken, AuditEntry, ChangeSet
from kemai.platform.objects import ObjectType, get
from kemai.platform.records import FieldErrors, Refused

MOST_ACTS = 2_000
"""Changes whose fields are told for the persons of a page."""
MOST_TOLD = 5
"""Exports that are told one by one for a person."""
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
    if len(text) == SHA or MARK.fullmatch(text):
        exports = exports.filter(reason__contains=text)
    else:
        exports = exports.filter(pk=number(text))
    found = exports.order_by("pk").first()
    if found is None:
        return {}
    subject = f"#{found.pk} · {found.actor_name} · {timezone.localtime(found.at):%Y-%m-%d %H:%M}"
    return {"kind": "export", "account": found.actor_id, "export": found.pk, "subject": subject[:200]}


# telling


def lines(actor: Actor, effects: Effects, type_key: str, keys: Sequence[int]) -> list[Line]:
    """The persons of a page."""
    object_type = get(type_key)
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
    acts = effects.acts(object_type.key).filter(object_id__in=keys)
    for key, act in acts.order_by().values_list("object_id", "action").distinct():
        found[key].setdefault(kind_of(act), set())
    for change in acts.order_by("pk")[:MOST_ACTS]:
        labels = {label_of(object_type.key, name) for name in change.diff or {}} - {""}
        found[change.object_id][kind_of(change.action)].update(labels)
    told = {
        key: [How(str(LOOKS[act][0]), LOOKS[act][1], joined(labels)) for act, labels in acts_of.items()]
        for key, acts_of in found.items()
    }
    for key, exports in exports_of(effects, object_type, keys).items():
        told[key] += [how_of(one) for one in exports[:MOST_TOLD]]
        if len(exports) > MOST_TOLD:
            more = _("另有 %(n)s 次导出") % {"n": len(exports) - MOST_TOLD}
            told[key].append(How(more, "red", "", any(one.named for one in exports[MOST_TOLD:])))
    if object_type.key == "customer":
        for key in (key for key in keys if not told[key]):
            told[key].append(How(_("名下的记录"), "gray", ""))
    return told


def kind_of(act: str) -> str:
    return act if act in LOOKS else "update"


def exports_of(effects: Effects, object_type: ObjectType, keys: Sequence[int]) -> dict[int, list[Taken]]:
    """In which exports they are, newest first; those that the log names before those by filter."""
    found: dict[int, list[Taken]] = {key: [] for key in keys}
    by_key = {one.key: one for one in effects.exports.get(object_type.key, ())}
    for export, taken in effects.named(object_type.key):
        for key in found.keys() & taken:
            found[key].append(by_key[export])
    by_filter: dict[tuple[str, bytes], list[Taken]] = defaultdict(list)
    for one in by_key.values():
        if not one.named:
            by_filter[one.filter].append(one)
    for one in effects.filters(object_type.key)[:MOST_FILTERS]:
        for key in (
            effects.filtered(object_type, one).filter(pk__in=keys).order_by().values_list("pk", flat=True)
        ):
            found[key] += by_filter[one.filter]
    return found


def how_of(one: Taken) -> How:
    columns = {label_of(one.type_key, name) for name in one.asked.get("columns", ())} - {""}
    told = joined(columns)
    more = told if one.asked.get("unmasked") else _("%(fields)s（脱敏）") % {"fields": told}
    return How(f"{LOOKS['export'][0]} #{one.key}", "red", more, one.named)


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
