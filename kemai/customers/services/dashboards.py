"""The dashboard's figures and charts: the company's out of kept analysis results, a person's own out of small queries.

A chart is the specification that the pages' charts read (frontend/README.md): {type, title, unit, x, series, …}."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.analytics import jobs as analysis_jobs
from kemai.analytics.models import AnalysisRun
from kemai.analytics.results import shown_chart, shown_value
from kemai.analytics.services import runs
from kemai.customers.models import CustomerFacts, FactTransition
from kemai.customers.models.trade import SALES_CHANNELS
from kemai.platform import access, jobs
from kemai.platform.access import Actor
from kemai.platform.models import Job, Option
from kemai.platform.objects import get

Spec = dict[str, Any]
PERIODS = (6, 12, 24)
SHIFT_DAYS = 30
OPTIONS: Mapping[str, Sequence[Option]] = {
    "value_class": CustomerFacts.CLASSES,
    "activity": CustomerFacts.ACTIVITIES,
    "rfm_cell": CustomerFacts.CELLS,
    "channel": SALES_CHANNELS,
}
TYPES = {"line": "line", "bar": "bar", "stack": "stacked", "pie": "pie", "heat": "heatmap", "rank": "bar"}
RECALCULATE = "analytics.now"


@dataclass(frozen=True)
class Cell:
    """One of the eight RFM cells: R and F by column, M by row."""

    option: Option
    customers: int
    amount: float
    share: float


@dataclass(frozen=True)
class Board:
    """What a dashboard shows. `as_of` is None before the first run; money is in yuan, shares from 0 to 1."""

    as_of: datetime | None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    charts: Mapping[str, Spec] = field(default_factory=dict)
    matrix: Sequence[Sequence[Cell]] = ()
    coverage: Mapping[str, float] = field(default_factory=dict)


def sees_company(actor: Actor) -> bool:
    """Company figures are for those who may see every customer and every order."""
    return all(access.verb_scope(actor, get(key), "view") == "all" for key in ("customer", "order"))


# ── the company ──


def company(months: int) -> Board:
    """Out of the newest kept results; the live tables are not touched but for the count of last month's moves."""
    found = {
        key: runs.latest(key) for key in ("sales", "value_class", "activity", "cohort", "rfm", "coverage")
    }
    known = [run for run in found.values() if run is not None]
    if not known:
        return Board(None)
    charts: dict[str, Spec] = {}
    for name, (analysis, key) in CHARTS.items():
        spec = chart_of(found[analysis], key, months)
        if spec is not None:
            charts[name] = spec
    shift = class_shift(found["value_class"])
    if shift:
        charts["shift"] = shift
    return Board(
        max(run.as_of for run in known),
        metrics(found),
        charts,
        matrix(found["rfm"]),
        coverage(found["coverage"]),
    )


CHARTS = {
    "sales": ("sales", "month"),
    "channel": ("sales", "channel"),
    "new": ("sales", "new"),
    "category": ("sales", "category"),
    "shop": ("sales", "shop"),
    "classes": ("value_class", "classes"),
    "activity": ("activity", "states"),
    "retention": ("cohort", "retention"),
    "completeness": ("coverage", "completeness"),
}
"""{place on the page: (analysis, its chart)}"""


def chart_of(run: AnalysisRun | None, key: str, months: int) -> Spec | None:
    """One chart of a run as the pages draw it; the last `months` where it goes by month."""
    for raw in run.result.get("charts", []) if run else []:
        if raw["key"] == key:
            return spec_of(raw, months)
    return None


