"""Which column becomes which field."""

from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kemai.kit.tabular import profile
from kemai.platform import imports
from kemai.platform.access import SYSTEM
from kemai.platform.imports.guess import assign, best_columns
from kemai.platform.imports.shapes import importable, shape_of
from kemai.platform.imports.tests.conftest import IMPORTER, Load, opened
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors
from tests.people import Person

HEADER = [
    "会员编号",
    "客户姓名",
    "手机号码（必填）",
    "电子邮箱",
    "所在城市",
    "联系地址",
    "性别",
    "出生日期",
    "客户来源",
    "备注",
    "标签",
]
FIELDS = [
    "number",
    "name",
    "phone",
    "email",
    "region",
    "address",
    "gender",
    "birthday",
    "source",
    "note",
    "tags",
]
ROW = [
    "M1",
    "张伟",
    "13800138000",
    "a@example.com",
    "杭州",
    "文三路 1 号",
    "男",
    "1990-01-02",
    "门店",
    "常客",
    "VIP",
]
ENGLISH = [
    "Customer number",
    "Name",
    "Mobile",
    "E-mail",
    "City",
    "Address",
    "Gender",
    "Birthday",
    "Source",
    "Note",
    "Tags",
]


def guessed(
    path: Path, header: list[str], rows: list[list[str]], type_key: str = "customer"
) -> dict[str, str]:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    best = best_columns(profile(path), importable(get(type_key), SYSTEM), [type_key])
    return {header[column]: field for field, (column, _score) in best.items()}


@pytest.mark.parametrize("header", [HEADER, ENGLISH], ids=["zh", "en"])
def test_headings_in_both_languages_are_understood(tmp_path: Path, header: list[str]) -> None:
    assert guessed(tmp_path / "f.csv", header, [ROW]) == dict(zip(header, FIELDS, strict=True))


@given(st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_the_order_of_the_columns_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, rng: random.Random
) -> None:
    places = list(range(len(HEADER)))
    rng.shuffle(places)
    header, row = [HEADER[i] for i in places], [ROW[i] for i in places]
    path = tmp_path_factory.mktemp("shuffled") / "f.csv"
    assert guessed(path, header, [row]) == dict(zip(HEADER, FIELDS, strict=True))


def test_content_speaks_where_headings_do_not(tmp_path: Path) -> None:
    rows = [[f"1380013800{n}", f"u{n}@example.com", "上海市浦东新区"] for n in range(9)]
    found = guessed(tmp_path / "f.csv", ["A栏", "B栏", "C栏"], rows)
    assert found == {"A栏": "phone", "B栏": "email", "C栏": "region"}


def test_no_field_is_used_twice_and_our_own_reason_column_is_never_imported(tmp_path: Path) -> None:
    header = ["姓名", "电话", "电话", "手机", "错误原因"]
    with (tmp_path / "f.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [header, ["张伟", "13800138000", "13800138001", "13800138002", "第 2 行 · 电话"]]
        )
    found = best_columns(profile(tmp_path / "f.csv"), importable(get("customer"), SYSTEM), ["customer"])
    columns = [column for column, _score in found.values()]
    assert len(columns) == len(set(columns))
    assert 4 not in columns
    assert {"name", "phone"} <= set(found)


@given(st.lists(st.lists(st.integers(0, 9).map(float), min_size=3, max_size=3), min_size=1, max_size=4))
@settings(max_examples=80, deadline=None)
def test_the_assignment_is_the_best_there_is(table: list[list[float]]) -> None:
    def best(line: int, free: frozenset[int]) -> float:
        """By trying everything."""
        if line == len(table):
            return 0.0
        return max(best(line + 1, free), *(table[line][c] + best(line + 1, free - {c}) for c in free), 0.0)

    found = assign(table)
    used = [column for column in found if column is not None]
    assert len(used) == len(set(used))
    total = sum(table[line][column] for line, column in enumerate(found) if column is not None)
    assert total == best(0, frozenset(range(3)))


def test_a_mapping_is_remembered_for_files_with_the_same_columns(
    load: Load, people: dict[str, Person], tmp_path: Path
) -> None:
    boss = people["boss"].actor
    run = load(["姓名", "代号"], [["张伟", "X1"]], by=boss)
    columns = [imports.ColumnMap(0, "name"), imports.ColumnMap(1, "note")]
    imports.configure(run, columns, imports.Options(match=()), by=boss)
    imports.execute(run)
    again = load(["代号", "姓名"], [["X2", "李娜"]], by=boss)
    kept = imports.suggestion(again, by=boss)
    assert kept.remembered
    assert {one.column: one.field for one in kept.columns} == {0: "note", 1: "name"}
    other = imports.suggestion(
        load(["代号", "姓名"], [["X2", "李娜"]], by=people["dora"].actor), by=people["dora"].actor
    )
    assert not other.remembered


@pytest.mark.parametrize(
    ("columns", "options", "said"),
    [
        ([(1, "phone")], {}, "名称"),
        ([(0, "name"), (1, "name")], {}, "名称"),
        ([(0, "name"), (7, "phone")], {}, "不存在"),
        ([(0, "value_class")], {}, "不存在"),
        ([(0, "name")], {"match": ("phone",)}, "电话"),
        ([(0, "name")], {"match": ("name",)}, "识别"),
        ([(0, "name")], {"mode": "wipe"}, "导入方式"),
        ([(0, "name")], {"tags": ("x" * 200,)}, "标签"),
        ([], {}, "至少"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused_with_a_sentence(
    load: Load, columns: list[tuple[int, str]], options: dict[str, Any], said: str
) -> None:
    run = load(["姓名", "电话"], [["张伟", "13800138000"]])
    chosen = [imports.ColumnMap(place, name) for place, name in columns]
    with pytest.raises(FieldErrors, match=said):
        imports.configure(run, chosen, imports.Options(**options), by=IMPORTER)


def test_fields_that_one_may_not_edit_are_not_offered(people: dict[str, Person]) -> None:
    from kemai.platform.access import rights_changed
    from kemai.platform.models import FieldRule, Role

    dora = people["dora"].actor
    role = Role.objects.get(pk=dora.role_ids[0])
    FieldRule.objects.create(role=role, type_key="customer", field="credit_code", level="read")
    FieldRule.objects.create(role=role, type_key="customer", field="note", level="hidden")
    rights_changed()
    keys = {spec.key for spec in shape_of("customer", "").fields(dora)}
    assert {"name", "phone"} <= keys
    assert not keys & {"credit_code", "note", "value_class", "created_at", "name_sort"}


def test_a_workbooks_headings_work_as_well(tmp_path: Path, db: None) -> None:
    from kemai.kit.tabular import write_xlsx

    path = tmp_path / "f.xlsx"
    write_xlsx(path, ["客户名称", "手机号", "生日"], [["张伟", 13800138000.0, None]])
    run = opened(path)
    assert {one["field"] for one in run.mapping["columns"]} >= {"name", "phone"}
