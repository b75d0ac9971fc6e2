"""The mark in a CSV file: nobody notices it, and it is found in whatever piece of the file turns up."""

from __future__ import annotations

import csv
import io
import random
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kemai.kit.tabular.marking import ENOUGH, Pen, decoded, seen_in
from kemai.kit.tabular.write import CsvWriter

SIRS, GIVEN = "王李张刘陈杨赵黄周吴", "伟芳娜敏静丽强磊军洋"
OTHERS = [f"kemai:{uuid.UUID(int=n).hex}" for n in range(300)]
CELLS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n\x85\u2028\u2029"), max_size=12
)


def table(count: int, seed: int = 0) -> list[list[str]]:
    draw = random.Random(seed)
    return [
        [
            f"{draw.choice(SIRS)}{draw.choice(GIVEN)}{draw.choice(GIVEN)}{number}",
            f"C-{seed}-{number:05d}",
            f"138{draw.randrange(10**8):08d}",
            draw.choice(["潜在客户", "老客户"]),
            f"{draw.randrange(10**6) / 100:.2f}",
            "2026-11-30 09:30:00",
        ]
        for number in range(count)
    ]


def written(path: Path, rows: list[list[str]], mark: str) -> list[str]:
    with CsvWriter(path, ["名称", "编号", "手机", "状态", "金额", "创建时间"], mark=mark) as writer:
        for row in rows:
            writer.write(row)
    return decoded(path.read_bytes()).split("\r\n")[:-1]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(CELLS, min_size=1, max_size=5), max_size=8))
def test_what_is_read_is_what_was_written(rows: list[list[str]]) -> None:
    pen = Pen("kemai:x")
    text = "".join(map(pen.line, rows))
    assert list(csv.reader(io.StringIO(text, newline=""))) == rows


def test_what_programs_guess_by_stays_bare(tmp_path: Path) -> None:
    lines = written(tmp_path / "a.csv", table(200), OTHERS[7])
    assert any('"' in line for line in lines)
    for line in lines[1:]:
        cells = line.split(",")
        assert '"' not in "".join((cells[2], *cells[4:])), (
            "numbers, telephones and times stand as they always did"
        )


Cut = Callable[[list[str], random.Random], list[str]]
CUTS: dict[str, Cut] = {
    "whole": lambda lines, _draw: lines,
    "the last rows": lambda lines, _draw: lines[-40:],
    "the first rows": lambda lines, _draw: lines[:40],
    "any rows in any order": lambda lines, draw: draw.sample(lines, 45),
    "two columns": lambda lines, _draw: [",".join(line.split(",")[:2]) for line in lines],
    "one column, with another delimiter": lambda lines, _draw: ["\t".join(line.split(",")[:1]) for line in lines],
    "a third of the rows typed anew": lambda lines, draw: [
        line.replace('"', "") if draw.random() < 0.3 else line for line in lines
    ],
    "with rows of somebody else": lambda lines, draw: draw.sample(
        [*lines, *(f"别的{number},X{number}" for number in range(100))], 200
    ),
}  # fmt: skip


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_piece_of_a_file_tells_whose_it_was(cut: str, encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for seed in range(6):
        mark = OTHERS[seed * 40]
        kept = CUTS[cut](written(path, table(150, seed), mark), random.Random(seed))
        path.write_bytes("\n".join(kept).encode(encoding))
        assert list(seen_in(path).whose(OTHERS)) == [mark]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_piece_that_is_long_enough(data: st.DataObject) -> None:
    pen = Pen(OTHERS[3])
    lines = [pen.line(row) for row in table(120, 3)]
    begin = data.draw(st.integers(0, 100))
    kept = lines[begin : begin + data.draw(st.integers(1, 120))]
    text = data.draw(st.sampled_from(["", "￥", "剪下来的一半,"])) + "".join(kept)
    path = Path(tempfile.gettempdir(), f"kemai-mark-{uuid.uuid4().hex}.csv")
    try:
        path.write_text(text, encoding="utf-8", newline="")
        found = list(seen_in(path).whose(OTHERS))
    finally:
        path.unlink(missing_ok=True)
    assert found in ([], [OTHERS[3]])
    assert found or len(kept) < ENOUGH, "two texts and more in each row"


def test_of_files_of_others_nothing_is_said(tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    rows = table(300)
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC):
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, quoting=quoting).writerows(rows)
        assert not list(seen_in(path).whose(OTHERS))
    foreign = written(path, rows, "kemai:nobody's")
    assert not list(seen_in(path).whose(OTHERS)), "quotation marks of a key that is not among them"
    path.write_text("\n".join(foreign[:9]))
    assert not seen_in(path).is_enough, "too short to say anything"
    path.write_bytes(b"PK\0\0")
    assert not seen_in(path).texts
