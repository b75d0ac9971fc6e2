"""What may happen in selling, and what things come to: plain functions on plain values.

Amounts are whole cents (docs/adr/004), days are dates, shares are fractions of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Verdict:
    """Whether something may happen; if not, why (the key of a sentence) and with which figures."""

    ok: bool
    reason: str = ""
    inputs: Mapping[str, object] = field(default_factory=dict)


YES = Verdict(True)
