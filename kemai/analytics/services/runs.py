"""Keeping runs: what was asked, what came out, and what explanations need."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone

from kemai.analytics.analysis import Analysis, Result
from kemai.analytics.models import AnalysisRun
from kemai.platform.access import Actor

NIGHTLY = "nightly"


def start(key: str, version: str, params: Mapping[str, object], *, as_of: datetime, by: Actor) -> AnalysisRun:
    return AnalysisRun.objects.create(
        analysis=key,
        version=version,
        params=dict(params),
        as_of=as_of,
        user_id=by.user_id,
        started_at=timezone.now(),
    )


def finish(
    run: AnalysisRun,
    *,
    result: Mapping[str, object],
    basis: Mapping[str, object],
    rows_read: int = 0,
    rows_written: int = 0,
) -> AnalysisRun:
    run.result = dict(result)
    run.basis = dict(basis)
    run.rows_read = rows_read
    run.rows_written = rows_written
    run.state = "done"
    run.finished_at = timezone.now()
    run.save()
    return run


def fail(run: AnalysisRun, error: BaseException) -> None:
    run.state = "failed"
    run.error = f"{type(error).__name__}: {error}"[:4000]
    run.finished_at = timezone.now()
    run.save()


def keep_result(
    analysis: Analysis,
    params: Mapping[str, object],
    result: Result,
    *,
    as_of: datetime,
    started: datetime,
    by: Actor,
) -> AnalysisRun:
    """The row of an analysis that has already run, as a part of the nightly one."""
    return AnalysisRun.objects.create(
        analysis=analysis.key,
        version=analysis.version,
        params=dict(params),
        basis=dict(result.basis),
        result=result.as_json(),
        state="done",
        as_of=as_of,
        user_id=by.user_id,
        started_at=started,
        finished_at=timezone.now(),
    )


def latest(key: str, *, at: datetime | None = None) -> AnalysisRun | None:
    """The newest finished run of an analysis; with `at`, of those that describe no later moment."""
    runs = AnalysisRun.objects.filter(analysis=key, state="done")
    if at is None:
        return runs.order_by("-id").first()
    return runs.filter(as_of__lte=at).order_by("-as_of", "-id").first()


def standing() -> AnalysisRun | None:
    """The nightly run whose values stand in the facts: the last one that wrote them."""
    runs = AnalysisRun.objects.filter(analysis=NIGHTLY, state="done", params__write=True)
    return runs.order_by("-id").first()


def prune(key: str, keep: int = 400) -> int:
    """Forget all but the newest runs of an analysis; returns how many. Dashboards read the newest few."""
    kept = (
        AnalysisRun.objects.filter(analysis=key).order_by("-id").values_list("id", flat=True)[keep : keep + 1]
    )
    border = next(iter(kept), None)
    if border is None:
        return 0
    deleted: tuple[int, dict[str, Any]] = AnalysisRun.objects.filter(analysis=key, id__lte=border).delete()
    return deleted[0]
