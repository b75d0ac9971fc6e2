"""Setting pools up, their return rules, and the routes of new leads. Every change is in the audit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kemai.platform import access, audit
from kemai.platform.access import Actor
from kemai.platform.access.commons import Place
from kemai.platform.objects import get
from kemai.platform.query import QueryError, parse
from kemai.platform.records import FieldErrors, Refused
from kemai.sales.models import LeadRoute, Pool, PoolRule
from kemai.sales.services.pools.claims import keeps
from kemai.sales.services.pools.kinds import KINDS, open_pools, today

NUMBERS = ("hold_most", "daily_most", "view_most")
"""Limits that may be left empty: none."""
HOURS = (
    "former_days", "reclaim_hours", "fresh_hours", "protect_most", "protect_days", "extend_most", "extend_days",
    "position",
)  # fmt: skip
FLAGS = (
    "active", "takes_new", "claimable", "reason_required", "hold_closed", "spare_deals", "spare_contracts",
    "spare_work",
)  # fmt: skip
BIGGEST = {
    "protect_days": 90,
    "extend_most": 99,
    "extend_days": 365,
    "former_days": 3650,
    "reclaim_hours": 8760,
    "fresh_hours": 8760,
}
DAYS = (1, 3650)


def loader(kind: str) -> Callable[[], Sequence[Place]]:
    def load() -> Sequence[Place]:
        return [place_of(pool) for pool in open_pools(kind)]

    return load


def place_of(pool: Pool) -> Place:
    """The pool as the filter of what people see knows it. Personal fields are masked unless the pool shows them."""
    fields = get(pool.kind).fields
    shut = {key: "masked" for key, spec in fields.items() if spec.personal and key not in pool.shown}
    shut |= {key: "hidden" for key in pool.shut if key in shuttable(pool.kind)}
    # where the day's looks are counted, what is personal shows on a record that was opened, not in lists and exports
    unopened = {key: "masked" for key in pool.shown if key in fields and pool.view_most is not None}
    return Place(
        pool.pk, pool.name, frozenset(pool.users), frozenset(pool.departments), frozenset(pool.keepers),
        tuple(sorted(shut.items())), pool.view_most, tuple(sorted(unopened.items())),
    )  # fmt: skip


def shuttable(kind: str) -> list[str]:
    """Fields that a pool may keep to itself: what a record is called, and where it lies, everybody sees."""
    object_type = get(kind)
    never = {object_type.title, "owner", "number"}
    return [
        key
        for key, spec in object_type.fields.items()
        if key not in never and not spec.part and not spec.private and not spec.compute and spec.type.key != "tags"
        and key not in {"created_at", "created_by", "updated_at"}
    ]  # fmt: skip


def personal(kind: str) -> list[str]:
    return [key for key, spec in get(kind).fields.items() if spec.personal and not spec.private]


def pools(actor: Actor) -> list[Pool]:
    """The pools that the actor may look after, in order."""
    found = Pool.objects.filter(deleted_at=None).order_by("kind", "position", "pk")
    return [pool for pool in found if keeps(actor, pool)]


def one_pool(key: int, *, by: Actor) -> Pool:
    """A pool to look after. Raises access.NotVisible, access.Denied."""
    pool = Pool.objects.filter(pk=key, deleted_at=None).first() if 0 < key < 2**63 else None
    if pool is None:
        raise access.NotVisible
    if not keeps(by, pool):
        raise access.Denied
    return pool


def rules(pool: Pool) -> list[PoolRule]:
    return list(PoolRule.objects.filter(pool=pool, deleted_at=None).select_related("pool").order_by("pk"))


def lying(pool: Pool) -> int:
    return KINDS[pool.kind].keepings.filter(pool=pool).count()


def save_pool(pool: Pool | None, values: Mapping[str, Any], *, by: Actor) -> Pool:
    """Texts of a form (lists for people, departments, keepers, fields). Raises Denied, FieldErrors."""
    if not (by.is_admin or by.is_system) and (pool is None or not keeps(by, pool)):
        raise access.Denied
    kept = pool or Pool(kind=str(values.get("kind") or "customer"))
    if kept.kind not in KINDS:
        raise FieldErrors({"kind": _("请选择客户或线索")})
    before = told(kept) if pool else {}
    errors = set_terms(kept, values) | set_people(kept, values, by)
    kept.name = " ".join(str(values.get("name") or "").split())[:80]
    if not kept.name:
        errors["name"] = _("请填写公海名称")
    kept.note = str(values.get("note") or "").strip()
    if errors:
        raise FieldErrors(errors)
    with transaction.atomic():
        keep(kept, "pool", before, told(kept), by=by)
        access.rights_changed()
    return kept


def set_terms(kept: Pool, values: Mapping[str, Any]) -> dict[str, str]:
    """The numbers and switches; returns what is wrong with them."""
    errors: dict[str, str] = {}
    for name in (*NUMBERS, *HOURS):
        if name in values:
            try:
                number = whole(values[name], empty=name in NUMBERS, most=BIGGEST.get(name, 1_000_000))
            except ValueError as error:
                errors[name] = str(error)
            else:
                setattr(kept, name, number)
    for name in FLAGS:
        if name in values:
            setattr(kept, name, bool(values[name]))
    return errors


def set_people(kept: Pool, values: Mapping[str, Any], by: Actor) -> dict[str, str]:
    """Who it is for, what it shows and which records it takes."""
    for name in ("users", "keepers"):
        if name in values:
            setattr(kept, name, known_people(values[name]))
    if "departments" in values:
        kept.departments = known_departments(values["departments"])
    if "shut" in values:
        kept.shut = sorted(set(values["shut"]) & set(shuttable(kept.kind)))
        kept.shown = sorted(set(values.get("shown", ())) & set(personal(kept.kind)))
    if "where" not in values:
        return {}
    kept.where = values["where"] or {}
    problem = wrong_where(kept.where, kept.kind, by)
    return {"where": problem} if problem else {}


def whole(value: Any, *, empty: bool, most: int) -> int | None:
    text = str(value if value is not None else "").strip()
    if not text and empty:
        return None
    if not (text.isascii() and text.isdigit() and int(text) <= most):
        raise ValueError(_("请填写 0 到 %(most)s 的整数") % {"most": most})
    return int(text)


def wrong_where(where: Any, kind: str, by: Actor) -> str:
    try:
        parse(where, get(kind), by.moment())
    except QueryError as error:
        return error.message
    return ""


def known_people(keys: Any) -> list[int]:
    wanted = [int(key) for key in keys if str(key).isdecimal()]
    return sorted(get_user_model()._default_manager.filter(pk__in=wanted).values_list("pk", flat=True))


def known_departments(keys: Any) -> list[int]:
    wanted = [int(key) for key in keys if str(key).isdecimal()]
    model: Any = get_user_model()._meta.get_field("department").related_model
    return sorted(model._default_manager.filter(pk__in=wanted, deleted_at=None).values_list("pk", flat=True))


def told(one: models.Model) -> dict[str, Any]:
    """What a setting is, as the log keeps it."""
    skip = {"id", "created_at", "created_by", "updated_at", "version", "deleted_at", "extra"}
    found = {}
    for column in one._meta.concrete_fields:
        if column.name not in skip:
            value = getattr(one, column.attname)
            found[column.name] = value.isoformat() if isinstance(value, dt.date) else value
    return found


def keep(one: Any, type_key: str, before: Mapping[str, Any], after: Mapping[str, Any], *, by: Actor) -> None:
    """Stores a setting inside the caller's transaction, with its entry in the log."""
    new = one.pk is None
    diff = {name: [before.get(name), value] for name, value in after.items() if before.get(name) != value}
    if not new and not diff:
        return
    now = timezone.now()
    if new:
        one.created_at, one.created_by_id = now, by.user_id
    else:
        one.version += 1
    one.updated_at = now
    one.save()
    audit.note("create" if new else "update", type_key, one.pk, by=by, diff=None if new else diff)


