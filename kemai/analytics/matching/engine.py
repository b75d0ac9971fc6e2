"""From a table of parties to scored pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kemai.analytics.matching import pairs, table, weights
from kemai.analytics.matching.fields import Field, Shape
from kemai.analytics.matching.model import FLOOR, LEAST, PLAIN, Weights, believed, explained
from kemai.analytics.matching.table import Connection

Report = Callable[[str], None]
KEPT = 0.5
"""Pairs below this probability are forgotten."""


def quiet(message: str) -> None:
    """Reports nothing."""


def find(
    connection: Connection,
    shape: Shape,
    *,
    known: Weights | None = None,
    changed: bool = False,
    kept: float = KEPT,
    lean: Mapping[str, float] | None = None,
    report: Report = quiet,
) -> Weights | None:
    """Fills the table `found` (one, two, p, related, levels and frequencies) with the pairs of one shape that
    are likely doubles, and returns the weights: learnt from these pairs, or `known` ones. With `changed` only pairs with
    a party of the table `fresh` are looked at (needs `known`). None where there are fewer than two parties."""
    count = table.measure(connection, shape)
    if count < 2:
        return None
    report("block")
    pairs.block(connection, shape, changed=changed)
    report("agree")
    pairs.agree(connection, shape.fields)
    if known is None:
        report("learn")
        known = learn(connection, shape, count=count)
    known.lean = dict(lean or {})
    report("score")
    score(connection, shape.fields, known, kept)
    return known


def patterns(
    connection: Connection, fields: Sequence[Field], source: str
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """(levels, rules, counts): the pairs of a table by how they agree. There are some thousands of ways, whatever the
    number of pairs."""
    columns = ", ".join(f"l_{one.key}" for one in fields)
    found = connection.execute(
        f"SELECT {columns}, rules, count(*) AS n FROM {source} GROUP BY ALL"
    ).fetchnumpy()
    levels = np.stack([np.asarray(found[f"l_{one.key}"], dtype=np.int8) for one in fields], axis=1)
    return levels, np.asarray(found["rules"], dtype=np.int64), np.asarray(found["n"], dtype=float)


def learn(connection: Connection, shape: Shape, *, count: int) -> Weights:
    fields = shape.fields
    learnt = believed(fields)
    learnt.parties, learnt.pairs = count, count * (count - 1) / 2
    pairs.sample(connection, fields, count)
    levels, _rules, counts = patterns(connection, fields, "chance")
    learnt.stranger = weights.chances(levels, counts, fields)
    levels, rules, counts = patterns(connection, fields, "pair")
    taught = []
    for bit, one in enumerate(shape.blocks):
        inside = rules & (1 << bit) != 0
        lesson = weights.learn(levels[inside], counts[inside], one.fixed, fields, learnt)
        if lesson is not None:
            taught.append(lesson)
    learnt.match, learnt.related = weights.combine(taught, fields)
    settle(connection, fields, learnt)
    return learnt


def evidence(fields: Sequence[Field], known: Weights, kind: str) -> str:
    """SQL of the natural log of how much likelier a pair is among doubles (or relatives) than among strangers."""
    return " + ".join(field_evidence(one, known, kind) for one in fields)


def field_evidence(one: Field, known: Weights, kind: str) -> str:
    shares, chance = getattr(known, kind)[one.key], known.stranger[one.key]
    cases = []
    for level, share in enumerate(shares):
        top = log(max(share, LEAST))
        if level in one.exact:
            shared = f"greatest(f_{one.key} - 2 + {one.alpha}, {one.alpha}) / {known.parties}.0"
            cases.append(f"WHEN {level} THEN {top!r} - ln(greatest({shared}, {FLOOR!r}))")
        else:
            cases.append(f"WHEN {level} THEN {top - log(max(chance[level], LEAST))!r}")
    return f"(CASE l_{one.key} {' '.join(cases)} ELSE 0.0 END)"


def settle(connection: Connection, fields: Sequence[Field], known: Weights) -> None:
    """How many doubles and relatives there are, from the evidence of all candidates in steps of a fifth."""
    found = connection.execute(
        f"SELECT round(5 * ({evidence(fields, known, 'match')})) / 5 AS m, "
        f"round(5 * ({evidence(fields, known, 'related')})) / 5 AS r, count(*) AS n FROM pair GROUP BY 1, 2"
    ).fetchnumpy()
    if len(found["n"]):
        known.matches, known.relatives = weights.proportions(
            np.asarray(found["m"], dtype=float), np.asarray(found["r"], dtype=float),
            np.asarray(found["n"], dtype=float), known.pairs,
        )  # fmt: skip


def score(connection: Connection, fields: Sequence[Field], known: Weights, kept: float) -> None:
    columns = ", ".join(f"l_{one.key}" for one in fields)
    common = ", ".join(f"f_{one.key}" for one in fields if one.frequency)
    lean = " + ".join([repr(known.lean.get("", 0.0)), *leanings(fields, known)])
    connection.execute(
        "CREATE OR REPLACE TEMPORARY TABLE found AS WITH weighed AS (SELECT *, "
        f"{evidence(fields, known, 'match')} + {log(known.matches / known.pairs)!r} AS m, "
        f"{evidence(fields, known, 'related')} + {log(known.relatives / known.pairs)!r} AS r FROM pair), "
        "odds AS (SELECT *, m - greatest(r, 0) - ln(1 + exp(-abs(r))) AS plain FROM weighed), "
        f"leant AS (SELECT *, plain + {lean} AS odd FROM odds) "
        f"SELECT one, two, 1 / (1 + exp(-least(greatest(odd, -60), 60))) AS p, r, plain, {columns}, {common} FROM leant "
        f"WHERE odd >= {log(kept / (1 - kept))!r}"
    )


def leanings(fields: Sequence[Field], known: Weights) -> list[str]:
    """What decisions have taught about levels, in SQL."""
    found = []
    for one in fields:
        cases = [
            f"WHEN {level} THEN {known.lean[f'{one.key}:{level}']!r}"
            for level in range(len(one.match))
            if f"{one.key}:{level}" in known.lean
        ]
        if cases:
            found.append(f"(CASE l_{one.key} {' '.join(cases)} ELSE 0.0 END)")
    return found


def results(
    connection: Connection, known: Weights, shape: Shape, *, size: int = 5000
) -> Iterator[tuple[int, int, float, dict[str, list[float]]]]:
    """The found pairs: (one, two, probability, {field: [level, evidence in bits]}), likeliest first."""
    fields = shape.fields
    common = [one.key for one in fields if one.frequency]
    columns = ", ".join([*(f"l_{one.key}" for one in fields), *(f"f_{key}" for key in common)])
    rows = connection.execute(f"SELECT one, two, p, r, plain, {columns} FROM found ORDER BY p DESC, one, two")
    while chunk := rows.fetchmany(size):
        for one, two, p, related, plain, *rest in chunk:
            levels = dict(zip((f.key for f in fields), rest, strict=False))
            shared = dict(zip(common, rest[len(fields) :], strict=True))
            told = explained(fields, known, levels, shared, related)
            told[PLAIN] = [0, round(plain, 3)]
            yield one, two, round(p, 5), told
