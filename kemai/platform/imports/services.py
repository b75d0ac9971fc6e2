"""The rows of imports themselves: uploads, states, counts. Records are written by `platform.records` alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any
from zipfile import is_zipfile

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.kit.archive import Archive, ArchiveError, Entry, is_archive, look
from kemai.kit.errors import KitError
from kemai.kit.tabular import Source, cell_text, profile
from kemai.kit.tabular.model import ColumnProfile
from kemai.platform import access, audit
from kemai.platform.access import SYSTEM, Actor, NotVisible, actor_for
from kemai.platform.fields import FieldSpec
from kemai.platform.imports import error_archive
from kemai.platform.imports.error_file import ErrorFile, blocks
from kemai.platform.imports.mapping import (
    ATTACH,
    ColumnMap,
    Options,
    dump_mapping,
    dump_options,
    load_mapping,
)
from kemai.platform.imports.parsers import FILE_KINDS
from kemai.platform.imports.shapes import file_fields, may_import, shape_of
from kemai.platform.imports.synonyms import folded
from kemai.platform.models import ImportRun, Job, StoredFile
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors, location, scanning
from kemai.platform.records.files import discard, keep, safe_name

MOST_BYTES = 1024**3
SAMPLE_ROWS = 60
TABLES = (".csv", ".tsv", ".xlsx", ".xls")
MOST_TABLES = 50
"""Tables of an archive among which a person may choose."""
OPEN_STATES = ("uploaded", "rehearsing", "rehearsed")
"""States in which nothing has been written yet."""


class Stopped(Exception):
    """Another process has taken this import over, or it is no longer to run."""


class Chunks:
    """Anything that gives bytes, in the form of an upload, up to the size limit."""

    def __init__(self, source: str | Path | IO[bytes] | Iterable[bytes], name: str) -> None:
        self.source = source
        self.name: str | None = name
        self.size: int | None = None
        self.content_type: str | None = ""

    def chunks(self) -> Iterator[bytes]:
        total = 0
        for block in self.blocks():
            total += len(block)
            if total > MOST_BYTES:
                raise FieldErrors({"file": _("文件太大：最大 %(most)s MB") % {"most": MOST_BYTES // 1024**2}})
            yield block

    def blocks(self) -> Iterable[bytes]:
        source = self.source
        if isinstance(source, str | Path):
            return blocks(Path(source))
        read = getattr(source, "read", None)
        return iter(lambda: read(1024 * 1024), b"") if read is not None else source


def store_upload(
    source: str | Path | IO[bytes] | Iterable[bytes], name: str, type_key: str, shape: str, by: Actor
) -> ImportRun:
    """Keeps the file and opens an import. Raises access.Denied, FieldErrors, KeyError (no such shape)."""
    if not may_import(by, get(type_key)):
        raise access.Denied
    shape_of(type_key, shape)
    # under its name only when it was looked at: the same content may belong to somebody else's upload by then
    digest, size, path = keep(
        Chunks(source, name), lambda written, size: scanning.check_written(written, name, size, by=by)
    )
    now = timezone.now()
    with transaction.atomic():
        stored = StoredFile.objects.create(
            name=safe_name(name), path=path, size=size, sha256=digest, type_key="import", user_id=by.user_id,
            created_at=now,
        )  # fmt: skip
        return ImportRun.objects.create(
            type_key=type_key, shape=shape, user_id=by.user_id, file=stored, created_at=now
        )


def save_profile(run: ImportRun, *, sheet: str | None = None, table: str | None = None) -> None:
    """Looks at the file and keeps what it found; a file that is refused leaves its code behind. `table` is the one to
    be taken of several in an archive."""
    packed: dict[str, Any] = {}
    try:
        packed = open_table(run, table)
        found = profile(table_path(run), sheet=sheet)
    except KitError as error:
        params = {
            key: str(value) if not isinstance(value, int) else value for key, value in error.params.items()
        }
        put(run, state="failed", source={"error": error.code, "params": params} | packed)
        return
    put(run, state="uploaded", source=dump_source(found) | packed)


def open_table(run: ImportRun, wanted: str | None) -> dict[str, Any]:
    """Where the file is an archive: takes its table out. What is kept of it: {"packed": {...}}."""
    path = location(run.file)
    if not is_archive(path):
        if run.file.name.lower().endswith(".zip") and not is_zipfile(path):
            raise ArchiveError("zip_broken")
        return {}
    archive = look(path)
    tables = tables_in(archive)
    if not tables:
        raise ArchiveError("zip_no_table")
    wanted = wanted or run.source.get("packed", {}).get("table")
    taken = next((one for one in tables if one.name == wanted), tables[0])
    digest, size, relative = keep(Chunks(archive.read(taken), taken.bare))
    if run.table is None or run.table.path != relative:
        old = run.table
        put(run, table=StoredFile.objects.create(
            name=safe_name(taken.bare), path=relative, size=size, sha256=digest, type_key="import",
            user_id=run.user_id, created_at=timezone.now(),
        ))  # fmt: skip
        if old is not None:
            discard(old)
    names = [one.name for one in tables[:MOST_TABLES]]
    files = len(archive.entries) - 1
    return {"packed": {"table": taken.name, "tables": names, "files": files}}


def tables_in(archive: Archive) -> list[Entry]:
    """What may be the table: those that lie highest first, for deeper ones are rather files to be attached; the
    largest of them first."""
    for endings in (TABLES, (".txt",)):
        found = [one for one in archive.entries if one.name.lower().endswith(endings) and one.size]
        if found:
            return sorted(found, key=lambda one: (one.name.count("/"), -one.size, one.name))
    return []


def table_path(run: ImportRun) -> Path:
    return location(run.table or run.file)


def archive_of(run: ImportRun) -> Archive | None:
    """The files beside the table, looked for from the table's own folder first. Raises ArchiveError."""
    if run.table is None:
        return None
    archive = look(location(run.file))
    table = run.source["packed"]["table"]
    folder = table.rpartition("/")[0]
    beside = [one for one in archive.entries if one.name != table]
    return Archive(archive.path, beside, f"{folder}/" if folder else "")


