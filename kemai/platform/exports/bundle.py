"""A table with the files of its records: an archive that an import reads back."""

from __future__ import annotations

import re
import zipfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from kemai.kit.archive import Limits
from kemai.kit.tabular.write import OutCell
from kemai.platform.access import Actor, NotVisible
from kemai.platform.fields import FieldSpec, Ref
from kemai.platform.models import StoredFile
from kemai.platform.objects import ObjectType
from kemai.platform.records.errors import Refused
from kemai.platform.records.files import in_closed_fields, location

FILE_KINDS = frozenset({"file", "image"})
SEPARATORS = re.compile("[;；/\\\\\r\n]+")
MOST = Limits()


def file_specs(object_type: ObjectType) -> list[str]:
    return [key for key, spec in object_type.fields.items() if spec.type.key in FILE_KINDS]


class Bundle:
    """Grows with the rows of the table, which goes in at the end."""

    def __init__(self, path: Path, object_type: ObjectType, specs: Sequence[FieldSpec], actor: Actor) -> None:
        self.path = path
        self.type = object_type
        self.actor = actor
        self.fields = {spec.key for spec in specs if spec.type.key in FILE_KINDS}
        self.folder = _("附件")
        self.bytes = self.entries = 0
        self.zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
        self.held: dict[int, StoredFile] = {}
        self.beside: dict[int, list[StoredFile]] = {}

    def page(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Looks up the files of the next rows."""
        values = [row.get(key) for row in rows for key in self.fields]
        in_fields = {value.id for value in values if isinstance(value, Ref)}
        ids = [row["id"] for row in rows]
        closed = in_closed_fields(self.type, ids, self.actor)  # a masked field still names its file
        self.held = StoredFile.objects.filter(expires_at=None).in_bulk(in_fields - closed)
        self.beside = defaultdict(list)
        found = StoredFile.objects.filter(type_key=self.type.key, object_id__in=ids, expires_at=None)
        for one in found.exclude(pk__in=in_fields | closed).order_by("pk"):
            self.beside[one.object_id or 0].append(one)

    def cells(
        self, row: Mapping[str, Any], cells: Sequence[OutCell], specs: Sequence[FieldSpec]
    ) -> list[OutCell]:
        """The row with names of files: those of its fields, and in one cell more those of the record."""
        taken: set[str] = set()
        named: list[OutCell] = []
        for spec, cell in zip(specs, cells, strict=True):
            value = row.get(spec.key)
            if spec.key in self.fields and isinstance(value, Ref):
                stored = self.held.get(value.id)
                named.append(self.add(stored, row["id"], taken) if stored is not None else None)
            else:
                named.append(cell)
        beside = [self.add(one, row["id"], taken) for one in self.beside.get(row["id"], ())]
        return [*named, "; ".join(filter(None, beside)) or None]

    def add(self, stored: StoredFile, key: int, taken: set[str]) -> str | None:
        """Puts a file into the record's folder; None where its bytes are gone."""
        try:
            path = location(stored)
        except NotVisible:
            return None
        self.bytes += stored.size
        self.entries += 1
        if self.bytes > MOST.unpacked or self.entries >= MOST.entries:
            names = {"size": MOST.unpacked // 1024**3, "files": f"{MOST.entries:,}"}
            message = _("附件超过 %(size)s GB 或 %(files)s 个，请缩小筛选范围分批导出") % names
            raise Refused("export_too_large", message)
        name = f"{self.folder}/{key}/{distinct(SEPARATORS.sub('_', stored.name), taken)}"
        self.zip.write(path, name)
        return name

    def close(self, table: Path, name: str) -> None:
        self.zip.write(table, name)
        self.zip.close()


def distinct(name: str, taken: set[str]) -> str:
    """A name that the record's folder does not have yet."""
    stem, dot, ending = name.rpartition(".")
    wanted, count = name, 2
    while wanted.casefold() in taken:
        wanted = f"{stem or ending} ({count}){dot if stem else ''}{ending if stem else ''}"
        count += 1
    taken.add(wanted.casefold())
    return wanted
