"""Background work on customers."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from kemai.customers.services import chain_months, duplicate_runs, duplicates, segments
from kemai.platform.jobs import schedule
from kemai.platform.jobs.progress import Progress


@schedule("customers.segments", at="04:10", title=gettext_noop("更新分群"))
def refresh_segments(progress: Progress) -> dict[str, int]:
    """Every segment anew: relative dates move on even where nothing was changed."""
    moved = segments.refresh_all(progress)
    return {
        "segments": len(moved),
        "entered": sum(one.entered for one in moved.values()),
        "left": sum(one.left for one in moved.values()),
    }


@schedule("customers.duplicates", at="03:20", title=gettext_noop("查找重复客户"))
def find_duplicates(progress: Progress) -> dict[str, object]:
    """New and changed customers against all others; what was put off comes back."""
    duplicates.wake()
    return duplicate_runs.look(progress, full=False)


__all__ = ["chain_months", "find_duplicates", "refresh_segments"]  # the former brings its own schedule
