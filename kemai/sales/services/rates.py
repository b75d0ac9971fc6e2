"""What a currency was worth on a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.utils.translation import gettext as _

from kemai.platform.records import FieldErrors
from kemai.sales.models import ExchangeRate
from kemai.sales.models.price import CURRENCIES

HOME = "CNY"
NAMES = {option.value: option.label for option in CURRENCIES}


def rates_on(wanted: Iterable[tuple[str, dt.date]]) -> dict[tuple[str, dt.date], float]:
    """Yuan for one unit by (currency, day): the rate in force on that day. What has none is left out. One query."""
    asked = set(wanted)
    found = {(currency, day): 1.0 for currency, day in asked if currency == HOME}
    foreign = {currency for currency, _day in asked if currency != HOME}
    if not foreign:
        return found
    rows = ExchangeRate.objects.filter(currency__in=foreign, deleted_at=None).order_by("on")
    for currency, on, rate in rows.values_list("currency", "on", "rate"):
        for key in asked:
            if key[0] == currency and on <= key[1]:
                found[key] = rate
    return found


def rate_on(currency: str, day: dt.date, *, field: str = "currency") -> float:
    """Raises FieldErrors on `field` where none is known."""
    found = rates_on([(currency, day)]).get((currency, day))
    if found is None:
        raise FieldErrors({field: no_rate(currency, day)})
    return found


def no_rate(currency: str, day: dt.date) -> str:
    return _("没有 %(day)s 或更早的%(currency)s汇率，请先在“设置 → 汇率”里登记") % {
        "day": day.isoformat(), "currency": NAMES.get(currency, currency),
    }  # fmt: skip
