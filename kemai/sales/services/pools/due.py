"""When records return to a pool, in one statement for as many as there are: the arithmetic of `rules.pools.returns` in
SQL, for both databases. Days are counted as numbers (the proleptic ordinal of Python), so that one number holds the day
and the rule: the least of all rules says both."""

from __future__ import annotations

import datetime as dt
import re
import time
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import orjson
from django.db import connection, models
from django.db.models import Case, Exists, F, Func, OuterRef, Q, QuerySet, Value, When
from django.db.models.expressions import Col
from django.db.models.functions import Coalesce, Greatest, Least
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual

from kemai.kit.calendar_cn import is_workday
from kemai.platform.access import SYSTEM
from kemai.platform.access.actor import rights_version
from kemai.platform.access.grants import forgetting
from kemai.platform.objects.own import meta_version
from kemai.platform.query import QueryError, compile_q, parse
from kemai.sales.models import Pool, PoolRule
from kemai.sales.rules.pools.returns import ReturnRule
from kemai.sales.services.pools.kinds import KINDS, Kind, open_pools, people_of

NEVER = 10**12
PLACES = 1000
"""day number × PLACES + place of the rule."""
WIDTH = 5


class DayNumber(Func):
    """date.toordinal() of a date."""

    output_field = models.IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler,
            connection,
            template="CAST(julianday(%(expressions)s) - 1721424.5 AS INTEGER)",
            **context,
        )

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="((%(expressions)s)::date - DATE '0001-01-01' + 1)", **context
        )


class Later(Func):
    """By how many days so many working days are later than day number x: a table of fixed width in the statement,
    without a join. Neither an array nor a blob has to be walked to its place, as a text must be."""

    output_field = models.IntegerField()

    def __init__(self, place: Any, table: str) -> None:
        super().__init__(place, table=table)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        blob = f"x'{self.extra['table'].encode().hex()}'"
        template = f"CAST(substr({blob}, (%(expressions)s) * {WIDTH} + 1, {WIDTH}) AS INTEGER)"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        table = self.extra["table"]
        days = ",".join(str(int(table[at : at + WIDTH])) for at in range(0, len(table), WIDTH))
        template = f"('{{{days}}}'::integer[])[(%(expressions)s) + 1]"
        return self.as_sql(compiler, connection, template=template, **context)


@lru_cache(maxsize=64)
def workday_table(first: dt.date, last: dt.date, days: int) -> str:
    """For each day from `first` to `last`: how many days later the `days`-th working day after it is."""
    end = last + dt.timedelta(days=days * 3 + 30)
    worked = [day for n in range((end - first).days + 1) if is_workday(day := first + dt.timedelta(days=n))]
    span = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
    return "".join(f"{(worked[bisect_right(worked, day) + days - 1] - day).days:0{WIDTH}d}" for day in span)


def add_days(day: dt.date, days: int, workdays: bool) -> dt.date:
    """The `AddDays` of the company's calendar."""
    if not workdays:
        return day + dt.timedelta(days=days)
    return day + dt.timedelta(days=int(workday_table(day, day, days)))


@dataclass(frozen=True)
class Term:
    """A rule in force with the pool it returns to; `people` whose records it is about (None: everybody's)."""

    rule: PoolRule
    pool: Pool
    people: tuple[int, ...] | None

    def plain(self) -> ReturnRule:
        assert self.rule.since is not None
        return ReturnRule(
            self.rule.pk or 0, self.rule.event, self.rule.days, self.rule.since, self.rule.workdays,
            self.pool.spare_deals, self.pool.spare_contracts, self.pool.spare_work,
        )  # fmt: skip


def terms_of(kind: Kind, draft: PoolRule | None = None) -> list[Term]:
    """The rules in force, in the order that decides between equals; a `draft` stands for the rule it may become."""
    pools = open_pools(kind.key)
    rules: dict[int, list[PoolRule]] = {pool.pk: [] for pool in pools}
    for rule in PoolRule.objects.filter(pool__in=list(rules), deleted_at=None).order_by("pk"):
        rules[rule.pool_id].append(draft if draft is not None and draft.pk == rule.pk else rule)
    if draft is not None and not draft.pk and draft.pool_id in rules:
        rules[draft.pool_id].append(draft)
    found = []
    for pool in pools:
        people = people_of(pool) if rules[pool.pk] else None
        found += [
            Term(rule, pool, None if people is None else tuple(people))
            for rule in rules[pool.pk]
            if rule.since is not None and rule.event in kind.events
        ]
    return found


