"""Files that are wrong, on purpose or not: a clear sentence, nothing half-written."""

from __future__ import annotations

import csv
import re
import zipfile
from pathlib import Path

import pytest
from django.utils import translation

from kemai.kit.tabular import BadCell, TabularError
from kemai.platform import imports, records
from kemai.platform.imports.messages import FILE_MESSAGES, UNKNOWN, explain
from kemai.platform.imports.tests.conftest import Load, counts, customers, opened
from kemai.platform.records import FieldErrors
from kemai.platform.ui.imports.showing import trouble

TEXT = "名称,电话\n𠮷野家,13800138000\n㐱氏,13800138001\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_every_encoding_and_delimiter_of_an_office(
    tmp_path: Path, db: None, encoding: str, delimiter: str
) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(TEXT.replace(",", delimiter).encode(encoding))
    imports.execute(opened(path))
    assert customers("name") == [("𠮷野家",), ("㐱氏",)]


def test_gbk(tmp_path: Path, db: None) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes("名称,电话\n张伟,13800138000\n".encode("gbk"))
    imports.execute(opened(path))
    assert customers("name") == [("张伟",)]


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("[Content_Types].xml", "<Types/>")
        file.writestr("xl/workbook.xml", "<workbook/>")
        file.writestr("xl/worksheets/sheet1.xml", b"0" * (60 * 1024 * 1024))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x00\x01\x02binary\xff\xfe" * 400, "不是表格"),
        (b"   \n\n", "空"),
        (b"PK\x03\x04broken", "损坏"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "损坏"),
        (",".join(f"c{n}" for n in range(600)).encode() + b"\n1\n", "600"),
    ],
    ids=["binary", "blank", "broken-xlsx", "broken-xls", "columns"],
)
def test_files_that_are_no_tables_are_refused_with_a_sentence(
    tmp_path: Path, db: None, content: bytes, said: str
) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(content)
    run = opened(path)
    assert run.state == "failed"
    assert said in trouble(run)
    with translation.override("en"):
        assert not re.search(r"%\(", trouble(run))


def test_an_empty_file_is_refused_at_once(tmp_path: Path, db: None) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(b"")
    with pytest.raises(FieldErrors, match="空"):
        opened(path)


def test_a_bomb_is_not_opened(tmp_path: Path, db: None) -> None:
    bomb(tmp_path / "f.xlsx")
    run = opened(tmp_path / "f.xlsx")
    assert (run.state, run.source["error"]) == ("failed", "xlsx_bomb")
    assert "安全" in trouble(run)


