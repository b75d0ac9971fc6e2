"""Going through a file: the rehearsal, which writes nothing, and the run, which writes each chunk exactly once."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from django.db import DataError, IntegrityError, connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from kemai.kit.collector import seldom_collected
from kemai.kit.tabular import Cell, Source, cell_text
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.imports import services
from kemai.platform.imports.error_file import ErrorFile
from kemai.platform.imports.mapping import ATTACH, load_mapping, load_options
from kemai.platform.imports.shapes import Shape, shape_of
from kemai.platform.imports.work import SAMPLES, Outcome, Refusal, Task, Work
from kemai.platform.jobs import Interrupted
from kemai.platform.models import ChangeSet, ImportRun
from kemai.platform.objects import get
from kemai.platform.records import Refused

Report = Callable[..., None]
MOST_REASONS = 300
MOST_NAMES = 50
"""Files of an archive that nobody asks for, as far as they are listed."""
SHOWN_CELLS = 60
CACHE_KB = 131_072
"""SQLite's page cache during a run: the indexes of a million rows are written all over."""
CHECKPOINT = 16_000
"""Pages of the log between two checkpoints during a run."""


@dataclass
class Reasons:
    """Why rows were refused, by column and kind of problem."""

    counts: Counter[tuple[int, str]] = field(default_factory=Counter)
    examples: dict[tuple[int, str], str] = field(default_factory=dict)

    def add(self, refused: list[Refusal]) -> None:
        for one in refused:
            for column, message, kind in one.problems:
                key = (-1 if column is None else column, self.bare(kind or message, column, one))
                if key not in self.counts and len(self.counts) >= MOST_REASONS:
                    key = (-1, _("其他原因"))
                self.counts[key] += 1
                self.examples.setdefault(key, message)

    def bare(self, text: str, column: int | None, refusal: Refusal) -> str:
        """The sentence without the row's own value, so that a thousand bad numbers count as one reason."""
        if column is None or column >= len(refusal.cells):
            return text
        value = cell_text(refusal.cells[column]).strip()[:40]
        return text.replace(f"“{value}”", "“…”") if value else text

    def dump(self) -> list[dict[str, Any]]:
        return [
            {"column": column, "reason": reason, "count": count, "example": self.examples[column, reason]}
            for (column, reason), count in self.counts.most_common(100)
        ]


def open_work(run: ImportRun, by: Actor, changeset: ChangeSet | None) -> tuple[Shape, Task, Work]:
    """The work on a run's file with the rights of now. Raises access.Denied, Refused."""
    shape = shape_of(run.type_key, run.shape)
    mapped, options = load_mapping(run.mapping), load_options(run.options)
    check_rights(shape, run, by)
    columns = [one for one in mapped if one.field != ATTACH]
    attach = next((one.column for one in mapped if one.field == ATTACH), None)
    task = Task(
        get(run.type_key), services.load_source(run), columns, options, by, changeset,
        archive=None if shape.key else services.archive_of(run), attach=attach,
    )  # fmt: skip
    return shape, task, shape.open(task)


def check_rights(shape: Shape, run: ImportRun, by: Actor) -> None:
    options = load_options(run.options)
    access.require(by, shape.type_key, "import")
    for type_key, verb in shape.verbs(options) if shape.verbs else ():
        access.require(by, type_key, verb)
    allowed = {spec.key for spec in services.fields_of(run, by)}
    if not {one.field for one in load_mapping(run.mapping)} <= allowed:
        raise access.Denied
    if not run.mapping.get("columns"):
        raise Refused("no_mapping", _("请先选择各列对应的字段"))


def rehearse(run: ImportRun, progress: Report | None = None) -> dict[str, Any]:
    """Goes through the whole file as a run would, without writing. Returns (and keeps) counts, samples and reasons."""
    by = services.actor_of(run)
    with translation.override(by.language):
        _shape, task, work = open_work(run, by, None)
        total, reasons = Outcome(), Reasons()
        errors = ErrorFile(f"rehearsal-{run.pk}", task.source)
        refused = 0
        with errors, seldom_collected(), closing(work.batches(0)) as batches:
            for batch in batches:
                out = work.settle(batch)
                errors.add(out.refused)
                reasons.add(out.refused)
                show_refused(out, total)
                refused += len(out.refused)
                out.refused = []
                total.join(out)
                if progress is not None:
                    progress(total.rows, max(task.source.estimated_rows, total.rows))
        found = summary(total, refused, reasons, task)
        services.keep_rehearsal(run, found, errors, refused)
        errors.remove()
    return found


def show_refused(out: Outcome, total: Outcome) -> None:
    for one in out.refused[:SAMPLES]:
        if total.wants("refuse"):
            cells = [short(cell) for cell in one.cells]
            problems = [[column, message] for column, message, _kind in one.problems]
            total.sample("refuse", {"row": one.row, "cells": cells, "problems": problems})


def short(cell: Cell) -> str:
    return cell_text(cell)[:SHOWN_CELLS]


