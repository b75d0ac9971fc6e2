"""Options that are records: the stages of a pipeline are a choice to everybody but those who edit them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import overload

from django.db import transaction

from kemai.platform.models import Option
from kemai.platform.objects import own

FRESH_SECONDS = 600.0
"""How long options may be shown that a statement by hand has changed."""
SOURCES: set[str] = set()
"""Object types whose records are options somewhere."""


class LiveOptions(Sequence[Option]):
    """Reads its options when they are asked for and the definitions have another version, which a request reads with
    its person, so that it finds them changed whichever process answers. A new version is given by every change that the
    write door makes to records of the types in `of` (`source_changed`), undone ones included; whoever writes such
    records past it calls `options_changed`, in the same transaction."""

    def __init__(self, load: Callable[[], Sequence[Option]], *of: str) -> None:
        self.load = load
        SOURCES.update(of)
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


def source_changed(type_key: str) -> None:
    """The write door tells of every change."""
    if type_key in SOURCES:
        options_changed()


def fixed_or_live(options: Sequence[Option]) -> Sequence[Option]:
    return options if isinstance(options, LiveOptions) else tuple(options)