def draft_rule(pool: Pool, rule: PoolRule | None, values: Mapping[str, Any], *, by: Actor) -> PoolRule:
    """A rule as it would be with these values, not stored. `since` is kept where nothing about the rule gets stricter,
    else begins today; "since" in the values says otherwise. Raises FieldErrors."""
    errors: dict[str, str] = {}
    event = str(values.get("event") or "")
    if event not in KINDS[pool.kind].events:
        errors["event"] = _("请选择条件")
    try:
        days = whole(values.get("days"), empty=False, most=DAYS[1]) or 0
    except ValueError:
        days = 0
    if not DAYS[0] <= days <= DAYS[1]:
        errors["days"] = _("请填写 %(a)s 到 %(b)s 之间的天数") % {"a": DAYS[0], "b": DAYS[1]}
    where = values.get("where") or {}
    if problem := wrong_where(where, pool.kind, by):
        errors["where"] = problem
    since = since_of(rule, event, days, where, values)
    if since is not None and since > today() + dt.timedelta(days=366):
        errors["since"] = _("起算日最多在一年以后")
    if errors:
        raise FieldErrors(errors)
    found = PoolRule(
        pool=pool, event=event, days=days, workdays=bool(values.get("workdays")), where=where, since=since
    )
    if rule is not None:
        found.pk, found.created_at, found.created_by_id = rule.pk, rule.created_at, rule.created_by_id
        found.version = rule.version
    return found


def since_of(
    rule: PoolRule | None, event: str, days: int, where: Any, values: Mapping[str, Any]
) -> dt.date | None:
    if not values.get("active"):
        return None
    text = str(values.get("since") or "").strip()
    if text:
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            raise FieldErrors({"since": _("请填写日期，例如 2026-01-31")}) from None
    milder = rule is not None and rule.since is not None and (
        rule.event == event and days >= rule.days and rule.where == where
        and not (rule.workdays and not values.get("workdays"))
    )  # fmt: skip
    return rule.since if rule is not None and milder else today()