def test_a_file_over_the_limit_is_not_kept(tmp_path: Path, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from kemai.platform.imports import services

    monkeypatch.setattr(services, "MOST_BYTES", 10)
    path = tmp_path / "f.csv"
    path.write_text(TEXT, encoding="utf-8")
    with pytest.raises(FieldErrors, match="太大"):
        opened(path)


def test_broken_rows_are_refused_one_by_one(tmp_path: Path, db: None) -> None:
    path = tmp_path / "f.csv"
    rows = [
        "名称,电话",
        "张伟,13800138000",
        '李"娜,13800138001',
        '"王芳,13800138002',
        "赵敏,13800138003,多,余",
        "孙丽,13800138004",
    ]
    path.write_text("\n".join(rows), encoding="utf-8")
    run = imports.execute(opened(path, match=()))
    assert sum(counts(run)) == 5
    assert {"张伟", "孙丽"} <= {name for (name,) in customers("name")}
    assert counts(run)[3] >= 1


def test_a_huge_cell_refuses_its_row_only(load: Load) -> None:
    run = load(["名称", "备注"], [["张伟", "x" * 10_000_000], ["李娜", "好"]], match=())
    imports.execute(run)
    assert (counts(run), customers("name")) == ((1, 0, 0, 1), [("李娜",)])


def test_values_that_cannot_be(load: Load) -> None:
    good = ["S0", "M1", "2026-01-02", "1.00", "1"]
    records.create("customer", {"number": "M1", "name": "甲"}, by=imports_actor())
    bad = [
        ["S1", "M1", "2026-02-30", "1", "1"], ["S2", "M1", "9999-01-01", "1", "1"], ["S3", "M1", "昨天", "1", "1"],
        ["S4", "M1", "2026-01-02", "9" * 40, "1"], ["S5", "M1", "2026-01-02", "1e400", "1"],
        ["S6", "M1", "2026-01-02", "NaN", "1"], ["S7", "M1", "2026-01-02", "1", "²"],
        ["S8", "", "2026-01-02", "1", "1"],
    ]  # fmt: skip
    run = load(["订单编号", "客户", "下单时间", "金额", "件数"], [good, *bad], "order")
    imports.execute(run)
    assert counts(run) == (1, 0, 0, 8)


def imports_actor() -> imports.access.Actor:  # type: ignore[name-defined]
    from kemai.platform.imports.tests.conftest import IMPORTER

    return IMPORTER


def test_regions_and_dates_that_do_not_exist(load: Load) -> None:
    rows = [
        ["甲", "火星市", ""],
        ["乙", "朝阳区", ""],
        ["丙", "", "1990-02-30"],
        ["丁", "上海", "29.02.1990"],
        ["戊", "杭州", "1990-02-28"],
    ]
    run = load(["名称", "城市", "生日"], rows, match=())
    imports.rehearse(run)
    assert run.rehearsal["counts"]["refuse"] == 4
    imports.execute(run)
    assert customers("name") == [("戊",)]


@pytest.mark.parametrize(
    "formula",
    ["=1+1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "＝1+1", "=cmd|' /C calc'!A0", "<script>alert(1)</script>"],
)
def test_formulas_and_markup_stay_text_and_come_back_as_they_were(
    load: Load, formula: str, tmp_path: Path
) -> None:
    run = load(["名称", "电话"], [[formula, "123"], [formula, "13800138000"]], match=())
    imports.execute(run)
    assert customers("name") == [(formula.strip(),)]
    assert run.error_file is not None
    with records.location(run.error_file).open(encoding="utf-8-sig", newline="") as file:
        line = list(csv.reader(file))[1]
    assert line[0][:1] not in "=+-@\t＝" or line[0] == "-"


def test_duplicate_headings_are_named_apart(load: Load) -> None:
    run = load(["名称", "名称", "电话", ""], [["甲", "乙", "13800138000", "x"]], match=())
    assert run.source["header"] == ["名称", "名称 (2)", "电话", "D"]
    imports.execute(run)
    assert customers("name") == [("甲",)]


def test_many_bad_rows_leave_one_reason_and_a_whole_error_file(load: Load, small_chunks: None) -> None:
    run = load(["名称", "电话"], [[f"客户{n}", f"坏{n}"] for n in range(500)], match=())
    imports.rehearse(run)
    assert [(one["count"], one["column"]) for one in run.rehearsal["reasons"]] == [(500, 1)]
    assert len(run.rehearsal["samples"]["refuse"]) == 20
    imports.execute(run)
    assert (counts(run), customers("id")) == ((0, 0, 0, 500), [])


def test_too_many_rows_stop_the_import_with_a_sentence(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    from kemai.kit.tabular import read

    run = load(["名称"], [[f"客户{n}"] for n in range(20)], match=())

    def numbered(records: object, source: object, start: int) -> object:
        raise TabularError("too_many_rows", limit=5)

    monkeypatch.setattr(read, "_number", numbered)
    from kemai.platform import jobs

    imports.start(run, by=imports_actor())
    jobs.run_all()
    run.refresh_from_db()
    assert run.state == "failed"
    assert "5 行" in run.counts["error"]


def test_every_code_of_the_readers_has_a_sentence() -> None:
    codes: set[str] = set()
    for source in (TabularError.__doc__, BadCell.__doc__):
        codes |= set(re.findall(r"\b([a-z]+(?:_[a-z]+)+)\b(?= ?[(,.]| \()", source or ""))
    assert len(codes) > 15
    params = {
        "size": 1,
        "limit": 2,
        "columns": 3,
        "cells": 4,
        "length": 5,
        "ratio": 6,
        "sheet": "s",
        "kind": "k",
        "entries": 7,
        "line": 8,
    }
    for code in codes:
        assert code in FILE_MESSAGES, code
        text = explain(TabularError(code, **params))
        assert "%(" not in text
        assert text != str(UNKNOWN) % {"code": code}
