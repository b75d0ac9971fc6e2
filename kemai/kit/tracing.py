"""The number of the request that this thread is answering: the audit, the log and the error page name the same one."""

from __future__ import annotations

import re
import uuid
from contextvars import ContextVar

ALLOWED = re.compile(r"[A-Za-z0-9_-]{8,36}")
_current: ContextVar[str] = ContextVar("request_id", default="")


def fresh() -> str:
    return uuid.uuid4().hex[:16]


def begin(given: str = "") -> str:
    """Starts a request; `given` is what a proxy calls it, taken where it is a plain identifier."""
    number = given if ALLOWED.fullmatch(given) else fresh()
    _current.set(number)
    return number


def end() -> None:
    _current.set("")


def current() -> str:
    """'' outside of a request."""
    return _current.get()
