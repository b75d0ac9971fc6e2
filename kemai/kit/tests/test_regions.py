from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kemai.kit import regions
from kemai.kit.regions import (
    AmbiguousRegion,
    UnknownRegion,
    children,
    lineage,
    parse,
    path,
    prefix_range,
    short_path,
)

ALL = sorted(regions._data().regions)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("浙江杭州西湖区", "330106"),
        ("浙江省/杭州市", "330100"),
        ("浙江省 杭州市 西湖区", "330106"),
        ("上海", "310000"),
        ("上海市", "310000"),
        ("上海市 上海市 黄浦区", "310101"),
        ("北京市市辖区朝阳区", "110105"),
        ("北京朝阳", "110105"),
        ("330106", "330106"),
        ("33", "330000"),
        ("3301", "330100"),
        ("杭州西湖", "330106"),
        ("杭州", "330100"),
        ("浙江西湖区", "330106"),
        ("长沙", "430100"),
        ("长沙县", "430121"),
        ("吉林", "220000"),
        ("吉林市", "220200"),
        ("吉林省吉林市", "220200"),
        ("海南", "460000"),
        ("内蒙古", "150000"),
        ("内蒙古呼和浩特", "150100"),
        ("广西壮族自治区南宁市", "450100"),
        ("新疆乌鲁木齐", "650100"),
        ("恩施州", "422800"),
        ("恩施土家族苗族自治州", "422800"),
        ("广东东莞", "441900"),
        ("湖北仙桃市", "429004"),
        ("上海浦东", "310115"),
        ("上海浦东新区", "310115"),
        ("台湾", "710000"),
        ("香港", "810000"),
        ("中国·浙江·杭州", "330100"),
        ("540422", "540481"),
        ("大理", "532900"),
        ("西藏林芝米林市", "540481"),
        ("西安", "610100"),
        ("东乡县", "622926"),
        ("中山", "442000"),
    ],
)
def test_what_people_write(text: str, code: str) -> None:
    assert parse(text) == code


@pytest.mark.parametrize("text", ["朝阳区", "朝阳", "西湖区", "鼓楼区", "通州区", "市中区"])
def test_a_name_of_several_places_is_never_guessed(text: str) -> None:
    with pytest.raises(AmbiguousRegion) as caught:
        parse(text)
    candidates = caught.value.params["candidates"]
    assert isinstance(candidates, tuple)
    assert len(candidates) > 1


def test_unknown_regions_come_with_suggestions() -> None:
    for text, expected in (
        ("杭洲市", ("330100", "浙江省 杭州市")),
        ("浙江杭州西胡区", ("330106", "浙江省 杭州市 西湖区")),
    ):
        with pytest.raises(UnknownRegion) as caught:
            parse(text)
        suggestions = caught.value.suggestions
        assert expected in suggestions
    for text in ("", "火星", "999999", "浙江江苏", "12"[:1]):
        with pytest.raises(UnknownRegion):
            parse(text)


@given(st.text(max_size=20))
def test_any_text_is_a_region_or_a_typed_refusal(text: str) -> None:
    with contextlib.suppress(UnknownRegion, AmbiguousRegion):
        assert regions.is_known(parse(text))


def test_every_division_is_found_by_its_own_path() -> None:
    for code in ALL:
        assert parse(path(code)) == code, path(code)
        assert parse(path(code).replace(" ", "")) == code, path(code)


def test_tree() -> None:
    provinces = children()
    assert len(provinces) == 34
    assert provinces[0].name == "北京市"
    assert [r.code for r in children("330000")][:2] == ["330100", "330200"]
    assert children("110000")[0].code == "110101"
    assert children("330106") == ()
    assert {r.level for r in children("420000")} == {"city", "district"}
    assert regions.parent("330106") == "330100"
    assert regions.parent("110105") == "110000"
    assert regions.parent("330000") is None
    counted = sum(1 + sum(1 + len(children(c.code)) for c in children(p.code)) for p in provinces)
    assert counted == len(ALL)


@given(st.sampled_from(ALL), st.sampled_from(ALL))
def test_a_range_of_codes_is_exactly_the_divisions_inside(outer: str, inner: str) -> None:
    low, high = prefix_range(outer)
    assert (low <= inner < high) == (outer in [region.code for region in lineage(inner)])


def test_texts() -> None:
    assert path("330106") == "浙江省 杭州市 西湖区"
    assert short_path("330106") == "浙江 杭州 西湖"
    assert short_path("110105") == "北京 朝阳"
    assert path("610102", "en").startswith("Shaanxi, ")
    assert regions.name("330100", "en") == "Hangzhou"
    assert prefix_range("330000") == ("330000", "340000")
    assert regions.locate("浙江省杭州市西湖区 文三路1-2号") == ("330106", "文三路1-2号")
    assert [regions.reads(t) for t in ("朝阳区", "杭州", "火星", "330106")] == [True, True, False, False]
    assert regions.locate("上海市黄浦区南京东路") == ("310101", "南京东路")
