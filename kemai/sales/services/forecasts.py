"""The forecast of the pipeline by person, month and category, what managers say instead, and weekly snapshots."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.kit.money import from_cents
from kemai.platform import audit
from kemai.platform.access import Actor, Denied
from kemai.platform.records import FieldErrors
from kemai.sales.models import Deal, ForecastOverride, ForecastSnapshot
from kemai.sales.rules import forecast as rules
from kemai.sales.rules.forecast import CATEGORIES, Accuracy, Cell, Snapshot
from kemai.sales.services import achieved, staff, targets

Key = tuple[int, dt.date, str]
"""Person, first day of the month, category."""
Cells = dict[Key, Cell]
OPEN = ("commit", "best", "pipeline")


def months(today: dt.date | None = None) -> list[dt.date]:
    first = rules.month_of(today or timezone.localdate())
    return [rules.following(first, step) for step in range(rules.AHEAD)]


def cells(deals: QuerySet[Any], today: dt.date) -> Cells:
    """Open deals by the month in which they are expected, and those won in the running month; two statements."""
    found: Cells = {}
    last = rules.following(rules.month_of(today), rules.AHEAD)
    rows = deals.filter(state="open", category__in=OPEN, expected_on__lt=last, owner__isnull=False).order_by()
    grouped = rows.annotate(month=TruncMonth("expected_on")).values_list("owner", "month", "category")
    figures = {"n": Count("pk"), "sum": Sum("amount"), "weight": Sum("weighted")}
    for owner, month, category, n, total, weight in grouped.annotate(**figures):
        where = rules.falls_in(month, today)
        if where is not None:
            key = (owner, where, category)
            found[key] = found.get(key, Cell()) + Cell(n, cents(total), cents(weight))
    start = rules.month_of(today)
    ended = deals.filter(
        state="won",
        closed_at__gte=achieved.midnight(start),
        closed_at__lt=achieved.midnight(rules.following(start)),
    )
    for owner, n, total in ended.order_by().values_list("owner").annotate(n=Count("pk"), sum=Sum("amount")):
        if owner is not None:
            found[owner, start, "closed"] = Cell(n, cents(total), cents(total))
    return found


def cents(value: Any) -> int:
    return achieved.figure_of(value)


def yuan(value: int) -> Any:
    """As a column of money takes it."""
    return from_cents(value)


@dataclass(frozen=True)
class Said:
    """The latest figure that somebody gave for a cell, with the reason."""

    amount: int
    note: str
    by: str
    at: dt.datetime


def said(first: dt.date, owners: Iterable[int] | None = None) -> dict[Key, Said]:
    rows = ForecastOverride.objects.filter(month__gte=first).select_related("by").order_by("at", "pk")
    if owners is not None:
        rows = rows.filter(person__in=list(owners))
    found: dict[Key, Said] = {}
    for one in rows:
        key = (one.person_id, one.month, one.category)
        if one.note == TAKEN_BACK:
            found.pop(key, None)
        else:
            found[key] = Said(cents(one.amount), one.note, one.by.name if one.by else "", one.at)
    return found


TAKEN_BACK = "-"
"""The note of a row that takes an override back: rows are never changed, so that one can see who said what when."""


@dataclass(frozen=True)
class Row:
    """A line of the table: a category over the months, or a person's whole forecast."""

    key: str
    cells: list[Cell]

    @property
    def total(self) -> Cell:
        return sum(self.cells, Cell())


@dataclass(frozen=True)
class Board:
    months: list[dt.date]
    categories: list[Row]
    people: list[tuple[staff.Person, Row, list[int | None]]]
    """Each with what the forecast comes to and the target, by month."""
    said: dict[tuple[dt.date, str], Said]
    """Of the one person looked at."""
    total: list[int]
    target: list[int | None]
    undated: int
    overdue: int


def overridden(found: Cells, words: Mapping[Key, Said]) -> Cells:
    """The cells with what managers said; a figure may stand where no deal does."""
    result = dict(found)
    for key, one in words.items():
        cell = result.get(key, Cell())
        result[key] = Cell(cell.count, cell.amount, cell.weighted, one.amount)
    return result


def board(
    actor: Actor, deals: QuerySet[Any], people: Sequence[staff.Person], today: dt.date | None = None
) -> Board:
    """`deals` are those within the actor's rights that the filter leaves over, `people` whose they may be."""
    today = today or timezone.localdate()
    shown = months(today)
    keys = {one.pk for one in people}
    words = said(shown[0], keys)
    found = overridden({k: v for k, v in cells(deals, today).items() if k[0] in keys}, words)
    goals = goals_of(shown)
    by_category = [
        Row(category, [add(found, keys, month, (category,)) for month in shown]) for category in CATEGORIES
    ]
    lines = []
    for person in people:
        row = Row(str(person.pk), [add(found, {person.pk}, month, CATEGORIES) for month in shown])
        goal = [goals.get((person.pk, month)) for month in shown]
        if row.total.count or row.total.counts or any(goal):
            lines.append((person, row, goal))
    total = [sum(row.cells[n].counts for row in by_category) for n in range(len(shown))]
    target: list[int | None] = [
        sum(one for _p, _r, goal in lines if (one := goal[n]) is not None) or None for n in range(len(shown))
    ]
    one_person = next(iter(keys)) if len(keys) == 1 else None
    notes = {(month, category): word for (who, month, category), word in words.items() if who == one_person}
    live = deals.filter(state="open", owner__in=keys).aggregate(
        undated=Count("pk", filter=Q(expected_on=None)), overdue=Count("pk", filter=Q(expected_on__lt=today))
    )
    return Board(shown, by_category, lines, notes, total, target, live["undated"], live["overdue"])