def summary(total: Outcome, refused: int, reasons: Reasons, task: Task) -> dict[str, Any]:
    return {
        "counts": counts_of(total, refused),
        "samples": total.samples,
        "reasons": reasons.dump(),
        "skips": dict(total.skips),
        "made": dict(task.made),
        **unnamed(task),
    }


def unnamed(task: Task) -> dict[str, Any]:
    """What lies in the archive and no row asks for: {"files": {...}}."""
    if task.archive is None:
        return {}
    left = [one for one in task.archive.entries if one.place not in task.named]
    size = sum(one.size for one in task.archive.entries if one.place in task.named)
    return {
        "files": {
            "named": len(task.named),
            "bytes": size,
            "unused": len(left),
            "names": [one.name for one in left[:MOST_NAMES]],
        }
    }


def counts_of(total: Outcome, refused: int) -> dict[str, int]:
    names = ("rows", "create", "update", "skip", "blank", "lines", "rounded")
    return {**{name: getattr(total, name) for name in names}, "refuse": refused}


def execute(run: ImportRun, progress: Report | None = None) -> ImportRun:
    """Runs an import from where it stands to its end; may be called again after any interruption.

    Each chunk of rows, the import's cursor and its counts are one transaction. Raises what `progress` raises (a pause
    or a cancellation, after the import has noted it), services.Stopped when another process goes on with it, and
    access.Denied or Refused."""
    by = services.actor_of(run)
    with translation.override(by.language):
        services.begin(run, by)
        shape, task, work = open_work(run, by, run.changeset)
        del shape
        errors = ErrorFile(f"import-{run.pk}", task.source, int(run.counts.get("bytes", 0)))
        with errors, roomy_database(), seldom_collected(), closing(work.batches(run.cursor)) as batches:
            for batch in batches:
                write(run, task, work, batch, errors)
                if progress is not None:
                    progress(run.cursor, max(task.source.estimated_rows, run.cursor))
        services.finish(run, "done", errors)
    return run


def end_cancelled(run: ImportRun) -> None:
    """After a cancellation: what is done stays, and can be undone."""
    by = services.actor_of(run)
    with translation.override(by.language):
        errors = ErrorFile(f"import-{run.pk}", services.load_source(run), int(run.counts.get("bytes", 0)))
        services.finish(run, "cancelled", errors)


def write(run: ImportRun, task: Task, work: Work, batch: Any, errors: ErrorFile) -> None:
    """One batch, all or nothing."""
    made = Counter(task.made)
    before = dict(run.counts), run.cursor
    try:
        with transaction.atomic():
            services.hold(run)
            commit_without_waiting()
            out = settle(work, batch, task)
            size = errors.add(out.refused)
            services.advance(run, out.rows, add_counts(run.counts, out, task, size))
    except BaseException:
        task.made = made
        run.counts, run.cursor = before
        work.forget()
        raise


def commit_without_waiting() -> None:
    """On PostgreSQL the next chunk need not wait until the disk has this one: rows, change log and the import's cursor
    are one transaction, so what a crash of the machine takes of the last moment is imported again. The end of the
    import, like everybody else's commit after it, waits for all that came before."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit TO OFF")


def settle(work: Work, batch: Any, task: Task) -> Outcome:
    """A chunk that the database refuses as a whole (a race, a value that only it finds wrong) is tried in halves, down
    to the single row that is to blame."""
    made = Counter(task.made)
    try:
        with transaction.atomic():
            return work.settle(batch)
    except (IntegrityError, DataError):
        task.made = made
        work.forget()
        halves = batch.halves()
        if not halves:
            message = _("数据库不接受这一行，可能与别人刚保存的记录重复")
            return Outcome(rows=batch.rows, refused=batch.refusals(message))
        out = Outcome()
        for half in halves:
            out.join(settle(work, half, task))
        return out


def add_counts(counts: dict[str, Any], out: Outcome, task: Task, size: int) -> dict[str, Any]:
    fresh = counts_of(out, len(out.refused))
    added = {name: int(counts.get(name, 0)) + number for name, number in fresh.items()}
    made = Counter(counts.get("made_before", {}))
    made.update(task.made)
    skips = Counter(counts.get("skips", {}))
    skips.update(out.skips)
    return counts | added | {"bytes": size, "skips": dict(skips), "made": dict(made)}


@contextlib.contextmanager
def roomy_database() -> Iterator[None]:
    """On SQLite: a larger page cache and rarer checkpoints for the length of a run."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA cache_size")
        old = cursor.fetchone()[0]
        cursor.execute(f"PRAGMA cache_size=-{CACHE_KB}")
        cursor.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT}")
    try:
        yield
    finally:
        with contextlib.suppress(Exception), connection.cursor() as cursor:
            cursor.execute(f"PRAGMA cache_size={int(old)}")
            cursor.execute("PRAGMA wal_autocheckpoint=1000")


def estimated(source: Source) -> int:
    return source.estimated_rows


__all__ = ["Interrupted", "end_cancelled", "execute", "open_work", "rehearse"]
