"""The functions of the language: names in both languages, what they take and give, help, and examples that are run.

This table is the reference: docs/formulas.md, the editor's completion and the checker all read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kemai.kit.formula.nodes import Type

Want = Literal["number", "text", "joined", "day", "moment", "truth", "any", "same", "ordered"]
"""What a parameter takes. `joined`: a text, or a number or date that becomes one. `day`: a date, or a moment's local
day. `same`: any type, the same for all of them, and the function's own type. `ordered`: the same, but one with an
order (numbers, dates, moments)."""


@dataclass(frozen=True)
class Param:
    zh: str
    en: str
    want: Want
    optional: bool = False
    many: bool = False
    """The last one may be given any number of times."""


@dataclass(frozen=True)
class Function:
    """`op` is the operation; `result` None means the type of the "same" parameters. `pairs`: condition and value in
    turn, then one value for all other cases."""

    name: str
    zh: str
    op: str
    params: tuple[Param, ...]
    result: Type | None
    group: str
    help_zh: str
    help_en: str
    examples: tuple[tuple[str, str], ...]
    pairs: bool = False
    unit: str = ""
    """Of a number: "first" takes the unit of the first operand (ROUND of an amount is an amount)."""

    def signature(self, lang: str) -> str:
        name, parts = (self.zh, []) if lang == "zh" else (self.name, [])
        for param in self.params:
            word = param.zh if lang == "zh" else param.en
            word = f"{word}, …" if param.many else word
            parts.append(f"[{word}]" if param.optional else word)
        return f"{name}({', '.join(parts)})"

    @property
    def least(self) -> int:
        return sum(not param.optional for param in self.params)

    @property
    def most(self) -> int | None:
        return None if self.pairs or (self.params and self.params[-1].many) else len(self.params)


N = Param("数字", "number", "number")
T = Param("文本", "text", "text")
D = Param("日期", "date", "day")
NUMBERS = Param("数字", "number", "number", many=True)

FUNCTIONS: tuple[Function, ...] = (
    # logic
    Function(
        "IF", "如果", "if",
        (Param("条件", "condition", "truth"), Param("成立时", "then", "same"),
         Param("否则", "otherwise", "same", optional=True)),
        None, "logic",
        "条件成立时取第一个值，否则取第二个值；不写第二个值就是空。条件为空按不成立。",
        "The first value where the condition holds, else the second one; empty where none is given. "
        "An empty condition does not hold.",
        (('IF(3 > 2, "大", "小")', "大"), ("如果(1 > 2, 5)", "")),
    ),
    Function(
        "CASE", "分情况", "case",
        (Param("条件1", "condition1", "truth"), Param("值1", "value1", "same"),
         Param("条件2", "condition2", "truth", optional=True), Param("值2", "value2", "same", optional=True),
         Param("其他", "otherwise", "same", optional=True, many=True)),
        None, "logic",
        "依次检查条件，取第一个成立的条件后面的值；最后单独的一个值用于其他情况。",
        "The value behind the first condition that holds; a last value without condition is for all other cases.",
        (('CASE(5 >= 10, "A", 5 >= 3, "B", "C")', "B"), ('分情况(1 > 2, "甲", "其他")', "其他")),
        pairs=True,
    ),
    Function(
        "AND", "且", "and", (Param("条件", "condition", "truth", many=True),), Type.BOOL, "logic",
        "所有条件都成立。也可以写成 条件1 且 条件2。",
        "All conditions hold. May also be written: condition1 AND condition2.",
        (("AND(1 < 2, 2 < 3)", "TRUE"), ("1 < 2 且 3 < 2", "FALSE")),
    ),
    Function(
        "OR", "或", "or", (Param("条件", "condition", "truth", many=True),), Type.BOOL, "logic",
        "至少一个条件成立。也可以写成 条件1 或 条件2。",
        "At least one condition holds. May also be written: condition1 OR condition2.",
        (("OR(1 > 2, 2 < 3)", "TRUE"), ("1 > 2 或 3 < 2", "FALSE")),
    ),
    Function(
        "NOT", "非", "not", (Param("条件", "condition", "truth"),), Type.BOOL, "logic",
        "条件不成立。", "The condition does not hold.",
        (("NOT(1 > 2)", "TRUE"), ("非(1 < 2)", "FALSE")),
    ),
    Function(
        "ISBLANK", "为空", "isblank", (Param("值", "value", "any"),), Type.BOOL, "logic",
        "没有填写时成立。", "Holds where nothing is filled in.",
        (("ISBLANK(EMPTY)", "TRUE"), ('为空("a")', "FALSE")),
    ),
    Function(
        "COALESCE", "首个非空", "coalesce", (Param("值", "value", "same", many=True),), None, "logic",
        "取第一个不为空的值。", "The first value that is not empty.",
        (("COALESCE(EMPTY, 5)", "5"), ('首个非空(空, "无")', "无")),
    ),
    # numbers
    Function(
        "ROUND", "四舍五入", "round", (N, Param("小数位数", "places", "number", optional=True)), Type.NUMBER, "number",
        "四舍五入到指定的小数位数（不写就是整数；负数表示十位、百位……）。",
        "Rounded half away from zero to that many decimals (none: whole; negative: tens, hundreds…).",
        (("ROUND(2.345, 2)", "2.35"), ("四舍五入(-2.5)", "-3"), ("ROUND(1234, -2)", "1200")),
        unit="first",
    ),
    Function(
        "FLOOR", "向下取整", "floor", (N,), Type.NUMBER, "number",
        "不大于它的最大整数。", "The largest whole number that is not above it.",
        (("FLOOR(2.7)", "2"), ("向下取整(-2.1)", "-3")), unit="first",
    ),
    Function(
        "CEIL", "向上取整", "ceil", (N,), Type.NUMBER, "number",
        "不小于它的最小整数。", "The smallest whole number that is not below it.",
        (("CEIL(2.1)", "3"), ("向上取整(-2.7)", "-2")), unit="first",
    ),
    Function(
        "TRUNC", "截取整数", "trunc", (N,), Type.NUMBER, "number",
        "去掉小数部分。", "Without the decimals.",
        (("TRUNC(2.7)", "2"), ("截取整数(-2.7)", "-2")), unit="first",
    ),
    Function(
        "ABS", "绝对值", "abs", (N,), Type.NUMBER, "number",
        "去掉负号。", "Without the minus sign.",
        (("ABS(-5)", "5"), ("绝对值(5)", "5")), unit="first",
    ),
    Function(
        "MOD", "取余", "mod", (N, Param("除数", "divisor", "number")), Type.NUMBER, "number",
        "除以除数后的余数，正负与被除数相同；除数为 0 时为空。",
        "The remainder of a division, with the sign of the first number; empty where the divisor is 0.",
        (("MOD(10, 3)", "1"), ("取余(-7, 2)", "-1"), ("MOD(5, 0)", "")), unit="first",
    ),
    Function(
        "SUM", "求和", "sum", (NUMBERS,), Type.NUMBER, "number",
        "加起来，跳过空值；都为空时为空。（用 + 时，只要一个为空，结果就为空。）",
        "Added up without the empty ones; empty where all are. (With + the result is empty as soon as one is.)",
        (("SUM(1, EMPTY, 2)", "3"), ("求和(1.5, 2)", "3.5")), unit="first",
    ),
    Function(
        "MIN", "最小值", "min", (Param("值", "value", "ordered", many=True),), None, "number",
        "最小的数字或最早的日期，跳过空值。", "The smallest number or earliest date, without the empty ones.",
        (("MIN(3, 1, 2)", "1"), ("最小值(DATE(2026, 5, 1), DATE(2026, 4, 30))", "2026-04-30")), unit="first",
    ),
    Function(
        "MAX", "最大值", "max", (Param("值", "value", "ordered", many=True),), None, "number",
        "最大的数字或最晚的日期，跳过空值。", "The largest number or latest date, without the empty ones.",
        (("MAX(3, 1, 2)", "3"), ("最大值(0, -5)", "0")), unit="first",
    ),
    Function(
        "VALUE", "转为数字", "text_number", (T,), Type.NUMBER, "number",
        "把只含一个数字的文本变成数字；不是数字时为空。",
        "The number that a text consists of; empty where it is none.",
        (('VALUE("12.5")', "12.5"), ('转为数字("abc")', "")),
    ),
    # texts
    Function(
        "CONCAT", "连接", "concat", (Param("值", "value", "joined", many=True),), Type.TEXT, "text",
        "把几个值连成一段文本，空值跳过。也可以写成 值1 & 值2。",
        "The values as one text, empty ones left out. May also be written: value1 & value2.",
        (('CONCAT("A", 1, "-", 2)', "A1-2"), ('"合计 " & 12.50', "合计 12.5")),
    ),
    Function(
        "TEXT", "转为文本", "concat", (Param("值", "value", "joined"),), Type.TEXT, "text",
        "把数字或日期写成文本。", "A number or date as text.",
        (("TEXT(12.50)", "12.5"), ("转为文本(DATE(2026, 1, 5))", "2026-01-05")),
    ),
    Function(
        "LEN", "长度", "len", (T,), Type.NUMBER, "text",
        "有几个字。", "How many characters.",
        (('LEN("客脉")', "2"), ('长度("abc")', "3")), unit="whole",
    ),
    Function(
        "UPPER", "大写", "upper", (T,), Type.TEXT, "text",
        "把字母 a–z 变成大写。", "With the letters a–z as capitals.",
        (('UPPER("abc-1")', "ABC-1"), ('大写("a")', "A")),
    ),
    Function(
        "LOWER", "小写", "lower", (T,), Type.TEXT, "text",
        "把字母 A–Z 变成小写。", "With the letters A–Z as small ones.",
        (('LOWER("ABC")', "abc"), ('小写("A")', "a")),
    ),
    Function(
        "TRIM", "去空格", "trim", (T,), Type.TEXT, "text",
        "去掉开头和结尾的空格。", "Without the spaces at both ends.",
        (('TRIM("  a b ")', "a b"), ('去空格("　客脉　")', "客脉")),
    ),
    Function(
        "LEFT", "左取", "left", (T, Param("字数", "count", "number")), Type.TEXT, "text",
        "开头的几个字。", "So many characters from the beginning.",
        (('LEFT("abcde", 2)', "ab"), ('左取("客脉系统", 2)', "客脉")),
    ),
    Function(
        "RIGHT", "右取", "right", (T, Param("字数", "count", "number")), Type.TEXT, "text",
        "结尾的几个字。", "So many characters from the end.",
        (('RIGHT("abcde", 2)', "de"), ('右取("13800138000", 4)', "8000")),
    ),
    Function(
        "MID", "截取", "mid", (T, Param("开始", "start", "number"), Param("字数", "count", "number")),
        Type.TEXT, "text",
        "从第几个字开始（从 1 数起）的几个字。", "So many characters from that place on (counted from 1).",
        (('MID("abcde", 2, 3)', "bcd"), ('截取("客脉系统", 3, 2)', "系统")),
    ),
    Function(
        "REPLACE", "替换", "replace", (T, Param("原文", "old", "text"), Param("新文", "new", "text")),
        Type.TEXT, "text",
        "把文本中的原文都换成新文（新文最多 200 字，结果最多 10,000 字）。",
        "The text with every old part exchanged for the new one (at most 200 characters; the result at most 10,000).",
        (('REPLACE("2026/01/05", "/", "-")', "2026-01-05"), ('替换("a b", " ", "")', "ab")),
    ),
    Function(
        "CONTAINS", "包含", "contains", (T, Param("要找的", "part", "text")), Type.BOOL, "text",
        "文本中有要找的内容（区分大小写）。", "The part stands in the text (capitals count).",
        (('CONTAINS("浙江省杭州市", "杭州")', "TRUE"), ('包含("abc", "B")', "FALSE")),
    ),
    Function(
        "STARTS", "开头是", "starts", (T, Param("开头", "beginning", "text")), Type.BOOL, "text",
        "文本以它开头（区分大小写）。", "The text begins with it (capitals count).",
        (('STARTS("KH-001", "KH")', "TRUE"), ('开头是("abc", "b")', "FALSE")),
    ),
    # dates
    Function(
        "TODAY", "今天", "today", (), Type.DATE, "date",
        "今天的日期（公司时区）。含今天的公式每晚重新计算。",
        "The date of today (company time zone). Formulas that read it are worked out anew every night.",
        (("DAYS(TODAY(), TODAY())", "0"), ("ADDDAYS(今天(), 1) > TODAY()", "TRUE")),
    ),
    Function(
        "NOW", "现在", "now", (), Type.MOMENT, "date",
        "现在的时间。含现在的公式在记录保存时和每晚重新计算。",
        "This moment. Formulas that read it are worked out when the record is saved and every night.",
        (("HOURS(NOW(), NOW())", "0"), ("NOW() = 现在()", "TRUE")),
    ),
    Function(
        "DATE", "日期", "date",
        (Param("年", "year", "number"), Param("月", "month", "number"), Param("日", "day", "number")),
        Type.DATE, "date",
        "由年、月、日组成的日期；没有这一天时为空。",
        "The date of that year, month and day; empty where there is no such day.",
        (("DATE(2026, 2, 28)", "2026-02-28"), ("日期(2026, 2, 30)", "")),
    ),
    Function(
        "DAYS", "相差天数", "days", (Param("结束日期", "end", "day"), Param("开始日期", "start", "day")),
        Type.NUMBER, "date",
        "从开始日期到结束日期的天数。也可以写成 结束日期 - 开始日期。",
        "The days from the start to the end. May also be written: end - start.",
        (("DAYS(DATE(2026, 3, 1), DATE(2026, 2, 1))", "28"), ("DATE(2026, 1, 1) - DATE(2026, 1, 3)", "-2")),
        unit="whole",
    ),
    Function(
        "HOURS", "相差小时", "hours", (Param("结束时间", "end", "moment"), Param("开始时间", "start", "moment")),
        Type.NUMBER, "date",
        "从开始时间到结束时间的小时数。", "The hours from the start to the end.",
        (("HOURS(NOW(), NOW())", "0"), ("相差小时(现在(), 现在()) + 1", "1")),
    ),
    Function(
        "ADDDAYS", "加天", "add_days", (D, Param("天数", "days", "number")), Type.DATE, "date",
        "几天以后（负数为以前）的日期。也可以写成 日期 + 天数。",
        "The date so many days later (negative: earlier). May also be written: date + days.",
        (("ADDDAYS(DATE(2026, 2, 27), 2)", "2026-03-01"), ("DATE(2026, 1, 1) - 1", "2025-12-31")),
    ),
    Function(
        "ADDMONTHS", "加月", "add_months", (D, Param("月数", "months", "number")), Type.DATE, "date",
        "几个月以后的同一天；那个月没有这一天时取月末。",
        "The same day so many months later; the last day of a month that is too short.",
        (("ADDMONTHS(DATE(2026, 1, 31), 1)", "2026-02-28"), ("加月(DATE(2026, 1, 15), -1)", "2025-12-15")),
    ),
    Function(
        "YEAR", "年", "year", (D,), Type.NUMBER, "date", "日期的年份。", "The year of a date.",
        (("YEAR(DATE(2026, 5, 20))", "2026"), ("年(DATE(2026, 5, 20))", "2026")), unit="whole",
    ),
    Function(
        "MONTH", "月", "month", (D,), Type.NUMBER, "date", "日期的月份，1–12。", "The month of a date, 1–12.",
        (("MONTH(DATE(2026, 5, 20))", "5"), ("月(DATE(2026, 5, 20))", "5")), unit="whole",
    ),
    Function(
        "DAY", "日", "day", (D,), Type.NUMBER, "date", "日期是几号。", "The day of the month of a date.",
        (("DAY(DATE(2026, 5, 20))", "20"), ("日(DATE(2026, 5, 20))", "20")), unit="whole",
    ),
    Function(
        "WEEKDAY", "星期", "weekday", (D,), Type.NUMBER, "date",
        "星期几：星期一是 1，星期日是 7。", "The day of the week: Monday is 1, Sunday is 7.",
        (("WEEKDAY(DATE(2026, 11, 29))", "7"), ("星期(DATE(2026, 11, 30))", "1")), unit="whole",
    ),
    Function(
        "WORKDAYS", "工作日数", "workdays", (Param("开始日期", "start", "day"), Param("结束日期", "end", "day")),
        Type.NUMBER, "date",
        "开始日期之后、到结束日期（含）的工作日数，按国务院公布的放假调休安排；1990–2099 年以外为空。",
        "Working days after the start up to and including the end, by the official Chinese holidays and make-up days; "
        "empty outside the years 1990–2099.",
        (("WORKDAYS(DATE(2025, 9, 30), DATE(2025, 10, 9))", "1"),
         ("工作日数(DATE(2025, 3, 3), DATE(2025, 3, 10))", "5")),
        unit="whole",
    ),
    Function(
        "ADDWORKDAYS", "加工作日", "add_workdays", (D, Param("工作日数", "workdays", "number")), Type.DATE, "date",
        "几个工作日以后（负数为以前）的日期；0 表示当天，遇休息日顺延到下一个工作日。",
        "The date so many working days later (negative: earlier); 0 is the day itself, or the next working day.",
        (("ADDWORKDAYS(DATE(2025, 9, 30), 1)", "2025-10-09"), ("加工作日(DATE(2025, 3, 8), 0)", "2025-03-10")),
    ),
)  # fmt: skip

BY_NAME: dict[str, Function] = {
    name: function for function in FUNCTIONS for name in (function.name, function.zh)
}
GROUPS: tuple[tuple[str, str, str], ...] = (
    ("logic", "逻辑", "Logic"),
    ("number", "数字", "Numbers"),
    ("text", "文本", "Text"),
    ("date", "日期与时间", "Dates and times"),
)
