from __future__ import annotations

import csv
import datetime as dt
import random
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kemai.kit.tabular import (
    BadRow,
    Limits,
    TabularError,
    XlsxWriter,
    neutralise,
    profile,
    rows,
    strip_neutralised,
    write_csv,
    write_xlsx,
)

DAY = dt.date(2026, 11, 20)
HEADER = ["姓名", "电话", "金额", "日期", "是否"]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "a.xlsx"
    write_xlsx(
        path,
        HEADER,
        [["张伟", "13812345678", Decimal("12.50"), DAY, True], ["=1+1", "007", 3, None, False]],
        sheet="客户/名单",
    )
    return path


def test_workbooks_come_back_as_written(book: Path) -> None:
    source = profile(book)
    assert (source.kind, source.sheet, source.header) == ("xlsx", "客户_名单", tuple(HEADER))
    assert source.estimated_rows == 2
    assert list(rows(source)) == [["张伟", "13812345678", 12.5, DAY, True], ["=1+1", "007", 3.0, None, False]]
    assert list(rows(source, 1)) == [["=1+1", "007", 3.0, None, False]]


def test_no_written_text_is_a_formula_or_link(book: Path, tmp_path: Path) -> None:
    path = tmp_path / "b.xlsx"
    write_xlsx(
        path, ["=cmd|x"], [["=HYPERLINK(1)"], ["http://x.cn"], ["mailto:a@b"], ["{=1}"], ["a\ud800\x01b"]]
    )
    with zipfile.ZipFile(path) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
        assert not [name for name in archive.namelist() if "rels" in name and "worksheets" in name]
    import openpyxl

    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "inlineStr"}


def test_long_numbers_and_early_dates_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "n.xlsx"
    zoned = dt.datetime.combine(DAY, dt.time(8), dt.UTC)
    write_xlsx(
        path,
        ["a", "b", "c"],
        [[12345678901234567890, dt.date(1850, 1, 1), zoned], [Decimal("0.1"), dt.time(8, 30), 1.5]],
    )
    assert list(rows(profile(path))) == [
        ["12345678901234567890", "1850-01-01", "2026-11-20 08:00:00+00:00"],
        [0.1, dt.time(8, 30), 1.5],
    ]


def test_excel_limits_are_typed_errors(tmp_path: Path) -> None:
    with XlsxWriter(tmp_path / "c.xlsx", ["a"]) as writer:
        with pytest.raises(TabularError, match="cell_too_long"):
            writer.write(["x" * 32_768])
        writer.rows = 1_048_575
        with pytest.raises(TabularError, match="xlsx_full"):
            writer.write(["x"])


def test_sheets_are_listed_and_chosen(tmp_path: Path) -> None:
    import openpyxl

    path = tmp_path / "s.xlsx"
    made = openpyxl.Workbook()
    first = made.active
    assert first is not None
    first.title = "说明"
    hidden = made.create_sheet("隐藏")
    hidden.append(["a"])
    hidden.sheet_state = "hidden"
    data = made.create_sheet("数据")
    data["C3"], data["D3"], data["C4"], data["D4"] = "甲", "乙", "1", "2"
    made.save(path)
    source = profile(path)
    assert [(s.name, s.hidden) for s in source.sheets] == [("说明", False), ("隐藏", True), ("数据", False)]
    assert (source.sheet, source.header, source.header_row) == ("数据", ("甲", "乙"), 2)
    assert list(rows(source)) == [["1", "2"]]
    assert profile(path, sheet="隐藏").header == ("a",)
    with pytest.raises(TabularError, match="sheet_missing"):
        profile(path, sheet="x")


def repack(book: Path, sheet: bytes, **extra: bytes) -> Path:
    """Write the workbook again with another first sheet."""
    path = book.with_name("evil.xlsx")
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, sheet if name.endswith("sheet1.xml") else old.read(name))
        for name, content in extra.items():
            new.writestr(name, content)
    return path


