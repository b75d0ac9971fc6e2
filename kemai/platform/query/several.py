"""Figures over records that point here by a list of references (n to n): the list is taken apart by the database."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from kemai.platform.fields import FieldSpec, Test

FIGURES = {"count": "COUNT(*)", "sum": "SUM(f)", "max": "MAX(f)", "min": "MIN(f)"}


def named_by(rows: QuerySet[Any], link: FieldSpec, of: FieldSpec | None, aggregate: str, test: Test) -> Q:
    """The records that `rows` name in the list `link` and whose figure over these rows passes the test."""
    listed = rows.filter(**{f"{link.path}__isnull": False}).order_by()
    try:
        inner, params = listed.values_list(
            link.path, of.path if of is not None else "pk"
        ).query.sql_with_params()
    except EmptyResultSet:
        return Q(pk__in=[])
    condition, more = having(FIGURES[aggregate], test)
    if connection.vendor == "postgresql":
        key, each = "e.one::bigint", "jsonb_array_elements_text(s.l::jsonb) AS e(one)"
    else:
        key, each = "CAST(e.value AS INTEGER)", "json_each(s.l) AS e"
    sql = f"WITH s(l, f) AS ({inner}) SELECT {key} FROM s, {each} GROUP BY 1 HAVING {condition}"  # noqa: S608 - made by the ORM
    return Q(pk__in=RawSQL(sql, [*params, *more]))  # noqa: S611 - the same


def having(figure: str, test: Test) -> tuple[str, list[Any]]:
    """The test as SQL that is never unknown."""
    if test.kind == "in":
        values = [plain(one) for one in test.args]
        condition = f"{figure} IN ({', '.join(['%s'] * len(values))})"
    else:
        low, high, with_low, with_high = test.args
        sides = [
            (f"{figure} >{'=' if with_low else ''} %s", low),
            (f"{figure} <{'=' if with_high else ''} %s", high),
        ]
        values = [plain(value) for _text, value in sides if value is not None]
        condition = " AND ".join(text for text, value in sides if value is not None) or "1 = 1"
    false = "FALSE" if connection.vendor == "postgresql" else "0"
    whole = f"COALESCE({condition}, {false})"
    return (f"NOT {whole}" if test.negate else whole), values


def plain(value: Any) -> Any:
    """Amounts are whole cents."""
    return int(value * 100) if isinstance(value, Decimal) else value