def applies(kind: Kind, term: Term) -> Q:
    """To which keepings a rule speaks. A condition that cannot be read any more speaks to none."""
    q = Q()
    if term.people is not None:
        q &= Q(**{f"{kind.path}__owner__in": term.people})
    if term.rule.event == "contract":
        q &= Q(contract_until__isnull=False)
    if kind.key == "customer" and term.pool.spare_deals:
        q &= Q(open_deals=0)
    if term.pool.spare_work:
        q &= Q(open_work=0)
    if term.rule.where:
        try:
            inside = compile_q(parse(term.rule.where, kind.type, SYSTEM.moment()), kind.type)
        except QueryError:
            return Q(pk__in=[])
        q &= Q(Exists(kind.type.records().filter(inside, pk=OuterRef("pk"))))
    return q


def day_value(day: dt.date) -> Value:
    return Value(day, output_field=models.DateField())


def due_day(kind: Kind, term: Term, last: dt.date, begun: dt.date | None = None) -> Any:
    """The day number on which the rule returns a record; bases lie between the rule's `since` and `last`. `begun` is
    the day of an owner who has it only now, whom nobody has granted anything yet."""
    rule = term.rule
    assert rule.since is not None
    received = F("received_on") if begun is None else day_value(begun)
    event = Coalesce(F(kind.events[rule.event]), received)
    base = DayNumber(Greatest(received, event, day_value(rule.since)))
    if rule.workdays:
        table = workday_table(rule.since, max(last, rule.since), rule.days)
        due: Any = base + Later(base - Value(rule.since.toordinal()), table)
    else:
        due = base + Value(rule.days)
    floors = ["protected_until", "extended_until"] if begun is None else []
    if term.pool.spare_work:
        floors.append("work_until")
    if kind.key == "customer" and term.pool.spare_contracts:
        floors.append("contract_until")
    more = [Coalesce(DayNumber(F(name)), Value(0)) + Value(1) for name in floors]
    return Greatest(due, *more) if more else due


def with_due(
    kind: Kind, rows: QuerySet[Any], terms: Sequence[Term], day: dt.date, begun: dt.date | None = None
) -> QuerySet[Any]:
    """Rows of keepings with `due_key`: day number and rule of the earliest return in one number, or NEVER."""
    last = latest_base(kind, terms, day)
    keys: list[Any] = [Value(NEVER), Value(NEVER, output_field=models.BigIntegerField())]
    for place, term in enumerate(terms):
        number = due_day(kind, term, last, begun) * Value(
            PLACES, output_field=models.BigIntegerField()
        ) + Value(place)
        wanted = applies(kind, term)
        if wanted:
            number = Case(
                When(wanted, then=number), default=Value(NEVER), output_field=models.BigIntegerField()
            )
        keys.append(number)
    owned = Q(**{f"{kind.path}__owner__isnull": False}) & kind.alive()
    least = Least(*keys, output_field=models.BigIntegerField())
    found: QuerySet[Any] = rows.annotate(due_key=Case(When(owned, then=least), default=Value(NEVER)))
    return found


def latest_base(kind: Kind, terms: Sequence[Term], day: dt.date) -> dt.date:
    """The last day that a rule may have to count working days from: contracts end in the future."""
    if not any(term.rule.event == "contract" and term.rule.workdays for term in terms):
        return day
    found: dt.date | None = kind.keepings.aggregate(last=models.Max("contract_until"))["last"]
    return max(day, found or day)


def between(kind: Kind, first: int, last: int) -> QuerySet[Any]:
    """The keepings of records with keys from `first` to `last`. Said of the record's key as well: PostgreSQL does not
    see that the one range is the other, and would read all records for each slice of their keepings."""
    rows = kind.keepings.filter(pk__gte=first, pk__lte=last)
    if connection.vendor != "postgresql":
        return rows
    record = kind.type.model._meta
    assert record.pk is not None
    key = Col(record.db_table, record.pk)
    found: QuerySet[Any] = rows.filter(GreaterThanOrEqual(key, first), LessThanOrEqual(key, last))
    return found


def looked_over(kind: Kind) -> None:
    """Before a night's run: PostgreSQL plans by what it believes of a table, and if it was filled or emptied just now,
    it believes what was before. Thought to be empty, a million keepings are searched through for each one."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for model in (kind.model, kind.type.model):
                cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")


def store(kind: Kind, rows: QuerySet[Any], day: dt.date, terms: Sequence[Term] | None = None) -> int:
    """Works out and stores when these keepings' records return; returns how many changed."""
    terms = terms_of(kind) if terms is None else terms
    if not terms:
        stale = rows.exclude(return_due_on=None, return_rule=None)
        return int(stale.update(return_due_on=None, return_rule=None))
    found = with_due(kind, rows, terms, day).values_list("pk", "due_key")
    inner, params = found.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(statement(kind, terms, inner), params)
        return int(cursor.rowcount)


NEW_CLOCK = (
    "pool_id = NULL, pooled_at = NULL, pool_reason = '', protected_until = NULL, extended_until = NULL, "
    "received_on = %s, given_basis = %s"
)
"""What a keeping is when a new owner begins: his day, and why he was given it."""


