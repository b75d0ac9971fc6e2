"""Computed values into the JSON of own fields, for whole sets of records in one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import models
from django.db.models import Expression, F, Func, Subquery

from kemai.platform.fields import FieldSpec
from kemai.platform.models.extra import ExtraColumn
from kemai.platform.query.formula.postgres import Sql

Columns = Sequence[tuple[FieldSpec, Expression | Subquery]]
BOOLEAN = "json(CASE {} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)"


class Patched(Func):
    """`extra` with some values set; what is empty is not kept."""

    output_field = ExtraColumn()

    def __init__(self, keys: Mapping[str, str], *values: Any, **more: Any) -> None:
        super().__init__(F("extra"), *values, **more)
        self.keys = keys
        """{key: letter of its storage}, in the order of the values."""

    def parts(self, compiler: Any) -> tuple[list[str], list[Any]]:
        sqls, params = [], []
        for one in self.get_source_expressions():
            sql, given = compiler.compile(one)
            sqls.append(sql)
            params.extend(given)
        return sqls, params

    def as_postgresql(self, compiler: Any, connection: Any, **_context: Any) -> tuple[str, list[Any]]:
        (extra, *sqls), params = self.parts(compiler)
        pairs = ", ".join(f"'{key}', {sql}" for key, sql in zip(self.keys, sqls, strict=True))
        return f"jsonb_strip_nulls({extra} || jsonb_build_object({pairs}))", params

    def as_sqlite(self, compiler: Any, connection: Any, **_context: Any) -> tuple[str, tuple[Any, ...]]:
        (extra, *sqls), params = self.parts(compiler)
        values = [
            BOOLEAN.format(sql) if letter == "b" else sql
            for sql, letter in zip(sqls, self.keys.values(), strict=True)
        ]
        pairs = ", ".join(f"'{key}', {sql}" for key, sql in zip(self.keys, values, strict=True))
        return f"json_patch({extra}, json_object({pairs}))", tuple(params)


def differs(columns: Columns) -> Sql:
    """Whether a record has other values than these."""
    words = " OR ".join(["({} IS DISTINCT FROM {})"] * len(columns))
    operands = [part for spec, value in columns for part in (F(spec.path), value)]
    return Sql(f"({words})", *operands, output_field=models.BooleanField())


def patched(columns: Columns) -> Patched:
    keys = {spec.key: spec.own.letter for spec, _value in columns if spec.own is not None}
    return Patched(keys, *(value for _spec, value in columns))
