"""Options that are records: the stages of a pipeline are a choice to everybody but those who edit them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import overload

from kemai.platform.models import Option

FRESH_SECONDS = 1.0
"""How long another process may show options that were just changed."""


class LiveOptions(Sequence[Option]):
    """Reads its options when they are asked for, at most once a second; `forget` is called by whoever changes them."""

    def __init__(self, load: Callable[[], Sequence[Option]]) -> None:
        self.load = load
        self.until = 0.0
        self.found: tuple[Option, ...] = ()

    def now(self) -> tuple[Option, ...]:
        moment = time.monotonic()
        if moment >= self.until:
            self.found = tuple(self.load())
            self.until = moment + FRESH_SECONDS
        return self.found

    def forget(self) -> None:
        self.until = 0.0

    @overload
    def __getitem__(self, place: int) -> Option: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Option, ...]: ...
    def __getitem__(self, place: int | slice) -> Option | tuple[Option, ...]:
        return self.now()[place]

    def __len__(self) -> int:
        return len(self.now())


def fixed_or_live(options: Sequence[Option]) -> Sequence[Option]:
    return options if isinstance(options, LiveOptions) else tuple(options)
