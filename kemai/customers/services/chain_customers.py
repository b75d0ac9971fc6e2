"""The customers under a class of the chain sheet: who they are, what is due next, how their buying moves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet, Sum, Value
from django.db.models.functions import Coalesce, TruncMonth
from django.utils import timezone

from kemai.customers.services.chain import whole_rows
from kemai.platform import access, query
from kemai.platform.access import Actor
from kemai.platform.fields import FieldSpec
from kemai.platform.objects import get

FIELDS = (
    "name", "kind", "activity", "rfm_cell", "owner", "last_contact_at", "next_contact_at", "orders_12m", "amount_12m",
    "last_order_at", "completeness",
)  # fmt: skip
NEWEST = "-id"
SORTS = ("-amount_12m", "-last_order_at", "last_contact_at", "-id")
FIRST_SORT = {
    "high": "-amount_12m",
    "potential": "-amount_12m",
    "regular": "-last_order_at",
    "none": NEWEST,
}
"""Each class is first shown in an order that its index answers at once, however many customers there are."""
MONTHS = 12
SIZE = 50
COUNTED = 10_000
WIDE, HIGH = 96, 24
"""The drawing of a trend, in its own units."""


@dataclass(frozen=True)
class Filter:
    """Which customers of a class: all, one owner's (0: nobody's), or those in one activity state."""

    value_class: str
    owner: int | None = None
    activity: str = ""


@dataclass(frozen=True)
class NextAction:
    id: int
    title: str
    due_at: datetime | None
    late: bool


@dataclass(frozen=True)
class Line:
    row: query.Row
    action: NextAction | None
    trend: Sequence[Decimal]
    """Money of the last twelve months, this one last."""

    @property
    def points(self) -> str:
        """The trend as the points of a polyline; '' where nothing was bought."""
        top = max(self.trend, default=Decimal(0))
        if top <= 0:
            return ""
        step = WIDE / (len(self.trend) - 1)
        places = [
            (index * step, HIGH - 2 - (HIGH - 4) * float(value / top))
            for index, value in enumerate(self.trend)
        ]
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


@dataclass(frozen=True)
class Lines:
    lines: Sequence[Line]
    next: str
    previous: str
    count: query.Count


def customers(actor: Actor, wanted: Filter, verb: str = "view") -> QuerySet[Any]:
    found = access.scope(actor, "customer", verb).filter(facts__value_class=wanted.value_class)
    if wanted.owner is not None:
        found = found.filter(owner=wanted.owner or None)
    if wanted.activity:
        found = found.filter(facts__activity=wanted.activity)
    return found


def walked(actor: Actor, wanted: Filter) -> QuerySet[Any]:
    """The same customers, asked so that the database walks along the index of the sort and tests each customer,
    instead of gathering the whole class and sorting it: what a common class of a million customers needs."""
    found = access.scope(actor, "customer").annotate(
        of_class=Coalesce("facts__value_class", Value("")), of_activity=Coalesce("facts__activity", Value(""))
    )
    asked = {"of_class": wanted.value_class} | ({"of_activity": wanted.activity} if wanted.activity else {})
    return found.filter(**asked)  # type: ignore[no-any-return]


def page(
    actor: Actor,
    wanted: Filter,
    *,
    sort: str = "",
    cursor: str = "",
    count: query.Count | None = None,
    common: bool = False,
) -> Lines:
    """One page. `count` saves the counting where it is known; `common` says that a good part of all customers pass
    the filter (which names no owner). Raises query.QueryError for a bad cursor."""
    object_type = get("customer")
    specs = visible(actor)
    order = sort if sort in SORTS else FIRST_SORT.get(wanted.value_class, NEWEST)
    found = walked(actor, wanted) if common and wanted.owner is None else customers(actor, wanted)
    part = query.page(found, object_type, specs, sort=order, cursor=cursor, size=SIZE)
    access.mask_rows(actor, object_type, part.rows)
    whole_rows(part.rows, FIELDS)
    if not (part.next or part.previous):
        count = query.Count(len(part.rows), exact=True)
    elif count is None:
        count = query.quick_count(customers(actor, wanted), COUNTED, work=None)
    return Lines(lines_of(actor, part.rows), part.next, part.previous, count)


def visible(actor: Actor) -> list[FieldSpec]:
    return access.visible_specs(actor, get("customer"), FIELDS)


def lines_of(actor: Actor, rows: Sequence[query.Row]) -> list[Line]:
    ids = [row["id"] for row in rows]
    actions = next_actions(actor, ids)
    trends = trends_of(actor, ids)
    nothing = [Decimal(0)] * MONTHS
    return [Line(row, actions.get(row["id"]), trends.get(row["id"], nothing)) for row in rows]


def next_actions(actor: Actor, ids: Sequence[int]) -> dict[int, NextAction]:
    """The earliest open task about each customer that the actor may see; those without a date come last."""
    now = timezone.now()
    rows = (
        access.scope(actor, "task")
        .filter(type_key="customer", object_id__in=ids, state="open")
        .order_by("due_at", "pk")
        .values_list("object_id", "pk", "title", "due_at")
    )
    found: dict[int, NextAction] = {}
    for customer, key, title, due_at in sorted(rows, key=lambda row: row[3] is None):
        if customer not in found:
            found[customer] = NextAction(key, title, due_at, due_at is not None and due_at < now)
    return found


def months(today: date) -> list[date]:
    """The first days of the last twelve months, the running one last."""
    found = [today.replace(day=1)]
    while len(found) < MONTHS:
        found.append((found[-1] - timedelta(days=1)).replace(day=1))
    return found[::-1]


def trends_of(actor: Actor, ids: Sequence[int]) -> dict[int, list[Decimal]]:
    """Money a month, from the orders of these few customers alone."""
    zone = timezone.get_default_timezone()
    known = months(timezone.localdate())
    start = datetime(known[0].year, known[0].month, 1, tzinfo=zone)
    orders = access.scope(actor, "order").filter(customer__in=ids, state="paid", ordered_at__gte=start)
    sums = (
        orders.order_by()
        .annotate(month=TruncMonth("ordered_at", tzinfo=zone))
        .values_list("customer", "month")
        .annotate(money=Sum("amount"))
    )
    places = {month: index for index, month in enumerate(known)}
    found: dict[int, list[Decimal]] = {}
    for customer, month, money in sums:
        place = places.get(month.date())
        if place is not None:
            found.setdefault(customer, [Decimal(0)] * MONTHS)[place] = money
    return found


def owners(actor: Actor, value_class: str) -> list[tuple[int, str]]:
    """The people whose customers the actor may see; for a choice of owner."""
    found = access.people("", limit=2000)
    scope = access.verb_scope(actor, get("customer"), "view")
    if scope == "own":
        return [(key, name) for key, name, _team in found if key == actor.user_id]
    return [(key, name) for key, name, _team in found]


def exported(actor: Actor, wanted: Filter, most: int) -> Iterator[tuple[query.Row, NextAction | None]]:
    """The customers that the actor may export, in pieces, each with what is due next."""
    object_type = get("customer")
    specs = visible(actor)
    ids = list(
        customers(actor, wanted, "export")
        .order_by("-facts__amount_12m", "-pk")
        .values_list("pk", flat=True)[:most]
    )
    everything = object_type.model._default_manager
    for begin in range(0, len(ids), 500):
        part = ids[begin : begin + 500]
        rows = query.fetch(everything.filter(pk__in=part), object_type, specs)
        access.mask_rows(actor, object_type, rows)
        known: Mapping[int, query.Row] = {row["id"]: row for row in rows}
        actions = next_actions(actor, part)
        yield from pairs(part, known, actions)


def pairs(
    ids: Iterable[int], rows: Mapping[int, query.Row], actions: Mapping[int, NextAction]
) -> Iterator[tuple[query.Row, NextAction | None]]:
    return ((rows[key], actions.get(key)) for key in ids if key in rows)
