"""How amounts in foreign currencies are converted before they are added up."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import DateField, F, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from kemai.platform.fields.exchange import Exchange
from kemai.sales.models import ExchangeRate
from kemai.sales.services import prices
from kemai.sales.services.rates import NAMES


def kept(contract: str = "") -> Exchange:
    """At the rate that the contract keeps: its own, or that of the record at this path."""
    before = f"{contract}__" if contract else ""
    return Exchange(f"{before}currency", lambda: F(f"{before}rate"), NAMES, _("按合同上的汇率"))


def at_day(currency: str, day: str, told: Any) -> Exchange:
    """At the rate in force on the day in a field, today's where it is empty or there is none (`rates.rates_on`)."""

    def rate() -> Any:
        today: dt.date = prices.today()
        on = Coalesce(OuterRef(day), Value(today), output_field=DateField()) if day else Value(today)
        known = ExchangeRate.objects.filter(deleted_at=None, currency=OuterRef(currency), on__lte=on)
        return Subquery(known.order_by("-on").values("rate")[:1])

    return Exchange(currency, rate, NAMES, told, kept=False)