def spec_of(raw: Mapping[str, Any], months: int = 0) -> Spec:
    """The pages' form of a result's chart: words, colours and addresses of lists; `drill` keeps its condition trees."""
    seen = shown_chart(raw)
    unit, scale = units(str(raw["unit"]), str(seen["unit"]))
    kind = str(raw["x"].get("kind", "text"))
    series = [
        {
            "name": series_name(one),
            "data": [None if value is None else round(value * scale, 2) for value in one["values"]],
            **(
                {"color": color(one["kind"], one["key"])}
                if str(one.get("kind", "")).startswith("option:")
                else {}
            ),
        }
        for one in seen["series"]
    ]
    spec: Spec = {
        "type": TYPES.get(str(raw["type"]), "bar"),
        "title": seen["title"],
        "unit": unit,
        "x": [axis_text(value, raw) for value in seen["x"]["values"]],
        "series": series,
        "x_name": seen["x"]["label"],
        "codes": list(raw["x"]["values"]),
        "keys": [one["key"] for one in raw["series"]],
    }
    if raw["type"] == "rank":
        spec["horizontal"] = True
    if kind.startswith("option:") and len(series) == 1:
        spec["colors"] = [color(kind, str(code)) for code in raw["x"]["values"]]
    if raw.get("drill"):
        spec["drill"] = dict(raw["drill"])
    return cut(spec, kind, months)


def units(unit: str, words: str) -> tuple[str, float]:
    """The unit as people read it, and what values are multiplied by."""
    if unit == "money":
        return _("元"), 1.0
    return ("%", 100.0) if unit == "share" else (words, 1.0)


def series_name(one: Mapping[str, Any]) -> str:
    return f"{one['label']} ({one['size']})" if "size" in one else str(one["label"])


def axis_text(value: object, raw: Mapping[str, Any]) -> str:
    return f"+{value}" if raw["type"] == "heat" else str(value)


def color(kind: str, code: str) -> str:
    options = OPTIONS.get(kind.removeprefix("option:"), ())
    return next((one.color for one in options if one.value == code), "gray")


def cut(spec: Spec, kind: str, months: int) -> Spec:
    """The last months of a chart by month; of cohorts, the last ones."""
    if months and spec["type"] == "heatmap":
        spec["series"] = spec["series"][-months:]
    elif months and kind == "month":
        spec["x"], spec["codes"] = spec["x"][-months:], spec["codes"][-months:]
        for one in spec["series"]:
            one["data"] = one["data"][-months:]
        if "drill" in spec:
            spec["drill"]["where"] = spec["drill"]["where"][-months:]
    return spec


def metrics(found: Mapping[str, AnalysisRun | None]) -> dict[str, Any]:
    """Last 30 days beside the 30 before; this month's new customers beside last month's; who is active."""
    sales = result_metrics(found["sales"])
    states = result_metrics(found["activity"])
    sizes = {option.value: int(states.get(f"size_{option.value}", 0)) for option in CustomerFacts.ACTIVITIES}
    bought = sum(count for key, count in sizes.items() if key != "prospect")
    active = sum(sizes[key] for key in ("new", "active", "recovered"))
    amount, before = float(sales.get("amount_30d", 0)) / 100, float(sales.get("amount_30d_before", 0)) / 100
    return {
        "amount": amount,
        "amount_change": (amount - before) / before if before else None,
        "orders": sales.get("orders_30d", 0),
        "orders_change": sales.get("orders_30d", 0) - sales.get("orders_30d_before", 0),
        "new": sales.get("new_this_month", 0),
        "new_before": sales.get("new_last_month", 0),
        "active": active,
        "active_share": active / bought if bought else None,
        "lost": sizes["lost"],
        "customers": sum(sizes.values()),
    }


def result_metrics(run: AnalysisRun | None) -> dict[str, Any]:
    return dict(run.result.get("metrics", {})) if run else {}


def matrix(run: AnalysisRun | None) -> list[list[Cell]]:
    """Two rows (much money, little money) of four cells (recent and often, recent, often, neither)."""
    table = run.result.get("tables", {}).get("cells") if run else None
    if not table:
        return []
    rows = {row[0]: row for row in table["rows"]}
    total = sum(int(row[1]) for row in table["rows"]) or 1
    cells = [
        Cell(
            option,
            int(rows[option.value][1]),
            float(shown_value(rows[option.value][2], "money")),
            int(rows[option.value][1]) / total,
        )
        for option in CustomerFacts.CELLS
        if option.value in rows
    ]
    return [cells[:4], cells[4:]]


