"""ZIP files that people upload: what stands in them, under which names, and the bytes of each file as a stream.

Nothing is unpacked to a path that the file names. Everything that its directory tells is judged before a byte is
unpacked: how many entries, how large, how far they swell, where they point. What is read later ends at the size that
the directory said.
"""

from __future__ import annotations

import re
import struct
import unicodedata
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kemai.kit.errors import KitError

BLOCK = 256 * 1024
SMALL = 10 * 1024 * 1024
"""Unpacked sizes below this harm nobody, whatever the ratio."""
DEEPEST = 20
FIRST_WIDE = "\u2e80"
"""From here on stand the characters of Chinese. What is GBK in truth hardly ever reads as UTF-8, and then as letters
below this."""
JUNK = ("__macosx/", ".ds_store", "thumbs.db", "desktop.ini")
NESTED = (".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".jar", ".iso", ".cab")
DOCUMENTS = ("xl/workbook.xml", "xl/workbook.bin", "content.xml", "word/document.xml", "ppt/presentation.xml")
"""A ZIP with one of these is a document, no archive of files."""
LINK = 0o120000
BROKEN = (
    zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, EOFError, OSError, RuntimeError, ValueError,
)  # fmt: skip
DRIVE = re.compile("[A-Za-z]:")


class ArchiveError(KitError):
    """The archive, or one file in it, is refused. Codes:

    zip_broken, zip_encrypted, zip_too_many_entries (entries, limit), zip_too_large (size, limit), zip_bomb (ratio,
    limit), zip_path (name), zip_no_table, zip_method, zip_overlap, zip_file_broken (name).
    """


@dataclass(frozen=True)
class Limits:
    entries: int = 20_000
    unpacked: int = 2 * 1024**3
    ratio: int = 200


@dataclass(frozen=True)
class Entry:
    """One file of an archive: `place` in its directory, `name` its path with forward slashes."""

    place: int
    name: str
    size: int

    @property
    def bare(self) -> str:
        return self.name.rpartition("/")[2]

    @property
    def nested(self) -> bool:
        """Is it an archive itself?"""
        return self.name.lower().endswith(NESTED)


@dataclass
class Archive:
    path: Path
    entries: Sequence[Entry]
    base: str = ""
    """The folder, with its slash, from which names are looked for first."""

    def find(self, name: str) -> list[Entry]:
        """The files that a name means: by path from `base` or the top, else by the end of its path. Several, where it
        is not plain which one; where they differ only by case, the one that is written so."""
        bare = unicodedata.normalize("NFC", name).replace("\\", "/").strip().removeprefix("./").strip("/")
        if not bare:
            return []
        for wanted in (f"/{self.base}{bare}", f"/{bare}", bare):
            found = self.ends.get(wanted.casefold(), [])
            if found:
                exact = [one for one in found if f"/{one.name}".endswith(wanted)]
                return exact or found
        return []

    @cached_property
    def ends(self) -> dict[str, list[Entry]]:
        """Every file by each end of its path; by the whole path with a slash before it."""
        known = defaultdict(list)
        for entry in self.entries:
            rest = entry.name.casefold()
            known[f"/{rest}"].append(entry)
            while rest:
                known[rest].append(entry)
                rest = rest.partition("/")[2]
        return dict(known)

    @cached_property
    def opened(self) -> zipfile.ZipFile:
        """Once for all files: its directory may be long."""
        return zipfile.ZipFile(self.path)

    def read(self, entry: Entry) -> Iterator[bytes]:
        """The file's bytes, in blocks. Raises ArchiveError(zip_file_broken)."""
        try:
            with self.opened.open(self.opened.infolist()[entry.place]) as file:
                while block := file.read(BLOCK):
                    yield block
        except (*BROKEN, IndexError) as error:
            raise ArchiveError("zip_file_broken", name=entry.name[-80:]) from error


def is_archive(path: Path) -> bool:
    """A ZIP that is neither a workbook nor another document."""
    with path.open("rb") as file:
        if file.read(2) != b"PK":
            return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = {entry.filename.lower() for entry in archive.infolist()}
    except BROKEN:
        return False
    return not names.intersection(DOCUMENTS)


def look(path: Path, limits: Limits | None = None) -> Archive:
    """What stands in an archive. Raises ArchiveError where it must not be opened."""
    limits = limits or Limits()
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except BROKEN as error:
        raise ArchiveError("zip_broken") from error
    check(infos, path.stat().st_size, limits)
    names = names_of(infos)
    entries = []
    for place, (info, name) in enumerate(zip(infos, names, strict=True)):
        check_name(name, info)
        if not name.endswith("/") and not is_junk(name):
            entries.append(Entry(place, name, info.file_size))
    return Archive(path, entries)


def check(infos: Sequence[zipfile.ZipInfo], packed: int, limits: Limits) -> None:
    if len(infos) > limits.entries:
        raise ArchiveError("zip_too_many_entries", entries=len(infos), limit=limits.entries)
    if any(info.flag_bits & 1 for info in infos):
        raise ArchiveError("zip_encrypted")
    size = sum(info.file_size for info in infos)
    if size > limits.unpacked:
        raise ArchiveError("zip_too_large", size=size, limit=limits.unpacked)
    ratio = size // max(packed, 1)
    if size > SMALL and ratio > limits.ratio:
        raise ArchiveError("zip_bomb", ratio=ratio, limit=limits.ratio)
    if any(info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} for info in infos):
        raise ArchiveError("zip_method")  # the others are unpacked at once, however much it comes to
    end = 0
    for info in sorted(infos, key=lambda one: one.header_offset):
        if info.header_offset < end:
            raise ArchiveError("zip_overlap")  # the same packed bytes, unpacked many times over
        end = info.header_offset + 30 + info.compress_size


