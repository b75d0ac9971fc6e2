"""Formulas on SQLite: it has no decimals, so it calls the very function that works out a formula in memory.

One function of SQL per formula, registered on the connection when a query that needs it is compiled. Its arguments
are the columns as the database holds them."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Func

from kemai.kit.formula import Clock

Decode = Callable[[Any], Any]
Work = Callable[[dict[str, Any], Clock], Any]


def functions_of(connection: Any) -> set[str]:
    """The names that this connection knows; a new one to the database knows none."""
    connection.ensure_connection()
    known: set[str]
    raw, known = connection.__dict__.get("kemai_formulas", (None, set()))
    if raw is not connection.connection:
        known = set()
        connection.kemai_formulas = (connection.connection, known)
    return known


def moment(value: str) -> dt.datetime:
    found = dt.datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def cents(value: int) -> Decimal:
    return Decimal(value).scaleb(-2)


DECODE: dict[str, Decode] = {
    "cents": cents,
    "boolean": bool,
    "date": dt.date.fromisoformat,
    "timestamp": moment,
}
"""By the storage of a field's kind; values of other storages are what they are."""


def fitting(kinds: type | tuple[type, ...], decode: Decode | None = None) -> Decode:
    """For values in the JSON of own fields: what does not fit was left there by another kind, and is nothing."""

    def read(value: Any) -> Any:
        if not isinstance(value, kinds):
            return None
        try:
            return value if decode is None else decode(value)
        except ValueError:
            return None

    return read


OWN_DECODE: dict[str, Decode] = {
    "n": fitting((int, float)), "i": fitting((int, float), int), "c": fitting(int, cents), "b": fitting(int, bool),
    "d": fitting(str, dt.date.fromisoformat), "s": fitting(str, moment), "t": fitting(str),
}  # fmt: skip


class Worked(Func):
    """The value of a formula. `identity` names what it computes: the same name, the same function. The first argument
    is the moment at which TODAY() and NOW() are read."""

    def __init__(
        self,
        identity: str,
        work: Work,
        decoders: dict[str, Decode | None],
        zone: dt.tzinfo,
        *columns: Any,
        output_field: models.Field[Any, Any],
    ) -> None:
        super().__init__(*columns, output_field=output_field)
        self.name = "kemai_formula_" + hashlib.sha256(identity.encode()).hexdigest()[:24]
        self.work = work
        self.decoders = decoders
        self.zone = zone

    def as_sql(
        self, compiler: Any, connection: Any, *_args: Any, **_context: Any
    ) -> tuple[str, tuple[Any, ...]]:
        known = functions_of(connection)
        if self.name not in known:
            connection.connection.create_function(self.name, -1, self.callback(), deterministic=True)
            known.add(self.name)
        parts: list[str] = []
        params: list[Any] = []
        for column in self.get_source_expressions():
            sql, given = compiler.compile(column)
            parts.append(sql)
            params.extend(given)
        return f"{self.name}({', '.join(parts)})", tuple(params)

    def callback(self) -> Callable[..., Any]:
        work, zone = self.work, self.zone
        plan = list(self.decoders.items())
        clocks: dict[str, Clock] = {}

        def run(now: str, *columns: Any) -> Any:
            clock = clocks.get(now)
            if clock is None:
                clocks.clear()
                clock = clocks[now] = Clock(moment(now), zone)
            values = {
                key: value if value is None or decode is None else decode(value)
                for (key, decode), value in zip(plan, columns, strict=True)
            }
            return work(values, clock)

        return run
