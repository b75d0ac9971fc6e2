"""Many keys of one table, put together from many lists: a bit for each, so that millions cost hundreds of kilobytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

SPAN = 4096
BIT = [1 << n for n in range(8)]


class Marked:
    """Keys from 1 to `most`; others are passed over."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.bits = bytearray((most >> 3) + 1)

    def add(self, keys: Iterable[int]) -> None:
        bits, most = self.bits, self.most
        for key in keys:
            if 0 < key <= most:
                bits[key >> 3] |= BIT[key & 7]

    def __bool__(self) -> bool:
        return any(self.bits)

    def __iter__(self) -> Iterator[int]:
        """In ascending order; empty stretches are skipped."""
        for start in range(0, len(self.bits), SPAN):
            part = self.bits[start : start + SPAN]
            if any(part):
                for place, byte in enumerate(part, start):
                    if byte:
                        yield from (place * 8 + n for n in range(8) if byte & BIT[n])
