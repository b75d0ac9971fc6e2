"""Is a password among those that were stolen somewhere? The list is "Pwned Passwords" in one of the shapes in which it
is handed out: a file sorted by hash, a folder with a file for each beginning of a hash, or a service that is asked for
all hashes with the first five digits of ours, and so does not learn which one was meant.
https://haveibeenpwned.com/API/v3#PwnedPasswords"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import BinaryIO

from kemai.kit.errors import KitError
from kemai.kit.outgoing import NONE, Allowed, Limits, OutgoingError, call
from kemai.kit.turns import NoTurn, turn

DIGITS = 40
PREFIX = 5
QUICK = Limits(seconds=3)


class StolenError(KitError):
    """The list cannot be asked. Codes: unreadable (detail), unreachable (detail), no_list (detail)."""


def is_stolen(password: str, source: str, allowed: Allowed = NONE) -> bool:
    """`source`: the address of a service, a file or a folder. Raises StolenError."""
    digest = hashlib.sha1(password.encode("utf-8", "replace"), usedforsecurity=False).hexdigest().upper()
    if source.startswith(("https://", "http://")):
        return among(digest, asked(source, digest[:PREFIX], allowed))
    try:
        path = Path(source)
        if path.is_dir():
            return among(digest, (path / f"{digest[:PREFIX]}.txt").read_bytes())
        with path.open("rb") as file:
            return in_file(file, digest.encode())
    except OSError as error:
        raise StolenError("unreadable", detail=error.strerror or type(error).__name__) from error


def asked(url: str, prefix: str, allowed: Allowed) -> bytes:
    try:
        with turn(url):
            answer = call(
                "GET",
                f"{url.rstrip('/')}/{prefix}",
                headers={"Add-Padding": "true"},
                allowed=allowed,
                limits=QUICK,
            )
    except (OutgoingError, NoTurn) as error:
        raise StolenError("unreachable", detail=str(error)) from error
    if answer.status != 200:
        raise StolenError("unreachable", detail=str(answer.status))
    return answer.body


def among(digest: str, lines: bytes) -> bool:
    """Lines are the rest of a hash and how often it was seen; padding is seen no times."""
    rest = digest[PREFIX:].encode()
    found = False
    for line in lines.split():
        name, colon, times = line.partition(b":")
        if not colon or len(name) != DIGITS - PREFIX:
            raise StolenError("no_list", detail=line[:20].decode("ascii", "replace"))
        found = found or (name.upper() == rest and times != b"0")
    return found


def in_file(file: BinaryIO, digest: bytes) -> bool:
    """Halving a file of some forty gigabytes takes as many looks as there are bits in its length."""
    low, high = 0, os.fstat(file.fileno()).st_size
    while low < high:
        middle = (low + high) // 2
        if line_from(file, middle) >= digest:
            high = middle
        else:
            low = middle + 1
    return line_from(file, low) == digest


def line_from(file: BinaryIO, place: int) -> bytes:
    """The hash of the first line that begins there or later; behind all others where none does."""
    file.seek(max(0, place - 1))
    if place:
        file.readline(200)
    line = file.readline(200).strip()
    if not line:
        return b"Z"
    name, colon, _times = line.partition(b":")
    if not colon or len(name) != DIGITS:
        raise StolenError("no_list", detail=line[:20].decode("ascii", "replace"))
    return name.upper()
