"""客户链管理表, the living sheet: class → objective → strategy → next action → owner → metrics → trend.

Figures of the whole company are those of the last analysis run and are worked out once a run from the facts table;
a person who sees only some customers gets the figures of those."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kemai.analytics.services import runs
from kemai.customers.models import ChainMonth, ChainStrategy, CustomerFacts, FactTransition
from kemai.customers.services.chain_defaults import DEFAULTS
from kemai.kit.calendar_cn import is_workday
from kemai.platform import access, jobs, records
from kemai.platform.access import SYSTEM, Actor
from kemai.platform.fields import Saying
from kemai.platform.models import Option, Setting
from kemai.platform.objects import get

CLASSES = tuple(option.value for option in CustomerFacts.CLASSES)
LIVELY = ("new", "active", "recovered")
"""The activity states that count as active."""
KEEP_SECONDS = 12 * 3600
KEEP_SECONDS_LIVE = 60
SINCE_DAYS = 30
KEPT = "chain.figures"
KEEP = "kemai.customers.services.chain.keep_figures"
ZERO = Decimal("0.00")
FIRST_SET = Saying(gettext_noop("初始设置"))


@dataclass(frozen=True)
class Figures:
    """What one class amounts to; money in yuan, twelve months."""

    customers: int = 0
    amount: Decimal = ZERO
    orders: int = 0
    buyers: int = 0
    repeaters: int = 0
    """Customers with an order, and with two or more, in twelve months."""
    states: Mapping[str, int] = field(default_factory=dict)
    """{activity: customers}"""

    @property
    def active(self) -> int:
        return sum(self.states.get(state, 0) for state in LIVELY)

    @property
    def average(self) -> Decimal | None:
        return self.amount / self.orders if self.orders else None

    @property
    def active_share(self) -> float | None:
        return self.active / self.customers if self.customers else None

    @property
    def repeat_share(self) -> float | None:
        return self.repeaters / self.buyers if self.buyers else None

    def __add__(self, other: Figures) -> Figures:
        states = {
            key: self.states.get(key, 0) + other.states.get(key, 0) for key in {*self.states, *other.states}
        }
        return Figures(
            self.customers + other.customers, self.amount + other.amount, self.orders + other.orders,
            self.buyers + other.buyers, self.repeaters + other.repeaters, states,
        )  # fmt: skip


@dataclass(frozen=True)
class Moves:
    """How many customers came into a class and left it since a moment."""

    came: int = 0
    left: int = 0


@dataclass(frozen=True)
class SheetRow:
    """One class of the sheet."""

    option: Option
    figures: Figures
    share: float | None
    amount_share: float | None
    moves: Moves
    drift: int | None
    """Customers more than in the frozen month; None where there is none to compare with."""
    strategy: ChainStrategy | None


@dataclass(frozen=True)
class Sheet:
    rows: Sequence[SheetRow]
    total: Figures
    as_of: datetime | None
    """The moment of the analysis that the figures describe; None before the first run."""
    since: datetime
    """Moves are counted from here on."""
    frozen: ChainMonth | None

    def row(self, key: str) -> SheetRow:
        return next(row for row in self.rows if row.option.value == key)


def sheet(actor: Actor) -> Sheet:
    """The sheet as the actor may see it. Raises access.Denied."""
    require_classes(actor)
    run = runs.standing()
    whole = sees_all(actor)
    frozen = last_frozen() if whole else None
    since = frozen.frozen_at if frozen else timezone.now() - timedelta(days=SINCE_DAYS)
    found = (stored_figures(run.pk) if whole and run else None) or cached(
        actor, f"figures:{run.pk if run else 0}", lambda: figures(actor), lasting=run is not None
    )
    moved = cached(
        actor, f"moves:{run.pk if run else 0}:{since:%Y%m%d%H}", lambda: moves(actor, since), lasting=False
    )
    strategies = {one.value_class: one for one in access.scope(actor, "chain_strategy")}
    total = sum(found.values(), Figures())
    before = {row["value_class"]: row["customers"] for row in frozen.rows} if frozen else {}
    rows = []
    for option in CustomerFacts.CLASSES:
        own = found.get(option.value, Figures())
        drift = own.customers - before[option.value] if option.value in before else None
        rows.append(
            SheetRow(
                option,
                own,
                own.customers / total.customers if total.customers else None,
                float(own.amount / total.amount) if total.amount else None,
                moved.get(option.value, Moves()),
                drift,
                strategies.get(option.value),
            )
        )
    return Sheet(rows, total, run.as_of if run else None, since, frozen)


def sees_all(actor: Actor) -> bool:
    """Does the actor see every customer?"""
    return access.verb_scope(actor, get("customer"), "view") == "all"


def require_classes(actor: Actor) -> None:
    """The sheet is about classes and money: who may not know of them has none. Raises access.Denied."""
    access.require(actor, "customer", "view")
    levels = access.field_levels(actor, get("customer"))
    if any(levels.get(key) not in {"read", "edit"} for key in ("value_class", "activity", "amount_12m")):
        raise access.Denied


def whole_rows(rows: Sequence[dict[str, Any]], keys: Sequence[str]) -> None:
    """What is hidden from the reader is empty for the page, like what nobody knows."""
    for row in rows:
        for key in keys:
            row.setdefault(key, None)


def cached(actor: Actor, name: str, compute: Any, *, lasting: bool) -> Any:
    """What is the same for everybody who sees everything is worked out once; for others once a minute."""
    who = (
        "all"
        if sees_all(actor)
        else f"{actor.user_id}:{actor.department_id}:{actor.role_ids}".replace(" ", "")
    )
    key = f"chain:{name}:{who}"
    kept = cache.get(key)
    if kept is None:
        kept = compute()
        cache.set(key, kept, KEEP_SECONDS if lasting and who == "all" else KEEP_SECONDS_LIVE)
    return kept


def forget_figures() -> None:
    """After something that changes them outside a run (tests, a restored customer) they may be asked anew."""
    cache.clear()


def figures(actor: Actor) -> dict[str, Figures]:
    """{class: figures} of the customers that the actor sees: one pass over their facts."""
    visible = access.scope(actor, "customer").filter(facts__isnull=False)
    rows = (
        visible.order_by()
        .values_list("facts__value_class", "facts__activity")
        .annotate(
            customers=Count("pk"),
            amount=Sum("facts__amount_12m"),
            orders=Sum("facts__orders_12m"),
            buyers=Count("pk", filter=Q(facts__orders_12m__gt=0)),
            repeaters=Count("pk", filter=Q(facts__orders_12m__gt=1)),
        )
    )
    found: dict[str, Figures] = {}
    for key, activity, customers, amount, orders, buyers, repeaters in rows:
        one = Figures(customers, amount or ZERO, orders or 0, buyers, repeaters, {activity: customers})
        found[key] = found.get(key, Figures()) + one
    return found


def keep_figures(progress: jobs.Progress) -> dict[str, int]:
    """The job that follows every run: what the whole company's sheet shows is worked out before anybody asks."""
    run = runs.standing()
    if run is None:
        return {}
    rows = [
        [key, one.customers, str(one.amount), one.orders, one.buyers, one.repeaters, dict(one.states)]
        for key, one in figures(SYSTEM).items()
    ]
    Setting.objects.update_or_create(key=KEPT, defaults={"value": {"run": run.pk, "rows": rows}})
    return {"run": run.pk}


