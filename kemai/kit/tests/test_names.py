from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kemai.kit.names import (
    CompanyName,
    brand_key,
    clean,
    company_key,
    is_person_name,
    mask_name,
    match_key,
    normalise,
    split_company,
)


def test_cleaning_keeps_what_was_meant() -> None:
    assert clean(" 张\u200b伟\ufeff\x00 ") == "张伟"
    assert clean("a\ud800b") == "ab"
    assert clean("第一行\n第二行") == "第一行\n第二行"
    assert clean("👨\u200d👩\u200d👧") == "👨\u200d👩\u200d👧"
    assert normalise("ＡＢＣ（杭州）　公司") == "ABC(杭州) 公司"
    assert match_key("ABC（杭州）-公司") == "abc杭州公司"


@given(st.text())
def test_cleaned_text_can_be_stored_and_stays_the_same(text: str) -> None:
    for change in (clean, normalise, match_key):
        once = change(text)
        once.encode("utf-8")
        assert "\x00" not in once
    assert clean(clean(text)) == clean(text)
    split_company(text)
    company_key(text)
    mask_name(text)
    is_person_name(text)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("杭州华为科技有限公司", ("杭州", "330100", "华为", "科技", "有限公司", "")),
        ("深圳市腾讯计算机系统有限公司", ("深圳市", "440300", "腾讯计算机系统", "", "有限公司", "")),
        ("阿里巴巴（中国）网络技术有限公司", ("中国", "", "阿里巴巴", "网络技术", "有限公司", "")),
        ("小米科技有限责任公司", ("", "", "小米", "科技", "有限公司", "")),
        (
            "浙江省杭州市西湖区老王餐饮管理有限公司",
            ("浙江省杭州市西湖区", "330106", "老王", "餐饮管理", "有限公司", ""),
        ),
        ("中国平安保险集团股份有限公司", ("中国", "", "平安", "保险", "集团股份有限公司", "")),
        (
            "上海大众汽车销售服务有限公司杭州分公司",
            ("上海", "310000", "大众", "汽车销售服务", "有限公司", "杭州分公司"),
        ),
        ("老王包子店", ("", "", "老王包子", "", "店", "")),
        ("宁波启明投资合伙企业(有限合伙)", ("宁波", "330200", "启明", "投资", "合伙企业", "")),
        ("Acme Trading Co., Ltd.", ("", "", "Acme Trading", "", "coltd", "")),
        ("朝阳区和平里商行", ("朝阳区", "", "和平里", "", "商行", "")),
    ],
)
def test_companies_come_apart(name: str, parts: tuple[str, ...]) -> None:
    assert split_company(name) == CompanyName(*parts)


@pytest.mark.parametrize(
    "names",
    [
        (
            "杭州启明科技有限公司",
            "杭州市启明科技有限责任公司",
            "启明科技（杭州）有限公司",
            "（杭州）启明科技有限公司 ",
            "浙江杭州启明科技有限公司",
        ),
        ("Acme Co., Ltd.", "ACME CO LTD", "acme co.,ltd"),
        ("ＡＢＣ科技有限公司", "abc科技有限公司"),
    ],
)
def test_written_forms_of_one_company_share_a_key(names: tuple[str, ...]) -> None:
    assert len({company_key(name) for name in names}) == 1


def test_different_companies_do_not() -> None:
    names = [
        "杭州启明科技有限公司",
        "上海启明科技有限公司",
        "杭州启明贸易有限公司",
        "杭州启明科技股份有限公司",
        "杭州启明科技有限公司宁波分公司",
        "杭州启民科技有限公司",
    ]
    assert len({company_key(name) for name in names}) == len(names)
    assert brand_key(names[0]) == brand_key(names[4]) == "启明"
    assert split_company(names[4]).is_branch
    assert split_company(names[4]).head_office == names[0]


def test_person_names() -> None:
    for name in ("张伟", "欧阳娜娜", "单雄信", "阿凡提·买买提", "John Smith", "José", "司马光", "张 伟"):
        assert is_person_name(name), name
    for name in (
        "",
        "张",
        "杭州启明科技有限公司",
        "张先生",
        "王总",
        "123",
        "测试",
        "13812345678",
        "a",
        "张伟123",
    ):
        assert not is_person_name(name), name


def test_masks_show_the_surname_only() -> None:
    names = ("张伟", "张小明", "欧阳娜娜", "John Smith", "", "张", "阿凡提·买买提")
    assert [mask_name(n) for n in names] == ["张*", "张**", "欧阳**", "J***", "", "张*", "阿****"]
