"""Writing derived values back: only rows that differ from what the last run wrote go through the write door."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import models

from kemai.analytics.analyses.frames import attach
from kemai.analytics.frames import utc
from kemai.analytics.refresh import rebuild
from kemai.analytics.store import Session
from kemai.platform.access import Actor
from kemai.platform.models import MoneyColumn
from kemai.platform.objects.dataset import Dataset, Part
from kemai.platform.records.derived import CHUNK, Written, write_part

COLUMN_KINDS: tuple[tuple[type[models.Field[Any, Any]], str], ...] = (
    (MoneyColumn, "cents"),
    (models.ForeignKey, "int64"),
    (models.IntegerField, "int64"),
    (models.FloatField, "float64"),
    (models.BooleanField, "boolean"),
    (models.DateTimeField, "timestamp"),
    (models.DateField, "date"),
    (models.CharField, "string"),
)
MARK = "%Y-%m-%d %H:%M:%S"


def copy_name(part: Part) -> str:
    return f"written_{part.key}"


def kinds_of_part(part: Part) -> dict[str, str]:
    """{attname: kind} of the key and the owned columns."""
    by_name = {column.attname: column for column in part.model._meta.concrete_fields}
    kinds = {part.primary: "int64"}
    for name in part.columns:
        kinds[name] = next(
            kind for column_class, kind in COLUMN_KINDS if isinstance(by_name[name], column_class)
        )
    return kinds


def as_dataset(part: Part) -> Dataset:
    return Dataset(
        key=copy_name(part),
        columns=kinds_of_part(part),
        source=lambda: part.model._default_manager.filter(computed_at__isnull=False),
        primary=part.primary,
        deleted="",
    )


def standing_values(session: Session, part: Part, last_run: int | None) -> Any:
    """The table of what stands in the database: the copy that the last run left, else read anew."""
    name = copy_name(part)
    session.execute("CREATE TABLE IF NOT EXISTS kemai_written (name VARCHAR PRIMARY KEY, run_id BIGINT)")
    session.kinds[name] = kinds_of_part(part)
    known = session.execute("SELECT run_id FROM kemai_written WHERE name = ?", [name])
    if not known or known[0][0] != last_run or not session.has(name):
        rebuild(session, as_dataset(part))
    return session.table(name)


def write_back(
    session: Session,
    part: Part,
    state: Any,
    standing: Any,
    *,
    touched: Any,
    by: Actor,
    run_id: int,
    at: datetime,
    report: Callable[[str, int, int | None], None],
) -> Written:
    """Write the rows of `state` that differ from `standing`; `touched` subjects are compared by the database."""
    key = part.primary
    full = compared(state, standing, part, at)
    suspect = full.differs if touched is None else full.differs | full[key].isin(touched.id)
    # only these are put down: a million equal rows would be written once more for nothing
    changed = session.stage(full.filter(suspect))
    total = session.count(changed.get_name())
    # from here on the copy is no longer what stands in the database, until all is written
    session.execute("DELETE FROM kemai_written WHERE name = ?", [copy_name(part)])
    inputs = sorted({name for names in part.tracked.values() for name in names} - set(part.columns) - {key})
    shaped = changed.select(
        **{name: as_stored(changed[name], kind) for name, kind in kinds_of_part(part).items()},
        **{name: changed[name].cast("string") for name in inputs},
    ).order_by(key)
    written = write_part(
        part,
        (*kinds_of_part(part), *inputs),
        session_batches(session, shaped),
        by=by,
        run_id=run_id,
        at=at,
        total=total,
        report=lambda done: report("write", done, total),
    )
    keep_copy(session, part, state, changed)
    session.execute("INSERT OR REPLACE INTO kemai_written VALUES (?, ?)", [copy_name(part), run_id])
    return written


def session_batches(session: Session, expression: Any) -> Iterator[list[tuple[Any, ...]]]:
    return session.batches(expression, CHUNK)


def compared(state: Any, standing: Any, part: Part, at: datetime) -> Any:
    """The owned columns, the inputs of states and `differs`: is it unlike what stands? A state that is new is so
    since the run's moment."""
    import ibis

    key, kinds = part.primary, kinds_of_part(part)
    before = standing.select(key, **{f"before_{name}": standing[name] for name in part.columns}, stands=True)
    joined = attach(state, before, key)
    moment = ibis.literal(utc(at))
    stamps: Mapping[str, Any] = {
        stamp: ibis.ifelse(
            joined[name].identical_to(joined[f"before_{name}"]) & joined[f"before_{stamp}"].notnull(),
            joined[f"before_{stamp}"],
            moment,
        )
        for name, stamp in part.since.items()
    }
    same = joined.stands.notnull()
    for name in set(part.columns) - set(stamps):
        same = same & joined[name].identical_to(joined[f"before_{name}"])
    inputs = {name for names in part.tracked.values() for name in names} - set(part.columns)
    joined = joined.mutate(**stamps, differs=~same)
    return joined.select(
        **{name: joined[name].cast("int64" if kind == "cents" else kind) for name, kind in kinds.items()},
        **{name: joined[name] for name in sorted(inputs)},
        differs=joined.differs,
    )


def as_stored(column: Any, kind: str) -> Any:
    """As the databases take it: moments as text, exactly as Django writes them on SQLite."""
    import ibis

    if kind == "timestamp":
        return ibis.ifelse(column.microsecond() == 0, column.strftime(MARK), column.strftime(f"{MARK}.%f"))
    if kind == "date":
        return column.strftime("%Y-%m-%d")
    return column


def keep_copy(session: Session, part: Part, state: Any, changed: Any) -> None:
    """Bring the copy to what was written, without writing a million equal rows again."""
    name, key = copy_name(part), part.primary
    columns = ", ".join(f'"{column}"' for column in kinds_of_part(part))
    source = changed.get_name()
    with session.transaction():
        session.execute(f'DELETE FROM "{name}" WHERE "{key}" IN (SELECT "{key}" FROM "{source}")')
        session.execute(f'INSERT INTO "{name}" ({columns}) SELECT {columns} FROM "{source}"')
        session.execute(f'DELETE FROM "{name}" WHERE "{key}" NOT IN ({session.sql(state.select(key))})')
