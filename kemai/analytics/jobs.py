"""Analyses in the background. They run in a process of their own, so that their memory goes back afterwards."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_noop

from kemai.platform.jobs import Fatal, Progress, run_in_child, schedule

ANALYSE = "kemai.analytics.jobs.analyse"


@schedule("analytics.nightly", at="02:10", title=gettext_noop("夜间分析"))
def nightly(progress: Progress) -> object:
    return analyse(progress, key="nightly")


def analyse(
    progress: Progress,
    *,
    key: str,
    params: Mapping[str, object] | None = None,
    as_of: str | None = None,
    full: bool = False,
    write: bool | None = None,
    quick: bool = False,
) -> object:
    """The job: an analysis or "nightly" in a child process. Returns {"run": id of the AnalysisRun, "written": rows}.

    `as_of` in ISO form; parameters that cannot be used fail at once, without another attempt."""
    request = {
        "key": key, "params": dict(params or {}), "as_of": as_of, "full": full, "write": write, "quick": quick,
        "user_id": progress.user_id,
    }  # fmt: skip
    answer = run_in_child("kemai.analytics", request, progress)
    if isinstance(answer, dict) and "refused" in answer:
        raise Fatal(str(answer["refused"]))
    return answer
