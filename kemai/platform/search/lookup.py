"""Asking the index. Both databases get the same condition; what they answer is the same records."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BigIntegerField, QuerySet
from django.db.models.expressions import RawSQL

from kemai.platform.query import quick_count
from kemai.platform.search.docs import ID_BITS, ID_MASK, slot
from kemai.platform.search.words import All, Either, Question, Word, answers, question, ranker

CAP = 500
"""Candidates looked at for one question; where a search has as many, scoped users need `match_condition`."""
PROBE, COMMON = 500, 0.02
"""A word that so great a share of the newest documents has is common."""
ENOUGH = 100
"""Two pages of the best; who wants more names an order or one more word. Each further hit costs twenty lookups where a
salesperson owns a twentieth."""
WALK = 20_000
"""Candidates that are looked up among the records of somebody who does not see all."""


def match(type_key: str, text: str, limit: int = CAP, *, hidden: Collection[str] = ()) -> list[int]:
    """Ids of the records found, the best first: whole values, then beginnings, then the rest; newest first in each.

    At most `limit` of the newest candidates are looked at. `hidden`: see `words.question`."""
    asked = question(text, hidden)
    if asked.condition is None:
        return []
    where, params = _newest(type_key, asked)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT d.id, d.doc {where} ORDER BY {_order()} DESC LIMIT %s",
            [*params, min(limit, CAP)],
        )
        return _ranked(asked, cursor.fetchall())


def _ranked(asked: Question, found: Sequence[tuple[int, str]]) -> list[int]:
    rank = ranker(asked)
    ordered = sorted((rank(doc), -key) for key, doc in found)
    return [-key & ID_MASK for _rank, key in ordered]


def match_within(
    records: QuerySet[Any], type_key: str, text: str, *, hidden: Collection[str] = (), want: int = ENOUGH
) -> tuple[list[int], bool]:
    """Ids found among `records` (those of one salesperson, say), the best first, and whether they are all there are.

    Walks the candidates from the newest and looks each up among the records, until there are enough; what is asked
    for by half of a million records must not read the half. Where a long walk finds too few, the records are few, and
    their own documents are read instead; else all of the index is asked."""
    asked = question(text, hidden)
    if asked.condition is None:
        return [], True
    found = _walk(records, type_key, asked, want)
    if len(found) >= want:
        return _ranked(asked, found), False
    if not _longer_than(type_key, asked, WALK):
        return _ranked(asked, found), True
    if quick_count(records).exact:
        return _ranked(asked, _documents(records, type_key, asked)), True
    if found:
        return _ranked(asked, found), False
    # common words that hardly any of these records have: now it must be all of the index
    everything = records.filter(pk__in=match_condition(type_key, text, hidden=hidden))
    ids = list(everything.order_by("-pk").values_list("pk", flat=True)[:want])
    return ids, len(ids) < want


def _walk(records: QuerySet[Any], type_key: str, asked: Question, want: int) -> list[tuple[int, str]]:
    """The first `want` of the newest WALK candidates that are among the records."""
    if connection.vendor == "postgresql" and _is_common(type_key, asked):
        return _walk_records(records, type_key, asked, want)
    where, params = _condition(type_key, asked)
    own = records.order_by().filter(pk=RawSQL(f"candidate.id & {ID_MASK}", [])).values("pk")  # noqa: S611
    try:
        probe, probe_params = own.query.sql_with_params()
    except EmptyResultSet:
        return []
    # on SQLite the inner query is a coroutine that stops with the outer one and keeps its order
    order = "" if connection.vendor == "sqlite" else "ORDER BY candidate.id DESC"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT candidate.id, candidate.doc FROM (SELECT d.id, d.doc {where} ORDER BY {_order()} DESC LIMIT %s)"  # noqa: S608
            f" AS candidate WHERE EXISTS ({probe}) {order} LIMIT %s",
            [*params, WALK, *probe_params, want],
        )
        return list(cursor.fetchall())


def _walk_records(records: QuerySet[Any], type_key: str, asked: Question, want: int) -> list[tuple[int, str]]:
    """The same the other way round, for what many documents answer: of the newest WALK records those whose document
    does. One record in six has a common word, but only one candidate in twenty is a salesperson's."""
    try:
        own, own_params = records.order_by("-pk").values("pk")[:WALK].query.sql_with_params()
    except EmptyResultSet:
        return []
    test, texts = _plain_test(asked)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT d.id, d.doc FROM ({own}) AS own JOIN platform_searchdoc d ON d.id = own.pk + %s"  # noqa: S608
            f" WHERE {test} ORDER BY own.pk DESC LIMIT %s",
            [*own_params, slot(type_key) << ID_BITS, *texts, want],
        )
        return list(cursor.fetchall())


