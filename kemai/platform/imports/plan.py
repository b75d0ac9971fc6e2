"""What one table of a file comes to, before it is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kemai.platform.objects.types import Spared

Values = dict[str, Any]


@dataclass
class Plan:
    """What is to be done with the rows of one table, by their positions."""

    targets: dict[int, int]
    """{position: the existing record that it means}"""
    creates: dict[int, Values] = field(default_factory=dict)
    updates: dict[int, Values] = field(default_factory=dict)
    spared: Spared | None = None
    """What the rows must not overwrite."""
