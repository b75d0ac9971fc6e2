"""How a leaver's records are dealt out. Plain functions on plain values."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence

METHODS = ("one", "rotation", "weights", "load")


def deal(
    method: str, receivers: Sequence[int], weights: Mapping[int, int], loads: Mapping[int, int]
) -> Iterator[int]:
    """The receivers in the order in which they are served, without end.

    one, rotation: in turn; weights: each as often as its weight says, spread evenly; load: always to whoever has the
    fewest, the earlier named first where two have as many."""
    if not receivers:
        return
    match method:
        case "weights":
            yield from weighted(receivers, weights)
        case "load":
            yield from least(receivers, loads)
        case _:
            while True:
                yield from receivers


def weighted(receivers: Sequence[int], weights: Mapping[int, int]) -> Iterator[int]:
    """Smooth weighted rotation: 3:1 gives a a b a, not a a a b."""
    shares = {one: max(0, weights.get(one, 1)) for one in receivers}
    total = sum(shares.values())
    if not total:
        return
    credit = dict.fromkeys(receivers, 0)
    while True:
        for one in receivers:
            credit[one] += shares[one]
        best = max(receivers, key=lambda one: (credit[one], -receivers.index(one)))
        credit[best] -= total
        yield best


def least(receivers: Sequence[int], loads: Mapping[int, int]) -> Iterator[int]:
    heap = [(loads.get(one, 0), place, one) for place, one in enumerate(receivers)]
    heapq.heapify(heap)
    while True:
        load, place, one = heapq.heappop(heap)
        heapq.heappush(heap, (load + 1, place, one))
        yield one
