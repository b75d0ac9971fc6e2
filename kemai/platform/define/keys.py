"""Keys of own objects, fields and options: ASCII, made from the label by pinyin, never changed afterwards."""

from __future__ import annotations

import re
from collections.abc import Collection

from django.utils.translation import gettext as _

from kemai.kit import pinyin
from kemai.platform.models.define import KEY_LENGTH

SHAPE = re.compile(r"[a-z][a-z0-9_]*\Z")
RESERVED = frozenset(
    "id pk extra version all any not new edit delete create import export columns count panel true false null none and "
    "or if in is where sort view views display by cursor q related value field op tags type_key created_at created_by "
    "updated_at deleted_at name_sort number name owner self record records me admin settings api kemai reports".split()
)
"""Words that addresses, conditions and formulas use themselves, or that every own object has already."""


def suggest(label: str, taken: Collection[str] = (), *, fallback: str = "field") -> str:
    """A key for a label: 设备型号 → shebei_xinghao, Model No. → model_no; numbered where it is taken."""
    parts = re.split(r"[^0-9a-z\u3400-\u9fff]+", label.lower())
    words = [word for part in parts for word in spelled(part)]
    text = re.sub(r"_+", "_", "_".join(words)).strip("_")[: KEY_LENGTH - 4].strip("_")
    if not text or not text[0].isalpha():
        text = f"{fallback}_{text}".strip("_")[: KEY_LENGTH - 4]
    found, n = text, 2
    while found in taken or found in RESERVED:
        found, n = f"{text}_{n}", n + 1
    return found


def spelled(part: str) -> list[str]:
    """Chinese goes two syllables to a word, as most of its words do: 设备型号 → shebei, xinghao."""
    words: list[str] = []
    for run in re.findall(r"[\u3400-\u9fff]+|[0-9a-z]+", part):
        if not pinyin.is_han(run[0]):
            words.append(run)
            continue
        syllables = pinyin.syllables(run)
        words += ["".join(syllables[at : at + 2]) for at in range(0, len(syllables), 2)]
    return words


def problem(key: str, taken: Collection[str] = ()) -> str:
    """What is wrong with a key, as a sentence; '' if nothing."""
    if not key:
        return _("请填写标识")
    if not SHAPE.match(key):
        return _("标识只能用小写英文字母、数字和下划线，并以字母开头，例如 model_no")
    if len(key) > KEY_LENGTH:
        return _("标识最多 %(n)s 个字符") % {"n": KEY_LENGTH}
    if key in RESERVED:
        return _("“%(key)s”是系统保留的标识，请换一个") % {"key": key}
    if key in taken:
        return _("标识“%(key)s”已经用过了（删除过的也不能再用），请换一个") % {"key": key}
    return ""
