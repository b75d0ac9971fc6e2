"""Keeping the file of an export for the person who asked for it, for a day, and writing down that they did."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.kit.tabular import CsvWriter, TabularError, XlsxWriter
from kemai.kit.tabular.marking import seen_in
from kemai.platform import access, audit
from kemai.platform.access import Actor, quota, reading
from kemai.platform.exports import approval
from kemai.platform.exports.bundle import Bundle
from kemai.platform.exports.rows import CHUNK, Order, header, records, rows, specs_of
from kemai.platform.jobs import Progress, schedule
from kemai.platform.models import ChangeSet, StoredFile
from kemai.platform.objects import get
from kemai.platform.records.errors import Refused

KEEP = timedelta(hours=24)
KEPT = 20_000
"""Of so many rows at most the log keeps which records they were."""
FOLDER = "exports"
MARK = re.compile(r"kemai:[0-9a-f]{32}")
KIND = "export"
"""The `type_key` of an export's file: it belongs to a person, not to a record."""
TYPES = {
    "zip": "application/zip",
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
Report = Callable[[int, int], object]


class Stored(NamedTuple):
    """`key` of the stored file, how many rows it has, and where it lies."""

    key: int
    rows: int
    path: Path


def write_approved(actor: Actor, key: int, *, progress: Report | None = None) -> Stored:
    """The file of a request that was approved, once. Raises NotVisible, Denied, QueryError, Refused."""
    request = approval.spend(actor, key)
    try:
        most = int(request.count * approval.GROWTH)
        return write(actor, approval.order_of(request), progress=progress, most=most)
    except BaseException:
        approval.give_back(request)
        raise


def write(actor: Actor, order: Order, *, progress: Report | None = None, most: int = 0) -> Stored:
    """Writes the file; `most` rows have been approved. Raises Denied, QueryError, Refused (more rows than a workbook
    holds, or than may leave the house at once)."""
    object_type = get(order.type_key)
    total = records(actor, order).count()
    check_size(actor, total, most)
    if not most:
        count_today(actor, total)
    specs = specs_of(actor, order)
    path = new_path(order.format)
    bundle = Bundle(path.with_suffix(".zip"), object_type, specs, actor) if order.files else None
    names = header(specs) if bundle is None else [*header(specs), _("附件")]
    writer = writer_of(path, names, str(object_type.label))
    taken: list[int] = []
    with whole(path):
        with writer, reading.counted_elsewhere():
            for number, row in enumerate(rows(actor, order, specs, bundle, taken), 1):
                writer.write(row)
                if progress is not None and number % CHUNK == 0:
                    progress(number, max(total, number))
        if bundle is not None:
            bundle.close(path, f"{object_type.label}.{order.format}")
            path.unlink()
    if progress is not None:
        progress(writer.rows, writer.rows)
    made = path if bundle is None else bundle.path
    return Stored(note(actor, order, made, writer.rows, taken), writer.rows, made)


def new_path(form: str) -> Path:
    folder = Path(settings.MEDIA_ROOT, FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{uuid.uuid4().hex}.{form}"


def writer_of(path: Path, names: Sequence[str], sheet: str) -> CsvWriter | XlsxWriter:
    if path.suffix == ".csv":
        return CsvWriter(path, names, mark=mark_of(path))
    return XlsxWriter(path, names, sheet=sheet, mark=mark_of(path))


@contextmanager
def whole(path: Path) -> Iterator[None]:
    """A file that was not written to its end is not left. Raises Refused where a workbook cannot hold it."""
    try:
        yield
    except TabularError as error:
        forget(path)
        raise Refused("export_too_large", _("内容超出 Excel 的限制，请改用 CSV 导出")) from error
    except BaseException:
        forget(path)
        raise


def forget(path: Path) -> None:
    for made in (path, path.with_suffix(".zip")):
        made.unlink(missing_ok=True)


def check_size(actor: Actor, total: int, approved: int = 0) -> None:
    """Raises Refused where more rows are asked for than leave the house at once."""
    most = max(access.limits(actor).export_rows, approved)
    if total > most and not actor.is_system:
        raise Refused(
            "too_many_rows",
            _(
                "要导出 %(total)s 行，超过一次 %(most)s 行的上限。请缩小筛选范围分批导出，或在导出窗口里申请批准"
            )
            % {"total": f"{total:,}", "most": f"{most:,}"},
        )


def day_limit(actor: Actor) -> int:
    limits = access.limits(actor)
    return max(limits.export_day, limits.export_rows)


def needs_approval(actor: Actor, count: int) -> bool:
    """Whether so many rows may leave only with somebody's approval: more than at once, or with those of today."""
    if count > access.limits(actor).export_rows:
        return True
    return quota.counted(f"export:{actor.user_id}", quota.day_window()) + count > day_limit(actor)


def count_today(actor: Actor, rows: int) -> None:
    """Many small files are a large one: what leaves on one day is counted. Raises Refused."""
    if actor.is_system:
        return
    bucket, today, most = f"export:{actor.user_id}", quota.day_window(), day_limit(actor)
    with transaction.atomic():  # what is refused is not counted
        if quota.count_up(bucket, today, rows) > most:
            raise Refused(
                "too_many_today",
                _("今天导出的行数将超过每人每天 %(most)s 行的上限。请明天再导出，或在导出窗口里申请批准")
                % {"most": f"{most:,}"},
            )


def note(actor: Actor, order: Order, path: Path, count: int, taken: Sequence[int]) -> int:
    """The file's row and the log's entry: who took how many records out, by which filter, and which (but for
    very many)."""
    stored = keep(actor, str(get(order.type_key).label), path, "zip" if order.files else order.format)
    asked = json.dumps({**order.plain(), **marks(path)}, ensure_ascii=False, default=str)
    outcome = {"keys": taken} if len(taken) <= KEPT else None
    audit.open_set("export", order.type_key, by=actor, reason=asked, count=count, outcome=outcome)
    return stored.pk


def mark_of(path: Path) -> str:
    """What a file carries with it (a workbook among its properties, a CSV in its quotation marks) and the log names:
    one that turns up somewhere tells whose export it was."""
    return f"kemai:{path.stem}"


def marks(path: Path) -> dict[str, str]:
    """How the log's entry names the file."""
    return {"sha256": digest(path), "mark": mark_of(path)}


def trace(path: Path) -> QuerySet[ChangeSet]:
    """The log's entries of the export that this file came from, as it was or changed since (a workbook saved again,
    rows of a CSV): by its hash and by the mark that it carries."""
    wanted = Q(reason__contains=digest(path))
    for mark in marks_in(path) or marks_of_pieces(path):
        wanted |= Q(reason__contains=mark)
    return ChangeSet.objects.filter(wanted, kind="export").order_by("pk")


def marks_of_pieces(path: Path) -> list[str]:
    """Those of the exports of which a CSV file is a piece; each export there was is compared."""
    seen = seen_in(path)
    if not seen.is_enough:
        return []
    told = ChangeSet.objects.filter(kind="export", reason__contains="kemai:")
    reasons = told.order_by("-pk").values_list("reason", flat=True).iterator(chunk_size=2000)
    return list(seen.whose(mark for reason in reasons for mark in MARK.findall(reason)))


def marks_in(path: Path) -> set[str]:
    """Raises nothing: whatever is no workbook has none."""
    try:
        with zipfile.ZipFile(path) as book, book.open("docProps/core.xml") as properties:
            told = properties.read(65_536).decode("utf-8", "replace")
    except (zipfile.BadZipFile, KeyError, OSError, NotImplementedError, RuntimeError):
        return set()
    return set(MARK.findall(told))


def keep(actor: Actor, name: str, path: Path, form: str) -> StoredFile:
    """The file's row: it is the person's, for a day."""
    now = timezone.now()
    stamp = timezone.localtime(now).strftime("%Y%m%d-%H%M")
    return StoredFile.objects.create(
        name=f"{name}-{stamp}.{form}",
        path=f"{FOLDER}/{path.name}",
        size=path.stat().st_size,
        sha256=digest(path),
        content_type=TYPES[form],
        type_key=KIND,
        user_id=actor.user_id,
        created_at=now,
        expires_at=now + KEEP,
    )


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def one_export(actor: Actor, key: int) -> StoredFile:
    """The file, for the person it was made for and as long as it is kept. Raises access.NotVisible."""
    if actor.user_id is None:
        raise access.NotVisible
    files = StoredFile.objects.filter(type_key=KIND, user_id=actor.user_id, expires_at__gt=timezone.now())
    found = files.filter(pk=key).first()
    if found is None:
        raise access.NotVisible
    return found


@schedule("exports.sweep", every=60)
def sweep(progress: Progress) -> int:
    """Removes the files whose day is over; returns how many."""
    removed = 0
    for stored in StoredFile.objects.filter(type_key=KIND, expires_at__lte=timezone.now()):
        Path(settings.MEDIA_ROOT, stored.path).unlink(missing_ok=True)
        stored.delete()
        removed += 1
    return removed
