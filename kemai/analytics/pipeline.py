"""From a refreshed store to facts and states of every subject: the steps that the nightly run and what-if runs share.

Facts of a customer depend on that customer's rows alone, so they are kept in the store and computed anew only for
customers with changed rows; windows and states change with the calendar and are computed for everybody."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings

from kemai.analytics.analyses.frames import attach
from kemai.analytics.analysis import Analysis, Result
from kemai.analytics.frames import Frames, utc
from kemai.analytics.refresh import Refreshed
from kemai.analytics.registry import get_analysis, params_for
from kemai.analytics.store import Session
from kemai.platform.objects.dataset import all_datasets

STATES = ("rfm", "value_class", "activity")
KEPT = "kept_facts"
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
        params = self.checked(analysis)
        result = self.facts(analysis, params) if key == "facts" else analysis.run(self.frames, params)
        self.results[key] = result
        return result

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
        recent = self.run("recent").write_backs["recent"]
        fact = attach(self.frames.outputs["facts"], recent, "customer_id")
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

    # facts, kept from run to run

    def facts(self, analysis: Analysis, params: Any) -> Result:
        mark = self.mark(analysis, params)
        kept = self.session.execute("SELECT fingerprint, as_of FROM kemai_kept WHERE name = ?", [KEPT])
        as_of = utc(self.moment)
        usable = bool(kept) and kept[0][0] == mark and kept[0][1] <= as_of and self.session.has(KEPT)
        past = bool(kept) and kept[0][0] == mark and kept[0][1] > as_of
        if past:  # a look back: the kept facts stay as they are
            result = analysis.run(self.frames, params)
            self.frames.outputs["facts"] = self.session.stage(result.write_backs["facts"])
            return result
        touched = self.touched(kept[0][1]) if usable and not self.refreshed.everything else None
        if touched is None:
            result = analysis.run(self.frames, params)
            self.frames.outputs["facts"] = self.session.keep(KEPT, result.write_backs["facts"])
        else:
            result = self.renew(analysis, params, touched)
        self.session.execute("INSERT OR REPLACE INTO kemai_kept VALUES (?, ?, ?)", [KEPT, mark, as_of])
        return result

    def touched(self, since: datetime) -> Any:
        """The subjects whose rows changed, or came into view since the kept facts; None if that is most of them."""
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
        session.kinds["renewed"] = {"id": "int64"}
        most = FULL_SHARE * session.count(KEPT)
        return None if session.count("renewed") > most else session.table("renewed")

    def renew(self, analysis: Analysis, params: Any, touched: Any) -> Result:
        result = analysis.run(Frames(self.session, self.moment, only=touched), params)
        fresh = self.session.stage(result.write_backs["facts"])
        name = fresh.get_name()
        self.session.kinds[KEPT] = dict(self.session.kinds[name])
        with self.session.transaction():
            self.session.execute(f'DELETE FROM "{KEPT}" WHERE customer_id IN (SELECT id FROM renewed)')
            self.session.execute(f'INSERT INTO "{KEPT}" SELECT * FROM "{name}"')
        self.frames.outputs["facts"] = self.session.table(KEPT)
        return result

    def mark(self, analysis: Analysis, params: Any) -> str:
        """Changes when kept facts would come out differently."""
        seen = json.dumps([analysis.version, dataclasses.asdict(params), settings.TIME_ZONE], default=str)
        return hashlib.sha256(seen.encode()).hexdigest()[:24]
