"""The kinds of fields that can be made on screen: what each is for, and what can be said about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from kemai.platform.fields import KINDS, Label

COLORS = ("blue", "azure", "indigo", "purple", "pink", "red", "orange", "yellow", "green", "teal")
"""The fixed palette of ten; gray is what has no colour."""
COMPUTED = frozenset({"formula", "rollup"})
"""Nobody types these."""
WITHOUT_DEFAULT = COMPUTED | {"auto_number", "sub_table", "file", "image", "reference", "multi_reference"}
DEFAULT_BY_FORMULA = frozenset(
    {"text", "long_text", "number", "money", "percent", "date", "datetime", "boolean"}
)
WITH_OPTIONS = frozenset({"choice", "multi_choice"})
WITH_RANGE = frozenset({"number", "money", "percent", "date", "datetime"})
WITH_PATTERN = frozenset({"text"})
UNIQUE = frozenset({"text", "number", "phone", "email", "url", "date", "auto_number"})
SORTABLE = frozenset(
    "text number money percent date datetime time boolean choice user department reference phone email region rating "
    "auto_number formula rollup".split()
)


@dataclass(frozen=True)
class Kind:
    key: str
    label: Label
    icon: str
    note: Label
    group: str


GROUPS: dict[str, Label] = {
    "text": _("文字"),
    "number": _("数字"),
    "time": _("时间"),
    "choice": _("选择"),
    "link": _("关联"),
    "file": _("文件"),
    "auto": _("自动"),
}

ALL: Sequence[Kind] = (
    Kind("text", _("单行文字"), "letter-case", _("名称、型号、备注等一行文字"), "text"),
    Kind("long_text", _("多行文字"), "align-left", _("说明、要求等可以换行的文字"), "text"),
    Kind("phone", _("电话"), "phone", _("手机或座机，点一下就能拨打，按权限脱敏"), "text"),
    Kind("email", _("邮箱"), "mail", _("电子邮件地址，按权限脱敏"), "text"),
    Kind("url", _("网址"), "link", _("可以点击打开的链接"), "text"),
    Kind("number", _("数字"), "hash", _("数量、尺寸等，可定小数位和范围"), "number"),
    Kind("money", _("金额"), "coin-yuan", _("精确到分，可以求和"), "number"),
    Kind("percent", _("百分比"), "percentage", _("折扣、比例等"), "number"),
    Kind("rating", _("评分"), "star", _("几颗星，点一下就打分"), "number"),
    Kind("date", _("日期"), "calendar", _("哪一天，可按时间段筛选"), "time"),
    Kind("datetime", _("日期和时间"), "calendar-time", _("精确到分钟的时刻"), "time"),
    Kind("time", _("时间"), "clock", _("一天中的几点几分"), "time"),
    Kind("boolean", _("是否"), "toggle-left", _("是或者不是"), "choice"),
    Kind("choice", _("单选"), "circle-dot", _("从几个选项里选一个，可作看板的列"), "choice"),
    Kind("multi_choice", _("多选"), "list-check", _("从几个选项里选几个"), "choice"),
    Kind("region", _("地区"), "map-pin", _("省、市、区县三级"), "choice"),
    Kind("reference", _("关联一条记录"), "arrow-up-right-circle", _("指向另一个对象的一条记录"), "link"),
    Kind("multi_reference", _("关联多条记录"), "share", _("指向另一个对象的几条记录"), "link"),
    Kind("user", _("员工"), "user", _("公司里的一位同事"), "link"),
    Kind("department", _("部门"), "sitemap", _("公司里的一个部门"), "link"),
    Kind("sub_table", _("明细表"), "table", _("记录里的几行明细，每行几列"), "link"),
    Kind("file", _("附件"), "paperclip", _("合同、图纸等文件"), "file"),
    Kind("image", _("图片"), "photo", _("照片、截图等图片文件"), "file"),
    Kind("auto_number", _("自动编号"), "number", _("保存时自动给出的流水号"), "auto"),
    Kind("formula", _("公式"), "math-function", _("由本记录的其他字段算出来"), "auto"),
    Kind("rollup", _("汇总"), "sum", _("由相关记录算出：个数、合计、最大、最小、最近"), "auto"),
)
BY_KEY = {kind.key: kind for kind in ALL}
PERSONAL = frozenset({"phone", "email"})
"""Personal by nature: the switch begins on."""


def offered() -> list[Kind]:
    """The kinds that this version can store and show."""
    return [kind for kind in ALL if kind.key in KINDS]
