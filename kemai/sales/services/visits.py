"""Field work: planning visits, checking in where one is, and telling what came of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.customers.services.interactions import log_touch
from kemai.platform import access, events, records
from kemai.platform.access import Actor
from kemai.platform.records import FieldErrors, Refused
from kemai.sales.models import Visit
from kemai.sales.rules import visits as rules

OPEN = ("planned", "here")
SOON_DAYS = 14
MOST = 100


def prepare_visit(values: dict[str, Any], existing: Visit | None, by: Actor) -> None:
    """A contact or a deal is the customer's own; a visit that is over stays where it was."""
    if (
        existing is not None
        and existing.state not in OPEN
        and not by.is_system
        and {"customer", "starts_at"} & set(values)
    ):
        raise FieldErrors({"customer": _("拜访已经结束，不能再改客户和时间")})


def check_visits(values: Any, existing: Any, by: Actor) -> None:
    for one, old in zip(values, existing, strict=True):
        customer = key_of(one, old, "customer")
        for name, said in (("contact", _("这位联系人不是该客户的")), ("deal", _("这个商机不是该客户的"))):
            key = key_of(one, old, name)
            if key and name in one and not belongs(name, key, customer):
                raise FieldErrors({name: said})


def key_of(values: Mapping[str, Any], old: Visit | None, name: str) -> int | None:
    if name in values:
        found = values[name]
        return None if found is None else int(getattr(found, "id", found))
    return getattr(old, f"{name}_id", None)


def belongs(name: str, key: int, customer: int | None) -> bool:
    model = Visit._meta.get_field(name).related_model
    return bool(model._default_manager.filter(pk=key, customer=customer).exists())  # type: ignore[union-attr]


def write(visit: Visit, values: Mapping[str, Any], *, by: Actor) -> None:
    """Columns that nobody types: through the door, noted as the person's act."""
    act = replace(by, is_system=True, source="visit")
    records.bulk_update("visit", {visit.pk: dict(values)}, by=act, parsed=True, kind="update")


def opened(key: int, by: Actor) -> Visit:
    """The visit for its own act, locked against a second tap. Raises NotVisible, Denied."""
    access.one(by, "visit", key, "edit")
    return Visit.objects.select_for_update().get(pk=key)


def check_in(key: int, typed: Mapping[str, str], *, by: Actor, now: dt.datetime | None = None) -> Visit:
    """`typed`: latitude, longitude, accuracy as the device gave them, place in words. Raises NotVisible, Denied,
    FieldErrors, Refused."""
    now = now or timezone.now()
    place = typed.get("place", "").strip()[:200]
    try:
        fix = rules.read_fix(typed.get("latitude", ""), typed.get("longitude", ""), typed.get("accuracy", ""))
    except ValueError:
        raise FieldErrors({"place": _("设备给出的位置不对，请重新定位或填写地点")}) from None
    with transaction.atomic():
        visit = opened(key, by)
        verdict = rules.may_check_in(visit.state, visit.starts_at, now, place=place, fix=fix)
        if not verdict.ok:
            raise why_not(verdict.reason)
        write(
            visit,
            {
                "state": "here", "checked_in_at": now, "place": place, "accuracy": fix and round(fix.accuracy, 1),
                "latitude": fix and round(fix.latitude, 6), "longitude": fix and round(fix.longitude, 6),
            },
            by=by,
        )  # fmt: skip
    visit.refresh_from_db()
    return visit


def why_not(reason: str) -> Exception:
    match reason:
        case "not_planned":
            return Refused("not_planned", _("这次拜访已经签到或结束了"))
        case "too_early":
            return Refused("too_early", _("还没到拜访的日子：计划时间前 24 小时内才能签到"))
        case "over":
            return Refused("over", _("这次拜访已经结束，小结不能重复提交"))
        case "empty":
            return FieldErrors({"report": _("写几个字，说说这次拜访的结果")})
    return FieldErrors({"place": _("请先定位，或用文字填写所在地点")})


def report(key: int, typed: Mapping[str, str], *, by: Actor) -> Visit:
    """`typed`: report, outcome, next_at ("go again" then becomes a task). Stands on the customer's timeline as a visit.

    Raises NotVisible, Denied, FieldErrors, Refused."""
    body = typed.get("report", "").strip()
    with transaction.atomic():
        visit = opened(key, by)
        verdict = rules.may_report(visit.state, body)
        if not verdict.ok:
            raise why_not(verdict.reason)
        said = {
            "subject": visit.purpose[:160], "body": body, "outcome": typed.get("outcome", ""),
            "next_at": typed.get("next_at", ""), "contact": str(visit.contact_id or ""),
            "at": (visit.checked_in_at or min(visit.starts_at, timezone.now())).isoformat(),
        }  # fmt: skip
        log_touch(visit.customer_id, "visit", said, by=by)
        values = {"state": "done", "report": body, "outcome": said["outcome"], "reported_at": timezone.now()}
        write(visit, values, by=by)
        events.emit("visit.done", "visit", visit.pk, payload={"customer": visit.customer_id})
    visit.refresh_from_db()
    return visit


def cancel(key: int, *, by: Actor) -> None:
    with transaction.atomic():
        visit = opened(key, by)
        if visit.state != "planned":
            raise Refused("not_planned", _("已经签到或结束的拜访不能取消"))
        write(visit, {"state": "cancelled"}, by=by)


@dataclass(frozen=True)
class Round:
    """Visits by when they are due: cut at a hundred, newest first where they lie behind."""

    today: list[Visit]
    late: list[Visit]
    soon: list[Visit]
    done: list[Visit]


def around(actor: Actor, *, team: bool, now: dt.datetime | None = None) -> Round:
    """Today's, those whose day has passed without a report, those of the next two weeks and the last done ones."""
    now = now or timezone.now()
    here = timezone.localtime(now, timezone.get_default_timezone())
    start = here.replace(hour=0, minute=0, second=0, microsecond=0)
    end = start + dt.timedelta(days=1)
    found: QuerySet[Visit] = access.scope(actor, "visit").select_related("customer", "owner", "contact")
    if not team:
        found = found.filter(owner=actor.user_id)
    waiting = found.filter(state__in=OPEN)
    today = found.exclude(state="cancelled").filter(starts_at__gte=start, starts_at__lt=end)
    soon = waiting.filter(starts_at__gte=end, starts_at__lt=end + dt.timedelta(days=SOON_DAYS))
    return Round(
        list(today.order_by("starts_at")[:MOST]),
        list(waiting.filter(starts_at__lt=start).order_by("-starts_at")[:MOST]),
        list(soon.order_by("starts_at")[:MOST]),
        list(found.filter(state="done", starts_at__lt=start).order_by("-starts_at")[:20]),
    )  # fmt: skip