def fields_of(run: ImportRun, by: Actor) -> list[FieldSpec]:
    """What a column of this file may be for the actor."""
    shape = shape_of(run.type_key, run.shape)
    fields = list(shape.fields(by))
    return fields if run.table_id is None or shape.key else [*fields, *file_fields(get(run.type_key), by)]


def dump_source(source: Source) -> dict[str, Any]:
    header = list(source.header)
    return {
        "kind": source.kind,
        "encoding": source.encoding,
        "delimiter": source.delimiter,
        "sheet": source.sheet,
        "sheets": [one.name for one in source.sheets if one.rows],
        "header_row": source.header_row,
        "header": header,
        "changed": [[one.column, one.original, one.name, one.reason] for one in source.header_changes],
        "samples": [[cell_text(cell)[:200] for cell in row] for row in source.sample_rows[:SAMPLE_ROWS]],
        "bad": len(source.bad_sample_rows),
        "columns": [
            {"filled": round(one.filled, 3), "kinds": one.kinds, "longest": one.longest}
            for one in source.columns
        ],
        "rows": source.estimated_rows,
        "fingerprint": fingerprint(header),
    }


def fingerprint(header: Iterable[str]) -> str:
    """The same for files with the same columns, in any order."""
    return hashlib.sha256("\n".join(sorted(map(folded, header))).encode()).hexdigest()[:16]


def load_source(run: ImportRun) -> Source:
    """The file as it was looked at, without looking again. Raises access.NotVisible when the bytes are gone."""
    kept = run.source
    header = tuple(kept["header"])
    columns = tuple(
        ColumnProfile(name, one["filled"], (), one["kinds"], one["longest"])
        for name, one in zip(header, kept["columns"], strict=True)
    )
    samples = tuple(tuple(cell or None for cell in row) for row in kept["samples"])
    return Source(
        path=table_path(run), kind=kept["kind"], encoding=kept["encoding"], delimiter=kept["delimiter"],
        sheets=(), sheet=kept["sheet"], header_row=kept["header_row"], header=header, header_changes=(),
        sample_rows=samples, bad_sample_rows=(), columns=columns, estimated_rows=kept["rows"],
    )  # fmt: skip


def put(run: ImportRun, **values: Any) -> None:
    for name, value in values.items():
        setattr(run, name, value)
    run.save(update_fields=list(values))


def keep_choices(run: ImportRun, columns: Iterable[ColumnMap], options: Options) -> None:
    put(run, mapping=dump_mapping(columns), options=dump_options(options), state="uploaded", rehearsal={})


def keep_rehearsal(run: ImportRun, rehearsal: dict[str, Any], errors: ErrorFile, refused: int) -> None:
    put(run, state="rehearsed", rehearsal=rehearsal, error_file=keep_errors(run, errors, refused))


def actor_of(run: ImportRun) -> Actor:
    """Whoever started the import, with the rights of now."""
    if run.user_id is None:
        return SYSTEM.through("import")
    user = (
        get_user_model()
        ._default_manager.select_related("department")
        .filter(pk=run.user_id, is_active=True)
        .first()
    )
    if user is None:
        raise access.Denied
    return actor_for(user, source="import")


