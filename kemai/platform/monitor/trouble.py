"""Troubles of the database that are nobody's mistake: full, read-only, busy, away. Each is said in words, and goes by
itself once its cause is gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from django.db import DatabaseError, InterfaceError, OperationalError
from django.utils.translation import gettext as _

SQLITE = (
    ("database or disk is full", "full"),
    ("readonly database", "read_only"),
    ("database is locked", "busy"),
    ("database table is locked", "busy"),
    ("disk i/o error", "away"),
    ("unable to open database file", "away"),
)
POSTGRES = {
    "53100": "full",
    "25006": "read_only",
    "55P03": "busy",
    "40P01": "busy",
    "40001": "busy",
    "53300": "busy",
}
"""https://www.postgresql.org/docs/current/errcodes-appendix.html"""
AWAY = ("08", "57P")


class Trouble(NamedTuple):
    code: str
    message: str
    retry_after: int


def trouble(error: BaseException | None) -> Trouble | None:
    """What is the matter with the database; None when that is not what the error is about."""
    for one in causes(error):
        kind = kind_of(one)
        if kind:
            return Trouble(f"database_{kind}", said(kind), 5 if kind == "busy" else 60)
    return None


def causes(error: BaseException | None) -> Iterator[BaseException]:
    for _step in range(6):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__


def kind_of(error: BaseException) -> str:
    if not isinstance(error, DatabaseError | InterfaceError):
        return ""
    text = str(error).lower()
    for words, kind in SQLITE:
        if words in text:
            return kind
    code = getattr(error.__cause__, "sqlstate", None)
    if code in POSTGRES:
        return POSTGRES[code]
    if code is not None:
        return "away" if code.startswith(AWAY) else ""
    return "away" if isinstance(error, OperationalError | InterfaceError) and is_postgres(error) else ""


def is_postgres(error: BaseException) -> bool:
    return type(error.__cause__).__module__.startswith("psycopg")


def said(kind: str) -> str:
    match kind:
        case "full":
            return _("服务器磁盘已满，没有保存。请联系管理员清理磁盘，之后再试一次")
        case "read_only":
            return _("数据库现在只能读取，没有保存。请联系管理员，之后再试一次")
        case "busy":
            return _("数据库正忙，没有保存。请几秒后再试一次")
    return _("现在连不上数据库。请稍后再试，若一直如此请联系管理员")
