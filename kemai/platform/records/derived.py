"""The write door of analyses: derived values of a million records, set-based, without going through each record.

Forms, imports and rules change what people state about a record; this changes what was computed about it. There is
no permission to check and nothing to validate (the engine is the only writer of these columns), but the rest of the
door holds: short transactions, transitions noted with their inputs, one change set and one event a run."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from django.db import connection, models, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from kemai.platform.access import Actor
from kemai.platform.events import emit
from kemai.platform.models import ChangeSet
from kemai.platform.objects.dataset import Part

CHUNK = 10_000
"""Rows a transaction: on SQLite the one writer's lock is then held for some tenths of a second."""
FILL = 100_000
"""From so many rows on, if they are most of the table, its indexes are built anew afterwards: keeping six of them up
for a million rows costs more than everything else together. Lists are slower meanwhile, not wrong."""
BREATH = 0.02
"""Seconds between two chunks in which others may take that lock."""
Row = Sequence[Any]
Report = Callable[[int], None]


@dataclass
class Written:
    """What a run changed: rows, and transitions by state column."""

    rows: int = 0
    transitions: dict[str, int] = field(default_factory=dict)
    changeset_id: int | None = None


def write_part(
    part: Part,
    columns: Sequence[str],
    batches: Iterable[Sequence[Row]],
    *,
    by: Actor,
    run_id: int,
    at: datetime,
    total: int = 0,
    report: Report | None = None,
) -> Written:
    """Write rows of derived values; a row that is missing is made, one that is equal already is left alone.

    `columns` name the values of a row in order: the part's key first, then any of its columns, then inputs that are
    only kept with transitions. Values are as the database holds them: money in cents, moments as text in UTC
    ("2026-11-20 08:00:00"). `at` is the moment that the values describe (a run's as-of). A transition is noted when
    a state changes that an earlier run had computed. Each chunk is one transaction, so a run that is cut off has
    written whole rows and can simply be repeated. `total` is the number of rows if known. Returns what was changed."""
    door = _Door(part, tuple(columns), run_id, at)
    written = Written()
    with _fast_fill(part.model, total):
        _write_batches(door, batches, written, report)
    if written.rows:
        _announce(part, written, by=by, run_id=run_id)
    return written


def _write_batches(
    door: _Door, batches: Iterable[Sequence[Row]], written: Written, report: Report | None
) -> None:
    done = 0
    for batch in batches:
        for start in range(0, len(batch), CHUNK):
            chunk = batch[start : start + CHUNK]
            with transaction.atomic():
                door.write(chunk, written)
            done += len(chunk)
            if report is not None:
                report(done)
            if len(chunk) == CHUNK:
                time.sleep(BREATH)


@contextlib.contextmanager
def _fast_fill(model: type[models.Model], total: int) -> Iterator[None]:
    """Without the table's indexes where most of it is going to be written. A run that dies in between leaves them
    missing; every later one puts back what is missing, before and after."""
    mend_indexes(model)
    if total >= FILL and not connection.in_atomic_block and total * 2 > model._default_manager.count():
        with connection.cursor() as cursor:
            for index in model._meta.indexes:
                cursor.execute(f"DROP INDEX {connection.ops.quote_name(index.name)}")
    try:
        yield
    finally:
        mend_indexes(model)


def mend_indexes(model: type[models.Model]) -> None:
    """Make those of the model's declared indexes that the table lacks."""
    with connection.cursor() as cursor:
        present = connection.introspection.get_constraints(cursor, model._meta.db_table)
        editor = connection.schema_editor()
        for index in model._meta.indexes:
            if index.name not in present:
                cursor.execute(str(index.create_sql(model, editor)))
                time.sleep(BREATH)


def _announce(part: Part, written: Written, *, by: Actor, run_id: int) -> None:
    with transaction.atomic():
        changeset = ChangeSet.objects.create(
            kind="run",
            type_key=part.type_key,
            actor_id=by.user_id,
            actor_name=by.name,
            source=by.source,
            reason=f"{part.key} #{run_id}",
            request_id=by.request_id,
            at=timezone.now(),
            count=written.rows,
        )
        written.changeset_id = changeset.pk
        if part.event:
            payload = {"run": run_id, "rows": written.rows, "transitions": written.transitions}
            emit(part.event, part.type_key, changeset=changeset, payload=payload)


