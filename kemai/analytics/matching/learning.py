"""What people's decisions teach: corrections to the evidence of levels, held near none until there are many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from kemai.analytics.matching.fields import Field
from kemai.analytics.matching.model import PLAIN

ENOUGH = 200
"""Decisions below which nothing is changed."""
HELD = 4.0
"""How strongly corrections are held near none, in decisions."""
MOST = 6.0
ROUNDS = 40


def lean(decisions: Iterable[tuple[Mapping[str, Any], bool]], fields: Sequence[Field]) -> dict[str, float]:
    """A logistic regression with the engine's own odds as what it starts from: {"field:level": correction, "": constant}
    in natural log. {} while there are few decisions, or all are alike."""
    names = [
        "",
        *(f"{one.key}:{level}" for one in fields for level in range(len(one.match))),
    ]
    place = {name: index for index, name in enumerate(names)}
    known = list(decisions)
    labels = np.array([said for _levels, said in known], dtype=float)
    if len(known) < ENOUGH or labels.min() == labels.max():
        return {}
    features = np.zeros((len(known), len(names)))
    features[:, 0] = 1.0
    offset = np.zeros(len(known))
    for row, (levels, _said) in enumerate(known):
        offset[row] = levels.get(PLAIN, [0, 0.0])[1]
        for key, (level, _bits) in levels.items():
            column = place.get(f"{key}:{level}")
            if column is not None:
                features[row, column] = 1.0
    offset = np.clip(offset, -20, 20)
    found = np.zeros(len(names))
    for _round in range(ROUNDS):
        p = 1 / (1 + np.exp(-np.clip(offset + features @ found, -40, 40)))
        slope = features.T @ (labels - p) - HELD * found
        bend = (features * (p * (1 - p))[:, None]).T @ features + HELD * np.eye(len(names))
        step = np.linalg.solve(bend, slope)
        found += np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-6:
            break
    found = np.clip(found, -MOST, MOST)
    return {name: float(value) for name, value in zip(names, found, strict=True) if abs(value) > 0.01}
