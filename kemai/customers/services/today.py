"""What a person must do now, and what changed since yesterday: read through the doors, a few small queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Generic, TypeVar

from django.core.cache import cache
from django.db.models import CharField, Count, DateTimeField, F, FloatField, Func, Q, QuerySet, Sum, Value
from django.db.models.functions import Cast, Substr
from django.utils import timezone

from kemai.analytics.services import runs
from kemai.customers.models import CustomerFacts, FactTransition
from kemai.customers.services import chain
from kemai.kit.calendar_cn import next_birthday
from kemai.platform import access, query
from kemai.platform.access import Actor
from kemai.platform.objects import get

TASKS = 30
SHOWN = 8
RICHEST = "-amount_12m"
ORDERS = {RICHEST: ("-facts__amount_12m", "-pk"), "-created_at": ("-created_at", "-pk")}
BIRTHDAY_DAYS = 7
NEW_DAYS = 7
BROKEN = 1.5
"""Silence in multiples of the customer's own median gap that counts as a broken rhythm."""
VALUED = ("high", "potential")
FIELDS = (
    "name", "phone", "owner", "value_class", "activity", "amount_12m", "last_order_at", "last_contact_at",
    "gap_median_days", "birthday", "created_at",
)  # fmt: skip
MANY = 3000
Row = query.Row
T = TypeVar("T")


class DaysSince(Func):
    """The days from a moment column to another moment, with fractions; in the databases' own functions."""

    output_field = FloatField()
    arity = 2

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="(julianday(%(expressions)s))", arg_joiner=") - julianday("
        )

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "(EXTRACT(EPOCH FROM (%(expressions)s)) / 86400)"
        return self.as_sql(compiler, connection, template=template, arg_joiner=" - ")


@dataclass(frozen=True)
class TaskLine:
    """An open task that is overdue or due today, with the customer it is about (if the actor sees them)."""

    id: int
    title: str
    kind: str
    due_at: datetime
    owner: str
    customer: int | None
    overdue: int
    """Whole days; 0 for today."""
    late: bool


@dataclass(frozen=True)
class Birthday:
    day: date
    customer: int
    name: str
    about: str
    """The company, for a contact's birthday; '' for a customer's own."""
    turns: int


@dataclass(frozen=True)
class Cut(Generic[T]):
    """As many as a page shows, and whether there are more."""

    rows: Sequence[T]
    more: bool

    @staticmethod
    def of(rows: Sequence[T], most: int) -> Cut[T]:
        return Cut(rows[:most], len(rows) > most)


@dataclass(frozen=True)
class Due:
    """Customers to get in touch with."""

    contacts: Cut[Row]
    rhythm: Cut[Row]


@dataclass(frozen=True)
class People:
    birthdays: Cut[Birthday]
    fresh: Cut[Row]


@dataclass(frozen=True)
class Day:
    """The company's day around a moment."""

    now: datetime
    midnight: datetime
    tomorrow: datetime

    @property
    def today(self) -> date:
        return self.midnight.date()

    @staticmethod
    def of(now: datetime) -> Day:
        here = timezone.localtime(now, timezone.get_default_timezone())
        midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
        return Day(now, midnight, midnight + timedelta(days=1))


def leads(actor: Actor) -> bool:
    """Does the actor see more than their own customers?"""
    return access.verb_scope(actor, get("customer"), "view") not in {"none", "own"}


def customers(actor: Actor, *, team: bool) -> QuerySet[Any]:
    """The actor's own customers, or the team's that have an owner and are worth a manager's eye."""
    found = access.scope(actor, "customer").exclude(validity="invalid")
    if team:
        return found.filter(owner__isnull=False, facts__value_class__in=VALUED)
    return found.filter(owner=actor.user_id)


def many(actor: Actor, *, team: bool) -> bool:
    """Are there so many customers that a page should not wait for a walk through them? Asked now and then."""
    key = f"today:many:{actor.user_id}:{team}"
    found: bool | None = cache.get(key)
    if found is None:
        found = not query.quick_count(customers(actor, team=team), MANY, work=None).exact
        cache.set(key, found, 600)
    return found


