"""Values and documents that lie encrypted in the database, by a key that lies elsewhere (docs/adr/061).

A value is encrypted so that the same value gives the same words (AES-SIV, RFC 5297): it can be looked up, joined and
held unique without being read. A document (a log entry, a job's order) is never looked up, and gets a number drawn at
random. Either begins with a mark that nobody can type, so that what was stored before the key came stays readable."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MARK = "\u200bkx1:"
"""A space of no width comes first: the write door takes it out of whatever is typed or imported."""
SIZE = 32
NUMBER = 16
"""Bytes drawn for a document."""


class BadKey(ValueError):
    """No such key: 32 bytes, written in base64."""


class Unreadable(Exception):
    """It was encrypted by another key (`other`), or is no longer what was written."""

    def __init__(self, *, other: bool) -> None:
        super().__init__("another key" if other else "altered")
        self.other = other


def make_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(SIZE)).decode()


def read_key(text: str) -> bytes:
    """Raises BadKey."""
    try:
        found = base64.urlsafe_b64decode(text.strip() + "=" * (-len(text.strip()) % 4))
    except (binascii.Error, ValueError):
        raise BadKey from None
    if len(found) != SIZE:
        raise BadKey
    return found


def is_sealed(stored: object) -> bool:
    return isinstance(stored, str) and stored.startswith(MARK)


class OneKey:
    """One key, and the name under which what it encrypted is known."""

    def __init__(self, key: bytes) -> None:
        self.name = hashlib.sha256(b"kemai column key" + key).hexdigest()[:8]
        self.values = AESSIV(derived(key, b"kemai columns: values"))
        self.documents = AESSIV(derived(key, b"kemai columns: documents"))
        self.words = derived(key, b"kemai columns: words")


def derived(key: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 64, None, purpose).derive(key)


def seal_by(one: OneKey, text: str) -> str:
    sealed = one.values.encrypt(text.encode("utf-8", "surrogatepass"), None)
    return f"{MARK}{one.name}.{base64.urlsafe_b64encode(sealed).decode()}"


class Seal:
    """Encrypts by the first key, and reads what any of them encrypted."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self.keys = [OneKey(key) for key in keys]
        self.by_name = {one.name: one for one in self.keys}
        self.now = self.keys[0]

    def value(self, text: str) -> str:
        """'' stays what it is: there is nothing to hide, and AES-SIV takes no empty text."""
        return seal_by(self.now, text) if text else text

    def open_value(self, stored: str) -> str:
        """What was never encrypted comes back as it is. Raises Unreadable."""
        if not stored.startswith(MARK):
            return stored
        one, sealed = self.parts(stored)
        try:
            return one.values.decrypt(sealed, None).decode("utf-8", "surrogatepass")
        except (InvalidTag, ValueError):
            raise Unreadable(other=False) from None

    def document(self, content: bytes) -> str:
        number = os.urandom(NUMBER)
        sealed = self.now.documents.encrypt(content, [number])
        return f"{MARK}{self.now.name}.{base64.urlsafe_b64encode(number + sealed).decode()}"

    def open_document(self, stored: str) -> bytes:
        """Raises Unreadable."""
        one, sealed = self.parts(stored)
        try:
            return one.documents.decrypt(sealed[NUMBER:], [sealed[:NUMBER]])
        except (InvalidTag, ValueError):
            raise Unreadable(other=False) from None

    def forms(self, text: str) -> list[str]:
        """As what a value may be stored while a database is on its way: encrypted by each key, and not at all."""
        if not text:
            return [text]
        sealed = [seal_by(one, text) for one in self.keys]
        return [*sealed, text]

    def word(self, text: str) -> str:
        """What stands for a word in an index of words: equal words are equal, and nothing else can be told."""
        return hmac.digest(self.now.words, text.encode("utf-8", "surrogatepass"), "sha256").hex()[:20]

    def parts(self, stored: str) -> tuple[OneKey, bytes]:
        name, _dot, text = stored[len(MARK) :].partition(".")
        if name not in self.by_name:
            raise Unreadable(other=True)
        try:
            return self.by_name[name], base64.urlsafe_b64decode(text)
        except (binascii.Error, ValueError):
            raise Unreadable(other=False) from None

    def is_current(self, stored: str) -> bool:
        return stored.startswith(f"{MARK}{self.now.name}.")
