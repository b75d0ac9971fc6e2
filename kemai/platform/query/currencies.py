"""Amounts in several currencies, as the database adds them up: each converted into the company's own and rounded to the
cent, as the product converts it everywhere else. What has no rate is never mixed in: it is summed up apart."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, Count, F, Func, Q, QuerySet, When
from django.db.models.lookups import IsNull

from kemai.platform.fields import FieldSpec
from kemai.platform.fields.exchange import HOME
from kemai.platform.models import MoneyColumn


class Converted(Func):
    """Cents times a rate in whole cents, half up. SQLite multiplies in floating point, where 100 × 1.005 is a hair less
    than 100.5: that hair is rounded away first."""

    arity = 2
    output_field = MoneyColumn()

    def as_sql(
        self, compiler: Any, connection: Any, *args: Any, **kwargs: Any
    ) -> tuple[str, tuple[Any, ...]]:
        (amount, first), (rate, second) = (compiler.compile(one) for one in self.source_expressions)
        if connection.vendor == "postgresql":
            return f"ROUND({amount} * ({rate})::numeric)::bigint", (*first, *second)
        return f"CAST(ROUND(ROUND({amount} * ({rate}), 6)) AS INTEGER)", (*first, *second)


def amount(spec: FieldSpec) -> Any:
    """What is added up of a field; of an amount in a foreign currency without a rate nothing."""
    exchange = spec.exchange
    if exchange is None:
        return F(spec.path)
    return Case(
        When(**{exchange.currency: HOME}, then=F(spec.path)),
        default=Converted(F(spec.path), exchange.rate()),
        output_field=MoneyColumn(),
    )


def apart(spec: FieldSpec, code: str) -> Any:
    """The amounts in a currency that have no rate, as they stand."""
    assert spec.exchange is not None
    unknown = Q(IsNull(spec.exchange.rate(), True), **{spec.exchange.currency: code})
    return Case(When(unknown, then=F(spec.path)), output_field=MoneyColumn())


def unpriced(spec: FieldSpec) -> Any:
    """How many amounts have no rate."""
    assert spec.exchange is not None
    return Count(Case(When(lacking(spec), then=F("pk"))))


def lacking(spec: FieldSpec) -> Q:
    assert spec.exchange is not None
    without = Q(IsNull(spec.exchange.rate(), True), **{f"{spec.path}__isnull": False})
    return without & ~Q(**{spec.exchange.currency: HOME})


def without_rate(records: QuerySet[Any], spec: FieldSpec) -> tuple[str, ...]:
    """The currencies of amounts that cannot be converted."""
    if spec.exchange is None or spec.exchange.kept:
        return ()
    path = spec.exchange.currency
    codes = set(records.order_by().filter(lacking(spec)).values_list(path, flat=True).distinct())
    return tuple(sorted(code for code in codes if code))