def due(actor: Actor, *, team: bool = False, now: datetime | None = None) -> Due:
    """Who should hear from the actor, or from everybody whose work the actor sees."""
    day, mine = Day.of(now or timezone.now()), customers(actor, team=team)
    return Due(
        Cut.of(shown(actor, contacts_due(mine, day), RICHEST, team=team), SHOWN),
        Cut.of(shown(actor, broken_rhythm(mine, day), RICHEST, team=team), SHOWN),
    )


def people(actor: Actor, *, team: bool = False, now: datetime | None = None) -> People:
    """Birthdays, and new customers with whom nobody has spoken."""
    day, mine = Day.of(now or timezone.now()), customers(actor, team=team)
    return People(
        Cut.of(birthdays(actor, mine, day, team=team), SHOWN),
        Cut.of(shown(actor, fresh(actor, day, team=team), "-created_at", team=team), SHOWN),
    )


def tasks(actor: Actor, *, team: bool = False, now: datetime | None = None) -> Cut[TaskLine]:
    """Overdue first, the longest overdue at the top; then today's by the hour."""
    day = Day.of(now or timezone.now())
    found = access.scope(actor, "task").filter(state="open", due_at__lt=day.tomorrow)
    if not team:
        found = found.filter(owner=actor.user_id)
    rows = found.order_by("due_at", "pk").values_list(
        "pk", "title", "kind", "due_at", "owner__name", "type_key", "object_id"
    )[: TASKS + 1]
    lines = []
    for key, title, kind, due_at, owner, type_key, about in rows:
        local = timezone.localtime(due_at, timezone.get_default_timezone())
        customer = about if type_key == "customer" else None
        overdue = max(0, (day.today - local.date()).days)
        lines.append(TaskLine(key, title, kind, local, owner or "", customer, overdue, due_at < day.now))
    return Cut.of(lines, TASKS)


def contacts_due(mine: QuerySet[Any], day: Day) -> QuerySet[Any]:
    """Customers whose last contact is older than the plan of their class allows, and with whom nothing is planned."""
    late = Q(pk__in=[])
    for key, days in chain.contact_plan().items():
        border = day.now - timedelta(days=days)
        late |= Q(facts__value_class=key, facts__last_contact_at__lt=border)
    return mine.filter(late, facts__next_contact_at=None)


def broken_rhythm(mine: QuerySet[Any], day: Day) -> QuerySet[Any]:
    """Customers who are silent for longer than 1.5 times their own median gap, and not lost yet."""
    silence = DaysSince(Value(day.now, output_field=DateTimeField()), F("facts__last_order_at"))
    found = mine.filter(
        facts__gap_median_days__gt=0, facts__activity__in=("new", "active", "dormant", "recovered")
    )
    found = found.annotate(silence=silence).filter(silence__gt=F("facts__gap_median_days") * BROKEN)
    return found.filter(facts__next_contact_at=None)  # type: ignore[no-any-return]


def fresh(actor: Actor, day: Day, *, team: bool) -> QuerySet[Any]:
    """New customers with whom nobody has spoken yet."""
    found = access.scope(actor, "customer").filter(
        created_at__gte=day.now - timedelta(days=NEW_DAYS), facts__last_contact_at=None
    )
    return found.filter(owner__isnull=False) if team else found.filter(owner=actor.user_id)


def shown(actor: Actor, found: QuerySet[Any], sort: str, *, team: bool) -> list[Row]:
    """The first of them, as the actor may see them: in one question, or where the actor has a great many customers,
    counted first, so that the first are found by walking along the order instead of sorting all."""
    object_type = get("customer")
    specs = access.visible_specs(actor, object_type, FIELDS)
    if many(actor, team=team):
        count = query.quick_count(found)
        rows = query.page(found, object_type, specs, sort=sort, size=SHOWN + 1, expected=count).rows
    else:
        first = found.order_by(*ORDERS[sort])
        ids = first.values("pk")[: SHOWN + 1]
        records = object_type.model._default_manager.filter(pk__in=ids).order_by(*ORDERS[sort])
        rows = query.fetch(records, object_type, specs)
    access.mask_rows(actor, object_type, rows)
    chain.whole_rows(rows, FIELDS)
    return rows


