"""`kemai analyse`: run analyses from the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, time

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

Say = Callable[[str], None]


def analyse(
    key: str = "nightly",
    *,
    params: Mapping[str, object] | None = None,
    as_of: str = "",
    full: bool = False,
    say: Say = print,
) -> int:
    """Run an analysis here and now, with a line a step. Returns the id of the run; raises ValueError for a bad
    `as_of`, and what `run` raises."""
    from kemai.analytics.run import run
    from kemai.platform.access import SYSTEM

    done = run(key, params, by=SYSTEM, as_of=moment(as_of), full=full, report=Steps(say))
    say(
        _("完成：读取 %(read)s 行，写回 %(written)s 位客户，运行编号 %(run)s")
        % {"read": done.rows_read, "written": done.rows_written, "run": done.pk}
    )
    return done.pk


def moment(text: str) -> datetime | None:
    """A day means its end, in the company's time."""
    if not text:
        return None
    found = parse_datetime(text) if len(text) > 10 else None
    day = parse_date(text[:10]) if found is None else None
    if day is not None:
        found = datetime.combine(day, time(23, 59, 59))
    if found is None:
        raise ValueError(_("“%(text)s”不是日期，请写成 2026-11-20") % {"text": text[:40]})
    return timezone.make_aware(found, timezone.get_default_timezone()) if timezone.is_naive(found) else found


class Steps:
    """Says each step once."""

    def __init__(self, say: Say) -> None:
        self.say = say
        self.last = ""

    def __call__(self, message: str, done: int, total: int | None) -> None:
        from kemai.analytics.run import STEPS

        step = message.partition(".")[0]
        if step != self.last:
            self.last = step
            self.say(_(STEPS.get(step, step)))