class _Door:
    """The statements of one run, made once."""

    def __init__(self, part: Part, columns: tuple[str, ...], run_id: int, at: datetime) -> None:
        unknown = {name for name in columns[1:] if name in _attnames(part.model)} - set(part.columns)
        if columns[0] != part.primary or unknown:
            raise ValueError(f"{part.key}: the engine does not own {sorted(unknown) or columns[0]}")
        self.part = part
        self.columns = columns
        self.stored = tuple(name for name in columns[1:] if name in part.columns)
        self.run_id = run_id
        self.at = at
        self.staged = f"staged_{part.model._meta.db_table}"[:60]
        self.tracked = {
            state: tuple(name for name in inputs if name in columns)
            for state, inputs in part.tracked.items()
            if state in self.stored
        }

    def write(self, rows: Sequence[Row], written: Written) -> None:
        with connection.cursor() as cursor:
            self.stage(cursor, rows)
            transitions = self.moves(cursor)
            cursor.execute(*self.upsert())
            written.rows += cursor.rowcount
        if transitions and self.part.transitions is not None:
            self.part.transitions._default_manager.bulk_create(transitions, batch_size=2_000)
            for one in transitions:
                state = getattr(one, "field")  # noqa: B009 - the model is the domain's
                written.transitions[state] = written.transitions.get(state, 0) + 1

    def stage(self, cursor: CursorWrapper, rows: Sequence[Row]) -> None:
        quote = connection.ops.quote_name
        table, target = quote(self.staged), quote(self.part.model._meta.db_table)
        own = {self.part.primary, *self.stored}
        shapes = [quote(n) if n in own else f"CAST(NULL AS text) AS {quote(n)}" for n in self.columns]
        cursor.execute(f"DROP TABLE IF EXISTS {table}")
        cursor.execute(
            f"CREATE TEMPORARY TABLE {table} AS SELECT {', '.join(shapes)} FROM {target} WHERE 1 = 0"
        )
        names = ", ".join(quote(name) for name in self.columns)
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        marks = ", ".join(["%s"] * len(self.columns))
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)

    def moves(self, cursor: CursorWrapper) -> list[models.Model]:
        """The transitions of the staged rows, against what is stored now."""
        if not self.tracked or self.part.transitions is None:
            return []
        quote = connection.ops.quote_name
        states = list(self.tracked)
        inputs = sorted({name for names in self.tracked.values() for name in names})
        shown = [f"s.{quote(self.part.primary)}"]
        shown += [f"{side}.{quote(state)}" for state in states for side in ("t", "s")]
        shown += [f"s.{quote(name)}" for name in inputs]
        differ = " OR ".join(f"t.{quote(state)} <> s.{quote(state)}" for state in states)
        target = quote(self.part.model._meta.db_table)
        cursor.execute(
            f"SELECT {', '.join(shown)} FROM {quote(self.staged)} s CROSS JOIN {target} t "
            f"WHERE t.{quote(self.part.primary)} = s.{quote(self.part.primary)} "
            f"AND t.computed_at IS NOT NULL AND ({differ})"
        )
        found: list[models.Model] = []
        for row in cursor.fetchall():
            values = dict(zip(inputs, row[1 + 2 * len(states) :], strict=True))
            for index, state in enumerate(states):
                old, new = row[1 + 2 * index], row[2 + 2 * index]
                if old != new:
                    found.append(self.transition(row[0], state, old, new, values))
        return found

    def transition(
        self, key: int, state: str, old: str, new: str, values: Mapping[str, object]
    ) -> models.Model:
        assert self.part.transitions is not None
        kept = {name: _plain(values[name]) for name in self.tracked[state]}
        owner = f"{self.part.type_key}_id"
        row = {owner: key, "field": state, "old": old, "new": new, "at": self.at, "run_id": self.run_id}
        return self.part.transitions(**row, inputs=kept)

    def upsert(self) -> tuple[str, list[Any]]:
        """One statement that both databases understand: insert what is missing, update what differs."""
        quote = connection.ops.quote_name
        model = self.part.model
        target, key = quote(model._meta.db_table), quote(self.part.primary)
        record = self.part.record._meta
        others = _other_required(model, {self.part.primary, *self.stored, "run_id", "computed_at"})
        names = [key, *(quote(name) for name in self.stored), "run_id", "computed_at"]
        names += [quote(name) for name in others]
        values = [
            f"s.{key}",
            *(f"s.{quote(name)}" for name in self.stored),
            "%s",
            "%s",
            *["%s"] * len(others),
        ]
        since = set(self.part.since.values())
        differ = " OR ".join(
            f"{target}.{quote(n)} IS DISTINCT FROM excluded.{quote(n)}" for n in self.stored if n not in since
        )
        sets = ", ".join(f"{name} = excluded.{name}" for name in names[1 : 3 + len(self.stored)])
        sql = (
            f"INSERT INTO {target} ({', '.join(names)}) SELECT {', '.join(values)} FROM {quote(self.staged)} s "
            f"WHERE EXISTS (SELECT 1 FROM {quote(record.db_table)} r WHERE r.{quote(str(record.pk.column))} = s.{key}) "
            f"ON CONFLICT ({key}) DO UPDATE SET {sets} WHERE {differ} OR {target}.computed_at IS NULL"
        )
        at = connection.ops.adapt_datetimefield_value(self.at)
        return sql, [self.run_id, at, *others.values()]


def _attnames(model: type[models.Model]) -> set[str]:
    return {column.attname for column in model._meta.concrete_fields}


def _other_required(model: type[models.Model], given: set[str]) -> dict[str, object]:
    """What a new row needs besides what was given: columns that must not be null take their model's default."""
    return {
        column.attname: column.get_db_prep_save(column.get_default(), connection)
        for column in model._meta.concrete_fields
        if column.attname not in given and not column.null
    }


def _plain(value: object) -> object:
    """Inputs travel as JSON text, so that numbers stay numbers whatever the database."""
    if isinstance(value, str):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value
