"""What a return rule would do: tonight on today's data, with the very statement the night runs, and what it would have
done over the past twelve months."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, models
from django.db.models import Exists, F, Func, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Greatest, TruncDate
from django.utils import timezone

from kemai.customers.models import Interaction, Order
from kemai.platform.access import Actor
from kemai.platform.access import scope as seen_by
from kemai.platform.models import OwnerChange
from kemai.sales.models import Contract, Deal, FollowUp, PoolRule
from kemai.sales.services.pools import due
from kemai.sales.services.pools.due import PLACES, DayNumber
from kemai.sales.services.pools.keeping import STANDING
from kemai.sales.services.pools.kinds import KINDS, Kind, midnight, people_of, today, zone

HEAVY = 0.5
"""The share of all held records from which on a rule is said to return everything."""
SAMPLE = 10
MOST_OWNERS = 50
YEAR = 365


@dataclass(frozen=True)
class Line:
    """One owner's records: held under the rule, and returned tonight."""

    owner: int
    name: str
    count: int


@dataclass(frozen=True)
class Tonight:
    """`held` records the rule is about, `now` that would return in the next run by it, `week` and `month` that would
    be due within 7 and 30 days."""

    day: dt.date
    held: int
    now: int
    week: int
    month: int
    owners: Sequence[Line] = ()
    sample: Sequence[tuple[int, str, str]] = ()
    """(record, what it is called, its owner), as the person who asks may see them."""

    @property
    def heavy(self) -> bool:
        return self.now > 0 and self.now >= self.held * HEAVY


@dataclass(frozen=True)
class Year:
    """Returns by month over the past twelve months, and of how many different records."""

    months: Sequence[tuple[dt.date, int]]
    total: int
    records: int
    owners: Sequence[Line] = field(default=())


def run_day(now: dt.datetime | None = None) -> dt.date:
    """The day of the next night's run."""
    local = timezone.localtime(now or timezone.now(), zone())
    return local.date() if local.hour < 6 else local.date() + dt.timedelta(days=1)


def due_rows(kind: Kind, draft: PoolRule, day: dt.date) -> tuple[QuerySet[Any], int | None]:
    """Keepings with their due keys as if the draft were in force, and the draft's place among the rules (None where it
    is off)."""
    terms = due.terms_of(kind, draft)
    place = next((n for n, term in enumerate(terms) if term.rule is draft), None)
    return due.with_due(kind, kind.keepings, terms, day), place


def returned(kind: Kind, draft: PoolRule, day: dt.date) -> QuerySet[Any]:
    """The keepings that the draft would return by this day."""
    rows, place = due_rows(kind, draft, day)
    if place is None:
        return kind.keepings.none()
    return by_key(rows, place, day)


def by_key(rows: QuerySet[Any], place: int, day: dt.date) -> QuerySet[Any]:
    """Those whose earliest return is by the rule in this place, and due by this day."""
    rest = Func(F("due_key"), Value(PLACES), function="MOD", output_field=models.BigIntegerField())
    found: QuerySet[Any] = rows.alias(rest=rest).filter(
        due_key__lt=(day.toordinal() + 1) * PLACES, rest=place
    )
    return found


def tonight(draft: PoolRule, *, by: Actor, day: dt.date | None = None) -> Tonight:
    """What the next run would do by this rule, every other rule as it is."""
    kind = KINDS[draft.pool.kind]
    day = day or run_day()
    terms = due.terms_of(kind, draft)
    place = next((n for n, term in enumerate(terms) if term.rule is draft), None)
    if place is None:
        return Tonight(day, 0, 0, 0, 0)
    owner = f"{kind.path}__owner"
    held = kind.keepings.filter(
        kind.alive(), due.applies(kind, terms[place]), **{f"{owner}__isnull": False}
    ).count()
    rows = due.with_due(kind, kind.keepings, terms, day)
    counts = by_owner(kind, rows, place, day)
    going = by_key(rows, place, day) if any(row[1] for row in counts) else None
    most = sorted(((row[0], row[1]) for row in counts if row[1]), key=lambda one: -one[1])
    now, week, month = (sum(row[n] for row in counts) for n in (1, 2, 3))
    lines = owner_lines(most[:MOST_OWNERS])
    return Tonight(day, held, now, week, month, lines, [] if going is None else sample(kind, going, by))


