"""How the write door says no."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class FieldErrors(Exception):
    """Bad input: {field key: sentence}; the key "" is for the record as a whole. Answered with 422."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{key}: {text}" for key, text in errors.items()))
        self.errors = dict(errors)


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