def _longer_than(type_key: str, asked: Question, count: int) -> bool:
    """Are there more candidates than that?"""
    where, params = _newest(type_key, asked)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT d.id {where} ORDER BY {_order()} DESC LIMIT 1 OFFSET %s",
            [*params, count],
        )
        return cursor.fetchone() is not None


def _documents(records: QuerySet[Any], type_key: str, asked: Question) -> list[tuple[int, str]]:
    """What answers among the documents of a few records, read one by one."""
    own, own_params = records.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT d.id, d.doc FROM ({own}) AS own JOIN platform_searchdoc d ON d.id = own.pk + %s",  # noqa: S608
            [*own_params, slot(type_key) << ID_BITS],
        )
        return [(key, doc) for key, doc in cursor.fetchall() if answers(asked, doc)]


def match_condition(type_key: str, text: str, *, hidden: Collection[str] = ()) -> RawSQL:
    """All ids found, as a subquery: `scope(…).filter(id__in=match_condition(…))`. Nothing asked finds nothing."""
    asked = question(text, hidden)
    if asked.condition is None:
        return RawSQL("SELECT 0 WHERE 1 = 0", [], output_field=BigIntegerField())
    where, params = _condition(type_key, asked)
    return RawSQL(  # noqa: S611 - nothing in it is from outside but parameters
        f"SELECT d.id & {ID_MASK} {where}", params, output_field=BigIntegerField()
    )


def _newest(type_key: str, asked: Question) -> tuple[str, list[str | int]]:
    """The condition, for a statement that wants the newest only. PostgreSQL's index gathers every document of a common
    word before the first can be had (0.7 s for a fifth of a million); the newest are then read one by one instead."""
    if connection.vendor != "postgresql" or not _is_common(type_key, asked):
        return _condition(type_key, asked)
    base = slot(type_key) << ID_BITS
    test, texts = _plain_test(asked)
    where = f"FROM platform_searchdoc d WHERE d.id BETWEEN %s AND %s AND {test}"
    return where, [base, base | ID_MASK, *texts]


def _is_common(type_key: str, asked: Question) -> bool:
    """Do many of the newest documents answer?"""
    base = slot(type_key) << ID_BITS
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT doc FROM platform_searchdoc WHERE id BETWEEN %s AND %s ORDER BY id DESC LIMIT %s",
            [base, base | ID_MASK, PROBE],
        )
        docs = [doc for (doc,) in cursor.fetchall()]
    return sum(answers(asked, doc) for doc in docs) > COMMON * PROBE


def _plain_test(asked: Question) -> tuple[str, list[str | int]]:
    """The whole question of the text itself, without an index."""
    assert asked.condition is not None
    test, texts = _text_test(asked.condition)
    for piece in asked.pieces:
        test += " AND position(%s in ' ' || d.doc || ' ') > 0"
        texts.append(f" {piece} ")
    return test, texts


def _text_test(node: Word | All | Either) -> tuple[str, list[str | int]]:
    """The condition on the text itself: what `words.answers` says, in SQL."""
    if isinstance(node, Word):
        return "position(%s in ' ' || d.doc || ' ') > 0", [f" {node.text}" + ("" if node.prefix else " ")]
    parts = [_text_test(one) for one in node.of]
    joined = (" AND " if isinstance(node, All) else " OR ").join(sql for sql, _texts in parts)
    return f"({joined})", [text for _sql, texts in parts for text in texts]


def _order() -> str:
    # the full-text table walks its row ids backwards by itself; the same wish on the joined table would be a sort
    return "f.rowid" if connection.vendor == "sqlite" else "d.id"


def _condition(type_key: str, asked: Question) -> tuple[str, list[str | int]]:
    """FROM and WHERE with their parameters, over `d`, the documents."""
    assert asked.condition is not None
    base = slot(type_key) << ID_BITS
    last = base | ID_MASK
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
