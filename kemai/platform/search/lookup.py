"""Asking the index. Both databases get the same condition; what they answer is the same records."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import connection
from django.db.models import BigIntegerField, QuerySet
from django.db.models.expressions import RawSQL

from kemai.platform.search.docs import ID_BITS, ID_MASK, slot
from kemai.platform.search.words import All, Either, Question, Word, question, ranker

CAP = 1000
ROUNDS = 20
"""Candidates looked at for one question; where a search has as many, scoped users need `match_condition`."""


def match(
    type_key: str, text: str, limit: int = CAP, *, hidden: Collection[str] = (), below: int | None = None
) -> list[int]:
    """Ids of the records found, the best first: whole values, then beginnings, then the rest; newest first in each.

    At most `limit` of the newest candidates are looked at, of those with a key under `below` where it is given.
    `hidden`: see `words.question`."""
    asked = question(text, hidden)
    if asked.condition is None:
        return []
    where, params = _condition(type_key, asked, below)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT d.id, d.doc {where} ORDER BY {_order()} DESC LIMIT %s", [*params, min(limit, CAP)]
        )
        rows = cursor.fetchall()
    rank = ranker(asked)
    ranked = sorted((rank(doc), -key) for key, doc in rows)
    return [-key & ID_MASK for _rank, key in ranked]


def match_within(
    records: QuerySet[Any], type_key: str, text: str, *, hidden: Collection[str] = (), want: int = 200
) -> tuple[list[int], bool]:
    """Ids found among `records` (those of one salesperson, say), and whether they are all there are.

    Walks the candidates from the newest, CAP at a time, until enough of them are among the records; what is asked for
    by half of a million records must not read the half."""
    found: list[int] = []
    below = None
    for _round in range(ROUNDS):
        ids = match(type_key, text, hidden=hidden, below=below)
        mine = set(records.filter(pk__in=ids).values_list("pk", flat=True))
        found += [key for key in ids if key in mine]
        if len(ids) < CAP:
            return found, True
        if len(found) >= want:
            return found, False
        below = min(ids)
    if not found:  # common words that hardly any of these records have: now it must be all of the index
        everything = records.filter(pk__in=match_condition(type_key, text, hidden=hidden))
        found = list(everything.order_by("-pk").values_list("pk", flat=True)[:want])
    return found, len(found) < want


def match_condition(type_key: str, text: str, *, hidden: Collection[str] = ()) -> RawSQL:
    """All ids found, as a subquery: `scope(…).filter(id__in=match_condition(…))`. Nothing asked finds nothing."""
    asked = question(text, hidden)
    if asked.condition is None:
        return RawSQL("SELECT 0 WHERE 1 = 0", [], output_field=BigIntegerField())
    where, params = _condition(type_key, asked)
    return RawSQL(  # noqa: S611 - nothing in it is from outside but parameters
        f"SELECT d.id & {ID_MASK} {where}", params, output_field=BigIntegerField()
    )


def _order() -> str:
    # the full-text table walks its row ids backwards by itself; the same wish on the joined table would be a sort
    return "f.rowid" if connection.vendor == "sqlite" else "d.id"


def _condition(type_key: str, asked: Question, below: int | None = None) -> tuple[str, list[str | int]]:
    """FROM and WHERE with their parameters, over `d`, the documents."""
    assert asked.condition is not None
    base = slot(type_key) << ID_BITS
    last = base | ID_MASK if below is None else (base | below) - 1
    if connection.vendor == "postgresql":
        where = (
            "FROM platform_searchdoc d WHERE array_to_tsvector(string_to_array(d.doc, ' ')) @@ %s::tsquery"
            " AND d.id BETWEEN %s AND %s"
        )
        params: list[str | int] = [_tsquery(asked.condition), base, last]
        piece = " AND position(%s in ' ' || d.doc) > 0"
    else:
        where = (
            "FROM search_index f JOIN platform_searchdoc d ON d.id = f.rowid"
            " WHERE f.search_index MATCH %s AND f.rowid BETWEEN %s AND %s"
        )
        params = [_fts5(asked.condition), base, last]
        piece = " AND instr(' ' || d.doc, %s) > 0"
    for text in asked.pieces:
        where += piece
        params.append(f" {text} ")
    return where, params


def _fts5(node: Word | All | Either) -> str:
    if isinstance(node, Word):
        return f'"{node.text}"{"*" if node.prefix else ""}'
    return "(" + (" AND " if isinstance(node, All) else " OR ").join(map(_fts5, node.of)) + ")"


def _tsquery(node: Word | All | Either) -> str:
    if isinstance(node, Word):
        return f"'{node.text}'{':*' if node.prefix else ''}"
    return "(" + (" & " if isinstance(node, All) else " | ").join(map(_tsquery, node.of)) + ")"
