"""The outer shell of an archive: one readable line, then the content, sealed where a key was given.

Content goes in pieces of 1 MiB under AES-256-GCM; the nonce counts the pieces and marks the last one (the STREAM
construction, Hoang, Reyhanitabar, Rogaway and Vizár 2015), so that no piece can be changed, moved, left out or cut off
unnoticed. The key comes out of the passphrase or key file by scrypt, with a salt that stands in the first line; that
line is authenticated with every piece."""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from io import RawIOBase
from typing import IO, TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

MAGIC = b"KEMAI BACKUP 1 "
PIECE = 1024 * 1024
TAG = 16
LONGEST_LINE = 4096
COST = 2**15
"""scrypt's N with r=8, p=1: 32 MiB and about 0.1 s (RFC 7914)."""


class BadArchive(Exception):
    """The file is no archive, is damaged, or the key is another one. `code`: none, damaged, key, no_key, version."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail or code)
        self.code = code


def derived(secret: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=COST, r=8, p=1).derive(secret.strip().encode())


def nonce(prefix: bytes, number: int, *, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes([last])


def first_line(values: Mapping[str, object]) -> bytes:
    return MAGIC + json.dumps(dict(values), separators=(",", ":")).encode() + b"\n"


class Sealed(RawIOBase):
    """Writes an archive into `out`. `secret` '' leaves it readable for everybody. Close it: the last piece says so."""

    def __init__(self, out: IO[bytes], secret: str, about: Mapping[str, object]) -> None:
        self.out = out
        self.box: AESGCM | None = None
        self.buffer = bytearray()
        self.number = 0
        self.prefix = os.urandom(7)
        values = dict(about)
        if secret:
            salt = os.urandom(16)
            self.box = AESGCM(derived(secret, salt))
            values |= {
                "cipher": "aes-256-gcm",
                "salt": b64encode(salt).decode(),
                "nonce": b64encode(self.prefix).decode(),
            }
        self.line = first_line(values)
        out.write(self.line)

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer) -> int:
        size = memoryview(data).nbytes
        if self.box is None:
            self.out.write(data)
            return size
        self.buffer += bytes(data)
        while len(self.buffer) > PIECE:
            self.piece(self.buffer[:PIECE], last=False)
            del self.buffer[:PIECE]
        return size

    def piece(self, data: bytes | bytearray, *, last: bool) -> None:
        assert self.box is not None
        self.out.write(self.box.encrypt(nonce(self.prefix, self.number, last=last), bytes(data), self.line))
        self.number += 1

    def close(self) -> None:
        if not self.closed and self.box is not None:
            self.piece(self.buffer, last=True)
        super().close()


class Opened(RawIOBase):
    """Reads an archive's content. Raises BadArchive."""

    def __init__(self, source: IO[bytes], secret: str) -> None:
        self.source = source
        self.line = source.readline(LONGEST_LINE)
        self.about = parsed(self.line)
        self.box: AESGCM | None = None
        self.buffer = bytearray()
        self.number = 0
        self.ahead = b""
        self.over = False
        if self.about.get("cipher"):
            if not secret:
                raise BadArchive("no_key")
            self.prefix = b64decode(str(self.about["nonce"]))
            self.box = AESGCM(derived(secret, b64decode(str(self.about["salt"]))))
            self.ahead = source.read(PIECE + TAG)

    def readable(self) -> bool:
        return True

    def readinto(self, into: WriteableBuffer) -> int:
        view = memoryview(into).cast("B")
        if self.box is None:
            data = self.source.read(len(view))
        else:
            while not self.buffer and not self.over:
                self.next_piece()
            data = bytes(self.buffer[: len(view)])
            del self.buffer[: len(view)]
        view[: len(data)] = data
        return len(data)

    def next_piece(self) -> None:
        assert self.box is not None
        block, self.ahead = self.ahead, self.source.read(PIECE + TAG)
        last = not self.ahead
        try:
            plain = self.box.decrypt(nonce(self.prefix, self.number, last=last), block, self.line)
        except InvalidTag:
            raise BadArchive("damaged" if self.number else "key") from None
        self.buffer += plain
        self.number += 1
        self.over = last


def parsed(line: bytes) -> dict[str, object]:
    if not line.startswith(MAGIC[:-2]):
        raise BadArchive("none")
    if not line.startswith(MAGIC):
        raise BadArchive("version")
    try:
        found = json.loads(line[len(MAGIC) :])
    except ValueError:
        raise BadArchive("damaged") from None
    if not isinstance(found, dict):
        raise BadArchive("damaged")
    return found
