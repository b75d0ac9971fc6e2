"""Passwords that others would guess: the person's own names and numbers, and what half the country uses."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from itertools import pairwise

from kemai.kit import pinyin

COMMON = frozenset(
    "woaini woaini1314 iloveyou 5201314 1314520 520520 aini1314 qq123456 a123456 a12345678 aa123456 abc12345 asd123456 "
    "qwe123456 qwer1234 q1w2e3r4 1q2w3e4r 1qaz2wsx zxcvbnm asdfghjkl qwertyuiop wang1234 zhang123 woshishui wodemima "
    "mima1234 password passw0rd admin admin123 root1234 kemai kemai123 kemai2026 welcome letmein changeme test1234 "
    "gongsi123 zhongguo beijing shanghai dragon888 8888 88888888 66666666 11111111 00000000 12345678 87654321".split()
)
"""Beside the list of common passwords that Django has, which knows few Chinese ones."""
NUMBER_OF_SOMEBODY = re.compile(r"(86|0086)?1[3-9]\d{9}")
"""A mobile number: there are few enough, and one's own is known."""
SHORTEST_WORD = 4
OWN_PART = 6
"""A password that holds a word of one's own needs so many other characters besides."""


def weak_because(password: str, words: Iterable[str] = ()) -> str:
    """ "common", "repeated", "own_word", or '' for what will do. `words` are the person's names and numbers; Chinese
    names count in pinyin as well."""
    low = password.lower()
    bare = re.sub(r"[\W_]+", "", low)
    if low in COMMON or bare in COMMON or bare.rstrip("0123456789") in COMMON:
        return "common"
    if len(set(low)) < 4 or runs(low) > len(low) - 3:
        return "repeated"
    for word in own_words(words):
        if word in bare and len(bare) - len(word) < OWN_PART:
            return "own_word"
    return "common" if NUMBER_OF_SOMEBODY.fullmatch(bare) or a_day(bare) else ""


def a_day(text: str) -> bool:
    """20260131, 31012026: birthdays above all."""
    for form in ("%Y%m%d", "%d%m%Y", "%m%d%Y"):
        try:
            if len(text) == 8 and text.isascii() and 1900 <= dt.datetime.strptime(text, form).year < 2100:  # noqa: DTZ007
                return True
        except ValueError:
            continue
    return False


def own_words(words: Iterable[str]) -> set[str]:
    """zhangwei and 张伟 of 张伟; the part before the @; the digits of a number."""
    found: set[str] = set()
    for word in words:
        low = word.lower().partition("@")[0]
        found.add(re.sub(r"[\W_]+", "", low))
        found.add("".join(pinyin.syllables(low)) if any(pinyin.is_han(char) for char in low) else "")
        digits = re.sub(r"\D", "", word)
        found |= {digits, digits[-11:], digits[-8:]} if len(digits) > 7 else set()
    return {word for word in found if len(word) >= SHORTEST_WORD or any(map(pinyin.is_han, word))}


def runs(text: str) -> int:
    """The longest stretch that only counts up, down or on the spot: 12345, cba, aaaa."""
    longest = length = 1
    step = 0
    for before, char in pairwise(text):
        now = ord(char) - ord(before)
        length = length + 1 if now == step and now in {-1, 0, 1} else 2 if now in {-1, 0, 1} else 1
        step = now
        longest = max(longest, length)
    return longest
