"""What the staff's app does by the clock."""

from __future__ import annotations

from kemai.platform.jobs import Progress, schedule
from kemai.staff.services import emergency


@schedule("emergencies", every=1)
def end_emergencies(progress: Progress) -> int:
    del progress
    return emergency.sweep()