def birthdays(actor: Actor, mine: QuerySet[Any], day: Day, *, team: bool) -> list[Birthday]:
    """Of customers and of the people at them, in the next seven days; the soonest first."""
    levels = access.field_levels(actor, get("customer"))
    if levels.get("birthday") not in {"read", "edit"}:
        return []
    days = [day.today + timedelta(days=ahead) for ahead in range(BIRTHDAY_DAYS + 1)]
    marks = {f"{one:%m-%d}" for one in days}
    if "02-28" in marks:
        marks.add("02-29")
    month_day = Substr(Cast("birthday", CharField()), 6, 5)
    own = mine.annotate(md=month_day).filter(md__in=marks).order_by("-facts__amount_12m")
    found = [
        birthday(day, pk, name, "", born) for pk, name, born in own.values_list("pk", "name", "birthday")[:60]
    ]
    if not team:
        people = access.scope(actor, "contact").filter(customer__owner=actor.user_id)
        people = people.annotate(md=month_day).filter(md__in=marks)
        rows = people.values_list("customer", "name", "customer__name", "birthday")[:60]
        found += [birthday(day, pk, name, about, born) for pk, name, about, born in rows]
    return sorted(found, key=lambda one: one.day)


def birthday(day: Day, customer: int, name: str, about: str, born: date) -> Birthday:
    coming = next_birthday(born, day.today)
    return Birthday(coming, customer, name, about, coming.year - born.year)


# ── numbers ──


@dataclass(frozen=True)
class Numbers:
    """Money in yuan. `classes` is {class: customers}."""

    classes: Mapping[str, int]
    sales: Decimal
    sales_before: Decimal
    touches: int
    touches_before: int

    @property
    def customers(self) -> int:
        return sum(self.classes.values())


def numbers(actor: Actor, *, team: bool = False, now: datetime | None = None) -> Numbers:
    """The last 30 days beside the 30 before; this week's follow-ups beside last week's, up to the same hour."""
    day = Day.of(now or timezone.now())
    whole = team and chain.sees_all(actor)
    if team:
        sheet = chain.sheet(actor)
        classes = {row.option.value: row.figures.customers for row in sheet.rows}
    else:
        mine = access.scope(actor, "customer").filter(owner=actor.user_id, facts__isnull=False).order_by()
        classes = dict(mine.values_list("facts__value_class").annotate(n=Count("pk")))
    sales, before = company_sales() if whole else own_sales(actor, day, team=team)
    touches, touches_before = follow_ups(actor, day, team=team)
    return Numbers(classes, sales, before, touches, touches_before)


def company_sales() -> tuple[Decimal, Decimal]:
    """Of the last analysis: nobody adds up a company's orders while a person waits."""
    run = runs.latest("sales")
    metrics = run.result.get("metrics", {}) if run else {}
    return Decimal(metrics.get("amount_30d", 0)) / 100, Decimal(metrics.get("amount_30d_before", 0)) / 100


def own_sales(actor: Actor, day: Day, *, team: bool) -> tuple[Decimal, Decimal]:
    border, start = day.now - timedelta(days=30), day.now - timedelta(days=60)
    orders = access.scope(actor, "order").filter(state="paid", ordered_at__gte=start, ordered_at__lte=day.now)
    if not team:
        orders = orders.filter(customer__owner=actor.user_id)
    sums = orders.aggregate(
        late=Sum("amount", filter=Q(ordered_at__gte=border)),
        early=Sum("amount", filter=Q(ordered_at__lt=border)),
    )
    return sums["late"] or Decimal(0), sums["early"] or Decimal(0)