def add(found: Cells, people: set[int], month: dt.date, categories: Sequence[str]) -> Cell:
    parts = [
        found[key] for who in people for category in categories if (key := (who, month, category)) in found
    ]
    return sum(parts, Cell())


def goals_of(shown: Sequence[dt.date]) -> dict[tuple[int, dt.date], int]:
    """Targets of people for won deals; {(person, month): cents}."""
    found = {}
    for year in {one.year for one in shown}:
        for node, values in targets.stored("won", year).items():
            for place, value in enumerate(values):
                if node[0] == "p" and value is not None:
                    found[int(node[1:]), dt.date(year, place + 1, 1)] = value
    return found


# ── what managers say ──


def override(
    actor: Actor, person: int, month: dt.date, category: str, text: str, note: str
) -> ForecastOverride:
    """A figure of the manager's own for one cell; '' takes the last one back. Raises Denied, FieldErrors."""
    if not staff.leads(actor) or actor.read_only:
        raise Denied(_("只有主管可以调整预测"))
    if person not in staff.reach(actor).by_key:
        raise Denied(_("您只能调整自己团队的预测"))
    if category not in OPEN or month not in months():
        raise FieldErrors({"amount": _("只能调整从本月起六个月内、还没有成交的预测")})
    try:
        value = targets.parse("won", text)
    except ValueError:
        raise FieldErrors({"amount": _("请填写不小于 0 的数字")}) from None
    if value is not None and (not note.strip() or note.strip() == TAKEN_BACK):
        raise FieldErrors({"note": _("请说明为什么调整，别人会看到")})
    with transaction.atomic():
        row = ForecastOverride.objects.create(
            person_id=person, month=month, category=category, amount=yuan(value or 0),
            note=note.strip()[:300] if value is not None else TAKEN_BACK, by_id=actor.user_id, at=timezone.now(),
        )  # fmt: skip
        audit.open_set("forecast", "deal", by=actor, reason=f"{month:%Y-%m} {category} {text} {note}"[:200])
    return row


# ── snapshots and how good they were ──


def take_snapshot(today: dt.date | None = None) -> int:
    """What stands in the forecast today, by person, month and category; a second one of a day replaces the first."""
    today = today or timezone.localdate()
    deals = Deal.objects.filter(deleted_at=None)
    found = overridden(cells(deals, today), said(rules.month_of(today)))
    rows = [
        ForecastSnapshot(
            taken_on=today, month=month, person_id=person, category=category, amount=yuan(cell.amount),
            weighted=yuan(cell.counts),
        )
        for (person, month, category), cell in found.items()
    ]  # fmt: skip
    with transaction.atomic():
        ForecastSnapshot.objects.filter(taken_on=today).delete()
        ForecastSnapshot.objects.bulk_create(rows, batch_size=500)
    return len(rows)


def record_snapshots(rows: Iterable[tuple[dt.date, dt.date, int, str, int, int]]) -> int:
    """Snapshots older than this database: (taken on, month, person, category, amount, weighted), cents."""
    made = [
        ForecastSnapshot(
            taken_on=day, month=month, person_id=person, category=category, amount=yuan(amount), weighted=yuan(weighted)
        )
        for day, month, person, category, amount, weighted in rows
    ]  # fmt: skip
    return len(ForecastSnapshot.objects.bulk_create(made, batch_size=1000))


def reports(
    owners: Sequence[int], leads: Sequence[int], *, count: int = 12, today: dt.date | None = None
) -> list[list[Accuracy]]:
    """The last whole months against what was forecast so many days before they began, for each of the leads. Three
    statements."""
    this = rules.month_of(today or timezone.localdate())
    shown = [rules.following(this, -step) for step in range(count, 0, -1)]
    rows = ForecastSnapshot.objects.filter(person__in=owners, month__gte=shown[0], month__lt=this)
    rows = rows.filter(taken_on__lte=F("month")).order_by()
    taken = rows.values_list("taken_on", "month").annotate(sum=Sum("weighted"))
    snapshots = [Snapshot(day, month, cents(total)) for day, month, total in taken]
    actual: dict[dt.date, int] = {}
    for year in {one.year for one in shown}:
        for values in achieved.monthly("won", year, owners).values():
            for place, value in enumerate(values):
                month = dt.date(year, place + 1, 1)
                actual[month] = actual.get(month, 0) + value
    return [rules.accuracy(snapshots, actual, shown, lead_days=one) for one in leads]
