"""Options that are records: the stages of a pipeline are a choice to everybody but those who edit them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import overload

from django.db import transaction

from kemai.platform.models import Option
from kemai.platform.objects import own

FRESH_SECONDS = 1.0
"""How long options may be shown that something changed without saying so (an undo, a statement by hand)."""


class LiveOptions(Sequence[Option]):
    """Reads its options when they are asked for: at most once a second, and whenever the definitions have another
    version, which a request reads with its person. Whoever changes the records of some calls `options_changed`, in the
    same transaction, so that the next request finds them changed whichever process answers."""

    def __init__(self, load: Callable[[], Sequence[Option]]) -> None:
        self.load = load
        self.until = 0.0
        self.version = ""
        self.found: tuple[Option, ...] = ()

    def now(self) -> tuple[Option, ...]:
        moment, version = time.monotonic(), own.meta_version()
        if moment >= self.until or version != self.version:
            self.found = tuple(self.load())
            self.version = version
            self.until = moment + FRESH_SECONDS
        return self.found

    @overload
    def __getitem__(self, place: int) -> Option: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Option, ...]: ...
    def __getitem__(self, place: int | slice) -> Option | tuple[Option, ...]:
        return self.now()[place]

    def __len__(self) -> int:
        return len(self.now())


def options_changed() -> None:
    """Records that are options somewhere have changed: every process reads its own anew."""
    with transaction.atomic():
        own.renewed()


def fixed_or_live(options: Sequence[Option]) -> Sequence[Option]:
    return options if isinstance(options, LiveOptions) else tuple(options)
