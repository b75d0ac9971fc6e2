"""The dashboard and the analyses page: results become charts, and company figures stay with those who may see them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
from django.http import QueryDict
from django.utils import timezone

from kemai.analytics.analysis import Chart, Column, Table
from kemai.analytics.models import AnalysisRun
from kemai.analytics.services import runs
from kemai.customers.services import analyses, dashboards
from kemai.customers.tests.conftest import Browsers, Shelf
from kemai.platform import access, query
from kemai.platform.access import SYSTEM
from kemai.platform.models import Job
from kemai.platform.objects import get
from kemai.platform.ui.addresses import opened
from tests.people import Person

MONTHS = [f"2026-{month:02d}" for month in range(1, 13)]


def kept(key: str, *charts: Chart, tables: dict[str, Table] | None = None, **metrics: Any) -> AnalysisRun:
    run = runs.start(key, "1", {}, as_of=timezone.now(), by=SYSTEM)
    result = {
        "metrics": metrics,
        "tables": {name: table.as_json() for name, table in (tables or {}).items()},
        "charts": [chart.as_json() for chart in charts],
    }
    return runs.finish(run, result=orjson.loads(orjson.dumps(result)), basis={"amount": 123456, "base": 9})


def by_month() -> Chart:
    where = [dashboards.month_where(month, "ordered_at") for month in MONTHS]
    return Chart(
        "month", "bar", "每月销售额", "money", {"label": "月份", "kind": "month", "values": MONTHS},
        [{"key": "amount", "label": "销售额", "values": [100 * index for index in range(12)]}],
        {"type": "order", "where": where},
    )  # fmt: skip


@pytest.fixture
def results(db: None) -> None:
    classes = ["high", "potential", "regular", "none"]
    kept(
        "sales", by_month(), amount_30d=12_800_00, amount_30d_before=10_000_00, orders_30d=7, new_this_month=3
    )
    kept(
        "value_class",
        Chart(
            "classes", "pie", "客户价值类别", "人",
            {"label": "价值类别", "kind": "option:value_class", "values": classes},
            [{"key": "customers", "label": "客户数", "values": [1, 2, 3, 4]}],
            {"type": "customer", "where": [{"field": "value_class", "op": "eq", "value": one} for one in classes]},
        ),
    )  # fmt: skip
    kept("activity", size_active=8, size_lost=2, size_prospect=5)
    kept(
        "cohort",
        Chart(
            "retention", "heat", "按首购月份的留存率", "share",
            {"label": "第几个月", "kind": "whole", "values": [1, 2]},
            [{"key": "2026-01", "label": "2026-01", "size": 40, "values": [0.25, None]}],
        ),
    )  # fmt: skip
    cells = ["champion", "develop", "keep", "rescue", "g_value", "g_develop", "g_keep", "g_rescue"]
    columns = (
        Column("cell", "RFM", "option:rfm_cell"),
        Column("customers", "n"),
        Column("amount", "a", "money"),
    )
    kept("rfm", tables={"cells": Table(columns, [[one, 10, 1000, 1, 1.0][:3] for one in cells])})
    kept("coverage", completeness=81.5, fresh=0.5, reachable=0.9, valid=0.7)


def test_charts_are_cut_scaled_and_coloured(results: None) -> None:
    board = dashboards.company(6)
    sales = board.charts["sales"]
    assert sales["x"] == MONTHS[-6:]
    assert sales["series"][0]["data"] == [6.0, 7.0, 8.0, 9.0, 10.0, 11.0], "cents became yuan"
    assert len(sales["drill"]["where"]) == 6
    assert board.charts["classes"]["colors"] == ["orange", "purple", "blue", "gray"]
    assert board.charts["classes"]["x"][0] == "高价值"
    heat = board.charts["retention"]
    assert heat["series"][0] == {"name": "2026-01 (40)", "data": [25.0, None]}
    assert heat["unit"] == "%"
    assert board.metrics["amount"] == 12_800
    assert board.metrics["amount_change"] == pytest.approx(0.28)
    assert board.metrics["active_share"] == pytest.approx(0.8)
    assert [[cell.customers for cell in row] for row in board.matrix] == [[10] * 4, [10] * 4]
    assert board.coverage == {"completeness": 0.815, "fresh": 0.5, "reachable": 0.9, "valid": 0.7}


def test_what_a_bar_opens_is_a_condition_that_works(
    results: None, browsers: Browsers, people: dict[str, Person]
) -> None:
    from kemai.customers.pages.dashboard import drawn

    for spec in dashboards.company(12).charts.values():
        for url in drawn(spec).get("drill", []):
            where = orjson.loads(str(opened(QueryDict(urlsplit(url).query))[0]["where"]))
            object_type = get(urlsplit(url).path.split("/")[2])
            query.parse(where, object_type, people["boss"].actor.moment())


def test_a_month_is_the_whole_month(shelf: Shelf, people: dict[str, Person]) -> None:
    one = shelf.customer("甲", "alice")
    zone = timezone.get_default_timezone()
    for moment, inside in (
        ("2026-01-31T23:59", False),
        ("2026-02-01T00:00", True),
        ("2026-02-28T23:59", True),
    ):
        order = shelf.order(one, 5)
        order.ordered_at = timezone.datetime.fromisoformat(moment).replace(tzinfo=zone)  # type: ignore[attr-defined]
        order.note = "in" if inside else "out"
        order.save()
    node = query.parse(
        dashboards.month_where("2026-02", "ordered_at"), get("order"), people["boss"].actor.moment()
    )
    found = access.scope(people["boss"].actor, "order").filter(query.compile_q(node, get("order")))
    assert {order.note for order in found} == {"in"}
    assert found.count() == 2


def test_the_shift_counts_moves_of_the_last_month(shelf: Shelf, results: None) -> None:
    one = shelf.customer("甲")
    shelf.moved(one, "value_class", "regular", "high", 2)
    shelf.moved(one, "value_class", "high", "potential", 24 * 40)
    shift = dashboards.class_shift(runs.latest("value_class"))
    assert shift is not None
    assert shift["series"][0]["data"] == [1, 0, 0, 0]
    assert shift["series"][1]["data"] == [0, 0, 1, 0]


def test_own_figures_are_those_of_own_customers(shelf: Shelf, people: dict[str, Person]) -> None:
    mine = shelf.customer("甲", "alice", value_class="high", activity="active", first_order_at=shelf.now)
    other = shelf.customer("乙", "charlie", value_class="high", activity="lost", first_order_at=shelf.now)
    for customer, amount, days in ((mine, 100, 0), (mine, 30, 45), (mine, 7, 900), (other, 999, 0)):
        shelf.order(customer, amount, days)
    board = dashboards.own(people["alice"].actor, 12)
    assert sum(board.charts["sales"]["series"][0]["data"]) == 130
    assert board.charts["sales"]["series"][0]["data"][-1] == 100
    assert board.charts["new"]["series"][0]["data"][-1] == 1
    assert board.metrics["customers"] == 1
    assert board.metrics["lost"] == 0


def test_company_figures_are_for_those_who_see_all(results: None, shelf: Shelf, browsers: Browsers) -> None:
    whole = browsers["boss"].get("/dashboard?months=24").content.decode()
    assert "按首购月份的留存率" in whole
    assert "12,800" in whole or "1.3万" in whole
    mine = browsers["alice"].get("/dashboard").content.decode()
    assert "您能看到的客户" in mine
    assert "留存率" not in mine
    assert browsers["nobody"].get("/dashboard").status_code == 403
    assert browsers["boss"].get("/dashboard?months=banana").status_code == 200


def test_before_the_first_run_the_page_says_what_to_do(shelf: Shelf, browsers: Browsers) -> None:
    text = browsers["boss"].get("/dashboard").content.decode()
    assert "还没有分析结果" in text
    assert "现在计算" in text


def test_computing_anew_waits_in_the_queue_once(shelf: Shelf, browsers: Browsers) -> None:
    client = browsers["boss"]
    assert "progress" in client.post("/dashboard/recalculate").content.decode()
    client.post("/dashboard/recalculate")
    assert Job.objects.filter(task="kemai.analytics.jobs.analyse").count() == 1
    assert browsers["alice"].post("/dashboard/recalculate").status_code == 403
    assert client.get("/dashboard/recalculate").status_code == 405


# ── analyses ──


def test_runs_are_listed_and_opened(results: None, shelf: Shelf, browsers: Browsers) -> None:
    client = browsers["boss"]
    text = client.get("/insight/runs").content.decode()
    assert "RFM 分析" in text
    only = client.get("/insight/runs?analysis=cohort").content.decode()
    assert only.count("data-row data-id") == 1
    for run in AnalysisRun.objects.all():
        page = client.get(f"/insight/runs/{run.pk}")
        assert page.status_code == 200
        assert "¥ 1,234.56" in page.content.decode(), "the threshold is shown in yuan"
    assert client.get("/insight/runs/99999").status_code == 404
    assert browsers["alice"].get("/insight/runs").status_code == 403
    assert browsers["alice"].get(f"/insight/runs/{AnalysisRun.objects.all()[0].pk}").status_code == 403


def test_older_runs_are_a_page_further(
    results: None, shelf: Shelf, people: dict[str, Person], monkeypatch: Any
) -> None:
    monkeypatch.setattr(analyses, "PAGE", 2)
    boss = people["boss"].actor
    first = analyses.recent(boss)
    assert len(first) == 3, "one more says that there is a further page"
    later = analyses.recent(boss, before=first[1].run.pk)
    assert later[0].run.pk < first[1].run.pk


def test_an_analysis_is_run_with_checked_parameters(shelf: Shelf, browsers: Browsers) -> None:
    client = browsers["boss"]
    form = client.get("/insight/runs/start/value_class").content.decode()
    assert "金额分位" in form
    good = {"amount_share": "0.9", "orders_share": "0.6", "hysteresis": "0.1"}
    for bad in (
        {"amount_share": "7"},
        {"amount_share": "many"},
        {"amount_share": ""},
        {"amount_share": "nan"},
    ):
        assert client.post("/insight/runs/start/value_class", good | bad).status_code == 422, bad
    assert not Job.objects.exists()
    assert client.post("/insight/runs/start/value_class", good).status_code == 200
    job = Job.objects.get()
    assert job.args["params"] == {"amount_share": 0.9, "orders_share": 0.6, "hysteresis": 0.1}
    assert client.get("/insight/runs/start/nonsense").status_code == 404
    assert browsers["alice"].post("/insight/runs/start/value_class", good).status_code == 403
    run = kept("value_class")
    Job.objects.filter(pk=job.pk).update(state="done", result={"run": run.pk})
    assert client.get(f"/insight/runs/finished/{job.pk}").headers["Location"] == f"/insight/runs/{run.pk}"
    Job.objects.filter(pk=job.pk).update(state="failed", result=None, error="没有数据")
    assert "没有数据" in client.get(f"/insight/runs/finished/{job.pk}").content.decode()


def test_every_parameter_has_words(db: None) -> None:
    for kind in analyses.kinds():
        for one in kind.params:
            assert one.label != one.name, f"{kind.key}.{one.name}"


def test_a_failed_run_says_why(shelf: Shelf, browsers: Browsers) -> None:
    run = runs.start("rfm", "1", {}, as_of=timezone.now() - timedelta(hours=1), by=SYSTEM)
    runs.fail(run, ValueError("磁盘已满"))
    assert "磁盘已满" in browsers["boss"].get(f"/insight/runs/{run.pk}").content.decode()
