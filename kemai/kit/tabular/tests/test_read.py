from __future__ import annotations

import codecs
import datetime as dt
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kemai.kit.tabular import BadRow, Cell, Limits, Source, TabularError, cell_text, profile, rows

TABLE = "姓名,电话,城市\n张伟,13812345678,浙江杭州\n李娜,0571-88888888,上海\n"


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    def write(content: str | bytes, name: str = "a.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


def read(source: Source, start: int = 0) -> list[list[Cell]]:
    found = []
    for row in rows(source, start):
        assert not isinstance(row, BadRow), row
        found.append(row)
    return found


@pytest.mark.parametrize(
    ("encoding", "bom", "reported"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", codecs.BOM_UTF8, "utf-8-sig"),
        ("gbk", b"", "gb18030"),
        ("gb18030", b"", "gb18030"),
        ("utf-16-le", codecs.BOM_UTF16_LE, "utf-16"),
        ("utf-16-be", codecs.BOM_UTF16_BE, "utf-16"),
        ("utf-16-le", b"", "utf-16-le"),
        ("utf-16-be", b"", "utf-16-be"),
    ],
)
def test_every_encoding_of_a_chinese_office(
    make: Callable[..., Path], encoding: str, bom: bytes, reported: str
) -> None:
    text = TABLE * 1 + "".join(f"王{i},138{i:08d},北京\n" for i in range(50))
    source = profile(make(bom + text.encode(encoding)))
    assert source.encoding == reported
    assert source.header == ("姓名", "电话", "城市")
    found = read(source)
    assert found[0] == ["张伟", "13812345678", "浙江杭州"]
    assert len(found) == source.estimated_rows == 52


def test_chinese_that_begins_after_a_megabyte_of_ascii(make: Callable[..., Path]) -> None:
    text = "a,b\n" + "x,y\n" * 400_000 + "张伟,杭州\n"
    source = profile(make(text, encoding="gbk"))
    assert source.encoding == "gb18030"
    assert source.estimated_rows == 400_001
    assert read(source, 400_000) == [["张伟", "杭州"]]


@pytest.mark.parametrize("sign", [",", "\t", ";", "|"])
def test_delimiters(make: Callable[..., Path], sign: str) -> None:
    source = profile(make(TABLE.replace(",", sign)))
    assert source.delimiter == sign
    assert len(source.header) == 3


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_quoting_and_line_breaks_in_cells(make: Callable[..., Path], newline: str) -> None:
    text = newline.join(["名,注", '"a,b","第一行\n第二行"', '"他说""好""",x', ""])
    source = profile(make(text))
    assert read(source) == [["a,b", "第一行\n第二行"], ['他说"好"', "x"]]


def test_sep_line_blank_rows_and_short_rows(make: Callable[..., Path]) -> None:
    source = profile(make("sep=;\na;b;c\n1;2;3\n\n4\n5;6;7;;\n"))
    assert source.header == ("a", "b", "c")
    assert read(source) == [["1", "2", "3"], [None, None, None], ["4", None, None], ["5", "6", "7"]]


def test_titles_above_the_headings_are_skipped(make: Callable[..., Path]) -> None:
    source = profile(make("客户名单,,\n,,\n" + TABLE))
    assert source.header_row == 2
    assert source.header == ("姓名", "电话", "城市")
    assert len(read(source)) == 2
    assert profile(make(TABLE), header_row=1).header == ("张伟", "13812345678", "浙江杭州")


def test_headings_are_made_distinct_and_reported(make: Callable[..., Path]) -> None:
    source = profile(make("电话,,电话,电话 (2)\n1,2,3,4\n"))
    assert source.header == ("电话", "B", "电话 (3)", "电话 (2)")
    assert [(c.column, c.reason) for c in source.header_changes] == [(1, "empty"), (2, "duplicate")]


def test_broken_quotes_spoil_one_row_only(make: Callable[..., Path]) -> None:
    good = "".join(f"{i},x,y\n" for i in range(30))
    text = 'a,b,c\n1,"unclosed,3\n2,x,y\n3,5" pipe,y\n4,"he" said,y\n5,"""odd,y\n' + good + '9,"last,z\n'
    found = list(rows(profile(make(text))))
    bad = [row for row in found if isinstance(row, BadRow)]
    assert found[0] == ["1", '"unclosed', "3"]
    assert found[1] == ["2", "x", "y"]
    assert found[2] == ["3", '5" pipe', "y"]
    assert found[3] == ["4", "he said", "y"]
    assert found[5:35] == [[str(i), "x", "y"] for i in range(30)]
    assert found[-1] == ["9", '"last', "z"]
    assert not bad


def test_rows_that_cannot_be_read_are_given_with_their_reason(make: Callable[..., Path]) -> None:
    text = "a,b\n1,2\n1,2,3\n" + "x" * 40_000 + ',2\n"' + "y" * 40_000 + '",2\n3,4\n'
    found = list(rows(profile(make(text))))
    codes = [(row.index, row.error.code) for row in found if isinstance(row, BadRow)]
    assert codes == [(1, "too_many_cells"), (2, "cell_too_long"), (3, "cell_too_long")]
    assert found[4] == ["3", "4"]
    damaged = (
        "姓名,城市\n".encode() + "张伟,杭州\n".encode() * 5000 + b"\xff\xfe\xfd,x\n" + "李娜,上海\n".encode()
    )
    found = list(rows(profile(make(damaged))))
    bad = [row for row in found if isinstance(row, BadRow)]
    assert [(row.index, row.error.code) for row in bad] == [(5000, "bad_encoding")]
    assert found[-1] == ["李娜", "上海"]


def test_a_line_without_end_is_passed_over_in_little_memory(make: Callable[..., Path]) -> None:
    limits = Limits(max_line=100)
    text = "a,b\n" + "1," + "x" * 96 + "\r\n" + '2,"' + "y" * 950 + '\r\n3,4\r\n"5\n' + "z" * 300 + '",6\n7,8'
    found = list(rows(profile(make(text), limits=limits)))
    told = [row.error.code if isinstance(row, BadRow) else row for row in found]
    assert told == [
        ["1", "x" * 96],
        "line_too_long",
        ["3", "4"],
        "broken_quotes",
        "line_too_long",
        ["7", "8"],
    ]
    big = make(b"0" * 100_000_000, "big.csv")
    tracemalloc.start()
    with pytest.raises(TabularError, match="line_too_long"):
        profile(big)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 50_000_000


def test_a_quote_left_open_does_not_swallow_the_file(make: Callable[..., Path]) -> None:
    text = 'a,b\n"open,1\n' + "some text without quotes,2\n" * 60_000
    found = list(rows(profile(make(text))))
    assert found[0] == ['"open', "1"]
    assert len(found) == 60_001


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 20, "not_text"),
        (bytes(range(128, 256)) * 400, "encoding_unknown"),
        ("姓名,电话,地区\n".encode() + "张伟,13800138005,北京\n".encode("gbk") * 9, "encodings_glued"),
        ("\ufeff姓名,电话,地区\n".encode() + "张伟,13800138005,北京\n".encode("gbk") * 9, "encodings_glued"),
        (b"\n\n\n", "file_empty"),
        (",".join(map(str, range(501))).encode() + b"\n", "too_many_columns"),
        (b"PK\x03\x04nothing", "xlsx_broken"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "xlsx_broken"),
    ],
)
def test_files_refused_whole(make: Callable[..., Path], content: bytes, code: str) -> None:
    with pytest.raises(TabularError) as caught:
        profile(make(content))
    assert caught.value.code == code


