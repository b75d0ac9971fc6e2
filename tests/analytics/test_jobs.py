"""Analyses as jobs, and results as they are shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from django.utils import translation

from kemai.analytics import jobs
from kemai.analytics.__main__ import work
from kemai.analytics.models import AnalysisRun
from kemai.analytics.results import latest_result
from kemai.customers.models import CustomerFacts
from kemai.platform.jobs import Fatal, Progress
from kemai.platform.models import Job
from kemai.platform.records import derived
from tests.analytics.conftest import NOW, Till


def request(**values: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "key": "nightly",
        "params": {},
        "as_of": None,
        "full": False,
        "write": None,
        "quick": False,
        "user_id": None,
    }
    return {**base, **values}


def test_the_child_runs_and_reports_in_words(till: Till, tmp_path: Path) -> None:
    till.order(till.customer(), 5)
    said: list[str | None] = []

    def report(done: int, total: int | None = None, message: str | None = None) -> None:
        said.append(message)

    with override_settings(DATA_DIR=tmp_path):
        answer = work(report, **request(as_of=NOW.isoformat()))
    run = AnalysisRun.objects.get(pk=str(answer["run"]))
    assert (run.state, run.rows_written, answer["written"]) == ("done", 1, 1)
    assert {"读取数据", "计算", "写回客户"} <= set(said)


def test_what_cannot_be_run_fails_at_once(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with override_settings(DATA_DIR=tmp_path):
        answer = work(lambda *_args: None, **request(key="gone"))
    assert "gone" in str(answer["refused"])
    monkeypatch.setattr(jobs, "run_in_child", lambda *_args: answer)
    job = Job.objects.create(task=jobs.ANALYSE, run_at=NOW, created_at=NOW)
    with pytest.raises(Fatal, match="gone"):
        jobs.analyse(Progress(job), key="gone")


def test_results_are_shown_in_yuan_and_in_the_readers_language(
    till: Till, nightly: Callable[..., Any]
) -> None:
    till.order(till.customer(), 5, 120)
    assert latest_result("sales") is None
    nightly(quick=False)
    sales, classes = latest_result("sales"), latest_result("value_class")
    assert sales is not None
    assert classes is not None
    assert sales["tables"]["month"]["rows"][-1] == ["2026-06", 1, 120.0]
    assert [row[0] for row in classes["tables"]["classes"]["rows"]] == ["高价值", "潜在", "普通", "未成交"]
    assert classes["charts"][0]["drill"]["where"][0] == {"field": "value_class", "op": "eq", "value": "high"}
    with translation.override("en"):
        english = latest_result("value_class")
    assert english is not None
    assert english["charts"][0]["title"] == "Customers by value class"


def test_a_first_fill_builds_the_indexes_anew(
    transactional_db: None, till: Till, nightly: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import connection

    monkeypatch.setattr(derived, "FILL", 2)
    for _ in range(5):
        till.order(till.customer(), 5)
    assert nightly().rows_written == 5
    with connection.cursor() as cursor:
        there = connection.introspection.get_constraints(cursor, CustomerFacts._meta.db_table)
        cursor.execute("DROP INDEX facts_class")
    assert {index.name for index in CustomerFacts._meta.indexes} <= set(there)
    derived.mend_indexes(CustomerFacts)
    with connection.cursor() as cursor:
        there = connection.introspection.get_constraints(cursor, CustomerFacts._meta.db_table)
    assert "facts_class" in there, "an index that a dead run has left missing is put back"