def save_rule(draft: PoolRule, *, by: Actor) -> PoolRule:
    """Stores a draft. Raises Denied."""
    if not keeps(by, draft.pool):
        raise access.Denied
    with transaction.atomic():
        stored = PoolRule.objects.filter(pk=draft.pk).first() if draft.pk else None
        keep(draft, "pool_rule", told(stored) if stored else {}, told(draft), by=by)
        access.rights_changed()  # each process keeps what the rules come to as one statement
    follow(draft.pool)
    return draft


def delete_rule(rule: PoolRule, *, by: Actor) -> None:
    if not keeps(by, rule.pool):
        raise access.Denied
    with transaction.atomic():
        rule.deleted_at = timezone.now()
        rule.save(update_fields=["deleted_at"])
        audit.note("delete", "pool_rule", rule.pk, by=by)
        access.rights_changed()
    follow(rule.pool)


def follow(pool: Pool) -> None:
    """All dates follow a change of the rules, in the background."""
    from kemai.platform.jobs import enqueue

    enqueue(REFRESH, {"kind": pool.kind}, key=f"pools.refresh/{pool.kind}", again=True)


REFRESH = "kemai.sales.jobs.refresh_returns"


def delete_pool(pool: Pool, *, by: Actor) -> None:
    """Raises Denied, Refused while records lie in it."""
    if not (by.is_admin or by.is_system):
        raise access.Denied
    if number := lying(pool):
        raise Refused(
            "not_empty",
            ngettext(
                "公海里还有 %(n)s 条记录，请先分配或停用公海",
                "公海里还有 %(n)s 条记录，请先分配或停用公海",
                number,
            )
            % {"n": number},
        )
    with transaction.atomic():
        pool.deleted_at = timezone.now()
        pool.save(update_fields=["deleted_at"])
        audit.note("delete", "pool", pool.pk, by=by)
        access.rights_changed()
    follow(pool)


def save_route(route: LeadRoute | None, values: Mapping[str, Any], *, by: Actor) -> LeadRoute:
    """Raises Denied, FieldErrors. `people` are [{"user", "weight", "away_until"}]."""
    if not (by.is_admin or by.is_system):
        raise access.Denied
    kept = route or LeadRoute()
    before = told(kept) if route else {}
    errors: dict[str, str] = {}
    kept.name = " ".join(str(values.get("name") or "").split())[:80]
    if not kept.name:
        errors["name"] = _("请填写规则名称")
    kept.method = str(values.get("method") or "rotation")
    if kept.method not in {one.value for one in LeadRoute.METHODS}:
        errors["method"] = _("请选择分配方式")
    try:
        kept.capacity = whole(values.get("capacity"), empty=True, most=100_000)
        kept.position = whole(values.get("position") or 50, empty=False, most=1000) or 0
    except ValueError as error:
        errors["capacity"] = str(error)
    kept.people = people_of_route(values.get("people", ()), errors)
    for name in ("active", "sticky", "workdays"):
        setattr(kept, name, bool(values.get(name)))
    kept.opens, kept.closes = minutes(values.get("opens"), 9 * 60), minutes(values.get("closes"), 18 * 60)
    if kept.opens >= kept.closes:
        errors["closes"] = _("结束时间要晚于开始时间")
    kept.where = values.get("where") or {}
    if problem := wrong_where(kept.where, "lead", by):
        errors["where"] = problem
    if errors:
        raise FieldErrors(errors)
    with transaction.atomic():
        keep(kept, "lead_route", before, told(kept), by=by)
    return kept


def minutes(value: Any, default: int) -> int:
    """ "09:30" → minutes after midnight."""
    hour, _colon, minute = str(value or "").partition(":")
    if not (hour.isdecimal() and minute[:2].isdecimal()):
        return default
    return min(int(hour) * 60 + int(minute[:2]), 24 * 60)


def people_of_route(rows: Any, errors: dict[str, str]) -> list[dict[str, Any]]:
    known = set(known_people([row.get("user") for row in rows]))
    found = []
    for row in rows:
        if not str(row.get("user")).isdecimal() or int(row["user"]) not in known:
            continue
        weight = str(row.get("weight") or "1")
        away = str(row.get("away_until") or "")
        if not (weight.isascii() and weight.isdigit() and 0 <= int(weight) <= 1000):
            errors["people"] = _("比例请填 0 到 1000 的整数")
            continue
        found.append({"user": int(row["user"]), "weight": int(weight), "away_until": away or None})
    if not found:
        errors.setdefault("people", _("请至少选择一位员工"))
    return found


def routes() -> list[LeadRoute]:
    return list(LeadRoute.objects.filter(deleted_at=None).order_by("position", "pk"))


def one_route(key: int) -> LeadRoute | None:
    return LeadRoute.objects.filter(pk=key, deleted_at=None).first() if 0 < key < 2**63 else None


def delete_route(route: LeadRoute, *, by: Actor) -> None:
    if not (by.is_admin or by.is_system):
        raise access.Denied
    with transaction.atomic():
        route.deleted_at = timezone.now()
        route.save(update_fields=["deleted_at"])
        audit.note("delete", "lead_route", route.pk, by=by)