def coverage(run: AnalysisRun | None) -> dict[str, float]:
    """Shares from 0 to 1: how complete records are on the average, how many customers are fresh, reachable, valid."""
    found = result_metrics(run)
    if not found:
        return {}
    shares = {key: float(found.get(key) or 0) for key in ("fresh", "reachable", "valid")}
    return {"completeness": float(found.get("completeness") or 0) / 100, **shares}


def class_shift(run: AnalysisRun | None) -> Spec | None:
    """Who came into each class and who left it in the last 30 days before the run; counted once a run."""
    if run is None:
        return None
    key = f"dashboard:shift:{run.pk}"
    counts: list[tuple[str, str, int]] | None = cache.get(key)
    if counts is None:
        since = run.as_of - timedelta(days=SHIFT_DAYS)
        moved = FactTransition.objects.filter(field="value_class", at__gt=since, at__lte=run.as_of)
        rows = moved.order_by().values_list("old", "new").annotate(n=Count("pk"))
        counts = [(old, new, n) for old, new, n in rows]
        cache.set(key, counts, 3600)
    codes = [option.value for option in CustomerFacts.CLASSES]
    came = [sum(n for _old, new, n in counts if new == code) for code in codes]
    left = [sum(n for old, _new, n in counts if old == code) for code in codes]
    return {
        "type": "bar",
        "title": _("近 %(n)s 天的类别变动") % {"n": SHIFT_DAYS},
        "unit": _("人次"),
        "x": [str(option.label) for option in CustomerFacts.CLASSES],
        "codes": codes,
        "series": [
            {"name": _("移入"), "data": came, "color": "green"},
            {"name": _("移出"), "data": left, "color": "gray"},
        ],
    }


# ── one's own ──


def own(actor: Actor, months: int) -> Board:
    """The same figures of the customers whom the actor may see, asked now."""
    known = month_list(timezone.localdate(), months)
    visible = access.scope(actor, "customer").filter(facts__isnull=False).order_by()
    classes = dict(visible.values_list("facts__value_class").annotate(n=Count("pk")))
    states = dict(visible.values_list("facts__activity").annotate(n=Count("pk")))
    sales = own_sales(actor, known)
    late, early = last_days(actor)
    fresh = own_new(actor, known)
    active = sum(states.get(key, 0) for key in ("new", "active", "recovered"))
    bought = sum(count for key, count in states.items() if key != "prospect")
    words = [f"{month:%Y-%m}" for month in known]
    charts = {
        "sales": by_month(_("每月销售额"), _("元"), words, sales, "order", "ordered_at"),
        "new": by_month(_("每月新客户"), _("人"), words, fresh, "customer", "first_order_at"),
        "classes": by_option(_("客户价值类别"), "pie", "value_class", classes),
        "activity": by_option(_("客户活跃状态"), "bar", "activity", states),
    }
    return Board(
        timezone.now(),
        {
            "amount": late[0],
            "amount_change": (late[0] - early[0]) / early[0] if early[0] else None,
            "orders": late[1],
            "orders_change": late[1] - early[1],
            "new": fresh[-1],
            "new_before": fresh[-2] if len(fresh) > 1 else 0,
            "active": active,
            "active_share": active / bought if bought else None,
            "lost": states.get("lost", 0),
            "customers": sum(classes.values()),
        },
        charts,
    )


def month_list(today: date, count: int) -> list[date]:
    """The first days of the last months, the running one last."""
    found = [today.replace(day=1)]
    while len(found) < count:
        found.append((found[-1] - timedelta(days=1)).replace(day=1))
    return found[::-1]


