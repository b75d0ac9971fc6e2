from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kemai.kit.pinyin import full, homophone_key, initials, syllables


@pytest.mark.parametrize(
    ("name", "expected", "short"),
    [
        ("张伟", "zhangwei", "zw"),
        ("单雄信", "shanxiongxin", "sxx"),
        ("曾国藩", "zengguofan", "zgf"),
        ("仇英", "qiuying", "qy"),
        ("解缙", "xiejin", "xj"),
        ("查良镛", "zhaliangyong", "zly"),
        ("区丽", "ouli", "ol"),
        ("朴树", "piaoshu", "ps"),
        ("盖叫天", "gejiaotian", "gjt"),
        ("尉迟恭", "yuchigong", "ycg"),
        ("万俟卨", "moqixie", "mqx"),
        ("长孙无忌", "zhangsunwuji", "zswj"),
        ("令狐冲", "linghuchong", "lhc"),
        ("翟天临", "zhaitianlin", "ztl"),
        ("吕布", "lvbu", "lb"),
        ("乐毅", "yueyi", "yy"),
        ("欧阳修", "ouyangxiu", "oyx"),
        ("任重", "renzhong", "rz"),
        ("万达", "wanda", "wd"),
    ],
)
def test_names_are_read_as_names(name: str, expected: str, short: str) -> None:
    assert full(name, person=True) == expected
    assert initials(name, person=True) == short


@pytest.mark.parametrize(
    ("text", "expected", "short"),
    [
        ("重庆长安汽车", "chongqingchanganqiche", "cqcaqc"),
        ("招商银行", "zhaoshangyinhang", "zsyh"),
        ("A8科技(杭州)", "a8kejihangzhou", "a8kjhz"),
        ("成都三一重工", "chengdusanyizhonggong", "cdsyzg"),
        ("John Smith", "johnsmith", "js"),
        ("ＡＢＣ有限公司", "abcyouxiangongsi", "abcyxgs"),
        ("", "", ""),
        ("!?", "", ""),
        ("绿城", "lvcheng", "lc"),
        ("单位", "danwei", "dw"),
        ("３Ｍ中国", "3mzhongguo", "3mzg"),
    ],
)
def test_other_text(text: str, expected: str, short: str) -> None:
    assert full(text) == expected
    assert initials(text) == short


def test_names_that_sound_alike_share_a_key() -> None:
    assert homophone_key("张伟", near=False) == homophone_key("章炜", near=False)
    assert homophone_key("张伟", near=False) != homophone_key("臧伟", near=False)
    assert homophone_key("张伟") == homophone_key("臧伟", person=True)
    assert homophone_key("刘玲") == homophone_key("牛林")
    assert homophone_key("王伟") != homophone_key("李伟")


@given(st.text(max_size=30), st.booleans())
def test_any_text_gives_lower_case_letters_and_digits(text: str, person: bool) -> None:
    for part in syllables(text, person=person):
        assert part
        assert part == part.casefold()
    assert len(initials(text, person=person)) <= max(len(full(text, person=person)), 0)
