"""What the editor of formulas is told: problems with their place, results on a record, words to choose from."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from kemai.platform import records
from kemai.platform.access import SYSTEM
from tests.formulas.probe import define, probe
from tests.formulas.test_door import formula
from tests.people import Person, browser

pytestmark = [pytest.mark.django_db, pytest.mark.row(117)]
CHECK, WORDS = "/settings/formulas/probe/check", "/settings/formulas/probe/words"


@pytest.fixture
def admin(people: dict[str, Person]) -> Client:
    probe()
    return browser(people["boss"])


def ask(client: Client, text: str, **more: str) -> dict[str, Any]:
    answer: dict[str, Any] = client.post(CHECK, {"text": text, **more}).json()
    return answer


def test_a_good_formula_says_its_kind_and_what_it_comes_to(admin: Client) -> None:
    records.create("probe", {"name": "样一", "price": "12.50", "pieces": 3}, by=SYSTEM)
    said = ask(admin, "[字段price] * [字段pieces]")
    assert said == {
        "ok": True, "type": "number", "type_label": "数字", "kinds": ["money", "number", "percent", "whole"],
        "stored": "{price} * {pieces}", "shown": "[字段price] * [字段pieces]", "moving": False,
        "preview": {"id": said["preview"]["id"], "title": "样一", "value": "37.50"},
    }  # fmt: skip


def test_a_bad_one_says_what_and_where(admin: Client) -> None:
    assert ask(admin, "1 + [字段prise]") == {
        "ok": False, "problem": "没有叫“字段prise”的字段，是不是：字段price / 字段pieces", "start": 4, "end": 13,
    }  # fmt: skip
    assert ask(admin, "ROUND()")["problem"] == "“ROUND”的参数不够，应写成 四舍五入(数字, [小数位数])"
    assert ask(admin, "{seen} > 5", use="rule")["problem"].startswith("前面是日期时间，这里是数字")
    assert ask(admin, "{price}", use="rule")["problem"].startswith(
        "校验公式的结果应是成立或不成立，现在是数字"
    )
    assert ask(admin, "UPPER({note})", kind="money")["ok"] is False


def test_a_check_says_how_many_records_break_it(admin: Client) -> None:
    for price in ("5", "50", None):
        records.create("probe", {"name": "x", "price": price}, by=SYSTEM)
    assert ask(admin, "{price} < 10", use="rule")["breaks"] == {"count": 1, "text": "现有记录中有 1 条不符合"}


def test_a_circle_is_refused_before_it_is_made(admin: Client) -> None:
    define("probe", {"a": formula("{price} + 1", "number"), "b": formula("{a} + 1", "number")})
    said = ask(admin, "{b} * 2", key="a")
    assert said["problem"] == "公式绕成了一圈：试样.字段a → 试样.字段b → 试样.字段a；请去掉其中一步"
    assert ask(admin, "{a} * 2", key="a")["problem"] == "公式不能引用它自己的结果"


def test_words_to_choose_from(admin: Client) -> None:
    found = admin.get(WORDS, {"key": "price"}).json()
    fields = {one["key"]: one for one in found["fields"]}
    assert "price" not in fields
    assert fields["level"]["options"][0] == "重要"
    assert fields["name"]["insert"] == "[名称]"
    functions = {one["other"]: one for one in found["functions"]}
    assert functions["IF"]["signature"] == "如果(条件, 成立时, [否则])"
    english = admin.get(WORDS, headers={"Accept-Language": "en"}).json()
    assert english.keys() == found.keys()


def test_only_administrators_ask(people: dict[str, Person]) -> None:
    probe()
    client = browser(people["alice"])
    assert client.post(CHECK, {"text": "1"}).status_code == 404
    assert client.get(WORDS).status_code == 404
    assert browser(people["boss"]).post("/settings/formulas/nothing/check", {"text": "1"}).status_code == 404
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    assert strict.post(CHECK, {"text": "1"}).status_code == 403
