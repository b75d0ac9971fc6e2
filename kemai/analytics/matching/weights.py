"""What agreement is worth, learnt from the pairs themselves (expectation and maximisation), and probabilities from it.

Three kinds of pairs: doubles, relatives, strangers. What strangers have in common by chance is measured on random
pairs; what doubles and relatives have in common is learnt within one block at a time, without the fields that the block
fixes (on the union of all blocks every field is fixed by some block, and learning collapses)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kemai.analytics.matching.fields import Field
from kemai.analytics.matching.model import LEAST, Weights

Floats = NDArray[np.float64]
Lesson = tuple[dict[str, Floats], dict[str, Floats], float, float]
ROUNDS = 60
PRIOR_WEIGHT = 300.0
"""How many pairs the beliefs of `fields` count for."""
ENOUGH = 300
"""Pairs below which a block teaches nothing."""


def chances(levels: NDArray[np.int8], counts: Floats, fields: Sequence[Field]) -> dict[str, list[float]]:
    """The share of each level among random pairs, of those that say."""
    found = {}
    for place, one in enumerate(fields):
        size = len(one.match)
        seen = np.bincount(
            levels[:, place][levels[:, place] >= 0], counts[levels[:, place] >= 0], minlength=size
        )
        share = (seen + 0.5) / (seen.sum() + 0.5 * size)
        found[one.key] = np.maximum(share, LEAST).tolist()
    return found


def learn(
    levels: NDArray[np.int8], counts: Floats, fixed: Sequence[str], fields: Sequence[Field], weights: Weights
) -> Lesson | None:
    """One block: (match, related) as expected counts of each level of the fields that it leaves free, and the numbers
    of doubles and relatives in it. None where there is too little to learn from."""
    if counts.sum() < ENOUGH:
        return None
    free = [place for place, one in enumerate(fields) if one.key not in fixed]
    tables = {
        kind: {place: np.array(table[fields[place].key]) for place in free}
        for kind, table in (("match", weights.match), ("related", weights.related), ("stranger", weights.stranger))
    }  # fmt: skip
    share = np.array([0.3, 0.3, 0.4])
    posterior = np.zeros((len(counts), 3))
    for _round in range(ROUNDS):
        logs = np.stack([log_likelihood(levels, tables[kind], free) for kind in tables], axis=1)
        posterior, _total = normalised(logs + np.log(share))
        weighted = posterior * counts[:, None]
        before, share = share, np.maximum(weighted.sum(axis=0) / counts.sum(), 1e-9)
        for column, kind in ((0, "match"), (1, "related")):
            for place in free:
                seen = expected(levels[:, place], weighted[:, column], len(fields[place].match))
                prior = np.array(getattr(fields[place], kind)) * PRIOR_WEIGHT
                tables[kind][place] = (seen + prior) / (seen.sum() + prior.sum())
        if np.abs(share - before).max() < 1e-6:
            break
    weighted = posterior * counts[:, None]
    found = [
        {fields[p].key: expected(levels[:, p], weighted[:, column], len(fields[p].match)) for p in free}
        for column in (0, 1)
    ]
    return found[0], found[1], float(weighted[:, 0].sum()), float(weighted[:, 1].sum())


def expected(levels: NDArray[np.int8], weighted: Floats, size: int) -> Floats:
    known = levels >= 0
    return np.bincount(levels[known], weighted[known], minlength=size).astype(float)


def log_likelihood(levels: NDArray[np.int8], tables: Mapping[int, Floats], free: Sequence[int]) -> Floats:
    total = np.zeros(len(levels))
    for place in free:
        logs = np.append(
            np.log(np.maximum(tables[place], LEAST)), 0.0
        )  # MISSING is the last: it says nothing
        total += logs[levels[:, place]]
    return total


def normalised(logs: Floats) -> tuple[Floats, Floats]:
    top = logs.max(axis=1, keepdims=True)
    grown = np.exp(logs - top)
    total = grown.sum(axis=1, keepdims=True)
    return grown / total, top + np.log(total)


def combine(
    learnt: Sequence[Lesson], fields: Sequence[Field]
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """What the blocks taught, together: each block's counts, so that large blocks say more, on top of the beliefs."""
    match = {one.key: pooled([block[0] for block in learnt], one.key, one.match) for one in fields}
    related = {one.key: pooled([block[1] for block in learnt], one.key, one.related) for one in fields}
    return match, related


def pooled(counted: Sequence[dict[str, Floats]], key: str, belief: Sequence[float]) -> list[float]:
    total = np.array(belief) * PRIOR_WEIGHT
    for block in counted:
        if key in block:
            total = total + block[key]
    shares: list[float] = (total / total.sum()).tolist()
    return shares


def proportions(scores: Floats, relatives: Floats, counts: Floats, pairs: float) -> tuple[float, float]:
    """How many doubles and relatives there are among all pairs, given the (natural log) evidence of the candidates for
    the one and for the other against strangers: the numbers at which what is expected is what was assumed."""
    match, related = 0.2 * counts.sum(), 0.2 * counts.sum()
    for _round in range(200):
        logs = np.stack(
            [scores + np.log(match / pairs), relatives + np.log(related / pairs), np.zeros(len(scores))],
            axis=1,
        )
        posterior, _total = normalised(logs)
        before = match
        match = max(float((posterior[:, 0] * counts).sum()), 1.0)
        related = max(float((posterior[:, 1] * counts).sum()), 1.0)
        if abs(match - before) < 1e-4 * before:
            break
    return match, related
