"""How the write door says no."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any


class FieldErrors(Exception):
    """Bad input: {field key: sentence}; the key "" is for the record as a whole. Answered with 422.

    A check of many records says with `rows` which of them are wrong: {place: its errors}."""

    def __init__(
        self, errors: Mapping[str, str], rows: Mapping[int, Mapping[str, str]] | None = None
    ) -> None:
        super().__init__("; ".join(f"{key}: {text}" for key, text in errors.items()))
        self.errors = dict(errors)
        self.rows = dict(rows or {})

    @classmethod
    def of_rows(cls, rows: Mapping[int, Mapping[str, str]]) -> FieldErrors:
        return cls(next(iter(rows.values())), rows)


class Faults(dict[str, str]):
    """Everything that is wrong with a record, gathered over the checks, so that one save names it all. A field that
    could not be read keeps its first sentence: that it is empty besides is no news."""

    def add(self, errors: Mapping[str, str]) -> None:
        for key, text in errors.items():
            self.setdefault(key, text)

    @contextmanager
    def gathered(self) -> Iterator[None]:
        try:
            yield
        except FieldErrors as error:
            self.add(error.errors)

    def settle(self) -> None:
        """Raises FieldErrors where there are any."""
        if self:
            raise FieldErrors(self)


class Refused(Exception):
    """A rule of the business says no. Answered with 409 and the sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Conflict(Refused):
    """Somebody else saved the record in between: {field key: (their value, mine)}, in Python form."""

    def __init__(self, message: str, version: int, fields: Mapping[str, tuple[Any, Any]]) -> None:
        super().__init__("conflict", message)
        self.version = version
        self.fields = dict(fields)
