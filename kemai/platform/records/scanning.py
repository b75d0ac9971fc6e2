"""What is in an upload has to agree with its name, and uploads pass a virus scanner where the operator has named one
(KEMAI_CLAMD). Nothing is kept that it has not seen: a scanner that does not answer is no reason to let a file in."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _

from kemai.kit import signatures
from kemai.kit.clamd import SECONDS, ScanError, scan
from kemai.kit.turns import NoTurn, turn
from kemai.platform import audit
from kemai.platform.access import Actor
from kemai.platform.records.errors import FieldErrors

log = logging.getLogger(__name__)
LARGE_SECONDS = 600.0
"""For tables of a gigabyte; smaller ones have less, so that a scanner that says nothing is found out sooner."""
SLOWEST = 4 * 1024 * 1024
"""Bytes a second that the scanner of a small machine looks at."""


class Bytes(Protocol):
    def chunks(self) -> Iterable[bytes]: ...


def check_kind(upload: Bytes, name: str) -> None:
    """Raises FieldErrors for a name whose ending says something else than what is in the file."""
    head = b""
    for chunk in upload.chunks():
        head += chunk
        if len(head) >= signatures.HEAD:
            break
    if not signatures.agrees(name, head[: signatures.HEAD], lambda: b"".join(upload.chunks())):
        ending = signatures.ending_of(name)[:10]
        told = _("文件的内容不是 .%(ending)s，请检查文件，或改成正确的后缀") % {"ending": ending}
        raise FieldErrors({"file": told if ending else _("文件的内容是程序，请给它正确的后缀")})


class Written:
    """Bytes that lie on the disk, not under their name yet: what came as a stream can be read there once more."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def chunks(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            while block := file.read(1024 * 1024):
                yield block


def check_written(path: Path, name: str, size: int, *, by: Actor) -> None:
    """The same for what came as a stream and has just been written. Raises FieldErrors."""
    check(Written(path), name, by=by, seconds=min(SECONDS + size / SLOWEST, LARGE_SECONDS))


def check(upload: Bytes, name: str, *, by: Actor, seconds: float = SECONDS) -> None:
    """Raises FieldErrors where something was found, or where nobody knows."""
    if not settings.CLAMD:
        return
    try:
        with turn(settings.CLAMD):
            found = scan(settings.CLAMD, upload.chunks(), seconds)
    except (ScanError, NoTurn) as error:
        log.error("an upload could not be scanned: %s", error.code)
        raise FieldErrors(
            {"file": _("病毒扫描现在没有结果，文件没有保存。请稍后再试，或联系管理员")}
        ) from error
    if found:
        with suppress(DatabaseError), transaction.atomic():
            audit.note("infected", "user", by.user_id, by=by, reason=f"{name[:200]} · {found[:200]}")
        raise FieldErrors({"file": _("文件里有病毒（%(found)s），没有保存") % {"found": found[:80]}})