def xml(body: bytes) -> bytes:
    return (
        b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        + body
        + b"</sheetData></worksheet>"
    )


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'<row r="1"><c r="A1"><v>1</v></c></row>' + b" " * 60_000_000, "xlsx_bomb"),
        (
            b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
            "xlsx_too_many_cells",
        ),
        (
            b"<row r='1'><c s='1' r='a1'><v>1</v></c></row><row r='9'><c s='1' r='xfd1000000'><v>1</v></c></row>",
            "xlsx_too_many_cells",
        ),
        (
            b'<row r="1">' + b"<c><v>1</v></c>" * 5000 + b'</row><row r="1048576"><c><v>1</v></c></row>',
            "xlsx_too_many_cells",
        ),
    ],
)
def test_bombs_are_refused_before_the_parser_sees_them(book: Path, body: bytes, code: str) -> None:
    with pytest.raises(TabularError) as caught:
        profile(repack(book, xml(body)))
    assert caught.value.code == code


def test_sizes_are_counted_not_believed(book: Path) -> None:
    path = repack(book, xml(b" " * 30_000_000))
    raw = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    claimed = size.to_bytes(4, "little")
    while (at := raw.find(claimed)) >= 0:
        raw[at : at + 4] = (1000).to_bytes(4, "little")
    path.write_bytes(raw)
    with pytest.raises(TabularError) as caught:
        profile(path)
    assert caught.value.code == "xlsx_bomb"


def test_other_limits(book: Path, tmp_path: Path) -> None:
    with pytest.raises(TabularError, match="xlsx_too_many_entries"):
        profile(book, limits=Limits(max_entries=3))
    with pytest.raises(TabularError, match="xlsx_too_large"):
        profile(book, limits=Limits(max_uncompressed=1000))
    with pytest.raises(TabularError, match="too_many_columns"):
        profile(book, limits=Limits(max_columns=4))
    other = tmp_path / "x.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("content.xml", "x")
    with pytest.raises(TabularError) as caught:
        profile(other)
    assert (caught.value.code, caught.value.params["kind"]) == ("xlsx_kind", "ods")


def test_damaged_workbooks_are_refused_or_read_never_a_crash(book: Path) -> None:
    original = book.read_bytes()
    rng = random.Random(7)
    path = book.with_name("d.xlsx")
    for _ in range(150):
        raw = bytearray(original)
        for _ in range(rng.randrange(1, 8)):
            raw[rng.randrange(4, len(raw))] = rng.randrange(256)
        path.write_bytes(raw[: rng.randrange(len(raw) // 2, len(raw) + 1)] if rng.random() < 0.3 else raw)
        try:
            list(rows(profile(path)))
        except TabularError as error:
            assert error.code  # noqa: PT017


def test_csv_is_neutral_and_reversible(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    texts = [
        "=1+1",
        "+86 138 1234 5678",
        "-5",
        "-5.5%",
        "@x",
        "'=a",
        "''+b",
        "＝x",
        "\tx",
        "普通",
        "-",
        "+cmd|' /C calc'!A0",
        "'text",
    ]
    assert write_csv(path, ["名"], [[text] for text in texts]) == len(texts)
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        stored = [row[0] for row in csv.reader(file)][1:]
    assert stored[:5] == ["'=1+1", "+86 138 1234 5678", "-5", "-5.5%", "'@x"]
    found = []
    for row in rows(profile(path)):
        assert not isinstance(row, BadRow)
        found.append(strip_neutralised(str(row[0])))
    assert found == texts


@given(st.text(max_size=12) | st.text(alphabet="'=+-@\t1a＝", max_size=8))
def test_neutralising_is_reversible_and_leaves_no_formula(text: str) -> None:
    marked = neutralise(text)
    assert strip_neutralised(marked) == text or marked == text
    if marked != text or not text.startswith("'"):
        assert strip_neutralised(marked) == text
    if marked and marked[0] in "=@\t\r＝＠＋－":
        raise AssertionError(marked)
    if marked and marked[0] in "+-":
        assert marked == "-" or marked[1].isdigit()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=10),
            st.integers(-(10**20), 10**20),
        ),
        min_size=1,
        max_size=10,
    )
)
def test_csv_tables_round_trip(
    tmp_path_factory: pytest.TempPathFactory, table: list[tuple[str, int]]
) -> None:
    path = tmp_path_factory.mktemp("w") / "a.csv"
    write_csv(path, ["甲", "乙"], table)
    found = []
    for row in rows(profile(path, delimiter=",", header_row=0)):
        assert not isinstance(row, BadRow)
        found.append((strip_neutralised(str(row[0])), int(str(row[1]))))
    assert found == [(name, number) for name, number in table if "\ufffd" not in name]
