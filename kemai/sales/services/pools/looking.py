"""What a claim has to know, in a statement each, put together once: a claim looks twice, the second time while
everybody else waits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Count
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from kemai.platform.models import OwnerChange
from kemai.sales.models import PoolMove
from kemai.sales.services.pools.kinds import KINDS, Kind

SOMEBODY = 2**53 + 11
"""Stands for the person in a statement that is put together once."""


class Seen(NamedTuple):
    """A record as a claim looks at it; `let_go_at` is when the person last gave it out of his hands, `won` whether it
    counts as closed."""

    id: int
    title: str
    owner: int | None
    deleted: bool
    pool: int | None
    pooled_at: dt.datetime | None
    former: int | None
    let_go_at: dt.datetime | None
    won: bool


@lru_cache(maxsize=8)
def look_text(kind_key: str, vendor: str, *, hold: bool = False) -> str:
    """The statement without the records' keys. With `hold` it locks first the person, so that two of his own claims do
    not count past each other, then the records in the order of their keys: whoever comes second waits. What it waited
    for it reads anew, but only of the record itself: the two versions tell whether that was so."""
    kind = KINDS[kind_key]
    quote = connection.ops.quote_name
    record, keeping = quote(kind.type.model._meta.db_table), kind.model._meta
    won = "k.won_on" if kind.key == "customer" else "NULL"
    by_name = {column.name: column for column in kind.type.model._meta.concrete_fields}
    title = quote(str(by_name[kind.type.fields[kind.type.title].path].column))
    me = moved = people = last = ""
    if hold:
        table = get_user_model()._meta.db_table
        me = f"WITH me AS MATERIALIZED (SELECT id FROM {table} WHERE id = %s FOR NO KEY UPDATE) "  # noqa: S608
        moved = f", r.version <> (SELECT before.version FROM {record} before WHERE before.id = r.id)"  # noqa: S608
        people, last = "CROSS JOIN me ", " ORDER BY r.id FOR NO KEY UPDATE OF r"
    return (
        f"{me}SELECT r.id, r.{title}, r.owner_id, r.deleted_at, k.pool_id, k.pooled_at, k.former_owner_id, "  # noqa: S608
        f"(SELECT h.at FROM {OwnerChange._meta.db_table} h WHERE h.type_key = %s AND h.object_id = r.id "
        f"AND h.old_id = %s ORDER BY h.id DESC LIMIT 1), {won}{moved} "
        f"FROM {record} r LEFT JOIN {keeping.db_table} k ON k.{keeping.pk.column} = r.id {people}"
        f"WHERE r.id IN (KEYS){last}"
    )


def asked(text: str, params: Sequence[Any], keys: Sequence[int]) -> list[tuple[Any, ...]]:
    wanted = [key for key in keys if 0 < key < 2**63]
    if not wanted:
        return []
    with connection.cursor() as cursor:
        cursor.execute(text.replace("KEYS", ", ".join(["%s"] * len(wanted))), [*params, *wanted])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def look(kind: Kind, keys: Sequence[int], user_id: int) -> dict[int, Seen]:
    return seen_of(asked(look_text(kind.key, connection.vendor), [kind.key, user_id], keys))


def hold(kind: Kind, keys: Sequence[int], user_id: int) -> dict[int, Seen]:
    """What can be seen of the records where nobody else can change them any more, in the caller's transaction. On
    SQLite that has locked everything."""
    if locks_everybody():
        return look(kind, keys, user_id)
    rows = asked(look_text(kind.key, connection.vendor, hold=True), [user_id, kind.key, user_id], keys)
    if any(row[-1] for row in rows):
        return look(kind, keys, user_id)
    return seen_of(row[:-1] for row in rows)


def seen_of(rows: Iterable[tuple[Any, ...]]) -> dict[int, Seen]:
    return {
        key: Seen(
            key,
            str(title),
            owner,
            deleted is not None,
            pool,
            moment(pooled),
            former,
            moment(let_go),
            won is not None,
        )
        for key, title, owner, deleted, pool, pooled, former, let_go, won in rows
    }


def moment(value: Any) -> dt.datetime | None:
    """SQLite keeps moments as text in UTC; its driver reads those of plain columns."""
    found: dt.datetime | None = parse_datetime(value) if isinstance(value, str) else value
    return found.replace(tzinfo=dt.UTC) if found is not None and timezone.is_naive(found) else found


def taken(pool_id: int, user_id: int, since: dt.datetime) -> int:
    """Claims of a person in a pool since a moment."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM {PoolMove._meta.db_table} WHERE user_id = %s AND move = 'claim' AND pool_id = %s "  # noqa: S608
            "AND at >= %s",
            [user_id, pool_id, connection.ops.adapt_datetimefield_value(since)],
        )
        return int(cursor.fetchone()[0])


@lru_cache(maxsize=8)
def held_query(kind_key: str, closed: bool, vendor: str) -> tuple[str, tuple[Any, ...]]:
    """`Kind.held` for SOMEBODY, counted."""
    kind = KINDS[kind_key]
    rows = kind.type.records().filter(kind.held(closed=closed), owner=SOMEBODY).order_by()
    text, params = rows.values("owner").annotate(n=Count("pk")).values_list("n").query.sql_with_params()
    return text, tuple(params)


def held(kind: Kind, user_id: int, *, closed: bool) -> int:
    """How many records count as held by a person."""
    text, params = held_query(kind.key, closed, connection.vendor)
    with connection.cursor() as cursor:
        cursor.execute(text, [user_id if one == SOMEBODY else one for one in params])
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def locks_everybody() -> bool:
    """SQLite knows one writer; PostgreSQL locks a person and some records: a look more costs more than it saves."""
    return connection.vendor == "sqlite"
