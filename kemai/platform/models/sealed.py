"""What lies encrypted in the database where the operator has set a key (docs/adr/061): single values, and JSON columns
that keep what people typed (the log of changes, events, jobs, saved conditions) as whole documents.

Without a key nothing here does anything. With one, whatever is written from then on is encrypted and whatever was there
before stays readable, so that `kemai columns` can go through an old database while people work."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.lookups import Exact, In
from django.utils.translation import gettext as _

from kemai.kit.columnseal import MARK, Seal, Unreadable, is_sealed, read_key

SALT = "\u200bsalt"
"""A key of a stored diff that no field can have."""


def current() -> Seal | None:
    """The seal of this installation; None without a key."""
    keys = settings.COLUMN_KEYS
    return seal_of(tuple(keys)) if keys else None


@lru_cache(maxsize=8)
def seal_of(keys: tuple[str, ...]) -> Seal:
    return Seal([read_key(one) for one in keys])


_plain: ContextVar[bool] = ContextVar("plain", default=False)


@contextmanager
def plainly() -> Iterator[None]:
    """Inside, what is written lies in the open: for who gives encryption up."""
    token = _plain.set(True)
    try:
        yield
    finally:
        _plain.reset(token)


def writing() -> Seal | None:
    """The seal by which is written."""
    return None if _plain.get() else current()


class NoKey(RuntimeError):
    """A value that must be encrypted cannot be written, for there is no key."""


class Closed(str):
    """What stands for a value that cannot be read; written back it is what was stored."""

    stored: str

    @classmethod
    def of(cls, stored: str) -> Closed:
        found = cls(unreadable())
        found.stored = stored
        return found


def unreadable() -> str:
    return _("（加密的值无法读取，请联系管理员）")


def seal_value(value: Any) -> Any:
    if isinstance(value, Closed):
        return value.stored
    if not isinstance(value, str) or not value or is_sealed(value):
        return value
    seal = writing()
    if seal is None:
        raise NoKey("KEMAI_COLUMN_KEY")
    return seal.value(value)


def open_value(stored: Any) -> Any:
    """A stored value as people read it. One that was altered, or encrypted by another key, does not stop the page."""
    if not is_sealed(stored):
        return stored
    seal = current()
    try:
        return Closed.of(stored) if seal is None else seal.open_value(stored)
    except Unreadable:
        return Closed.of(stored)


class SealedWords(models.TextField[Any, Any]):
    """The value of an own field that is stored encrypted."""

    def from_db_value(self, value: Any, expression: object, connection: object) -> str | None:
        return open_value(value) if isinstance(value, str) else None

    def get_prep_value(self, value: Any) -> Any:
        return seal_value(value)


class SealedColumn(models.CharField[str, str]):
    """A column of values that are encrypted wherever there is a key. To the schema it is a text like any other;
    `records.encrypting` makes room for what is longer."""

    def get_db_converters(self, connection: Any) -> list[Any]:
        return [self.opened] if settings.COLUMN_KEYS else []

    def opened(self, value: Any, expression: object, connection: object) -> Any:
        return open_value(value)

    def get_prep_value(self, value: Any) -> Any:
        found = super().get_prep_value(value)
        if isinstance(found, Closed) or (settings.COLUMN_KEYS and writing() is not None):
            return seal_value(found)
        return found

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


class EmailColumn(SealedColumn, models.EmailField[str, str]):
    """An e-mail address."""

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.EmailField", args, kwargs


class SealedIn(In):
    """One of several values, as whatever they may be stored: a database that is on its way holds both."""

    def get_prep_lookup(self) -> Any:
        seal = current()
        if (
            seal is None
            or hasattr(self.rhs, "resolve_expression")
            or not isinstance(self.rhs, list | tuple | set)
        ):
            return super().get_prep_lookup()
        return [form for one in self.rhs for form in (seal.forms(one) if isinstance(one, str) else [one])]


class SealedExact(Exact):
    def get_prep_lookup(self) -> Any:
        return self.rhs if self.expands else super().get_prep_lookup()

    @property
    def expands(self) -> bool:
        return current() is not None and isinstance(self.rhs, str) and bool(self.rhs)

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        if not self.expands:
            return super().as_sql(compiler, connection)
        return SealedIn(self.lhs, [self.rhs]).as_sql(compiler, connection)


for _column in (SealedColumn, SealedWords):
    _column.register_lookup(SealedIn)
    _column.register_lookup(SealedExact)


class SealedJSON(models.JSONField[Any, Any]):
    """A JSON column that nothing looks into: with a key it is one encrypted document. To the schema it is a JSON column
    like any other. What is empty hides nothing and stays."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        found = super().from_db_value(value, expression, connection)
        return self.opened(found) if is_sealed(found) else found

    def opened(self, stored: str) -> Any:
        """Raises Unreadable: half a condition, half an order must not be carried out."""
        seal = current()
        if seal is None:
            raise Unreadable(other=True)
        return json.loads(seal.open_document(stored))

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return super().get_db_prep_value(self.closed(value), connection, prepared)

    def closed(self, value: Any) -> Any:
        seal = writing()
        if seal is None or not value or hasattr(value, "as_sql") or is_sealed(value):
            return value
        return seal.document(json.dumps(value, cls=self.encoder, ensure_ascii=False).encode())

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs


class Salted(dict[str, Any]):
    """A diff that brings along what its digest in the audit chain is salted with: the chain is not encrypted, and a
    bare digest of a telephone number is found by trying all numbers. Without a salt: it was digested before there was
    a key, and must not get one."""

    salt: str = ""


class SealedDiff(SealedJSON):
    """The log's old and new values."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        found = super().from_db_value(value, expression, connection)
        if not isinstance(found, dict) or SALT not in found:
            return found
        salted = Salted(found)
        salted.salt = salted.pop(SALT)
        return salted

    def opened(self, stored: str) -> Any:
        """A log entry that cannot be read says so in its place; the rest of the history is still there."""
        try:
            return super().opened(stored)
        except Unreadable:
            return {MARK: [None, unreadable()]}

    def closed(self, value: Any) -> Any:
        if isinstance(value, Salted):
            value = {**value, SALT: value.salt} if value.salt else dict(value)
        elif isinstance(value, dict) and value and writing() is not None:
            value = {**value, SALT: os.urandom(16).hex()}
        return super().closed(value)
