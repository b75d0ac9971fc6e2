"""What history says of the coming months: orders and demand from the last analysis, receipts from their table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db.models import Min, Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.analytics.services import runs
from kemai.customers.services.dashboards import sees_company
from kemai.kit import series
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.objects import get
from kemai.sales.models import Receipt
from kemai.sales.rules.forecast import following, month_of
from kemai.sales.services import achieved

AHEAD = 6
SHOWN = 24
KEPT_SECONDS = 3600


@dataclass(frozen=True)
class Expected:
    """One series: what was (whole months), what may come, and how far such forecasts were off. Yuan."""

    title: str
    months: Sequence[str]
    actual: Sequence[float]
    ahead: Sequence[str]
    values: Sequence[float]
    low: Sequence[float | None]
    high: Sequence[float | None]
    naive: Sequence[float]
    method: str
    error: float
    naive_error: float
    covered: int
    tested: int

    def chart(self) -> dict[str, Any]:
        """The last two years and the months ahead; the lines of the future begin where the past ends."""
        shown = slice(max(len(self.months) - SHOWN, 0), None)
        past, known = list(self.months[shown]), list(self.actual[shown])
        gap: list[float | None] = [None] * (len(known) - 1)

        def line(name: str, values: Sequence[float | None], color: str = "") -> dict[str, Any]:
            found: dict[str, Any] = {"name": name, "data": [*gap, known[-1], *values]}
            return found | ({"color": color} if color else {})

        return {
            "type": "line", "title": self.title, "unit": _("元"), "x": [*past, *self.ahead],
            "series": [
                {"name": _("实际"), "data": [*known, *(None for _one in self.ahead)]},
                line(_("预测"), self.values), line(_("下限"), self.low, "gray"), line(_("上限"), self.high, "gray"),
                line(_("去年同月"), self.naive, "orange"),
            ],
        }  # fmt: skip


def words() -> Mapping[str, str]:
    """The methods as people call them."""
    return {
        "seasonal_naive": _("去年同月"), "grown_naive": _("去年同月 × 年增长"), "moving_average": _("近三个月平均"),
        "smoothing": _("指数平滑"), "seasonal_smoothing": _("去季节后的指数平滑"), "theta": _("Theta 方法"),
        "mean_of_three": _("三种方法的平均"),
    }  # fmt: skip


def may_see(actor: Actor) -> bool:
    """Company figures are for those who may see all of them."""
    return sees_company(actor) and access.verb_scope(actor, get("deal"), "view") == "all"


def expected(actor: Actor) -> list[Expected]:
    if not may_see(actor):
        return []
    return [one for one in (orders(), receipts()) if one is not None]


def orders() -> Expected | None:
    """Out of the newest run of the analysis; None before the first."""
    run = runs.latest("forecast")
    table = (run.result if run else {}).get("tables", {}).get("sales", {"rows": []})
    known = [row for row in table["rows"] if row[1] is not None]
    ahead = [row for row in table["rows"] if row[1] is None]
    found = run.result["metrics"] if run else {}
    if not ahead or not known or not found:
        return None

    def yuan(place: int, rows: Sequence[Sequence[Any]]) -> list[Any]:
        return [None if row[place] is None else row[place] / 100 for row in rows]

    return Expected(
        _("订单销售额"), [row[0] for row in known], yuan(1, known), [row[0] for row in ahead], yuan(2, ahead),
        yuan(4, ahead), yuan(5, ahead), yuan(3, ahead), str(found["method"]), found["error"] / 100,
        found["naive_error"] / 100, found["covered"], found["tested"],
    )  # fmt: skip


def receipts(today: dt.date | None = None) -> Expected | None:
    """From the table itself: one sum a month, kept for an hour."""
    this = month_of(today or timezone.localdate())
    key = f"sales.receipts.{this:%Y-%m}"
    rows: dict[dt.date, int] | None = cache.get(key)
    if rows is None:
        rows = monthly_receipts(this)
        cache.set(key, rows, KEPT_SECONDS)
    if not rows:
        return None
    month, months = following(min(rows)), list[dt.date]()
    while month < this:
        months.append(month)
        month = following(month)
    values = [rows.get(one, 0) / 100 for one in months]
    found = series.forecast([max(one, 0.0) for one in values], AHEAD)
    if found is None:
        return None
    ahead = [f"{following(this, step):%Y-%m}" for step in range(AHEAD)]
    return Expected(
        _("回款"), [f"{one:%Y-%m}" for one in months], values, ahead, found.values, found.low, found.high, found.naive,
        found.method, found.error, found.naive_error, found.covered, found.tested,
    )  # fmt: skip


def monthly_receipts(this: dt.date) -> dict[dt.date, int]:
    """Cents by month over the last five years, the running one left out."""
    rows = Receipt.objects.filter(
        deleted_at=None, received_on__gte=following(this, -60), received_on__lt=this
    )
    if rows.aggregate(first=Min("received_on"))["first"] is None:
        return {}
    grouped = rows.order_by().annotate(month=TruncMonth("received_on")).values_list("month")
    return {month: achieved.figure_of(total) for month, total in grouped.annotate(sum=Sum("amount"))}


def products() -> list[dict[str, Any]]:
    """The demand of the best sellers, from the same run."""
    run = runs.latest("forecast")
    table = (run.result if run else {}).get("tables", {}).get("products")
    if table is None:
        return []
    keys = [column["key"] for column in table["columns"]]
    return [dict(zip(keys, row, strict=True)) for row in table["rows"]]
