"""Arithmetic of targets: spreading a year over its months, and adding up what lies below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kemai.sales.rules.amounts import shares

MONTHS = 12
UNIT = 100


def spread(total: int, weights: Sequence[float] = ()) -> list[int]:
    """A year's figure in cents over its twelve months, in whole yuan where it is one, in proportion to `weights` (last
    year's months, say) or evenly. The parts always add up to the whole."""
    known = list(weights) if len(weights) == MONTHS and sum(weights) > 0 else [1.0] * MONTHS
    step = UNIT if total % UNIT == 0 else 1
    return [part * step for part in shares(total // step, [max(one, 0.0) for one in known])]


def roll_up(
    own: Mapping[str, Sequence[int | None]], children: Mapping[str, Sequence[str]], root: str
) -> dict[str, list[tuple[int | None, bool]]]:
    """For every node below `root`: its months as (figure, set by hand). A month that nobody set is the sum of what lies
    below, None where nothing is set there either."""
    found: dict[str, list[tuple[int | None, bool]]] = {}

    def visit(node: str) -> None:
        below = children.get(node, ())
        for child in below:
            visit(child)
        months: list[tuple[int | None, bool]] = []
        for month in range(MONTHS):
            given = own[node][month] if node in own else None
            parts = [part for child in below if (part := found[child][month][0]) is not None]
            months.append((given, True) if given is not None else (sum(parts) if parts else None, False))
        found[node] = months

    visit(root)
    return found


def achieved(actual: int, target: int | None) -> float | None:
    """The share of a target that was reached; None without a target."""
    return actual / target if target else None
