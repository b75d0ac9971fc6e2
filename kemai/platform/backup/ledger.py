"""Who was erased by law, written down outside the database as well: a restored backup may be older than the erasure.

One JSON line each in `erased.jsonl` in the backups' folder, to be kept and copied together with the archives; only
keyed hashes and keys of records stand in it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

NAME = "erased.jsonl"
Entry = dict[str, Any]


def folder() -> Path:
    return Path(settings.BACKUP_ROOT)


def path() -> Path:
    return folder() / NAME


def note(kind: str, values: Mapping[str, object]) -> None:
    """Adds a line and makes sure that it is on the disk."""
    folder().mkdir(parents=True, exist_ok=True)
    line = json.dumps({"kind": kind, **values}, ensure_ascii=False, sort_keys=True)
    descriptor = os.open(path(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, line.encode() + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(*files: Path) -> list[Entry]:
    """The lines of these files, each once; what is no line of ours (cut off by a full disk) is left out."""
    found: dict[str, Entry] = {}
    for line in lines(files):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and isinstance(entry.get("kind"), str):
            found[line] = entry
    return list(found.values())


def lines(files: Iterable[Path]) -> Iterable[str]:
    for file in files:
        if file.is_file():
            yield from file.read_text(encoding="utf-8", errors="replace").splitlines()
