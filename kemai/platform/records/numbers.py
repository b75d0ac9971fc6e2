"""Running numbers (客户编号 C000123), given out in the transaction of the record that gets one."""

from __future__ import annotations

from django.db import connection

from kemai.platform.models import Sequence
from kemai.platform.objects.types import Numbering


def take(numbering: Numbering, type_key: str, count: int = 1) -> list[str]:
    """The next `count` numbers. The row of the sequence stays locked until the transaction ends: no number twice."""
    name = f"{type_key}/{numbering.prefix}"
    last = moved_on(name, count)
    if last is None:
        Sequence.objects.get_or_create(name=name)
        last = moved_on(name, count)
        assert last is not None
    return [
        f"{numbering.prefix}{number:0{numbering.digits}d}" for number in range(last - count + 1, last + 1)
    ]


def moved_on(name: str, count: int) -> int | None:
    """The sequence's last number after `count` more, in one question; None where there is no such sequence."""
    table = Sequence._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET value = value + %s WHERE name = %s RETURNING value",  # noqa: S608 - a table's name
            [count, name],
        )
        row = cursor.fetchone()
    return None if row is None else int(row[0])
