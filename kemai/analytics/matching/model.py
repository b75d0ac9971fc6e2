"""What agreement is worth, and what that makes of a single pair. Plain Python: pages ask this while somebody types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, log, log2
from typing import Any

from kemai.analytics.matching.fields import Field

LEAST = 1e-6
FLOOR = 1e-8
"""The rarest that a value can be."""
PLAIN = "="
"""Under this key a pair's levels hold its log odds before any correction."""


@dataclass
class Weights:
    """The learnt tables: {field: probability of each level} for the three kinds, and how many pairs of the first two
    there are among all `pairs` that could be made of `parties`."""

    match: dict[str, list[float]] = field(default_factory=dict)
    related: dict[str, list[float]] = field(default_factory=dict)
    stranger: dict[str, list[float]] = field(default_factory=dict)
    matches: float = 1.0
    relatives: float = 1.0
    pairs: float = 1.0
    parties: int = 1
    lean: dict[str, float] = field(default_factory=dict)
    """What people's decisions have taught: a factor for each field's evidence, and "" for a constant in bits."""

    def json(self) -> dict[str, Any]:
        return dict(vars(self))

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Weights:
        return cls(**stored)


def believed(fields: Sequence[Field]) -> Weights:
    """Before any data: the tables of `fields`, and strangers that agree by chance in one of a thousand."""
    chance = {f.key: [0.998, *[0.002 / (len(f.match) - 1)] * (len(f.match) - 1)] for f in fields}
    chance |= {key: [0.97, 0.03] for key in ("city",) if key in chance}
    return Weights(
        {f.key: list(f.match) for f in fields}, {f.key: list(f.related) for f in fields}, chance,
        matches=2e3, relatives=2e3, pairs=5e9, parties=100_000,
    )  # fmt: skip


def explained(
    fields: Sequence[Field],
    known: Weights,
    levels: Mapping[str, int],
    common: Mapping[str, int],
    related: float = 0.0,
) -> dict[str, list[float]]:
    """{field: [level, evidence in bits for and against being doubles]} of the fields that say something. What speaks
    against is weighed as the pair stands: next to relatives where they are likelier than strangers."""
    share = 1 / (1 + exp(-max(min(related, 30.0), -30.0)))
    found = {}
    for one in fields:
        level = int(levels[one.key])
        if level < 0:
            continue
        chance = known.stranger[one.key][level]
        if level in one.exact:
            chance = rarity(one, int(common.get(one.key, 2)), known.parties)
        other = share * known.related[one.key][level] + (1 - share) * chance
        found[one.key] = [
            level,
            round(log2(max(known.match[one.key][level], LEAST) / max(other, FLOOR)), 2),
        ]
    return found


def rarity(one: Field, common: int, parties: int) -> float:
    """How likely a stranger has the value that two parties share, `common` parties having it. The two themselves are no
    evidence of how common it is, or nothing would be rare among few customers."""
    return max(max(common - 2 + one.alpha, one.alpha) / parties, FLOOR)


def odds(
    fields: Sequence[Field], known: Weights, levels: Mapping[str, int], common: Mapping[str, int]
) -> tuple[float, float]:
    """(log odds of being doubles, log odds of relatives against strangers) of one pair: `score` for a single pair."""
    match, related = log(known.matches / known.pairs), log(known.relatives / known.pairs)
    for one in fields:
        level = int(levels[one.key])
        if level < 0:
            continue
        chance = max(known.stranger[one.key][level], LEAST)
        if level in one.exact:
            chance = rarity(one, int(common.get(one.key, 2)), known.parties)
        match += log(max(known.match[one.key][level], LEAST)) - log(chance)
        related += log(max(known.related[one.key][level], LEAST)) - log(chance)
    taught = sum(known.lean.get(f"{one.key}:{levels[one.key]}", 0.0) for one in fields) + known.lean.get(
        "", 0.0
    )
    return match - max(related, 0.0) - log(1 + exp(-abs(related))) + taught, related