def begin(run: ImportRun, by: Actor) -> None:
    """Opens the change set of a run that begins; one that goes on keeps its own."""
    with transaction.atomic():
        fresh = ImportRun.objects.select_for_update().get(pk=run.pk)
        if fresh.state in {"done", "cancelled", "undone"}:
            raise Stopped
        changeset = fresh.changeset
        if changeset is None:
            changeset = audit.open_set("import", run.type_key, by=by, reason=run.file.name)
        counts = fresh.counts or {"rows": 0}
        counts = counts | {"from": fresh.cursor, "made_before": counts.get("made", {})}
        put(run, changeset=changeset, state="running", counts=counts, cursor=fresh.cursor)


def hold(run: ImportRun) -> None:
    """Locks the import's row, in the transaction that will move its cursor: of two processes only one goes on."""
    fresh = ImportRun.objects.select_for_update().values_list("cursor", "state").get(pk=run.pk)
    if fresh != (run.cursor, "running"):
        raise Stopped


def advance(run: ImportRun, rows: int, counts: dict[str, Any]) -> None:
    put(run, cursor=run.cursor + rows, counts=counts)


def finish(run: ImportRun, state: str, errors: ErrorFile) -> None:
    """The end, by itself or because a person cancelled: the error file is offered from now on."""
    refused = int(run.counts.get("refuse", 0))
    stored = keep_errors(run, errors, refused)
    put(run, state=state, finished_at=timezone.now(), error_file=stored)
    errors.remove()


def keep_errors(run: ImportRun, errors: ErrorFile, refused: int) -> StoredFile | None:
    if not refused or not errors.size:
        return None
    path = errors.finished(refused)
    if run.table is not None and not run.shape:
        path = pack_errors(run, errors.path, path)
    digest, size, relative = keep(Chunks(path, path.name))
    stem = run.file.name.rpartition(".")[0] or run.file.name
    name = f"{stem[:150]}-{_('错误行')}{path.suffix}"
    return StoredFile.objects.create(
        name=name, path=relative, size=size, sha256=digest, type_key="import", user_id=run.user_id,
        created_at=timezone.now(),
    )  # fmt: skip


def pack_errors(run: ImportRun, rows: Path, table: Path) -> Path:
    """The refused rows with the files that they name."""
    archive = archive_of(run)
    assert archive is not None
    fields = get(run.type_key).fields
    header = run.source["header"]
    names = {
        header[one.column]
        for one in load_mapping(run.mapping)
        if one.field == ATTACH or (one.field in fields and fields[one.field].type.key in FILE_KINDS)
    }
    return error_archive.pack(rows, table, archive, names)


def runs_of(by: Actor) -> QuerySet[ImportRun]:
    """The actor's own imports, newest first: nobody else sees what stood in a file."""
    found = ImportRun.objects.filter(user=by.user_id) if by.user_id else ImportRun.objects.none()
    return found.select_related("file", "table", "job", "error_file", "changeset").order_by("-id")


def run_for(by: Actor, key: int) -> ImportRun:
    """One of the actor's imports. Raises access.NotVisible."""
    found = runs_of(by).filter(pk=key).first()
    if found is None:
        raise NotVisible
    return sync(found)


def sync(run: ImportRun) -> ImportRun:
    """A job that failed for good or was cancelled before it began has no chance to say so in the import's row."""
    job = run.job
    if job is None or run.state not in {"running", "rehearsing", "paused"}:
        return run
    if job.state == "failed":
        put(run, state="failed", counts=run.counts | {"error": job.error[:300]})
    elif job.state == "cancelled":
        put(run, state="cancelled" if run.changeset_id else "uploaded", finished_at=timezone.now())
    elif job.state == "paused" and run.state == "running":
        put(run, state="paused")
    elif job.state in {"waiting", "running"} and run.state == "paused":
        put(run, state="running")
    return run


def remembered(by: Actor, run: ImportRun) -> ImportRun | None:
    """The actor's last finished import of a file with the same columns."""
    same = runs_of(by).filter(
        type_key=run.type_key, shape=run.shape, state__in=("done", "undone", "cancelled")
    )
    return same.exclude(pk=run.pk).filter(source__fingerprint=run.source.get("fingerprint")).first()


def attach_job(run: ImportRun, job: Job, state: str) -> None:
    put(run, job=job, state=state)


def mark(run: ImportRun, state: str) -> None:
    put(run, state=state)


def changes_of(run: ImportRun, after: int, count: int) -> list[tuple[int, str, int, str]]:
    if run.changeset is None:
        return []
    changes = run.changeset.changes.filter(pk__gt=after).order_by("pk")
    return list(changes.values_list("pk", "type_key", "object_id", "action")[:count])
