"""The refused rows of an archive, with the files that they name: an archive again, to be mended and uploaded."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from django.utils.translation import gettext as _

from kemai.kit.archive import Archive, ArchiveError, Entry
from kemai.kit.tabular import strip_neutralised
from kemai.platform.imports.attached import entries_of
from kemai.platform.records import MOST_BYTES


def pack(rows: Path, table: Path, archive: Archive, names: Collection[str]) -> Path:
    """`rows` is the CSV of the refused rows, `table` what is offered of them, `names` are the headings of the columns
    that name files."""
    target = rows.with_suffix(".zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        out.write(table, archive.base + _("错误行") + table.suffix)
        for entry in named_in(rows, archive, names):
            info = zipfile.ZipInfo(entry.name)
            info.compress_type = zipfile.ZIP_DEFLATED
            with suppress(ArchiveError), out.open(info, "w") as file:
                for block in archive.read(entry):
                    file.write(block)
    return target


def named_in(rows: Path, archive: Archive, names: Collection[str]) -> list[Entry]:
    """The files that the rows name, as far as they are there and could be taken."""
    found: dict[int, Entry] = {}
    with rows.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file)
        header = [strip_neutralised(cell) for cell in next(lines, [])]
        places = [place for place, name in enumerate(header) if name in names]
        for line in lines:
            for place in places:
                text = strip_neutralised(line[place]) if place < len(line) else ""
                for entry in entries_of(archive, text):
                    found[entry.place] = entry
    return [one for one in found.values() if one.size <= MOST_BYTES]