def test_limits(make: Callable[..., Path]) -> None:
    path = make("a,b\n" + "1,2\n" * 100)
    with pytest.raises(TabularError, match="file_too_large"):
        profile(path, limits=Limits(max_file=10))
    with pytest.raises(TabularError, match="too_many_rows"):
        list(rows(profile(path, limits=Limits(max_rows=99))))
    with pytest.raises(TabularError, match="file_missing"):
        profile(path.with_name("none"))


def test_reading_goes_on_from_any_row(make: Callable[..., Path]) -> None:
    source = profile(make("n,m\n" + "".join(f"{i},x\n" for i in range(1000))))
    assert read(source, 990) == [[str(i), "x"] for i in range(990, 1000)]


def test_columns_say_what_they_hold(make: Callable[..., Path]) -> None:
    text = (
        "客户,手机,日期,金额,地区,邮箱,联系人,空\n"
        + '杭州启明科技有限公司,13812345678,2026-11-20,"1,234.50",浙江杭州,a@b.cn,张伟,\n' * 9
        + "上海大众贸易有限公司,x,2026/11/21,12.8万,朝阳区,c@d.com,李娜,\n"
    )
    columns = {c.name: c for c in profile(make(text)).columns}
    assert columns["手机"].kinds["phone"] == 0.9
    for name, kind in (
        ("客户", "company"),
        ("日期", "date"),
        ("金额", "money"),
        ("地区", "region"),
        ("邮箱", "email"),
        ("联系人", "person"),
    ):
        assert columns[name].kinds[kind] == 1.0, name
    assert columns["空"].filled == 0
    assert columns["手机"].distinct == ("13812345678", "x")
    dates = profile(make("d,e\n11/20/2026,1\n01/02/2026,1\n")).columns[0].kinds
    assert dates["date_mdy"] == 1.0


def test_large_files_are_read_in_little_memory(make: Callable[..., Path]) -> None:
    source = profile(make(TABLE.splitlines()[0] + "\n" + "张伟,13812345678,浙江杭州\n" * 200_000))
    tracemalloc.start()
    count = sum(1 for _ in rows(source))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 200_000
    assert peak < 12 * 1024 * 1024


cells = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffd\ufeff"), max_size=8)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=8),
    st.sampled_from(["utf-8", "gb18030", "utf-16"]),
)
def test_what_a_csv_library_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]], encoding: str
) -> None:
    import csv

    path = tmp_path_factory.mktemp("t") / "a.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([["甲", "乙", "丙"], *table])
    source = profile(path, encoding=encoding, delimiter=",", header_row=0)
    assert read(source) == [[cell or None for cell in row] for row in table]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("f") / "a.csv"
    path.write_bytes(content)
    try:
        source = profile(path)
    except TabularError as error:
        assert error.code  # noqa: PT017
        return
    for row in rows(source):
        assert isinstance(row, BadRow) or len(row) == len(source.header)


def test_cell_text() -> None:
    day = dt.date(2026, 11, 20)
    values = [
        13812345678.0,
        1.5,
        True,
        None,
        day,
        dt.datetime.combine(day, dt.time(8, 30)),
        dt.time(8, 30),
        "x",
        7,
    ]
    assert [cell_text(v) for v in values] == [
        "13812345678",
        "1.5",
        "true",
        "",
        "2026-11-20",
        "2026-11-20 08:30:00",
        "08:30:00",
        "x",
        "7",
    ]
