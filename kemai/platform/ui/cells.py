"""Values as pages show them."""

from __future__ import annotations

import calendar
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from markupsafe import Markup

from kemai.kit import money as money_kit
from kemai.kit import regions
from kemai.platform.access import Masked
from kemai.platform.fields import FieldSpec


def language() -> Any:
    return "en" if translation.get_language() == "en" else "zh"


def text(spec: FieldSpec, value: Any) -> str:
    """The plain text of a field's value; what is masked is shown as it was masked."""
    if isinstance(value, Masked):
        return str(value)
    if spec.type.key == "region" and value and language() == "en" and regions.is_known(value):
        return regions.path(
            value, "en"
        )  # the type's own text is also what files hold, and those stay readable
    return spec.type.text(value, spec)


def month_name(month: int) -> str:
    """11 月 / Nov."""
    return calendar.month_abbr[month] if language() == "en" else _("%(n)s 月") % {"n": month}


def now() -> datetime:
    return timezone.now()


def money(value: Decimal | int | float | None) -> str:
    return "" if value is None else money_kit.format_money(Decimal(str(value)), language())


def compact(value: Decimal | int | float | None) -> str:
    """12.8万 / 128K."""
    return "" if value is None else money_kit.format_compact(Decimal(str(value)), language())


def number(value: float | int | None, places: int = 0) -> str:
    return "" if value is None else f"{value:,.{places}f}"


def percent(value: float | None, places: int = 1) -> str:
    return "" if value is None else f"{value * 100:.{places}f}%"


def day(value: date | datetime | None) -> str:
    if value is None:
        return ""
    return (local(value) if isinstance(value, datetime) else value).strftime("%Y-%m-%d")


def moment(value: datetime | None) -> str:
    return "" if value is None else local(value).strftime("%Y-%m-%d %H:%M")


def local(value: datetime) -> datetime:
    return value.astimezone(timezone.get_default_timezone())


def ago(value: datetime | None) -> str:
    """How long ago, or how long from now, in words; the exact moment belongs into the tooltip."""
    if value is None:
        return ""
    seconds = (timezone.now() - value).total_seconds()
    future = seconds < 0
    amount, words = span(abs(seconds), future=future)
    if words == "":
        return day(value)
    return words % {"n": amount}


def span(seconds: float, *, future: bool) -> tuple[int, str]:
    if seconds < 60:
        return 0, _("马上") if future else _("刚刚")
    if seconds < 3600:
        return int(seconds // 60), _("%(n)s 分钟后") if future else _("%(n)s 分钟前")
    if seconds < 86400:
        return int(seconds // 3600), _("%(n)s 小时后") if future else _("%(n)s 小时前")
    if seconds < 30 * 86400:
        return int(seconds // 86400), _("%(n)s 天后") if future else _("%(n)s 天前")
    return 0, ""


def to_json(value: Any) -> Markup:
    """JSON for a <script type="application/json"> block: what could end the block is escaped."""
    dumped = orjson.dumps(value, default=str).decode()
    for char, code in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        dumped = dumped.replace(char, code)
    return Markup(dumped)  # noqa: S704 - every character that HTML knows has been escaped


def written(text: str) -> Markup:
    """What was made of templates and escaped values only, and is not to be escaped again."""
    return Markup(text)  # noqa: S704 - the caller vouches for it