def stored_figures(run_id: int) -> dict[str, Figures] | None:
    """The company's figures of a run; None where the job has not come to them yet."""
    kept = Setting.objects.filter(key=KEPT).values_list("value", flat=True).first()
    if not isinstance(kept, dict) or kept.get("run") != run_id:
        return None
    return {
        key: Figures(customers, Decimal(amount), orders, buyers, repeaters, states)
        for key, customers, amount, orders, buyers, repeaters, states in kept["rows"]
    }


def moves(actor: Actor, since: datetime) -> dict[str, Moves]:
    """{class: who came and who left} since a moment; a customer who moved twice counts twice."""
    transitions = FactTransition.objects.filter(field="value_class", at__gt=since)
    if not sees_all(actor):
        transitions = transitions.filter(customer__in=access.scope(actor, "customer").values("pk"))
    came = dict.fromkeys(CLASSES, 0)
    left = dict.fromkeys(CLASSES, 0)
    for old, new, count in transitions.order_by().values_list("old", "new").annotate(n=Count("pk")):
        came[new] = came.get(new, 0) + count
        left[old] = left.get(old, 0) + count
    return {key: Moves(came[key], left[key]) for key in CLASSES}


def last_frozen() -> ChainMonth | None:
    return ChainMonth.objects.order_by("-month").first()


def contact_plan() -> dict[str, int]:
    """{class: days after which a customer should be contacted again}; asked once a minute."""
    found: dict[str, int] | None = cache.get("chain:plan")
    if found is None:
        rows = ChainStrategy.objects.filter(deleted_at=None, contact_every_days__gt=0)
        found = {key: days for key, days in rows.values_list("value_class", "contact_every_days") if days}
        cache.set("chain:plan", found, KEEP_SECONDS_LIVE)
    return found


# ── what every installation begins with ──


def ensure_defaults() -> None:
    """A strategy for every class that has none. Whatever somebody changed is left alone."""
    there = set(ChainStrategy.objects.values_list("value_class", flat=True))
    for key, default in DEFAULTS.items():
        if key in there:
            continue
        values = {
            "value_class": key,
            "objective": _(default.objective),
            "strategy": _(default.strategy),
            "metric": _(default.metric),
            "contact_every_days": default.contact_every_days,
            "review_on": next_review(timezone.localdate()),
        }
        records.create("chain_strategy", values, by=SYSTEM, reason=FIRST_SET.kept())


def next_review(today: date) -> date:
    """The first working day of the coming month."""
    day = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    while not is_workday(day):
        day += timedelta(days=1)
    return day


def prepare_strategy(values: dict[str, Any], existing: ChainStrategy | None, by: Actor) -> None:
    """A new strategy begins with the usual steps of its class; the plan is asked anew after a change."""
    if existing is None and not values.get("play"):
        default = DEFAULTS.get(str(values.get("value_class")))
        values["play"] = (
            [{**step.as_json(), "title": _(step.title)} for step in default.play] if default else []
        )
    cache.delete("chain:plan")
