"""How days and months of the traditional calendar are called."""

from __future__ import annotations

from collections.abc import Sequence

from kemai.kit.calendar_cn import LunarDate

DAYS: Sequence[str] = (
    "初一 初二 初三 初四 初五 初六 初七 初八 初九 初十 十一 十二 十三 十四 十五 十六 十七 十八 十九 二十 "
    "廿一 廿二 廿三 廿四 廿五 廿六 廿七 廿八 廿九 三十"
).split()
MONTHS: Sequence[str] = "正月 二月 三月 四月 五月 六月 七月 八月 九月 十月 冬月 腊月".split()
LEAP = "闰"


def short_name(date: LunarDate) -> str:
    """Return 廿一; on the first of a month the month's name (闰六月), as wall calendars print it."""
    if date.day > 1:
        return DAYS[date.day - 1]
    return (LEAP if date.leap else "") + MONTHS[date.month - 1]
