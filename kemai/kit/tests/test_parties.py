"""The comparable form of customers, and how two agree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kemai.kit.agreement import HIGHEST, compare, fields_of, jaro_winkler
from kemai.kit.parties import MISSING, Party, chinese_number, keys_of, make, road_of

WORDS = (
    "华兴",
    "中天",
    "科技",
    "有限公司",
    "杭州",
    "（上海）",
    "分公司",
    "張偉",
    "王",
    "ABC",
    " ",
    "１２",
    "路",
    "",
)
texts = st.lists(st.sampled_from(WORDS), max_size=6).map("".join) | st.text(max_size=20)


@st.composite
def parties(draw: st.DrawFn, *, person: bool) -> Party:
    return make(
        person=person,
        name=draw(texts),
        phones=draw(
            st.lists(st.sampled_from(["+8613812345678", "+8657188888888", "+8657188888888;12"]), max_size=2)
        ),
        emails=draw(st.lists(st.sampled_from(["a@b.cn", "A@b.cn", "c@qq.com"]), max_size=2)),
        code=draw(st.sampled_from(["", "91330106MA2CXXXX0A", "91330106MA2CXXXX0B"])),
        region=draw(st.sampled_from(["", "330106", "310115", "330000"])),
        address=draw(st.sampled_from(["", "文三路90号", "杭州市西湖区文三路九十号", "文三路18号"])),
        contacts=draw(st.lists(st.sampled_from(["张伟", "章伟", "李娜", "王总"]), max_size=2)),
        birthday=draw(st.sampled_from(["", "1990-01-02"])),
    )


@pytest.mark.row(11)
@pytest.mark.parametrize("person", [True, False])
@given(data=st.data())
def test_agreement_is_symmetric_within_its_levels_and_whole_with_oneself(
    person: bool, data: st.DataObject
) -> None:
    one, two = data.draw(parties(person=person)), data.draw(parties(person=person))
    levels = compare(one, two)
    assert levels == compare(two, one)
    assert set(levels) == set(fields_of(person=person))
    assert all(MISSING <= level <= HIGHEST[name] for name, level in levels.items())
    assert all(level in {MISSING, HIGHEST[name]} for name, level in compare(one, one).items())


FORMS = (
    "杭州华兴科技有限公司", "杭州华兴科技有限责任公司", "（杭州）华兴科技有限公司", "华兴(杭州)科技有限公司",
    "杭州市华兴科技有限公司", "杭州華興科技有限公司", "杭州 华兴 科技 有限公司", "　杭州华兴科技有限公司",
)  # fmt: skip


@pytest.mark.row(11)
@pytest.mark.parametrize("form", FORMS)
def test_written_forms_of_one_company_are_one(form: str) -> None:
    first = make(person=False, name=FORMS[0])
    assert make(person=False, name=form) == first
    assert (first.brand, first.sound, first.trade, first.city) == ("华兴", "huaxing", "科技", "3301")


@pytest.mark.row(11)
@pytest.mark.parametrize(
    ("one", "two", "field", "level"),
    [
        ("杭州华兴科技有限公司", "杭州花星科技有限公司", "brand", 3),  # sounds the same
        ("杭州华兴科技有限公司", "杭州发兴科技有限公司", "brand", 2),  # hua- and fa- are not told apart by many
        ("杭州华兴科技有限公司", "杭州华兴伟业科技有限公司", "brand", 1),
        ("杭州华兴科技有限公司", "杭州华兴网络科技有限公司", "trade", 1),
        ("杭州华兴科技有限公司", "杭州华兴贸易有限公司", "trade", 0),
        ("杭州华兴科技有限公司上海分公司", "杭州华兴科技有限公司北京分公司", "branch", 0),
        ("杭州华兴科技有限公司上海分公司", "杭州华兴科技有限公司上海市分公司", "branch", 2),
        ("杭州华兴科技有限公司", "杭州华兴科技有限公司上海分公司", "branch", 1),
        ("杭州华兴科技有限公司", "上海华兴科技有限公司", "city", 0),
    ],
)  # fmt: skip
def test_what_tells_companies_apart(one: str, two: str, field: str, level: int) -> None:
    assert compare(make(person=False, name=one), make(person=False, name=two))[field] == level


@pytest.mark.row(14)
def test_people_are_compared_by_name_and_never_with_companies() -> None:
    names = {
        ("张伟", "張偉"): 3, ("张伟", "章伟"): 2, ("张伟", "张 伟"): 3, ("林芳", "凌芳"): 1, ("张伟", "李娜"): 0,
        ("王先生", "王伟"): MISSING, ("单雄信", "善雄信"): 2,
    }  # fmt: skip
    for (one, two), level in names.items():
        assert compare(make(person=True, name=one), make(person=True, name=two))["name"] == level, (one, two)
    with pytest.raises(ValueError, match="not compared"):
        compare(make(person=True, name="张伟"), make(person=False, name="张伟"))


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("浙江省杭州市西湖区文三路90号华星大厦3楼", ("文三路", "90")),
        ("文三路九十号", ("文三路", "90")),
        ("上海市浦东新区世纪大道一百二十三号", ("世纪大道", "123")),
        ("中山北路二段15号", ("中山北路二段", "15")),
        ("科技园", ("", "")),
        ("", ("", "")),
    ],
)
def test_road_and_number(address: str, found: tuple[str, str]) -> None:
    assert road_of(address) == found


def test_chinese_numbers() -> None:
    for text, number in {
        "九十": 90,
        "十二": 12,
        "一百零八": 108,
        "一百二十三": 123,
        "一二三": 123,
        "五": 5,
    }.items():
        assert chinese_number(text) == number, text


def test_keys_beside_a_customer() -> None:
    assert keys_of(person=False, name="杭州华兴科技有限公司", region="330106", address="文三路90号") == (
        "huaxing", "3301 文三路 90",
    )  # fmt: skip
    assert keys_of(person=True, name="张伟", region="", address="文三路90号") == ("zhangwei", "")


@given(st.text(alphabet="abcxyz", max_size=8), st.text(alphabet="abcxyz", max_size=8))
def test_likeness_of_sounds(one: str, two: str) -> None:
    assert jaro_winkler(one, two) == jaro_winkler(two, one)
    assert 0 <= jaro_winkler(one, two) <= 1
    assert (jaro_winkler(one, two) == 1) is (one == two and one != "")
