"""Runs of analyses as people read them: parameters in words, results as tables, what a run rests on."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.analytics import jobs as analysis_jobs
from kemai.analytics.models import AnalysisRun
from kemai.analytics.results import shown, translated
from kemai.customers.services import dashboards
from kemai.platform import access, jobs
from kemai.platform.access import Actor
from kemai.platform.models import Job
from kemai.platform.records import FieldErrors

PAGE = 30
NIGHTLY = "nightly"
WORDS: Mapping[str, Any] = {
    "min_gaps": gettext_lazy("至少几次间隔才算有节奏"),
    "factor": gettext_lazy("间隔中位数的倍数"),
    "lost_days": gettext_lazy("没有节奏时，多少天算流失"),
    "floor_days": gettext_lazy("流失期限最短（天）"),
    "cap_days": gettext_lazy("流失期限最长（天）"),
    "comeback_days": gettext_lazy("挽回记住多少天"),
    "months": gettext_lazy("月数"),
    "weeks": gettext_lazy("周数"),
    "history": gettext_lazy("看多少个月的历史"),
    "ahead": gettext_lazy("预测几个月"),
    "products": gettext_lazy("预测几种产品"),
    "days": gettext_lazy("天数"),
    "top": gettext_lazy("列出前几名"),
    "cohorts": gettext_lazy("首购月份数"),
    "fresh_days": gettext_lazy("多少天内算新鲜"),
    "high_score": gettext_lazy("几分以上算高"),
    "amount_share": gettext_lazy("金额分位（高于此为高）"),
    "orders_share": gettext_lazy("订单数分位（高于此为高）"),
    "hysteresis": gettext_lazy("防抖幅度"),
    "new_days": gettext_lazy("首购多少天内算新"),
    "dormant_share": gettext_lazy("沉睡占流失期限的比例"),
    "contact_days": gettext_lazy("多少天内来访不算沉睡"),
    "recovered_days": gettext_lazy("挽回状态保持多少天"),
    "base": gettext_lazy("活跃基数（位）"),
    "amount": gettext_lazy("金额门槛"),
    "orders": gettext_lazy("订单数门槛"),
    "r": gettext_lazy("R 分界（天）"),
    "f": gettext_lazy("F 分界（单）"),
    "m": gettext_lazy("M 分界（元）"),
    "since": gettext_lazy("从"),
    "customers": gettext_lazy("客户数"),
    "completeness": gettext_lazy("平均完整度"),
    "fresh": gettext_lazy("资料新鲜"),
    "reachable": gettext_lazy("可联系"),
    "valid": gettext_lazy("已核实有效"),
    "refresh": gettext_lazy("读取数据（秒）"),
    "analyse": gettext_lazy("计算（秒）"),
    "write": gettext_lazy("写回客户（秒）"),
    "results": gettext_lazy("汇总报表（秒）"),
}
"""Parameters, cut points and figures by their names in the code."""
MONEY = frozenset({"amount", "m"})
"""Names whose values are cents."""


@dataclass(frozen=True)
class Kind:
    """An analysis that can be run: what it is for and its parameters as a form."""

    key: str
    title: str
    purpose: str
    params: Sequence[Param]


@dataclass(frozen=True)
class Param:
    name: str
    label: str
    value: Any
    kind: str
    """number, text or switch"""


@dataclass(frozen=True)
class Line:
    """A run in the list."""

    run: AnalysisRun
    title: str
    seconds: float | None
    by: str


def titles() -> dict[str, str]:
    """{analysis: its title}; knowing them loads the analyses, which is not done when the server starts."""
    from kemai.analytics.registry import all_analyses

    found = {key: translated(one.title) for key, one in all_analyses().items()}
    return {NIGHTLY: _("夜间分析"), **found}


def kinds() -> list[Kind]:
    """The analyses with the parameters that stand now."""
    from kemai.analytics.registry import all_analyses, params_for

    found = []
    for key, one in all_analyses().items():
        standing = params_for(key)
        params = [
            param_of(field.name, getattr(standing, field.name)) for field in dataclasses.fields(standing)
        ]
        found.append(Kind(key, translated(one.title), translated(one.purpose), params))
    return found


def param_of(name: str, value: Any) -> Param:
    if isinstance(value, bool):
        kind = "switch"
    elif isinstance(value, int | float):
        kind = "number"
    else:
        kind = "text"
        value = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
    return Param(name, word(name), value, kind)


def word(name: str) -> str:
    return str(WORDS.get(name, name))


def kind_of(key: str) -> Kind:
    """Raises access.NotVisible."""
    found = next((one for one in kinds() if one.key == key), None)
    if found is None:
        raise access.NotVisible
    return found


def require(actor: Actor) -> None:
    """Results are the company's. Raises access.Denied."""
    if not dashboards.sees_company(actor):
        raise access.Denied(_("分析结果是全公司的数字，需要“查看全部客户和订单”的权限"))


