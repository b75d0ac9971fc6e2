"""Keeping data fresh: who made sure of what and when, and tasks that ask to make sure again (SPEC B12: verified within
180 days)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kemai.collab.models import Task
from kemai.collab.services.tasks import create_tasks
from kemai.customers.models import Customer, CustomerFacts
from kemai.customers.rules import FRESH_DAYS, STALE_DAYS, freshness
from kemai.customers.services import conflicts, provenance
from kemai.platform import access, audit, records
from kemai.platform.access import SYSTEM, Actor
from kemai.platform.fields import Saying
from kemai.platform.models import Setting
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors

ORIGIN = "recheck"
KEY = "customers.recheck"
DEFAULTS: dict[str, int] = {"on": 0, "days": 180, "per_owner": 5, "due_days": 7}
LIMITS: dict[str, tuple[int, int]] = {
    "on": (0, 1), "days": (30, 1000), "per_owner": (1, 50), "due_days": (1, 60),
}  # fmt: skip
ANSWERS = ("confirmed", "wrong", "unreachable")
CHECKED = Saying(gettext_noop("核对客户状态"))
HOW = {"confirmed": Saying(gettext_noop("核对：资料无误")), "wrong": Saying(gettext_noop("核对：已更正"))}


def rules() -> dict[str, int]:
    """Whether tasks are made, after how many days without a check, how many a week for each owner, due in how many."""
    kept = Setting.objects.filter(key=KEY).values_list("value", flat=True).first() or {}
    return {**DEFAULTS, **{key: int(value) for key, value in kept.items() if key in DEFAULTS}}


def save_rules(typed: dict[str, str], *, by: Actor) -> None:
    """Raises access.Denied, FieldErrors."""
    if not (by.is_admin or by.is_system):
        raise access.Denied
    Setting.objects.update_or_create(key=KEY, defaults={"value": cleaned(typed)})


def cleaned(typed: dict[str, str]) -> dict[str, int]:
    """Raises FieldErrors."""
    clean: dict[str, int] = {}
    for key, (low, high) in LIMITS.items():
        text = typed.get(key, "") or "0"
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise FieldErrors({key: _("请填写 %(low)s 到 %(high)s 之间的整数") % {"low": low, "high": high}})
        clean[key] = int(text)
    return clean


def stale(days: int) -> QuerySet[Customer]:
    """Customers nobody made sure of for so long: never checked ones count from their creation."""
    limit = timezone.now() - timedelta(days=days)
    unchecked = Q(facts__verified_at=None, created_at__lt=limit) | Q(facts__verified_at__lt=limit)
    return Customer.objects.filter(unchecked, deleted_at=None).exclude(validity="invalid")


def open_now() -> dict[int | None, int]:
    """How many such tasks each owner has not done yet."""
    tasks = Task.objects.filter(origin=ORIGIN, state="open", deleted_at=None).order_by().values("owner")
    return dict(tasks.annotate(n=Count("pk")).values_list("owner", "n"))


def rehearse(days: int, per_owner: int) -> tuple[int, int, int]:
    """What the next round would do: (owners asked, tasks, customers that wait to be checked)."""
    held = open_now()
    rows = stale(days).exclude(owner=None).order_by().values("owner").annotate(n=Count("pk"))
    waiting = dict(rows.values_list("owner", "n"))
    rooms = [min(n, max(per_owner - held.get(owner, 0), 0)) for owner, n in waiting.items()]
    return sum(room > 0 for room in rooms), sum(rooms), sum(waiting.values())


def weekly(days: int, per_owner: int, due_days: int) -> int:
    """So many tasks for each owner that has fewer open ones: the most valuable customers first. Returns how many."""
    made = 0
    due = timezone.now() + timedelta(days=due_days)
    held = open_now()
    owners = stale(days).exclude(owner=None).order_by().values_list("owner", flat=True).distinct()
    for owner in owners:
        room = per_owner - held.get(owner, 0)
        if room > 0:
            made += len(create_tasks(tasks_for(owner, days, room, due), by=SYSTEM, origin=ORIGIN))
    return made


def tasks_for(owner: int, days: int, room: int, due: Any) -> list[dict[str, Any]]:
    value = Case(
        When(facts__value_class="high", then=Value(0)), When(facts__value_class="potential", then=Value(1)),
        default=Value(2), output_field=IntegerField(),
    )  # fmt: skip
    asked = Task.objects.filter(origin=ORIGIN, state="open", deleted_at=None, type_key="customer")
    rows = stale(days).filter(owner=owner).exclude(pk__in=asked.values("object_id"))
    chosen = rows.annotate(value=value).order_by("value", "-facts__amount_12m", "pk")[:room]
    return [
        {
            "title": _("核对资料：%(name)s 的电话和地址") % {"name": row.name},
            "kind": "call", "due_at": due, "owner": owner, "about": ("customer", row.pk),
            "note": _("请在下次联系时确认电话、地址是否仍然正确，然后在客户页点“已核对”。"),
        }
        for row in chosen
    ]  # fmt: skip


def answer(customer: int, found: str, *, by: Actor) -> None:
    """The outcome of a check: confirmed, wrong (it was corrected) or unreachable. Closes the tasks that asked.

    Raises access.NotVisible, access.Denied, FieldErrors."""
    if found not in ANSWERS:
        raise FieldErrors({"": _("请选择核对结果")})
    access.one(by, "customer", customer, "edit")
    before = CustomerFacts.objects.filter(customer=customer).values_list("verified_at", flat=True).first()
    with transaction.atomic():
        if found == "unreachable":
            records.update("customer", customer, {"validity": "unverified"}, by=by, reason=CHECKED.kept())
        else:
            records.update("customer", customer, {"validity": "valid"}, by=by, reason=CHECKED.kept())
            spec, now = get("customer").fields["verified_at"], timezone.now()
            verify([customer], at=now)
            diff = {"verified_at": [audit.plain(spec, before), audit.plain(spec, now)]}
            audit.note("update", "customer", customer, by=by, reason=HOW[found].kept(), diff=diff)
        waiting = Task.objects.filter(
            type_key="customer", object_id=customer, origin=ORIGIN, state="open", deleted_at=None
        )
        for key in waiting.values_list("pk", flat=True):
            records.update("task", key, {"state": "done"}, by=SYSTEM.through(ORIGIN))


def after_customer(rows: Sequence[Customer], changed: frozenset[str], by: Actor) -> None:
    """Whoever says that a customer is valid has made sure; and whoever writes by hand what an import brought leaves
    nothing to decide."""
    if "validity" in changed and not by.is_system:
        verify([row.pk for row in rows if row.validity == "valid"])
    if by.source == provenance.HAND and not changed.isdisjoint(provenance.TRACED):
        conflicts.follow(rows, by)


def verify(customers: Sequence[int] | QuerySet[Customer], *, at: datetime | None = None) -> None:
    """Somebody made sure of these, now or at another moment."""
    now = timezone.now()
    days = 0 if at is None else (now - at).days
    facts = CustomerFacts.objects.filter(customer__in=customers)
    facts.update(verified_at=at or now, freshness=freshness(days))


def age(now: datetime | None = None) -> int:
    """Records grow older by the mere passing of days: once a night. Returns how many moved on."""
    now = now or timezone.now()
    rows = CustomerFacts.objects.filter(verified_at__isnull=False)
    stale, old = (now - timedelta(days=days) for days in (STALE_DAYS, FRESH_DAYS))
    moved = rows.filter(verified_at__lte=stale).exclude(freshness="stale").update(freshness="stale")
    ageing = rows.filter(verified_at__lte=old, verified_at__gt=stale).exclude(freshness="ageing")
    return moved + ageing.update(freshness="ageing")
