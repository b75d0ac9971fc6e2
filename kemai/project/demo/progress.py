"""What a person sees while something long runs: a bar on a terminal, plain lines elsewhere, nothing in tests."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

import click

Advance = Callable[[int], None]
EVERY = 5.0
"""Seconds between two plain lines of one step."""


class Progress:
    """Steps with a name and a number of rows each; `to` None says nothing."""

    def __init__(self, to: TextIO | None = sys.stderr) -> None:
        self.to = to
        self.started = time.monotonic()

    @contextmanager
    def step(self, label: str, total: int) -> Iterator[Advance]:
        """`with progress.step("订单", 200_000) as advance: … advance(5000)`"""
        if self.to is None:
            yield lambda rows: None
        elif self.to.isatty():
            with click.progressbar(length=total, label=label, file=self.to, show_pos=True) as bar:
                yield bar.update
        else:
            yield from self._plain(label, total)

    def say(self, text: str) -> None:
        """One line."""
        if self.to is not None:
            click.echo(text, file=self.to)

    def _plain(self, label: str, total: int) -> Iterator[Advance]:
        began = said = time.monotonic()
        done = 0

        def advance(rows: int) -> None:
            nonlocal done, said
            done += rows
            if time.monotonic() - said > EVERY:
                said = time.monotonic()
                self.say(f"  {label} {done}/{total}")

        yield advance
        self.say(f"  {label} {total} · {time.monotonic() - began:.1f} s")