def start_of(months: Sequence[date]) -> datetime:
    first = months[0]
    return datetime(first.year, first.month, 1, tzinfo=timezone.get_default_timezone())


def own_sales(actor: Actor, months: Sequence[date]) -> list[float]:
    zone = timezone.get_default_timezone()
    paid = access.scope(actor, "order").filter(state="paid", ordered_at__gte=start_of(months)).order_by()
    rows = paid.annotate(month=TruncMonth("ordered_at", tzinfo=zone)).values_list("month")
    found = {month.date(): float(amount) for month, amount in rows.annotate(money=Sum("amount"))}
    return [found.get(month, 0.0) for month in months]


def last_days(actor: Actor) -> tuple[tuple[float, int], tuple[float, int]]:
    """(money, orders) of the last 30 days, and of the 30 before."""
    now = timezone.now()
    border, start = now - timedelta(days=30), now - timedelta(days=60)
    paid = access.scope(actor, "order").filter(state="paid", ordered_at__gte=start, ordered_at__lte=now)
    late, early = Q(ordered_at__gte=border), Q(ordered_at__lt=border)
    sums = paid.aggregate(
        late=Sum("amount", filter=late),
        early=Sum("amount", filter=early),
        late_count=Count("pk", filter=late),
        early_count=Count("pk", filter=early),
    )
    return (
        (float(sums["late"] or 0), sums["late_count"]),
        (float(sums["early"] or 0), sums["early_count"]),
    )


def own_new(actor: Actor, months: Sequence[date]) -> list[int]:
    """By the month of the first purchase."""
    zone = timezone.get_default_timezone()
    first = access.scope(actor, "customer").filter(facts__first_order_at__gte=start_of(months)).order_by()
    rows = first.annotate(month=TruncMonth("facts__first_order_at", tzinfo=zone)).values_list("month")
    found = {month.date(): count for month, count in rows.annotate(n=Count("pk"))}
    return [found.get(month, 0) for month in months]


def by_month(
    title: str, unit: str, words: Sequence[str], values: Sequence[float], type_key: str, path: str
) -> Spec:
    return {
        "type": "bar", "title": title, "unit": unit, "x": list(words), "codes": list(words),
        "series": [{"name": title, "data": list(values)}],
        "drill": {"type": type_key, "where": [month_where(month, path) for month in words]},
    }  # fmt: skip


def by_option(title: str, kind: str, field_key: str, counts: Mapping[str, int]) -> Spec:
    options = OPTIONS[field_key]
    return {
        "type": kind,
        "title": title,
        "unit": _("人"),
        "x": [str(option.label) for option in options],
        "codes": [option.value for option in options],
        "colors": [option.color for option in options],
        "series": [{"name": title, "data": [counts.get(option.value, 0) for option in options]}],
        "drill": {
            "type": "customer",
            "where": [{"field": field_key, "op": "in", "value": [option.value]} for option in options],
        },
    }


def month_where(month: str, path: str) -> dict[str, object]:
    """The condition tree of "in this month" ("2026-11")."""
    first = date.fromisoformat(f"{month}-01")
    behind = (first + timedelta(days=32)).replace(day=1)
    earlier = {"field": path, "op": "before", "value": first.isoformat()}
    return {"all": [{"not": earlier}, {"field": path, "op": "before", "value": behind.isoformat()}]}


# ── computing anew ──


def may_recalculate(actor: Actor) -> bool:
    return actor.is_admin or access.verb_scope(actor, get("customer"), "edit") == "all"


def recalculate(actor: Actor) -> Job:
    """All nightly analyses now, in the background; whoever asks while one runs gets that one. Raises access.Denied."""
    if not may_recalculate(actor):
        raise access.Denied
    title = _("重新计算全部分析")
    return jobs.enqueue(
        analysis_jobs.ANALYSE,
        {"key": "nightly"},
        key=RECALCULATE,
        again=True,
        user=actor.user_id,
        title=title,
    )
