"""From a refreshed store to facts and states of every subject: the steps that the nightly run and what-if runs share.

Facts and windows of a customer depend on that customer's rows (and the day) alone, so they are kept in the store and
computed anew only for customers with changed rows, or with rows that the calendar took out of the window. States are
judged by everybody's figures and computed for everybody."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from kemai.analytics.analyses.frames import attach
from kemai.analytics.analysis import Analysis, Result, year_before
from kemai.analytics.frames import Frames, utc
from kemai.analytics.refresh import Refreshed
from kemai.analytics.registry import get_analysis, params_for
from kemai.analytics.store import Session
from kemai.platform.objects.dataset import all_datasets

STATES = ("rfm", "value_class", "activity")
GRAIN = ("facts", "recent")
"""Analyses of each customer's own rows; their outputs are kept."""
KEPT = {"facts": "kept_facts", "recent": "kept_recent"}
MARKED = "grain"
FULL_SHARE = 0.3
Report = Callable[[str, int, int | None], None]


@dataclass
class Pipeline:
    """One walk through the analyses over one store, as of one moment."""

    session: Session
    moment: datetime
    refreshed: Refreshed
    params: Mapping[str, Mapping[str, object]]
    """{analysis key: parameters that differ from the standing ones}"""
    report: Report
    previous: Any = None
    """A table of the states that stand now: customer_id, value_class; None where hysteresis starts afresh."""
    results: dict[str, Result] = field(default_factory=dict)
    used: dict[str, dict[str, object]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.frames = Frames(self.session, self.moment)
        self.session.execute(
            "CREATE TABLE IF NOT EXISTS kemai_kept (name VARCHAR PRIMARY KEY, fingerprint VARCHAR, as_of TIMESTAMP)"
        )

    def checked(self, analysis: Analysis) -> Any:
        params = params_for(analysis.key, self.params.get(analysis.key))
        self.used[analysis.key] = dataclasses.asdict(params)
        return params

    def run(self, key: str) -> Result:
        """Run one analysis, after those that its needs come from."""
        if key in self.results:
            return self.results[key]
        analysis = get_analysis(key)
        for need in analysis.needs:
            self.provide(need)
        self.report(key, 0, None)
        if key in GRAIN:
            self.grain()
        else:
            self.results[key] = analysis.run(self.frames, self.checked(analysis))
        return self.results[key]

    def provide(self, need: str) -> None:
        if need in self.frames.outputs:
            return
        if need == "facts":
            self.run("facts")
        elif need == "fact":
            self.frames.outputs["fact"] = self.session.stage(self.fact())

    def fact(self) -> Any:
        """Facts with the windows of the calendar and the present class: what states are judged by."""
        import ibis

        self.run("facts")
        fact = attach(self.frames.outputs["facts"], self.frames.outputs["recent"], "customer_id")
        if self.previous is None:
            fact = fact.mutate(previous_class=ibis.null("string"))
        else:
            standing = self.previous.select("customer_id", previous_class="value_class")
            fact = attach(fact, standing, "customer_id")
        return fact.mutate(orders_12m=fact.orders_12m.fill_null(0), amount_12m=fact.amount_12m.fill_null(0))

    def state(self) -> Any:
        """Everything that is written back, one row a customer."""
        self.provide("fact")
        state = self.frames.outputs["fact"]
        for key in STATES:
            output = self.run(key).write_backs[key]
            state = attach(state, output, "customer_id")
        return state.mutate(rfm_cell=state.rfm_cell.fill_null(""))

    # facts and windows, kept from run to run

    def grain(self) -> None:
        """Both of them, from what was kept as far as it still holds."""
        params = {key: self.checked(get_analysis(key)) for key in GRAIN}
        mark, as_of = self.mark(params), utc(self.moment)
        kept = self.session.execute("SELECT fingerprint, as_of FROM kemai_kept WHERE name = ?", [MARKED])
        known = bool(kept) and kept[0][0] == mark and all(self.session.has(name) for name in KEPT.values())
        if known and kept[0][1] > as_of:  # a look back: what is kept stays as it is
            for key, result in self.computed(self.frames, params).items():
                self.frames.outputs[key] = self.session.stage(result.write_backs[key])
            return
        touched = self.touched(kept[0][1], params) if known and not self.refreshed.everything else None
        if touched is None:
            for key, result in self.computed(self.frames, params).items():
                self.frames.outputs[key] = self.session.keep(KEPT[key], result.write_backs[key])
        else:
            self.renew(params, touched)
        self.session.execute("INSERT OR REPLACE INTO kemai_kept VALUES (?, ?, ?)", [MARKED, mark, as_of])

    def computed(self, frames: Frames, params: Mapping[str, Any]) -> Mapping[str, Result]:
        for key in GRAIN:
            self.results[key] = get_analysis(key).run(frames, params[key])
        return {key: self.results[key] for key in GRAIN}

    def touched(self, since: datetime, params: Mapping[str, Any]) -> Any:
        """The subjects whose rows changed, came into view since then, or left the window with the days that passed;
        None if that is most of them."""
        session = self.session
        session.execute(
            "CREATE OR REPLACE TEMPORARY TABLE renewed AS SELECT DISTINCT id FROM touched WHERE id IS NOT NULL"
        )
        for dataset in all_datasets():
            if dataset.subject and dataset.moment:
                session.execute(
                    f'INSERT INTO renewed SELECT DISTINCT "{dataset.subject}" FROM "{dataset.key}" '
                    f'WHERE "{dataset.moment}" > ? AND "{dataset.moment}" <= ?',
                    [since, utc(self.moment)],
                )
        months = params["recent"].months
        before = timezone.localdate(since.replace(tzinfo=UTC), timezone.get_default_timezone())
        session.execute(
            'INSERT INTO renewed SELECT DISTINCT customer_id FROM "order" WHERE "day" > ? AND "day" <= ?',
            [year_before(before, months), year_before(self.frames.today, months)],
        )
        session.kinds["renewed"] = {"id": "int64"}
        most = FULL_SHARE * session.count(KEPT["facts"])
        return None if session.count("renewed") > most else session.table("renewed")

    def renew(self, params: Mapping[str, Any], touched: Any) -> None:
        fresh = self.computed(Frames(self.session, self.moment, only=touched), params)
        for key, result in fresh.items():
            name, kept = self.session.stage(result.write_backs[key]).get_name(), KEPT[key]
            self.session.kinds[kept] = dict(self.session.kinds[name])
            with self.session.transaction():
                self.session.execute(f'DELETE FROM "{kept}" WHERE customer_id IN (SELECT id FROM renewed)')
                self.session.execute(f'INSERT INTO "{kept}" SELECT * FROM "{name}"')
            self.frames.outputs[key] = self.session.table(kept)

    def mark(self, params: Mapping[str, Any]) -> str:
        """Changes when what is kept would come out differently."""
        versions = [[get_analysis(key).version, dataclasses.asdict(params[key])] for key in GRAIN]
        seen = json.dumps([versions, settings.TIME_ZONE], default=str)
        return hashlib.sha256(seen.encode()).hexdigest()[:24]