def by_owner(kind: Kind, rows: QuerySet[Any], place: int, day: dt.date) -> list[tuple[int, int, int, int]]:
    """(owner, returned tonight, within a week, within a month) by the rule in this place. One statement, that works out
    each record's return once: it is long, and a filter would say it anew for each thing it asks."""
    inner, params = rows.values_list(f"{kind.path}__owner", "due_key").query.sql_with_params()
    tonight, week, month = ((day.toordinal() + more + 1) * PLACES for more in (0, 7, 30))
    fence = "LIMIT -1" if connection.vendor == "sqlite" else "OFFSET 0"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT n.who, count(*) FILTER (WHERE n.k < {tonight}), count(*) FILTER (WHERE n.k < {week}), count(*) "  # noqa: S608 - Django's own SQL and whole numbers
            f"FROM (SELECT i.{kind.path}__owner AS who, i.due_key AS k FROM ({inner}) AS i {fence}) AS n "
            f"WHERE n.k < {month} AND n.k %% {PLACES} = {place} GROUP BY n.who ORDER BY n.who",
            params,
        )
        found: list[tuple[int, int, int, int]] = cursor.fetchall()
    return found


def owner_lines(pairs: Any) -> list[Line]:
    found = list(pairs)
    people = get_user_model()._default_manager.in_bulk([key for key, _n in found])
    return [Line(key, str(people.get(key, "")), n) for key, n in found]


def sample(kind: Kind, rows: QuerySet[Any], by: Actor) -> list[tuple[int, str, str]]:
    keys = list(rows.order_by("received_on", "pk").values_list("pk", flat=True)[:SAMPLE])
    seen = seen_by(by, kind.type).filter(pk__in=keys).select_related("owner").order_by("pk")
    return [(one.pk, str(one), str(one.owner or "")) for one in seen]


class LocalDay(Func):
    """The day number of a moment in the company's time. On SQLite by today's offset from UTC, in its own arithmetic: a
    function of Python's for each row would take ten times as long."""

    output_field = models.IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        offset = timezone.localtime(timezone.now(), zone()).utcoffset() or dt.timedelta()
        shift = offset.total_seconds() / 86400 - 1721424.5
        template = f"CAST(julianday(%(expressions)s) + {shift:.6f} AS INTEGER)"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        (moment,) = self.get_source_expressions()
        return (
            DayNumber(TruncDate(moment, tzinfo=zone()))
            .resolve_expression(compiler.query)
            .as_postgresql(compiler, connection)
        )


def event_rows(kind: Kind, event: str, since: dt.datetime) -> list[QuerySet[Any]]:
    """(record, day number) of what puts a return by this event off, from a moment on."""
    now = timezone.now()
    if kind.key == "lead":
        touches = FollowUp.objects.filter(deleted_at=None, at__gte=since, at__lte=now)
        touches = touches.filter(outcome="reached") if event == "two_way" else touches
        return [touches.values_list("lead", LocalDay("at"))]
    if event in {"two_way", "follow_up"}:
        rows = Interaction.objects.filter(deleted_at=None, at__gte=since, at__lte=now).exclude(
            channel="system"
        )
        rows = (
            rows.filter(Q(direction="in") | Q(outcome="reached"))
            if event == "two_way"
            else rows.filter(direction="out")
        )
        return [rows.values_list("customer", LocalDay("at"))]
    if event == "deal":
        return [
            Deal.objects.filter(deleted_at=None, created_at__gte=since).values_list(
                "customer", LocalDay("created_at")
            )
        ]
    if event == "won":
        deals = Deal.objects.filter(deleted_at=None, state="won", closed_at__gte=since)
        orders = Order.objects.filter(
            deleted_at=None, state="paid", ordered_at__gte=since, ordered_at__lte=now
        )
        closed = deals.values_list("customer", LocalDay("closed_at"))
        return [closed, orders.values_list("customer", LocalDay("ordered_at"))]
    ends = Contract.objects.filter(deleted_at=None, state__in=STANDING, ends_on__gte=since.date())
    return [ends.values_list("customer", DayNumber("ends_on"))]


