"""Running analyses: one on demand, or all of the nightly ones with their write-back."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kemai.analytics.models import AnalysisRun
from kemai.analytics.services import runs
from kemai.platform.access import Actor

Report = Callable[[str, int, int | None], None]
VERSION = "1"
READ_ONLY = ("cohort", "sales", "coverage")
"""What the nightly run keeps for the dashboard besides the states."""
PART = "customer_facts"
STEPS = {
    "refresh": gettext_noop("读取数据"),
    "analyse": gettext_noop("计算"),
    "write": gettext_noop("写回客户"),
    "results": gettext_noop("汇总报表"),
}


def quiet(message: str, done: int, total: int | None) -> None:
    """Reports nothing."""


def run(
    key: str,
    params: Mapping[str, object] | None = None,
    *,
    by: Actor,
    as_of: datetime | None = None,
    full: bool = False,
    write: bool | None = None,
    quick: bool = False,
    report: Report = quiet,
    folder: Path | None = None,
) -> AnalysisRun:
    """Run an analysis on refreshed data and keep its result.

    `key` is an analysis or "nightly": all of them, with the derived facts written back. `params` are the analysis'
    own, or for "nightly" {analysis key: its parameters}. With `as_of` everything later is left out of account; a
    nightly run writes back unless a later moment's values already stand (`write` decides otherwise). `full` reads
    the datasets anew; a `quick` nightly run brings facts and states up to date but leaves the dashboard's results as
    they were. Raises UnknownAnalysis, BadParams, StoreBusy; any failure stays in the run's row."""
    from kemai.analytics.registry import get_analysis, params_for

    moment = as_of or timezone.now()
    if key == runs.NIGHTLY:
        given = {name: dict(one) for name, one in (params or {}).items() if isinstance(one, Mapping)}
        for name, one in given.items():
            params_for(name, one)
        wanted = should_write(moment) if write is None else write
        row = runs.start(key, VERSION, {"write": wanted, "params": given}, as_of=moment, by=by)
    else:
        get_analysis(key)
        params_for(key, params)
        given = {key: dict(params or {})}
        wanted = False
        row = runs.start(key, get_analysis(key).version, given[key], as_of=moment, by=by)
    try:
        return carry_out(
            row, given, moment, by=by, full=full, write=wanted, quick=quick, report=report, folder=folder
        )
    except BaseException as error:
        runs.fail(row, error)
        raise


def should_write(moment: datetime) -> bool:
    """Values that describe a later moment are not overwritten by a look back."""
    last = runs.standing()
    return last is None or last.as_of <= moment


def carry_out(
    row: AnalysisRun,
    params: Mapping[str, Mapping[str, object]],
    moment: datetime,
    *,
    by: Actor,
    full: bool,
    write: bool,
    quick: bool,
    report: Report,
    folder: Path | None,
) -> AnalysisRun:
    from kemai.analytics.pipeline import Pipeline
    from kemai.analytics.refresh import refresh
    from kemai.analytics.store import open_store
    from kemai.analytics.writeback import standing_values
    from kemai.platform.objects.dataset import get_part

    clock = Clock(report)
    with open_store(folder or Path(settings.DATA_DIR)) as session:
        refreshed = refresh(session, full=full, report=clock.step("refresh"))
        pipeline = Pipeline(session, moment, refreshed, params, clock.step("analyse"))
        rows_read = sum(refreshed.rows.values())
        if row.analysis != runs.NIGHTLY:
            result = pipeline.run(row.analysis)
            clock.done()
            row.params = dict(pipeline.used[row.analysis])
            return runs.finish(row, result=result.as_json(), basis=result.basis, rows_read=rows_read)
        last = runs.standing()
        standing = standing_values(session, get_part(PART), last.pk if last else None)
        if write or (last is not None and last.as_of <= moment):
            pipeline.previous = standing
        written = nightly(pipeline, standing, row, by=by, write=write, quick=quick, report=clock)
        seconds = clock.done()
        basis = {name: dict(result.basis) for name, result in pipeline.results.items()}
        metrics = {
            "seconds": seconds,
            "read": refreshed.rows,
            "written": written.rows if written else 0,
            "transitions": written.transitions if written else {},
        }
        row.params = {**row.params, "params": pipeline.used}
        return runs.finish(
            row,
            result={"metrics": metrics, "tables": {}, "charts": []},
            basis={"as_of": moment.isoformat(), **basis},
            rows_read=rows_read,
            rows_written=written.rows if written else 0,
        )


def nightly(
    pipeline: Any, standing: Any, row: AnalysisRun, *, by: Actor, write: bool, quick: bool, report: Clock
) -> Any:
    """All analyses; the facts are written first, then the dashboard's results are computed and kept."""
    from kemai.analytics.pipeline import STATES
    from kemai.analytics.registry import get_analysis
    from kemai.analytics.writeback import write_back
    from kemai.platform.objects.dataset import get_part

    started = timezone.now()
    state = pipeline.state()
    written = None
    if write:
        touched = None
        if not pipeline.refreshed.everything:
            pipeline.session.kinds.setdefault("touched", {"id": "int64"})
            touched = pipeline.session.table("touched")
        written = write_back(
            pipeline.session, get_part(PART), state, standing,
            touched=touched, by=by.through("analysis"), run_id=row.pk, at=pipeline.moment, report=report.step("write"),
        )  # fmt: skip
    report.step("results")
    for key in STATES if quick else (*STATES, *READ_ONLY):
        result = pipeline.run(key)
        runs.keep_result(
            get_analysis(key), pipeline.used[key], result, as_of=pipeline.moment, started=started, by=by
        )
        runs.prune(key)
    runs.prune(runs.NIGHTLY)
    return written


class Clock:
    """Measures the steps of a run and passes their progress on, in words for people."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.seconds: dict[str, float] = {}
        self._step = ""
        self._since = time.monotonic()

    def step(self, name: str) -> Report:
        self._close()
        self._step = name

        def passed_on(message: str, done: int, total: int | None) -> None:
            self.report(_(STEPS[name]), done, total)

        return passed_on

    def _close(self) -> None:
        now = time.monotonic()
        if self._step:
            self.seconds[self._step] = round(self.seconds.get(self._step, 0.0) + now - self._since, 2)
        self._since = now

    def done(self) -> dict[str, float]:
        self._close()
        self._step = ""
        return self.seconds
