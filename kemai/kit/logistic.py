"""Chances learnt from yes and no: a logistic regression held near nothing, and how good it proved. Needs NumPy, so it
is imported where something is learnt, never where pages are served."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
HELD = 4.0
"""How strongly weights are held near none, in subjects."""
ROUNDS = 30
DRAWS = 300
SEED = 20_260_101


def sigmoid(z: Floats) -> Floats:
    found: Floats = 1.0 / (1.0 + np.exp(-np.clip(z, -30, 30)))
    return found


def shares_of(subject: Ints) -> Floats:
    """What each row counts: the rows of one subject together count one."""
    _keys, place, count = np.unique(subject, return_inverse=True, return_counts=True)
    found: Floats = 1.0 / count[place]
    return found


def fit(x: Floats, y: Floats, count: Floats, held: Floats, base: Floats | float = 0.0) -> Floats:
    """The weights of the columns by Newton's method; `count` says what each row counts, `held` how strongly each column
    is held near none, `base` the log-odds of each row before any weight."""
    found = np.zeros(x.shape[1])
    for _round in range(ROUNDS):
        p = sigmoid(base + x @ found)
        slope = x.T @ (count * (y - p)) - held * found
        bend = (x * (count * p * (1 - p))[:, None]).T @ x + np.diag(held + 1e-9)
        step = np.clip(np.linalg.solve(bend, slope), -2, 2)
        found = found + step
        if np.abs(step).max(initial=0.0) < 1e-7:
            break
    return found


def losses(p: Floats, y: Floats) -> Floats:
    """The log loss of each row."""
    p = np.clip(p, 1e-6, 1 - 1e-6)
    found: Floats = -(y * np.log(p) + (1 - y) * np.log(1 - p))
    return found


def ranked(p: Floats, y: Floats, weight: Floats) -> float:
    """The chance that a yes is put before a no (AUC), rows counted `weight` times; ties count half."""
    order = np.argsort(p, kind="stable")
    p, y, weight = p[order], y[order], weight[order]
    _values, first = np.unique(p, return_index=True)
    yes, no = np.add.reduceat(weight * y, first), np.add.reduceat(weight * (1 - y), first)
    below = np.cumsum(no) - no
    total = float(yes.sum() * no.sum())
    return float((yes * (below + no / 2)).sum() / total) if total else 0.5


@dataclass(frozen=True)
class Proof:
    """Of predictions of what came later: log loss beside that of the plain share, the gain with its 95 % interval, and
    how well yes and no are told apart with its interval. Rows of one subject are drawn together."""

    loss: float
    plain_loss: float
    gain: tuple[float, float]
    auc: float
    auc_between: tuple[float, float]


def prove(p: Floats, plain: Floats, y: Floats, subject: Ints) -> Proof:
    mine, theirs = losses(p, y), losses(plain, y)
    rng = np.random.default_rng(SEED)
    _keys, place = np.unique(subject, return_inverse=True)
    count = int(place.max()) + 1
    gains, aucs = [], []
    for _draw in range(DRAWS):
        weight = np.bincount(rng.integers(0, count, count), minlength=count).astype(float)[place]
        gains.append(float(((theirs - mine) * weight).sum() / max(weight.sum(), 1.0)))
        aucs.append(ranked(p, y, weight))
    return Proof(
        float(mine.mean()), float(theirs.mean()), between(gains), ranked(p, y, np.ones(len(y))), between(aucs)
    )


def between(values: Sequence[float]) -> tuple[float, float]:
    low, high = np.quantile(np.array(values), [0.025, 0.975])
    return float(low), float(high)


def straighten(z: Floats, y: Floats, count: Floats) -> tuple[float, float]:
    """Slope and shift that make log-odds of past predictions agree with what came of them, held near 1 and 0."""
    found = fit(np.column_stack([z, np.ones(len(z))]), y, count, np.array([2 * HELD, 1.0]), z)
    return float(np.clip(1 + found[0], 0.2, 2.0)), float(np.clip(found[1], -3, 3))
