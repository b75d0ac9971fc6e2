"""Sentences for what the formula language refuses: what is wrong and what to do, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from kemai.kit.formula import BY_NAME, FormulaError

TYPES: Mapping[str, Promise] = {
    "number": _("数字"),
    "text": _("文本"),
    "boolean": _("是/否"),
    "date": _("日期"),
    "datetime": _("日期时间"),
    "reference": _("关联记录"),
    "empty": _("空"),
}
SENTENCES: Mapping[str, Promise] = {
    "empty_formula": _("请填写公式"),
    "too_long": _("公式太长，最多 %(limit)s 个字符；请拆成几个公式字段"),
    "too_deep": _("公式嵌套太深，最多 %(limit)s 层；请拆成几个公式字段，长的加法请用 SUM(…)"),
    "too_complex": _("公式太复杂，最多 %(limit)s 项；请拆成几个公式字段"),
    "unknown_mark": _("不认识的符号“%(mark)s”，请删除它；文本要放在引号里"),
    "number_too_long": _("数字太长，最多 %(digits)s 位整数和 %(places)s 位小数"),
    "unclosed_text": _("文本没有结束，请在末尾加上引号 %(mark)s"),
    "bad_text": _("文本里不能换行，也不能有控制字符"),
    "unclosed_field": _("字段名没有结束，请在末尾加上 %(mark)s"),
    "empty_field": _("括号里请填写字段名"),
    "expected_value": _("这里应该是一个值：字段、数字、文本或函数"),
    "expected_operator": _("“%(text)s”前面缺少运算符（例如 + 或 &），或多了一个括号或逗号"),
    "unclosed_bracket": _("括号没有结束，请加上 )"),
    "chained_comparison": _("不能连着比较，请写成 a < b 且 b < c"),
    "unknown_field": _("没有叫“%(name)s”的字段%(close)s"),
    "gone_field": _("字段“%(name)s”已经不在了，请改用别的字段%(close)s"),
    "unusable_field": _("“%(name)s”这种字段不能用在公式里"),
    "broken_field": _("“%(name)s”自己的公式有问题，请先改好它"),
    "ambiguous_field": _("有几个字段都叫“%(name)s”，请写明是哪一个：%(keys)s"),
    "unknown_function": _("没有叫“%(name)s”的函数%(close)s"),
    "too_few_arguments": _("“%(name)s”的参数不够，应写成 %(signature)s"),
    "too_many_arguments": _("“%(name)s”的参数太多，应写成 %(signature)s"),
    "wrong_type": _("这里需要%(wanted)s，现在是%(found)s"),
    "mixed_types": _("前面是%(wanted)s，这里是%(found)s；请让它们一致，例如用 TEXT(…) 把值转为文本"),
    "no_order": _("%(type)s不能比较大小，只能用 = 和 <>"),
    "no_comparison": _("关联记录不能比较，只能用 ISBLANK(…) 判断是否为空"),
    "order_of_empty": _("不能与空比较大小，请用 ISBLANK(…) 判断是否为空"),
    "not_as_text": _("%(found)s不能连成文本，请先用 IF(…) 写出要显示的文字"),
    "join_texts": _("文本请用 & 连接，不用 +"),
    "unknown_option": _("没有“%(name)s”这个选项，可选：%(options)s"),
    "not_a_condition": _(
        "校验公式的结果应是成立或不成立，现在是%(found)s；请写成比较，例如 [结束日期] >= [开始日期]"
    ),
    "wrong_result": _("这个公式的结果是%(found)s，不能存为“%(kind)s”"),
    "cycle": _("公式绕成了一圈：%(path)s；请去掉其中一步"),
    "itself": _("公式不能引用它自己的结果"),
}


def explained(error: FormulaError) -> str:
    """What is wrong with a formula, as a sentence for the person who wrote it."""
    params = {key: shown(key, value, error) for key, value in error.params.items()}
    return str(SENTENCES.get(error.code, SENTENCES["expected_value"])) % params


def shown(key: str, value: Any, error: FormulaError) -> str:
    if key in {"wanted", "found", "type"}:
        return str(TYPES.get(str(value), value))
    if key == "close":
        return suggestion([str(one) for one in value])
    if key == "options":
        return str(_("、")).join(map(str, value))
    if key == "signature":
        function = BY_NAME[str(value)]
        written_in_chinese = str(error.params.get("name", "")) == function.zh
        return function.signature("zh" if written_in_chinese or get_language() != "en" else "en")
    return str(value)


def suggestion(close: list[str]) -> str:
    if not close:
        return str(_("，请检查名称"))
    return str(_("，是不是：%(names)s") % {"names": " / ".join(close)})
