"""What one table of a file comes to, before it is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kemai.platform.models import ChangeSet
from kemai.platform.objects.types import Spared

Values = dict[str, Any]


@dataclass
class Plan:
    """What is to be done with the rows of one table, by their positions."""

    targets: dict[int, int]
    """{position: the existing record that it means}"""
    creates: dict[int, Values] = field(default_factory=dict)
    updates: dict[int, Values] = field(default_factory=dict)
    asked: Sequence[int] = ()
    """The rows of which it was asked what they must not overwrite,"""
    spared: Spared | None = None
    """and what that is."""

    @property
    def left(self) -> frozenset[int]:
        """The rows of which something was not taken over."""
        return (
            frozenset(self.asked[place] for place in self.spared.places)
            if self.spared is not None
            else frozenset()
        )

    def note(self, changes: ChangeSet) -> None:
        """Keeps what was not taken over of the rows that were not refused."""
        if self.spared is not None:
            self.spared.note(
                changes, [n for n, position in enumerate(self.asked) if position in self.updates]
            )
