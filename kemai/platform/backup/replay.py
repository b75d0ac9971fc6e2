"""What must be done again, or must not be done, in a database that comes out of a backup. Apps add theirs in
`restoring.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.contrib.sessions.models import Session
from django.utils.module_loading import autodiscover_modules

from kemai.platform.backup.ledger import Entry

Step = Callable[[Sequence[Entry]], int]
"""Gets the lines of the ledger of the erased; returns how many things it put right."""
_steps: dict[str, Step] = {}


def after_restore(name: str) -> Callable[[Step], Step]:
    """Registers a step by the name under which the restore tells of it."""

    def register(step: Step) -> Step:
        _steps[name] = step
        return step

    return register


def run(entries: Sequence[Entry]) -> dict[str, int]:
    """Every step, in the order of their names."""
    autodiscover_modules("restoring")
    return {name: step(entries) for name, step in sorted(_steps.items())}


@after_restore("sessions_ended")
def end_sessions(_entries: Sequence[Entry]) -> int:
    """Whoever was logged in then need not be entitled now."""
    return Session.objects.all().delete()[0]
