"""The funnel: of the deals that began, how many came to each stage, and how many went on from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """`reached`: deals that came to this stage or beyond it (a skipped stage counts as passed); `amount` of these;
    `passed` those that went on to the next one or were won from here; `stands` those still here; `lost` here."""

    stage: str
    reached: int
    amount: int
    passed: int
    stands: int
    lost: int

    @property
    def rate(self) -> float | None:
        """The share that went on."""
        return self.passed / self.reached if self.reached else None


def funnel(order: Sequence[str], counts: Mapping[tuple[str, str], tuple[int, int]]) -> list[Step]:
    """`order`: the open stages of a pipeline; `counts` {(furthest stage, state): (deals, sum of amounts)}. A deal that
    was won passed every stage; one whose furthest stage is gone from the pipeline came to the first."""
    far: dict[int, list[tuple[str, int, int]]] = {}
    for (stage, state), (number, amount) in counts.items():
        place = len(order) if state == "won" else order.index(stage) if stage in order else 0
        far.setdefault(place, []).append((state, number, amount))
    steps = []
    for place, stage in enumerate(order):
        beyond = [row for at, rows in far.items() if at > place for row in rows]
        here = far.get(place, [])
        passed = sum(number for _state, number, _amount in beyond)
        stands = sum(number for state, number, _amount in here if state == "open")
        lost = sum(number for state, number, _amount in here if state not in {"open", "won"})
        amount = sum(total for _state, _number, total in (*beyond, *here))
        steps.append(Step(stage, passed + stands + lost, amount, passed, stands, lost))
    return steps
