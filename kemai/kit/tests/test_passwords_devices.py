"""Passwords that are guessed, and browsers in few words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kemai.kit.devices import device_of
from kemai.kit.passwords import weak_because

MOZILLA = "Mozilla/5.0"
OWN = ("zhangwei", "张伟", "zw.sales@example.com", "+8613812345678")


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("woaini1314", "common"), ("A123456!", "common"), ("Kemai-2026", "common"), ("5201314520", ""),
        ("Zhangwei88", "own_word"), ("张伟2026年", "own_word"), ("zhang.wei.1", "own_word"),
        ("13812345678", "own_word"), ("13987651234", "common"), ("1990-10-21", "common"), ("21101990", "common"),
        ("7305194862", ""), ("730519486273", ""), ("qzpfxkwvhm", ""),
        ("zwsales99", "own_word"), ("aaaaaaaa", "repeated"), ("abcdefgh", "repeated"), ("98765432", "repeated"),
        ("云淡风轻-2026", ""), ("zhangwei 喜欢在西湖边跑步", ""), ("correct horse 7", ""), ("yunqi-Xinren-2026", ""),
    ],
)  # fmt: skip
def test_what_is_guessed_is_refused(password: str, reason: str) -> None:
    assert weak_because(password, OWN) == reason


@given(st.text(min_size=0, max_size=30), st.lists(st.text(max_size=12), max_size=4))
def test_any_text_gets_an_answer(password: str, words: list[str]) -> None:
    assert weak_because(password, words) in {"", "common", "repeated", "own_word"}


@pytest.mark.parametrize(
    ("agent", "said", "handheld"),
    [
        (f"{MOZILLA} (Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge · Windows", False),
        (f"{MOZILLA} (iPhone; CPU iPhone OS 18_0 like Mac OS X) MicroMessenger/8.0", "WeChat · iPhone", True),
        (f"{MOZILLA} (Linux; Android 14) Chrome/120 Mobile wxwork/4.1 MicroMessenger/7", "WeCom · Android", True),
        (f"{MOZILLA} (Macintosh; Intel Mac OS X 14_5) Version/17.5 Safari/605.1.15", "Safari · macOS", False),
        ("curl/8.5", "", False),
    ],
)  # fmt: skip
def test_browsers_in_few_words(agent: str, said: str, handheld: bool) -> None:
    assert (str(device_of(agent)), device_of(agent).handheld) == (said, handheld)
