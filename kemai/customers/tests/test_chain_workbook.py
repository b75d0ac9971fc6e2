"""The chain sheet as a workbook."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import openpyxl
import pytest

from kemai.customers.services import chain_export
from kemai.customers.services.chain_customers import Filter
from kemai.customers.tests.conftest import Browsers, Shelf
from kemai.platform.access import rights_changed
from kemai.platform.models import Setting
from kemai.platform.records import Refused
from tests.people import Person


def test_the_workbook_holds_the_sheet_and_the_class(
    shop: Shelf, people: dict[str, Person], tmp_path: Path
) -> None:
    path = tmp_path / "x.xlsx"
    assert chain_export.write(people["boss"].actor, Filter("high"), path) == 3
    rows = list(openpyxl.load_workbook(path).active.iter_rows(values_only=True))  # type: ignore[union-attr]
    assert rows[1][0] == "高价值"
    assert rows[1][1] == 3
    texts = [row[0] for row in rows]
    assert texts[texts.index("名称") + 1 :] == ["甲", "乙", "丁"]


def test_the_workbook_takes_out_no_more_than_any_export(
    shop: Shelf, people: dict[str, Person], tmp_path: Path
) -> None:
    Setting.objects.create(key="access.limits", value={"export_rows": 2, "export_day": 3})
    rights_changed()
    path, boss = tmp_path / "x.xlsx", people["boss"].actor
    assert chain_export.write(boss, Filter("high"), path) == 2
    texts = [str(row[0]) for row in openpyxl.load_workbook(path).active.iter_rows(values_only=True)]  # type: ignore[union-attr]
    assert texts[-1].startswith("只含金额最高的 2 位")
    with pytest.raises(Refused):  # four on one day
        chain_export.write(boss, Filter("high"), path)


def test_only_those_with_the_right_export(shop: Shelf, browsers: Browsers) -> None:
    assert browsers["alice"].get("/chain/export").status_code == 403
    answer = browsers["boss"].get("/chain/export?class=potential")
    assert answer.status_code == 200
    body = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    rows = list(openpyxl.load_workbook(BytesIO(body)).active.iter_rows(values_only=True))  # type: ignore[union-attr]
    assert rows[-1][0] == "丙"