def statement(kind: Kind, terms: Sequence[Term], inner: str, among: str = "", sets: str = "") -> str:
    """Stores what `inner` (pk, due_key) finds out, where it differs; `among` narrows it to some keys. Wherever `sets`
    says what else is stored, it is stored."""
    table, key = kind.model._meta.db_table, kind.model._meta.pk.column
    column = "substr(date(n.k / 1000 + 1721424.5), 1, 10)" if connection.vendor == "sqlite" else (
        "(DATE '0001-01-01' + ((n.k / 1000)::int - 1))"
    )  # fmt: skip
    places = " ".join(f"WHEN {place} THEN {int(term.rule.pk)}" for place, term in enumerate(terms))
    due = f"CASE WHEN n.k < {NEVER} THEN {column} END"
    rule = f"CASE WHEN n.k < {NEVER} THEN CASE n.k %% {PLACES} {places} END END"
    fence = "LIMIT -1" if connection.vendor == "sqlite" else "OFFSET 0"  # worked out once, not once a mention
    differs = f" AND ({table}.return_due_on IS DISTINCT FROM {due} OR {table}.return_rule_id IS DISTINCT FROM {rule})"
    return (
        f"UPDATE {table} SET {sets}return_due_on = {due}, return_rule_id = {rule} "  # noqa: S608 - names and numbers
        f"FROM (SELECT i.pk AS id, i.due_key AS k FROM ({inner}) AS i {among} {fence}) AS n WHERE {table}.{key} = n.id"
        f"{'' if sets else differs}"
    )


class Ready(NamedTuple):
    """The statement for single records as of a version of the rules, put together once: `text` lacks the keys."""

    text: str
    params: tuple[Any, ...]


@lru_cache(maxsize=8)
def ready(
    kind_key: str, version: str, day: dt.date, minute: int, begun: dt.date | None = None
) -> Ready | None:
    """None where no rule is in force. Conditions are read as of the minute in which they are put together."""
    kind = KINDS[kind_key]
    terms = terms_of(kind)
    if not terms:
        return None
    found = with_due(kind, kind.keepings, terms, day, begun).values_list("pk", "due_key")
    inner, params = found.query.sql_with_params()
    sets = "CLOCK, " if begun is not None else ""
    text = statement(kind, terms, inner, "WHERE i.pk IN (KEYS)", sets)
    if connection.vendor == "sqlite":  # else Django rewrites the marks of the long text at each call
        text = MARK.sub(lambda found: found[0][1:] if found[0] == "%%" else "?", text)
        return Ready(text, tuple(params))
    from psycopg import ClientCursor

    # its values hold as long as the text does: written into it they need not be sent with each claim
    connection.ensure_connection()
    return Ready(ClientCursor(connection.connection).mogrify(text, params).replace("%", "%%"), ())


MARK = re.compile("%%|%s")


forgetting.append(ready.cache_clear)


def prepared(kind: Kind, day: dt.date, begun: dt.date | None = None) -> Ready | None:
    version = f"{rights_version()}/{meta_version()}"
    return ready(kind.key, version, day, int(time.time() // 60), begun)


def store_keys(kind: Kind, keys: Sequence[int], day: dt.date) -> int:
    """`store` for some records, as a call asks for it: putting the statement together took longest."""
    if not keys:
        return 0
    found = prepared(kind, day)
    if found is None:
        return store(kind, kind.keepings.filter(pk__in=keys), day, ())
    return run(found.text, found.params, keys)


def begin_keys(kind: Kind, keys: Sequence[int], begun: dt.date, day: dt.date, basis: dict[str, Any]) -> None:
    """The clock of these records begins anew on a day: it stands in the transaction of every claim, and says in one
    statement when they return."""
    found = prepared(kind, day, begun)
    given = [str(begun), orjson.dumps(basis).decode()]
    if found is None:
        meta = kind.model._meta
        clock = f"{NEW_CLOCK}, return_due_on = NULL, return_rule_id = NULL"
        text = f"UPDATE {meta.db_table} SET {clock} WHERE {meta.pk.column} IN (KEYS)"  # noqa: S608
        if connection.vendor == "sqlite":
            text = MARK.sub("?", text)
        run(text, given, keys)
        return
    clock = NEW_CLOCK.replace("%s", "?") if connection.vendor == "sqlite" else NEW_CLOCK
    run(found.text.replace("CLOCK", clock, 1), [*given, *found.params], keys)


def run(text: str, params: Sequence[Any], keys: Sequence[int]) -> int:
    """How many rows it changed."""
    plain = connection.vendor == "sqlite"
    head, _place, tail = text.rpartition("KEYS")  # the last: a value of a rule may say so as well
    text = f"{head}{', '.join(['?' if plain else '%s'] * len(keys))}{tail}"
    with connection.cursor() as cursor:
        execute = cursor.cursor.plain if plain else cursor.execute
        execute(text, [*params, *keys])
        return int(cursor.rowcount)
