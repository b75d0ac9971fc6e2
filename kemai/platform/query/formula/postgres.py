"""The checked tree as PostgreSQL expressions: `numeric` arithmetic, step by step what `kit.formula.operations` does to
values in memory.

Two rules keep it so. No operand is written down twice, or nested formulas would grow without bound: what needs a value
twice takes it from a subselect, fenced by OFFSET 0 (the planner would copy it otherwise). And nothing may fail: what
has no value in memory is NULL here, so every conversion is guarded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import orjson
from django.db import models
from django.db.models import Expression, F, Func, Subquery, Value

from kemai.kit.formula import Apply, Clock, Const, Node, Read, Type
from kemai.kit.formula.operations import (
    BLANKS,
    MOST_DAYS,
    MOST_MONTHS,
    MOST_REPLACEMENT,
    MOST_TEXT,
    PLACES,
    fixed,
    workdays,
)  # fmt: skip

COLUMNS: dict[Type, models.Field[Any, Any]] = {
    Type.NUMBER: models.DecimalField(max_digits=40, decimal_places=PLACES),
    Type.TEXT: models.TextField(),
    Type.BOOL: models.BooleanField(),
    Type.DATE: models.DateField(),
    Type.MOMENT: models.DateTimeField(),
    Type.REF: models.TextField(),
    Type.EMPTY: models.TextField(),
}
CASTS = {
    Type.NUMBER: "numeric", Type.TEXT: "text", Type.BOOL: "boolean", Type.DATE: "date", Type.MOMENT: "timestamptz",
    Type.REF: "text", Type.EMPTY: "text",
}  # fmt: skip
LAST_DAY = (dt.date.max - dt.date.min).days
KNOWN = "BETWEEN DATE '1990-01-01' AND DATE '2099-12-31'"
"""The years of `operations.workdays`."""
TENTHS = f"round(div({{}} * 1{'0' * (PLACES + 1)}, NULLIF({{}}, 0)) * 0.{'0' * PLACES}1, {PLACES})"


def count(most: int, least: int | None = None) -> str:
    """A number of something: without its fraction, within limits."""
    low = -most if least is None else least
    return (
        f"(SELECT CASE WHEN v <= {low} THEN {low} WHEN v >= {most} THEN {most} ELSE v::int END "
        "FROM (SELECT trunc({}) AS v OFFSET 0) AS c)"
    )  # LEAST and GREATEST would not do: they pass over NULL


TEMPLATES: dict[str, str] = {
    "+": "({} + {})",
    "-": "({} - {})",
    "*": f"round({{}} * {{}}, {PLACES})",
    "/": TENTHS,
    "neg": "(- {})",
    "abs": "abs({})",
    "mod": "mod({}, NULLIF({}, 0))",
    "floor": "floor({})",
    "ceil": "ceil({})",
    "trunc": "trunc({})",
    **{op: f"({{}} {op} {{}})" for op in ("=", "<>", "<", "<=", ">", ">=")},
    "not": "(NOT {})",
    "isblank": "({} IS NULL)",
    "number_text": "trim_scale({})::text",
    "date_text": "to_char({}, 'YYYY-MM-DD')",
    "text_number": (
        f"substring(btrim({{}}, '{BLANKS}') from '^([+-]?[0-9]{{{{1,18}}}}(?:\\.[0-9]{{{{1,{PLACES}}}}})?)$')::numeric"
    ),
    "upper": 'upper({} COLLATE "C")',
    "lower": 'lower({} COLLATE "C")',
    "trim": f"btrim({{}}, '{BLANKS}')",
    "left": f"left({{}}, {count(MOST_TEXT, 0)})",
    "right": f"right({{}}, {count(MOST_TEXT, 0)})",
    "mid": f"substr({{}}, {count(MOST_TEXT, 1)}, {count(MOST_TEXT, 0)})",
    "replace": f"left(replace({{}}, COALESCE({{}}, ''), left(COALESCE({{}}, ''), {MOST_REPLACEMENT})), {MOST_TEXT})",
    "len": "char_length({})::numeric",
    "contains": "(strpos({}, {}) > 0)",
    "starts": "starts_with({}, {})",
    "days": "({} - {})::numeric",
    "add_days": (
        f"(SELECT CASE WHEN v BETWEEN 0 AND {LAST_DAY} THEN DATE '0001-01-01' + v END FROM "
        f"(SELECT ({{}} - DATE '0001-01-01') + {count(MOST_DAYS)} AS v OFFSET 0) AS t)"
    ),
    "add_months": (
        "(SELECT CASE WHEN v BETWEEN DATE '0001-01-01' AND DATE '9999-12-31' THEN v END FROM (SELECT ({} + "
        f"make_interval(months => (SELECT CASE WHEN abs(m) <= {MOST_MONTHS} THEN trunc(m)::int END "
        "FROM (SELECT {} AS m OFFSET 0) AS n)))::date AS v OFFSET 0) AS t)"
    ),
    "date": (
        "(SELECT CASE WHEN y BETWEEN 1 AND 9999 AND m BETWEEN 1 AND 12 AND d BETWEEN 1 AND 31 THEN CASE WHEN d <= "
        "extract(day FROM make_date(y::int, m::int, 1) + interval '1 month' - interval '1 day') "
        "THEN make_date(y::int, m::int, d::int) END END "
        "FROM (SELECT trunc({}) AS y, trunc({}) AS m, trunc({}) AS d OFFSET 0) AS t)"
    ),
    "year": "extract(year FROM {})::numeric",
    "month": "extract(month FROM {})::numeric",
    "day": "extract(day FROM {})::numeric",
    "weekday": "extract(isodow FROM {})::numeric",
    "hours": TENTHS.format("extract(epoch FROM ({} - {}))::numeric", "3600"),
}
TEXTS = frozenset({"left", "right", "mid", "trim", "replace"})
"""Operations that may leave nothing of a text."""


class Sql(Func):
    """SQL with a place for each operand, in their order."""

    def __init__(
        self, words: str, *operands: Any, output_field: models.Field[Any, Any], **extra: Any
    ) -> None:
        super().__init__(*operands, output_field=output_field, **extra)
        self.words = words

    def as_sql(
        self, compiler: Any, connection: Any, *_args: Any, **_context: Any
    ) -> tuple[str, tuple[Any, ...]]:
        parts: list[str] = []
        params: list[Any] = []
        for operand in self.get_source_expressions():
            sql, given = compiler.compile(operand)
            parts.append(sql)
            params.extend(given)
        return self.words.format(*parts), tuple(params)


class Compiler:
    """One formula on PostgreSQL. `read` gives the SQL of a field's value, in the type that the formula sees."""

    def __init__(self, read: Callable[[Read], Expression], clock: Clock) -> None:
        self.read = read
        self.clock = clock

    def sql(self, node: Node) -> Expression:
        if isinstance(node, Const):
            return constant(node)
        if isinstance(node, Read):
            return self.read(node)
        build: Callable[[Apply], Expression] | None = getattr(self, f"do_{node.op}", None)
        if build is not None:
            return build(node)
        words = TEMPLATES[node.op]
        return self.made(f"NULLIF({words}, '')" if node.op in TEXTS else words, node)

    def made(self, words: str, node: Apply, *more: Any) -> Sql:
        return Sql(words, *(self.sql(one) for one in node.args), *more, output_field=COLUMNS[node.type])

    def each(self, node: Apply, words: str, between: str, around: str = "{}") -> Sql:
        """The same words around every operand."""
        return self.made(around.format(between.join([words] * len(node.args))), node)

    def do_round(self, node: Apply) -> Sql:
        return self.made(f"round({{}}, {count(PLACES)})" if len(node.args) == 2 else "round({})", node)

    def do_and(self, node: Apply) -> Sql:
        return self.each(node, "{}", " AND ", "({})")

    def do_or(self, node: Apply) -> Sql:
        return self.each(node, "{}", " OR ", "({})")

    def do_if(self, node: Apply) -> Sql:
        pairs = " ".join(["WHEN {} THEN {}"] * (len(node.args) // 2))
        return self.made(f"CASE {pairs}{' ELSE {}' if len(node.args) % 2 else ''} END", node)

    do_case = do_if

    def do_coalesce(self, node: Apply) -> Sql:
        return self.each(node, "{}", ", ", "COALESCE({})")

    def do_min(self, node: Apply) -> Sql:
        return self.each(node, "{}", ", ", "LEAST({})")

    def do_max(self, node: Apply) -> Sql:
        return self.each(node, "{}", ", ", "GREATEST({})")

    def do_sum(self, node: Apply) -> Sql:
        return self.each(node, "({})", ", ", "(SELECT sum(v) FROM (VALUES {}) AS t(v))")

    def do_concat(self, node: Apply) -> Sql:
        return self.each(node, "{}", ", ", "NULLIF(concat({}), '')")

    def do_label(self, node: Apply) -> Sql:
        (code,) = node.args  # always a field, so that it may stand twice
        labels = Value(orjson.dumps(dict(node.table)).decode(), models.TextField())
        again = self.sql(code)
        return Sql(
            "COALESCE({}::jsonb ->> {}, {})", labels, self.sql(code), again, output_field=models.TextField()
        )

    def zone(self) -> Value:
        return Value(str(self.clock.zone), models.TextField())

    def do_to_day(self, node: Apply) -> Sql:
        return self.made("({} AT TIME ZONE {})::date", node, self.zone())

    def do_moment_text(self, node: Apply) -> Sql:
        return self.made("to_char({} AT TIME ZONE {}, 'YYYY-MM-DD HH24:MI')", node, self.zone())

    def do_today(self, _node: Apply) -> Expression:
        return constant(Const(self.clock.today, Type.DATE))

    def do_now(self, _node: Apply) -> Expression:
        return constant(Const(self.clock.now, Type.MOMENT))

    def do_workdays(self, node: Apply) -> Sql:
        return self.made(
            f"(SELECT CASE WHEN s {KNOWN} AND e {KNOWN} THEN (width_bucket(e, w) - width_bucket(s, w))::numeric END "
            "FROM (SELECT {} AS s, {} AS e, (SELECT {}::date[]) AS w OFFSET 0) AS t)",
            node, calendar(),
        )  # fmt: skip

    def do_add_workdays(self, node: Apply) -> Sql:
        return self.made(
            f"(SELECT CASE WHEN d {KNOWN} THEN w[width_bucket(CASE WHEN n > 0 THEN d ELSE d - 1 END, w) + n "
            "+ CASE WHEN n > 0 THEN 0 ELSE 1 END] END FROM "
            f"(SELECT {{}} AS d, {count(MOST_DAYS)} AS n, (SELECT {{}}::date[]) AS w OFFSET 0) AS t)",
            node, calendar(),
        )  # fmt: skip


def calendar() -> Value:
    days: Sequence[dt.date] = workdays()
    return Value("{" + ",".join(map(str, days)) + "}", models.TextField())


def constant(node: Const) -> Expression:
    column = COLUMNS[node.type]
    cast = CASTS[node.type]
    if node.value is None:
        return Sql(f"NULL::{cast}", output_field=column)
    value = node.value
    text = str(fixed(value)) if isinstance(value, Decimal) else written(value)
    return Sql(f"{{}}::{cast}", Value(text, models.TextField()), output_field=column)


def written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def bounded(column: str) -> str:
    """A floating or free number as `operations.number` takes it. The column may stand twice: it has no parameters."""
    return f"(CASE WHEN abs({column}) < 1e18 THEN round({column}, {PLACES}) END)"


def own(kind: str, words: str, more: str = "") -> str:
    """A value of the JSON of own fields, if it is of that kind: under a key that another kind had once, anything may
    be left."""
    return f"(CASE WHEN jsonb_typeof({{0}} -> '{{key}}') = '{kind}'{more} THEN {words} END)"


VALUE = "({0} ->> '{key}')"
OWN_READS = {
    "n": own("number", f"round({VALUE}::numeric, {PLACES})", f" AND abs({VALUE}::numeric) < 1e18"),
    "i": own("number", f"trunc({VALUE}::numeric)"),
    "c": own("number", f"{VALUE}::numeric * 0.01", f" AND trunc({VALUE}::numeric) = {VALUE}::numeric"),
    "b": own("boolean", f"{VALUE}::boolean"),
    "d": own(
        "string",
        f"{VALUE}::date",
        f" AND {VALUE} ~ '^[0-9][0-9][0-9][0-9]-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'",
    ),
    "s": own(
        "string",
        f"{VALUE}::timestamptz",
        f" AND {VALUE} ~ '^[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:'",
    ),
    "t": own("string", f"NULLIF({VALUE}, '')"),
}
COLUMN_READS = {
    "float64": bounded("{0}::text::numeric"), "int64": "{}::numeric", "cents": "({} * 0.01)", "boolean": "{}",
    "date": "{}", "timestamp": "{}", "string": "NULLIF({}::text, '')",
}  # fmt: skip


def column_read(column: F | Subquery, storage: str, kind: Type) -> Sql:
    """A model's column. `storage` is the field type's."""
    words = "{}::text" if kind == Type.REF else COLUMN_READS[storage]
    return Sql(words, column, output_field=COLUMNS[kind])


def own_read(letter: str, key: str, kind: Type) -> Sql:
    """A value in the JSON of own fields; `key` is one that `models.extra.KEY` allows."""
    words = "{} ->> '{key}'" if kind == Type.REF else OWN_READS[letter]
    return Sql("(" + words.replace("{key}", key) + ")", F("extra"), output_field=COLUMNS[kind])


FENCED = "(SELECT CASE WHEN abs(v) < {limit} THEN {words} END FROM (SELECT {{}} AS v OFFSET 0) AS t)"
STORED = {
    "money": FENCED.format(limit="1e15", words="(round(v, 2) * 100)::bigint"),
    "whole": FENCED.format(limit=str(2**53), words="round(v)::bigint"),
    "number": FENCED.format(limit="1e18", words="round(v, {places})::double precision"),
    "percent": FENCED.format(limit="1e18", words="round(v, {places})::double precision"),
    "text": "left({}, 500)",
    "long_text": "left({}, 10000)",
    "boolean": "{}",
    "date": "to_char({}, 'YYYY-MM-DD')",
    "datetime": "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')",
}
"""What stands in the JSON for the value of a field of a kind; `formula.reading.settled` does it in memory."""