def bases(kind: Kind, draft: PoolRule, start: dt.date) -> list[QuerySet[Any]]:
    """Every day from which the rule would have counted, of the records it is about and that somebody has now."""
    owner = f"{kind.path}__owner"
    people = people_of(draft.pool)
    term = due.Term(draft, draft.pool, None if people is None else tuple(people))
    about = kind.keepings.filter(kind.alive(), due.applies(kind, term), **{f"{owner}__isnull": False})
    wanted = Exists(about.filter(pk=OuterRef(kind.path)))
    since = midnight(start)
    found = [rows.filter(wanted) for rows in event_rows(kind, draft.event, since)]
    if draft.event == "contract":
        return found
    mine = Exists(about.filter(pk=OuterRef("object_id")))
    changes = OwnerChange.objects.filter(type_key=kind.key, at__gte=since, new__isnull=False)
    first = Value(start.toordinal(), output_field=models.IntegerField())
    return [
        *found,
        about.values_list("pk", Greatest(first, LocalDay(f"{kind.path}__created_at"))),
        about.filter(received_on__gte=start).values_list("pk", DayNumber("received_on")),
        changes.filter(mine).values_list("object_id", LocalDay("at")),
    ]


def past_year(draft: PoolRule, *, now: dt.date | None = None) -> Year:
    """Had the rule been in force for twelve months: a record returns wherever so many days lie between one day it
    counts from and the next. Conditions and owners are those of today; the other rules are left aside."""
    kind = KINDS[draft.pool.kind]
    end = now or today()
    start = end - dt.timedelta(days=YEAR)
    was, draft.since = draft.since, draft.since or start
    try:
        queries = [one.order_by() for one in bases(kind, draft, start)]
    finally:
        draft.since = was
    parts = [one.query.sql_with_params() for one in queries]
    union = " UNION ".join(f"SELECT * FROM ({sql}) AS p{n}" for n, (sql, _values) in enumerate(parts))  # noqa: S608
    params: list[Any] = [value for _sql, values in parts for value in values]
    later = str(draft.days)
    if draft.workdays:
        table = due.workday_table(start, end, draft.days)
        later = (
            f"CAST(substr('{table}', (day - {start.toordinal()}) * {due.WIDTH} + 1, {due.WIDTH}) AS INTEGER)"
        )
    last = end.toordinal()
    statement = (
        f"WITH b (id, day) AS ({union}), "  # noqa: S608 - Django's own SQL and whole numbers
        "g AS (SELECT id, day, LEAD(day) OVER (PARTITION BY id ORDER BY day) AS following FROM b) "
        f"SELECT id, day + {later} AS due FROM g WHERE day <= {last} AND day + {later} <= {last} "
        f"AND (following IS NULL OR day + {later} <= following)"
    )
    return told(kind, statement, params)


def told(kind: Kind, statement: str, params: Sequence[Any]) -> Year:
    """The returns by month and by owner, counted by the database."""
    month = "strftime('%%Y-%%m', due + 1721424.5)" if connection.vendor == "sqlite" else (
        "to_char(DATE '0001-01-01' + (due::int - 1), 'YYYY-MM')"
    )  # fmt: skip
    record = kind.type.model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {month} AS m, count(*) FROM ({statement}) AS r GROUP BY 1 ORDER BY 1",  # noqa: S608
            params,
        )
        months = [(dt.date.fromisoformat(f"{m}-01"), int(n)) for m, n in cursor.fetchall()]
        cursor.execute(f"SELECT count(*), count(DISTINCT id) FROM ({statement}) AS r", params)  # noqa: S608
        total, records = cursor.fetchone()
        cursor.execute(
            f"SELECT t.owner_id, count(*) FROM ({statement}) AS r JOIN {record} AS t ON t.id = r.id "  # noqa: S608
            f"GROUP BY 1 ORDER BY 2 DESC LIMIT {MOST_OWNERS}",
            params,
        )
        owners = owner_lines(cursor.fetchall())
    return Year(months, int(total), int(records), owners)
