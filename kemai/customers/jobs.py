"""Background work on customers."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from kemai.customers.services import chain_months, segments
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


__all__ = ["chain_months", "refresh_segments"]  # the former brings its own schedule