def recent(actor: Actor, *, analysis: str = "", before: int | None = None) -> list[Line]:
    """The newest runs, one more than a page holds. Raises access.Denied."""
    require(actor)
    found = AnalysisRun.objects.select_related("user").defer("result", "basis").order_by("-pk")
    if analysis:
        found = found.filter(analysis=analysis)
    if before is not None:
        found = found.filter(pk__lt=before)
    names = titles()
    return [line_of(run, names) for run in found[: PAGE + 1]]


def line_of(run: AnalysisRun, names: Mapping[str, str]) -> Line:
    seconds = (run.finished_at - run.started_at).total_seconds() if run.finished_at else None
    return Line(run, names.get(run.analysis, run.analysis), seconds, str(run.user) if run.user_id else "")


def one(actor: Actor, pk: int) -> Line:
    """Raises access.Denied, access.NotVisible."""
    require(actor)
    run = AnalysisRun.objects.select_related("user").filter(pk=pk).first()
    if run is None:
        raise access.NotVisible
    return line_of(run, titles())


def start(actor: Actor, kind: Kind, given: Mapping[str, str]) -> Job:
    """Runs an analysis in the background with these parameters. Raises access.Denied, FieldErrors."""
    from kemai.analytics.analysis import BadParams
    from kemai.analytics.registry import params_for

    require(actor)
    if not dashboards.may_recalculate(actor):
        raise access.Denied
    params = {one.name: parsed(one, given) for one in kind.params}
    try:
        params_for(kind.key, params)
    except BadParams as error:
        raise FieldErrors({error.field: _("应为 %(allowed)s") % {"allowed": error.allowed}}) from error
    title = _("分析：%(name)s") % {"name": kind.title}
    args = {"key": kind.key, "params": params}
    return jobs.enqueue(analysis_jobs.ANALYSE, args, user=actor.user_id, title=title)


def parsed(one: Param, given: Mapping[str, str]) -> object:
    """What was typed in the kind of the parameter. Raises FieldErrors."""
    text = given.get(one.name, "").strip()
    if one.kind == "switch":
        return text == "1"
    if one.kind == "text":
        return text
    try:
        number = float(text)
    except ValueError:
        raise FieldErrors({one.name: _("请填写数字")}) from None
    if number != number or abs(number) > 1e9:
        raise FieldErrors({one.name: _("请填写数字")})
    return int(number) if isinstance(one.value, int) and number == int(number) else number


# ── one result ──


@dataclass(frozen=True)
class Result:
    figures: Sequence[tuple[str, str]]
    basis: Sequence[tuple[str, str]]
    params: Sequence[tuple[str, str]]
    tables: Sequence[tuple[Sequence[str], Sequence[Sequence[str]]]]
    charts: Sequence[dashboards.Spec]


def result(run: AnalysisRun) -> Result:
    """The result of a finished run, ready to show."""
    seen = shown(run)
    return Result(
        list(pairs(seen["metrics"])),
        list(pairs(run.basis)),
        list(pairs(run.params)),
        [table_of(table) for table in seen["tables"].values()],
        [dashboards.spec_of(chart) for chart in run.result.get("charts", [])],
    )


def pairs(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The named ones in words; what has no words here is the engine's own business."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from pairs(value)
        elif name in WORDS and value is not None:
            yield word(name), text_of(name, value)


def text_of(name: str, value: Any) -> str:
    if isinstance(value, list):
        return " · ".join(text_of(name, one) for one in value)
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if name in MONEY and isinstance(value, int | float):
        return f"¥ {value / 100:,.2f}"
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) else str(value)


def table_of(table: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    columns = table["columns"]
    kept = [index for index, column in enumerate(columns) if not str(column["kind"]).startswith("ref:")]
    head = [str(columns[index]["label"]) for index in kept]
    return head, [[cell(row[index], columns[index]["kind"]) for index in kept] for row in table["rows"]]


def cell(value: Any, kind: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if kind == "money":
        return f"{value:,.2f}"
    if kind == "share":
        return f"{value * 100:.1f}%"
    if isinstance(value, float):
        return f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