def follow_ups(actor: Actor, day: Day, *, team: bool) -> tuple[int, int]:
    monday = day.midnight - timedelta(days=day.midnight.weekday())
    week = timedelta(days=7)
    touches = access.scope(actor, "interaction").filter(at__gte=monday - week, at__lte=day.now)
    touches = touches.exclude(channel="system").filter(direction__in=("out", "none"))
    if not team:
        touches = touches.filter(owner=actor.user_id)
    counts = touches.aggregate(
        now=Count("pk", filter=Q(at__gte=monday)), before=Count("pk", filter=Q(at__lt=day.now - week))
    )
    return counts["now"], counts["before"]


# ── what changed ──


@dataclass(frozen=True)
class Change:
    """A customer's class or activity changed."""

    customer: int
    name: str
    field: str
    old: str
    new: str
    at: datetime


@dataclass(frozen=True)
class Changes:
    """`counts` is {(field, old, new): how many}, the most frequent first; `rows` are those of the best customers."""

    since: datetime
    counts: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    rows: Sequence[Change] = ()


def changes(actor: Actor, *, team: bool = False, now: datetime | None = None) -> Changes:
    """Changes of class and activity since yesterday's beginning."""
    day = Day.of(now or timezone.now())
    since = day.midnight - timedelta(days=1)
    found = FactTransition.objects.filter(field__in=("value_class", "activity"), at__gte=since)
    visible = access.scope(actor, "customer")
    if not team:
        visible = visible.filter(owner=actor.user_id)
    if not team or not chain.sees_all(actor):
        found = found.filter(customer__in=visible.values("pk"))
    rows = found.order_by("-customer__facts__amount_12m", "-pk").values_list(
        "customer", "customer__name", "field", "old", "new", "at"
    )[:2000]
    kept = [Change(*row) for row in rows]
    counts = Counter((one.field, one.old, one.new) for one in kept)
    return Changes(since, dict(counts.most_common(8)), kept[:SHOWN])


# ── the team ──


@dataclass
class Member:
    id: int
    name: str
    overdue: int = 0
    today: int = 0
    touches: int = 0


def members(actor: Actor, *, now: datetime | None = None) -> list[Member]:
    """Everybody whose work the actor sees and who has some: what waits, and what was done this week."""
    day = Day.of(now or timezone.now())
    found: dict[int, Member] = {}
    waiting = access.scope(actor, "task").filter(state="open", due_at__lt=day.tomorrow, owner__isnull=False)
    rows = waiting.order_by().values_list("owner", "owner__name").annotate(
        overdue=Count("pk", filter=Q(due_at__lt=day.now)), today=Count("pk", filter=Q(due_at__gte=day.now))
    )  # fmt: skip
    for key, name, overdue, today in rows:
        found[key] = Member(key, name, overdue, today)
    monday = day.midnight - timedelta(days=day.midnight.weekday())
    touches = access.scope(actor, "interaction").filter(at__gte=monday, at__lte=day.now, owner__isnull=False)
    touches = touches.exclude(channel="system").order_by()
    for key, name, count in touches.values_list("owner", "owner__name").annotate(n=Count("pk")):
        found.setdefault(key, Member(key, name)).touches = count
    return sorted(found.values(), key=lambda one: (-one.overdue, -one.today, one.name))


def due_count(actor: Actor) -> int:
    """How much waits today: the number beside 今日 in the side bar."""
    if actor.user_id is None:
        return 0
    day = Day.of(timezone.now())
    waiting = access.scope(actor, "task").filter(owner=actor.user_id, state="open", due_at__lt=day.tomorrow)
    return int(waiting.order_by()[:100].count())


def choice(field_key: str, value: str) -> Any:
    """The option of a derived state, for its words and colour."""
    options = {"value_class": CustomerFacts.CLASSES, "activity": CustomerFacts.ACTIVITIES}
    return next((one for one in options[field_key] if one.value == value), None)
