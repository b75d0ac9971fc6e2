"""The files of the real data hold what the package holds."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import pytest

from kemai.project.demo import journey

pytest.importorskip(journey.PACKAGE)
UNTIL = dt.date(2026, 11, 20)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> journey.Files:
    return journey.write_files(tmp_path_factory.mktemp("journey"), until=UNTIL, households=40)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_till_rows_keep_quantities_and_amounts(files: journey.Files) -> None:
    rows = read(files.till)
    assert len(rows) == files.rows["till"] > 10_000
    source = journey.frame("transactions")
    source = source[source["household_id"] <= 40]
    assert sum(float(row["金额"]) for row in rows) == pytest.approx(source["sales_value"].sum())
    assert {int(row["小票号"]) for row in rows} <= set(source["basket_id"].tolist())
    assert all(0 <= float(row["数量"]) <= 100 for row in rows)
    assert all(row["产品"] and row["品类"] and row["会员号"][0] == "H" for row in rows)


def test_the_year_ends_in_the_week_before(files: journey.Files) -> None:
    last = max(row["下单时间"] for row in read(files.till))[:10]
    assert UNTIL - dt.timedelta(days=8) < dt.date.fromisoformat(last) <= UNTIL
    assert files.shifted_days % 7 == 0
    assert journey.shift(None) == 0


def test_households_carry_their_demographics_and_campaigns(files: journey.Files) -> None:
    rows = {row["客户编号"]: row["标签"] for row in read(files.households)}
    assert "年龄段·65+" in rows["H0001"]
    assert "婚姻·已婚" in rows["H0001"]
    assert any("活动·Campaign" in tags for tags in rows.values())
    known = set(rows)
    assert {row["会员号"] for row in read(files.till)} <= known
    touched = read(files.contacts)
    assert {row["客户编号"] for row in touched} <= known
    assert {row["渠道"] for row in touched} == {"邮件", "系统"}