def names_of(infos: Sequence[zipfile.ZipInfo]) -> list[str]:
    """The paths in the archive. Chinese Windows writes them in GBK and says nothing about it; others write UTF-8 and
    say nothing either: one reading for all of them."""
    raw = [info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437") for info in infos]
    unsaid = [name for name, info in zip(raw, infos, strict=True) if not info.flag_bits & 0x800]
    order = ("utf-8", "gb18030") if reads_as_utf8(unsaid) else ("gb18030", "utf-8")
    return [
        unicodedata.normalize("NFC", noted_name(info, name) or decoded(name, info, order)).replace("\\", "/")
        for info, name in zip(infos, raw, strict=True)
    ]


def reads_as_utf8(names: Sequence[bytes]) -> bool:
    try:
        text = "".join(name.decode() for name in names)
    except UnicodeDecodeError:
        return False
    return text.isascii() or any(char >= FIRST_WIDE for char in text) or not reads(names, "gb18030")


def reads(names: Sequence[bytes], encoding: str) -> bool:
    try:
        for name in names:
            name.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def decoded(raw: bytes, info: zipfile.ZipInfo, order: Sequence[str]) -> str:
    for encoding in ("utf-8",) if info.flag_bits & 0x800 else order:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("cp437")


def noted_name(info: zipfile.ZipInfo, raw: bytes) -> str:
    """The name in UTF-8 that stands beside the other one (the extra field 0x7075), where it belongs to it."""
    extra = info.extra
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        body, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == 0x7075 and len(body) > 5 and body[1:5] == struct.pack("<I", zlib.crc32(raw)):
            return body[5:].decode("utf-8", "replace")
    return ""


def check_name(name: str, info: zipfile.ZipInfo) -> None:
    """Files are never written to where their name points; a name that points out of its folder is an attack all the
    same, or damage."""
    parts = name.rstrip("/").split("/")
    linked = (info.external_attr >> 16) & 0o170000 == LINK
    if linked or ".." in parts or "" in parts or len(parts) > DEEPEST or not clean(name):
        raise ArchiveError("zip_path", name=name[:80])


def clean(name: str) -> bool:
    return 0 < len(name) <= 1000 and not DRIVE.match(name) and not any(ord(char) < 32 for char in name)


def is_junk(name: str) -> bool:
    """What systems put beside the files."""
    low = name.lower()
    return low.startswith(JUNK[0]) or low.rpartition("/")[2] in JUNK
