"""Values met earlier in a file, in eight bytes each: a rehearsal of five million rows must not fill the memory."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

FRESH = 200_000


class Seen:
    """A growing set of hashable values, kept as 64-bit hashes: the newest in a set, the rest in a sorted array.

    Two different values share a hash with a chance of about one in a million at five million values."""

    def __init__(self) -> None:
        self._fresh: set[int] = set()
        self._sorted: npt.NDArray[np.int64] | None = None

    def known(self, values: Iterable[Hashable]) -> set[Hashable]:
        """Those of the values that were added before."""
        wanted = list(values)
        if not wanted:
            return set()
        hashes = [hash(one) for one in wanted]
        found = {one for one, number in zip(wanted, hashes, strict=True) if number in self._fresh}
        if self._sorted is not None:
            import numpy as np

            asked = np.array(hashes, dtype=np.int64)
            places = np.minimum(np.searchsorted(self._sorted, asked), self._sorted.size - 1)
            found.update(wanted[i] for i in np.flatnonzero(self._sorted[places] == asked))
        return found

    def add(self, values: Iterable[Hashable]) -> None:
        self._fresh.update(map(hash, values))
        if len(self._fresh) > FRESH:
            import numpy as np

            newest = np.fromiter(self._fresh, dtype=np.int64, count=len(self._fresh))
            self._sorted = np.sort(newest if self._sorted is None else np.concatenate([self._sorted, newest]))
            self._fresh = set()
