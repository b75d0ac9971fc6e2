"""Columns in memory: how the demo company is held between making it and loading it."""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.int64] | NDArray[np.float64] | NDArray[np.datetime64] | NDArray[np.bool_] | list[str]
NONE = -1
"""What stands for "no record" in a column of references, and for "not known" in one of amounts."""
CENT = Decimal("0.01")
CHUNK = 2000


def generator(seed: int, part: str) -> np.random.Generator:
    """The random numbers of one part: a change in one part does not disturb the others."""
    return np.random.default_rng([seed, zlib.crc32(part.encode())])


@dataclass
class Table:
    """Records of one object type: equally long columns under the product's field names.

    `refs` names the columns that hold positions in another table (-1: none); `cents` those with whole cents
    (-1: none); moments are UTC `datetime64[s]`, days `datetime64[D]`, unknown ones NaT; unknown numbers NaN."""

    columns: dict[str, Column]
    refs: Mapping[str, str] = field(default_factory=dict)
    cents: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def ints(self, name: str) -> NDArray[np.int64]:
        """A column of whole numbers (references, cents)."""
        column = self.columns[name]
        assert isinstance(column, np.ndarray)
        return column.astype(np.int64, copy=False)

    def times(self, name: str) -> NDArray[np.datetime64]:
        """A column of moments or days."""
        column = self.columns[name]
        assert isinstance(column, np.ndarray)
        assert column.dtype.kind == "M"
        return column  # type: ignore[return-value]

    def texts(self, name: str) -> list[str]:
        """A column of text."""
        column = self.columns[name]
        assert isinstance(column, list)
        return column

    def rows(
        self, ids: Mapping[str, Sequence[int]] | None = None, *, start: int = 0, stop: int | None = None
    ) -> Iterator[dict[str, object]]:
        """The records as the write door takes them. `ids` gives the stored ids of each referenced table in
        order; without it references stay positions."""
        stop = len(self) if stop is None else min(stop, len(self))
        names = list(self.columns)
        for at in range(start, stop, CHUNK):
            until = min(at + CHUNK, stop)
            parts = [self._plain(name, at, until, ids or {}) for name in names]
            for values in zip(*parts, strict=True):
                yield dict(zip(names, values, strict=True))

    def _plain(self, name: str, at: int, until: int, ids: Mapping[str, Sequence[int]]) -> Sequence[object]:
        column = self.columns[name]
        if isinstance(column, list):
            return column[at:until]
        part: list[Any] = column[at:until].tolist()
        if name in self.refs:
            known = ids.get(self.refs[name])
            return [None if i < 0 else (i if known is None else known[i]) for i in part]
        if name in self.cents:
            return [None if cents == NONE else Decimal(cents) * CENT for cents in part]
        if column.dtype.kind == "M":
            return [v if not isinstance(v, dt.datetime) else v.replace(tzinfo=dt.UTC) for v in part]
        if column.dtype.kind == "f":
            return [None if v != v else v for v in part]  # NaN is what differs from itself
        return part


def texts(pool: Sequence[str], picks: NDArray[np.int64]) -> list[str]:
    """The chosen texts, in order."""
    return [pool[i] for i in picks.tolist()]
