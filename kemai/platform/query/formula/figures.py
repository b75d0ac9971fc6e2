"""A roll-up as an ORM expression over its parent: one subquery by the child's reference."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import connection, models
from django.db.models import Expression, F, OuterRef, QuerySet, Subquery, Value

from kemai.kit.formula import Clock, Type
from kemai.kit.formula.operations import add, number
from kemai.platform.fields import FieldSpec
from kemai.platform.models.extra import STORAGE, dump
from kemai.platform.query.formula import postgres, sqlite
from kemai.platform.query.formula.reading import TYPE_OF, places_of, settled
from kemai.platform.query.formula.rollups import RollUp
from kemai.platform.query.formula.sql import decoder
from kemai.platform.query.orm import compile_q
from kemai.platform.query.plan import Unindexed

AGGREGATE = {"count": "COUNT({})", "sum": "SUM({})", "min": "MIN({})", "max": "MAX({})", "last": "{}"}
SUM = "kemai_exact_sum"


def figure(rollup: RollUp, clock: Clock) -> Expression | Subquery:
    """The value of the roll-up, in the form in which the parent's `extra` holds it; for a query over the parent."""
    assert rollup.spec.own is not None
    column = STORAGE[rollup.spec.own.letter].column()
    rows = counted(rollup)
    if rollup.of is None:
        return of_rows(rows, postgres.Sql("COUNT({})", F("pk"), output_field=column), column)
    if connection.vendor == "postgresql":
        value = typed(rollup.of)
        found = of_rows(
            rows, postgres.Sql(AGGREGATE[rollup.aggregate], value, output_field=value.output_field)
        )
        words = postgres.STORED[rollup.spec.type.key].replace("{places}", str(places_of(rollup.spec)))
        return postgres.Sql(words, found, output_field=column)
    return on_sqlite(rollup, rollup.of, rows, clock, column)


def counted(rollup: RollUp) -> QuerySet[Any]:
    """The records that count, of the parent that the outer query is at."""
    child = rollup.child
    # a plus takes the column's affinity away, with which SQLite would not look into the index of an own reference
    key: Any = OuterRef("pk") if rollup.link.own is None else Unindexed(OuterRef("pk"))
    rows = child.records().filter(compile_q(rollup.where, child), **{rollup.link.value_path: key})
    if child.recycles:
        rows = rows.filter(deleted_at=None)
    if rollup.aggregate != "last":
        return rows.order_by()
    when = F(rollup.order.path) if rollup.order is not None else F("created_at")
    return rows.order_by(when.desc(nulls_last=True), "-pk")


def of_rows(rows: QuerySet[Any], value: Expression, column: models.Field[Any, Any] | None = None) -> Subquery:
    """What a plain aggregate (no GROUP BY) or the first row says."""
    found = rows.annotate(rolled_up=value).values("rolled_up")
    if rows.query.order_by:
        found = found[:1]
    return Subquery(found, output_field=column or value.output_field)


def typed(of: FieldSpec) -> Expression:
    kind = TYPE_OF[of.type.key]
    if of.own is not None:
        return postgres.own_read(of.own.letter, of.key, kind)
    return postgres.column_read(F(of.value_path), of.type.storage, kind)


def on_sqlite(
    rollup: RollUp, of: FieldSpec, rows: QuerySet[Any], clock: Clock, column: models.Field[Any, Any]
) -> Expression:
    spec = rollup.spec
    assert spec.own is not None
    storage = of.own.letter if of.own is not None else of.type.storage
    letter = spec.own.letter
    exact = rollup.aggregate == "sum" and storage in {"n", "float64"}
    words = f"{SUM}({{}})" if exact else AGGREGATE[rollup.aggregate]
    raw = ExactSum if exact else postgres.Sql
    found = of_rows(rows, raw(words, F(of.value_path), output_field=models.TextField()))
    decode = Decimal if exact else decoder(of)

    def work(values: dict[str, Any], _clock: Clock) -> Any:
        value = values["figure"]
        if TYPE_OF[of.type.key] == Type.NUMBER:
            value = number(value)
        return dump(letter, settled(value or None if value == "" else value, spec))

    return sqlite.Worked(
        f"rollup/{storage}/{exact}/{of.type.key}/{spec.type.key}/{places_of(spec)}/{letter}",
        work, {"figure": decode}, clock.zone,
        Value(clock.now.isoformat(), models.TextField()), found, output_field=column,
    )  # fmt: skip


class ExactSum(postgres.Sql):
    """Floats as SQLite keeps them, added up as the decimals that people wrote."""

    def as_sql(
        self, compiler: Any, connection: Any, *_args: Any, **_context: Any
    ) -> tuple[str, tuple[Any, ...]]:
        known = sqlite.functions_of(connection)
        if SUM not in known:
            connection.connection.create_aggregate(SUM, 1, Total)
            known.add(SUM)
        return super().as_sql(compiler, connection)


class Total:
    """SQLite's protocol of an aggregate."""

    def __init__(self) -> None:
        self.sum: Decimal | None = None

    def step(self, value: Any) -> None:
        exact = number(value) if isinstance(value, int | float) else None
        if exact is not None:
            self.sum = exact if self.sum is None else add(self.sum, exact)

    def finalize(self) -> str | None:
        return None if self.sum is None else str(self.sum)
