"""Background work on customers."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext_noop

from kemai.customers.services import (
    chain_months,
    duplicate_runs,
    duplicate_sources,
    duplicates,
    health,
    recheck,
    retention,
    roles,
    segments,
)
from kemai.platform.jobs import schedule
from kemai.platform.jobs.progress import Progress


@schedule("customers.states", at="04:00", title=gettext_noop("更新客户的角色和资料新鲜度"))
def follow_days(progress: Progress) -> dict[str, int]:
    return {"customers": roles.follow_purchases(), "aged": recheck.age()}


@schedule("customers.segments", at="04:10", title=gettext_noop("更新分群"))
def refresh_segments(progress: Progress) -> dict[str, int]:
    """Every segment anew: relative dates move on even where nothing was changed."""
    moved = segments.refresh_all(progress)
    return {
        "segments": len(moved),
        "entered": sum(one.entered for one in moved.values()),
        "left": sum(one.left for one in moved.values()),
    }


@schedule("customers.duplicates", at="03:20", title=gettext_noop("查找重复记录"))
def find_duplicates(progress: Progress) -> dict[str, object]:
    """New and changed records against all others of their type; what was put off comes back."""
    duplicates.wake()
    return {
        one.key: duplicate_runs.look(progress, full=False, type_key=one.key)
        for one in duplicate_sources.searched()
    }


@schedule("customers.health", at="04:40", title=gettext_noop("数据健康统计"))
def count_health(progress: Progress) -> int:
    """Returns how many measures were counted."""
    return health.count_all(progress)


@schedule("customers.recheck", at="07:30", title=gettext_noop("安排资料核对"))
def ask_again(progress: Progress) -> int:
    """On Mondays, where the company wants it: tasks that ask to make sure of a record. Returns how many."""
    rules = recheck.rules()
    if not rules["on"] or timezone.localdate(timezone=timezone.get_default_timezone()).weekday() != 0:
        return 0
    return recheck.weekly(rules["days"], rules["per_owner"], rules["due_days"])


@schedule("customers.retention", at="03:20", title=gettext_noop("保存期限清理"))
def retain(progress: Progress) -> int:
    """Returns how many records were taken."""
    return retention.run_all(progress)


__all__ = ["chain_months", "find_duplicates", "refresh_segments"]  # the former brings its own schedule
