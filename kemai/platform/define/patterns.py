"""Patterns that a text must match: ready ones to choose from, and the check of one typed by hand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.platform.fields import Label

MOST = 200
NESTED = re.compile(r"\([^()]*[+*}][^()]*\)\s*[+*{]")
"""A repetition of a repetition: what makes a pattern take for ever on some texts."""


class Preset(NamedTuple):
    key: str
    label: Label
    pattern: str
    hint: Label


PRESETS: Sequence[Preset] = (
    Preset("mobile", gettext_lazy("手机号"), r"1[3-9]\d{9}", gettext_lazy("请填写 11 位手机号")),
    Preset("postcode", gettext_lazy("邮政编码"), r"\d{6}", gettext_lazy("请填写 6 位邮政编码")),
    Preset("id", gettext_lazy("身份证号"), r"\d{17}[\dXx]", gettext_lazy("请填写 18 位身份证号")),
    Preset(
        "plate",
        gettext_lazy("车牌号"),
        r"[\u4e00-\u9fa5][A-Z][A-Z0-9]{5,6}",
        gettext_lazy("请填写车牌号，例如 沪A12345"),
    ),
    Preset("digits", gettext_lazy("只有数字"), r"\d+", gettext_lazy("只能填写数字")),
    Preset("code", gettext_lazy("字母和数字"), r"[A-Za-z0-9-]+", gettext_lazy("只能填写字母、数字和短横线")),
    Preset("bank", gettext_lazy("银行卡号"), r"\d{12,19}", gettext_lazy("请填写 12 到 19 位卡号")),
)


def pattern_problem(pattern: str) -> str:
    """What is wrong with a pattern, as a sentence; '' if nothing."""
    if len(pattern) > MOST:
        return _("格式最多 %(n)s 个字符") % {"n": MOST}
    try:
        re.compile(pattern)
    except re.error as error:
        return _("这不是正确的正则表达式：%(problem)s") % {"problem": error}
    if NESTED.search(pattern):
        return _("格式里不能有重复的重复，例如 (a+)+，它会让系统很慢")
    return ""
