"""Files that lie in an archive beside the table: found by the names that its cells give them, kept as an upload by hand
is, and put into fields and among the files of records in the transaction of their rows."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Count
from django.utils.translation import gettext as _

from kemai.kit.archive import Archive, ArchiveError, Entry
from kemai.platform import audit
from kemai.platform.fields import Ref, listed
from kemai.platform.imports.messages import explain
from kemai.platform.imports.parsers import BLANK, FILE_KINDS, files_text
from kemai.platform.imports.plan import Plan
from kemai.platform.imports.work import Problem, Table
from kemai.platform.models import StoredFile
from kemai.platform.records import MOST_FILES, FieldErrors
from kemai.platform.records.bulk import known_rows
from kemai.platform.records.files import Received, examine, noted_many, receive, release, settle_in

if TYPE_CHECKING:
    from kemai.platform.imports.record_rows import RecordWork

BREAKS = re.compile("[;；\r\n]+")
MOST_A_CELL = 100


class Trouble(NamedTuple):
    """Why a file cannot be taken: `kind` without its name, by which such rows are counted."""

    message: str
    kind: str


@dataclass
class Packed:
    """A file of the archive as an upload."""

    archive: Archive
    entry: Entry
    content_type: str | None = ""

    @property
    def name(self) -> str | None:
        return self.entry.bare

    @property
    def size(self) -> int | None:
        return self.entry.size

    def chunks(self) -> Iterator[bytes]:
        return self.archive.read(self.entry)


Named = list[Entry] | Trouble


class Files:
    """The files of one archive for the work on its table."""

    def __init__(self, work: RecordWork, archive: Archive) -> None:
        self.work = work
        self.archive = archive
        self.fields = {
            place: spec.key for place, spec in enumerate(work.specs) if spec.type.key in FILE_KINDS
        }
        """The file fields by their places among the mapped columns."""
        self.attach = work.task.attach
        self.cells: dict[str, Named] = {}
        self.known: dict[int, Received | Trouble] = {}
        """What was found of the files that rows name, by their places in the archive."""

    # ── names ──

    def named(self, text: str) -> Named:
        """The files that a cell names."""
        found = self.cells.get(text)
        if found is None:
            found = self.cells[text] = self.look_up(text)
        return found

    def look_up(self, text: str) -> Named:
        names = split(self.archive, text)
        if len(names) > MOST_A_CELL:
            message = _("一格最多写 %(most)s 个文件") % {"most": MOST_A_CELL}
            return Trouble(message, message)
        found: dict[int, Entry] = {}
        for name in names:
            entries = self.archive.find(name)
            if len(entries) != 1:
                return absent(name) if not entries else doubtful(name, len(entries))
            self.work.task.named.add(entries[0].place)
            found[entries[0].place] = entries[0]
        return list(found.values())

    def attached(self, table: Table, position: int) -> str:
        """What the column of attachments says in a row."""
        if self.attach is None:
            return ""
        text = files_text(table.cells(position)[self.attach])
        return "" if text is BLANK else text

    def asked(self, table: Table, position: int) -> Iterator[tuple[int, str]]:
        """(column of the file, text) of each cell that names files."""
        for place in self.fields:
            text = table.values[place][position]
            if text is not BLANK:
                yield self.work.task.columns[place].column, text
        text = self.attached(table, position)
        if text and self.attach is not None:
            yield self.attach, text

    # ── bytes ──

    def fetch(self, table: Table) -> None:
        """Looks at the files that rows name, or keeps them: before the database is held by anybody."""
        for position in range(len(table.offsets)):
            for _column, text in self.asked(table, position):
                named = self.named(text)
                for entry in named if isinstance(named, list) else ():
                    if entry.place not in self.known:
                        self.known[entry.place] = self.taken(entry)

    def taken(self, entry: Entry) -> Received | Trouble:
        if entry.nested:
            return refused(entry, _("压缩包里的压缩包不导入"))
        if not entry.size:
            return refused(entry, _("文件是空的"))
        upload, by = Packed(self.archive, entry), self.work.by
        try:
            if not self.work.task.rehearsal:
                return receive(upload, by=by)
            name = examine(upload, by=by)
            digest = hashlib.sha256()
            for block in upload.chunks():
                digest.update(block)
        except FieldErrors as error:
            return refused(entry, " ".join(error.errors.values()))
        except ArchiveError as error:
            return refused(entry, explain(error))
        return Received(name, "", digest.hexdigest(), entry.size, "")

    def let_go(self) -> None:
        """Bytes kept for rows that were refused later belong to nothing."""
        for one in self.known.values():
            if isinstance(one, Received) and one.path:
                release(one.path)

    # ── rows ──

    def check(self, table: Table) -> None:
        """Puts stand-ins in the place of names (their numbers are below zero), and complains of what cannot be had."""
        for position in range(len(table.offsets)):
            for column, text in list(self.asked(table, position)):
                trouble = self.trouble(text, single=column != self.attach)
                if trouble is not None:
                    table.complain(position, Problem(column, *trouble))
            for place in self.fields:
                text = table.values[place][position]
                if text is not BLANK:
                    table.values[place][position] = self.stand_in(text)

    def trouble(self, text: str, *, single: bool) -> Trouble | None:
        named = self.named(text)
        if isinstance(named, Trouble):
            return named
        if single and len(named) > 1:
            message = _("这一项只能放一个文件，这里写了 %(n)s 个") % {"n": len(named)}
            return Trouble(message, message)
        found = (self.known.get(entry.place) for entry in named)
        return next((one for one in found if isinstance(one, Trouble)), None)

    def stand_in(self, text: str) -> Any:
        named = self.named(text)
        if not isinstance(named, list) or len(named) != 1:
            return BLANK
        return Ref(-1 - named[0].place, named[0].bare)

    def received(self, value: Ref) -> Received:
        found = self.known[-1 - value.id]
        assert isinstance(found, Received)
        return found

    def attachments(self, table: Table, position: int) -> list[Received]:
        named = self.named(text) if (text := self.attached(table, position)) else []
        found = (self.known[entry.place] for entry in named if isinstance(entry, Entry))
        by_content = {one.sha256: one for one in found if isinstance(one, Received)}
        return list(by_content.values())

    def refuse_full(self, table: Table, plan: Plan) -> None:
        """Rows whose record would have more files than a record may."""
        if self.attach is None or not plan.updates:
            return
        targets = {plan.targets[position] for position in plan.updates}
        rows = StoredFile.objects.filter(type_key=self.work.type.key, object_id__in=targets)
        has = dict(rows.values("object_id").annotate(n=Count("pk")).values_list("object_id", "n"))
        for position in list(plan.updates):
            more = len(self.attachments(table, position))
            if more and has.get(plan.targets[position], 0) + more > MOST_FILES:
                message = _("一条记录最多保存 %(most)s 个文件") % {"most": MOST_FILES}
                table.complain(position, Problem(self.attach, message, message))
                del plan.updates[position]

    # ── new records ──

    def put(self, rows: Iterable[dict[str, Any]]) -> list[list[StoredFile]]:
        """The files of fields of new records, which have no keys yet: in the place of stand-ins."""
        return [self.put_one(row, None) for row in rows]

    def put_one(self, row: dict[str, Any], key: int | None) -> list[StoredFile]:
        names = [
            name
            for name in self.fields.values()
            if isinstance(row.get(name), Ref) and row[name].id < 0
        ]  # fmt: skip
        stored = self.noted([(self.received(row[name]), key) for name in names]) if names else []
        for name, one in zip(names, stored, strict=True):
            row[name] = Ref(one.pk, one.name)
        return stored

    def noted(self, files: Sequence[tuple[Received, int | None]]) -> list[StoredFile]:
        task = self.work.task
        return noted_many(files, by=self.work.by, type_key=self.work.type.key, brought_by=task.change())

    def give(
        self, table: Table, positions: Sequence[int], keys: Sequence[int], put: Sequence[Sequence[StoredFile]]
    ) -> None:
        """New records have their keys now."""
        held = []
        for key, files in zip(keys, put, strict=True):
            for one in files:
                one.object_id = key
                held.append(one)
        settle_in(held)
        more = [
            (one, key)
            for position, key in zip(positions, keys, strict=True)
            for one in self.attachments(table, position)
        ]
        if more:
            self.noted(more)

    # ── records that are there ──

    def new_on(
        self, wanted: Mapping[int, dict[str, Any]], table: Table, plan: Plan
    ) -> dict[int, list[Received]]:
        """{record: the files to be attached to it}; what is there already is neither attached again nor put anew into
        its field."""
        self.same_stay(wanted)
        return self.new_attachments(table, plan)

    def same_stay(self, wanted: Mapping[int, dict[str, Any]]) -> None:
        """A field that holds the very same content already keeps its file."""
        names = [name for name in self.fields.values() if any(name in one for one in wanted.values())]
        if not names:
            return
        rows = known_rows(self.work.type, wanted, names)
        held = {row[name].id for row in rows.values() for name in names if isinstance(row.get(name), Ref)}
        digests = dict(StoredFile.objects.filter(pk__in=held).values_list("pk", "sha256"))
        for key, one in wanted.items():
            for name in names:
                new, old = one.get(name), rows.get(key, {}).get(name)
                if not (isinstance(new, Ref) and isinstance(old, Ref) and new.id < 0):
                    continue
                if digests.get(old.id) == self.received(new).sha256:
                    one[name] = old

    def new_attachments(self, table: Table, plan: Plan) -> dict[int, list[Received]]:
        """{record: the files that it does not have yet}"""
        wanted = {plan.targets[at]: found for at in plan.updates if (found := self.attachments(table, at))}
        if not wanted:
            return {}
        rows = StoredFile.objects.filter(type_key=self.work.type.key, object_id__in=wanted)
        has = set(rows.values_list("object_id", "sha256"))
        left = {key: [one for one in files if (key, one.sha256) not in has] for key, files in wanted.items()}
        return {key: files for key, files in left.items() if files}

    def bring(
        self,
        wanted: Mapping[int, dict[str, Any]],
        changes: Mapping[int, audit.Diff],
        files: Mapping[int, Sequence[Received]],
    ) -> None:
        """The files of the records that do change, in the place of stand-ins, also in what the log will say."""
        for key, diff in changes.items():
            self.put_one(wanted[key], key)
            for name in self.fields.values():
                if name in diff:
                    diff[name] = [diff[name][0], audit.plain(self.work.type.fields[name], wanted[key][name])]
        more = [(one, key) for key, some in files.items() for one in some]
        if more:
            self.noted(more)


def split(archive: Archive, text: str) -> list[str]:
    """The names in a cell. A name may have a semicolon in itself."""
    if len(archive.find(text)) == 1:
        return [text]
    return [one for one in map(str.strip, BREAKS.split(text)) if one]


def entries_of(archive: Archive, text: str) -> list[Entry]:
    """The files that a cell names without doubt."""
    found = [archive.find(name) for name in split(archive, text)]
    return [entries[0] for entries in found if len(entries) == 1]


def absent(name: str) -> Trouble:
    message = _("压缩包里没有文件“%(name)s”") % {"name": name[:80]}
    return Trouble(message, _("压缩包里没有这个文件"))


def doubtful(name: str, count: int) -> Trouble:
    names = {"count": count, "name": name[:80]}
    message = _("压缩包里有 %(count)s 个文件叫“%(name)s”，请写明文件夹") % names
    return Trouble(message, _("压缩包里有几个同名文件，请写明文件夹"))


def refused(entry: Entry, why: str) -> Trouble:
    return Trouble(_("文件“%(name)s”：%(why)s") % {"name": entry.bare[:80], "why": why}, why)


def names_of(files: Sequence[Received]) -> str:
    return listed([one.name for one in files])
