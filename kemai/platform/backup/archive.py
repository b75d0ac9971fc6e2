"""What an archive holds: a gzipped tar inside the shell of `cipher`.

database.sqlite3 | database.pgdump   a snapshot at one moment
files/…                              uploaded files by their content hash
audit/…                              the sealed audit files
secret.key                           the installation's secret: tombstones, two-step log-in and mail need it
erased.jsonl                         who was erased by law (keyed hashes), so that a restore erases them again
manifest.json                        last: size and SHA-256 of each, rows of each table, versions"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from kemai.platform.backup.cipher import BadArchive, Opened, Sealed

MANIFEST = "manifest.json"
ALLOWED = re.compile(
    r"database\.(sqlite3|pgdump)|secret\.key|erased\.jsonl|manifest\.json"
    r"|files/[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*|audit/[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*"
)
BITE = 1024 * 1024
QUICK = 1
"""gzip's level: an hour's waiting for a tenth less space is no bargain."""


@dataclass
class Manifest:
    """`members`: name → (bytes, SHA-256). `tables`: rows at the moment of the snapshot."""

    vendor: str
    version: str
    at: str
    tables: dict[str, int] = field(default_factory=dict)
    migrations: dict[str, str] = field(default_factory=dict)
    members: dict[str, tuple[int, str]] = field(default_factory=dict)

    def text(self) -> bytes:
        return json.dumps(self.__dict__, ensure_ascii=False, indent=1).encode()


def manifest_of(text: bytes) -> Manifest:
    try:
        values = json.loads(text)
        values["members"] = {name: (int(pair[0]), str(pair[1])) for name, pair in values["members"].items()}
        return Manifest(**values)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise BadArchive("damaged", MANIFEST) from None


class Writer:
    """Adds members one by one; what it has written is in `manifest.members`."""

    def __init__(self, tar: tarfile.TarFile, manifest: Manifest, told: Callable[[int], None]) -> None:
        self.tar = tar
        self.manifest = manifest
        self.told = told
        self.written = 0

    def add_file(self, name: str, path: Path) -> None:
        with path.open("rb") as source:
            self.add(name, source, path.stat().st_size)

    def add_bytes(self, name: str, data: bytes) -> None:
        self.add(name, io.BytesIO(data), len(data))

    def add(self, name: str, source: IO[bytes], size: int) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = size, 0o600
        hashed = Hashing(source, self.more)
        self.tar.addfile(entry, hashed)
        if name != MANIFEST:
            self.manifest.members[name] = (size, hashed.digest.hexdigest())

    def more(self, size: int) -> None:
        self.written += size
        self.told(self.written)


class Hashing(io.RawIOBase):
    """Reads through, hashing."""

    def __init__(self, source: IO[bytes], told: Callable[[int], None]) -> None:
        self.source = source
        self.told = told
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self.source.read(size)
        self.digest.update(data)
        self.told(len(data))
        return data


@contextmanager
def writing(
    out: IO[bytes], secret: str, about: Mapping[str, object], manifest: Manifest, told: Callable[[int], None]
) -> Iterator[Writer]:
    sealed = Sealed(out, secret, about)
    with (
        gzip.GzipFile(fileobj=sealed, mode="wb", compresslevel=QUICK, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        writer = Writer(tar, manifest, told)
        yield writer
        writer.add_bytes(MANIFEST, manifest.text())
    sealed.close()


def unpack(
    path: Path,
    secret: str,
    place: Callable[[str], Path | None],
    told: Callable[[int], None] = lambda _n: None,
) -> Manifest:
    """Reads the whole archive and checks every member's size and hash; `place` says where a member is to be written
    (None: only checked). Raises BadArchive."""
    found: dict[str, tuple[int, str]] = {}
    manifest: Manifest | None = None
    done = 0
    try:
        for name, source in members(path, secret):
            if name == MANIFEST:
                manifest = manifest_of(source.read())
                continue
            found[name] = copy(source, place(name))
            done += found[name][0]
            told(done)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile):
        raise BadArchive("damaged") from None
    if manifest is None:
        raise BadArchive("damaged", MANIFEST)
    if manifest.members != found:
        wrong = sorted(set(manifest.members.items()) ^ set(found.items()))
        raise BadArchive("damaged", wrong[0][0])
    return manifest


def members(path: Path, secret: str) -> Iterator[tuple[str, IO[bytes]]]:
    with path.open("rb") as raw:
        opened = io.BufferedReader(Opened(raw, secret), BITE)
        with (
            gzip.GzipFile(fileobj=opened, mode="rb") as packed,
            tarfile.open(fileobj=packed, mode="r|") as tar,
        ):
            for entry in tar:
                source = tar.extractfile(entry) if entry.isreg() else None
                if source is None or not ALLOWED.fullmatch(entry.name) or ".." in entry.name:
                    raise BadArchive("damaged", entry.name[:80])
                yield entry.name, source
            # to the very end, so that a cut-off or lengthened file is noticed
            while packed.read(BITE):
                pass


def copy(source: IO[bytes], target: Path | None) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    out: Any = None
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        out = target.open("xb")
    try:
        while data := source.read(BITE):
            digest.update(data)
            size += len(data)
            if out is not None:
                out.write(data)
    finally:
        if out is not None:
            out.close()
    return size, digest.hexdigest()


def about(path: Path) -> dict[str, object]:
    """The readable first line: when, from which version, which database, whether it is sealed. Raises BadArchive."""
    from kemai.platform.backup.cipher import LONGEST_LINE, parsed

    with path.open("rb") as raw:
        return parsed(raw.readline(LONGEST_LINE))
