"""Why a derived value is what it is: computed only from what is stored (the facts, the run's basis, transitions)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from kemai.analytics.models import AnalysisRun
from kemai.analytics.services.runs import standing
from kemai.customers import rules
from kemai.customers.models import Customer, CustomerFacts, FactTransition
from kemai.platform.fields import FieldSpec
from kemai.platform.objects import get

Basis = Mapping[str, Any]


@dataclass(frozen=True)
class Explanation:
    """Why a field has its value, in the reader's language."""

    title: str
    value: str
    rule: str
    version: str
    as_of: datetime | None
    """The moment that the value describes; None for values that follow every change at once."""
    inputs: tuple[tuple[str, str], ...] = ()
    steps: tuple[str, ...] = ()
    """The arithmetic, line by line."""
    conclusion: str = ""
    history: tuple[str, ...] = ()
    """The latest changes of a state."""


@dataclass
class Case:
    """What an explanation may use."""

    customer: Customer
    facts: CustomerFacts
    run: AnalysisRun | None
    inputs: list[tuple[str, str]] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)

    def basis(self, key: str) -> Basis:
        found = self.run.basis.get(key, {}) if self.run is not None else {}
        return found if isinstance(found, dict) else {}

    @property
    def today(self) -> date:
        assert self.run is not None
        return timezone.localdate(self.run.as_of, timezone.get_default_timezone())

    def days_since(self, moment: datetime | date | None) -> int | None:
        if moment is None:
            return None
        day = (
            timezone.localdate(moment, timezone.get_default_timezone())
            if isinstance(moment, datetime)
            else moment
        )
        return (self.today - day).days

    def give(self, *names: str) -> None:
        """List fields of the customer among the inputs."""
        for name in names:
            self.inputs.append((str(spec_of(name).label), shown(self.facts, name)))

    def add(self, label: str, value: object) -> None:
        self.inputs.append((label, str(value)))


def why(customer: Customer, field: str) -> Explanation | None:
    """The explanation of a derived field of a customer; None for a field that is not derived."""
    explain = EXPLAINERS.get(field)
    facts = CustomerFacts.objects.filter(customer=customer).select_related("favourite_category").first()
    if explain is None or facts is None:
        return None
    case = Case(customer, facts, standing())
    title, value = str(spec_of(field).label), shown(facts, field)
    if (case.run is None or facts.computed_at is None) and field not in LIVE:
        return Explanation(title, value, "", "", None, conclusion=_("还没有计算过：分析会在夜间自动运行。"))
    rule, conclusion = explain(case, field)
    run = case.run
    return Explanation(
        title=title,
        value=value,
        rule=rule,
        version=str(run.version) if run is not None and field not in LIVE else "",
        as_of=run.as_of if run is not None and field not in LIVE else None,
        inputs=tuple(case.inputs),
        steps=tuple(case.steps),
        conclusion=conclusion,
        history=history(customer, field),
    )


def spec_of(name: str) -> FieldSpec:
    return get("customer").fields[name]


def shown(facts: CustomerFacts, name: str) -> str:
    """A fact as lists and pages show it; empty ones as a dash."""
    spec = spec_of(name)
    value = getattr(facts, name)
    if spec.ref:
        return str(value) if value is not None else "—"
    return spec.type.text(value, spec) or "—"


def yuan(cents: float) -> str:
    return f"¥{Decimal(round(cents)) / 100:,.2f}"


def number(value: float) -> str:
    return f"{value:g}" if not math.isclose(value, round(value)) else str(round(value))


def cents(amount: Decimal) -> int:
    return int(amount * 100)


def option_label(field: str, value: str) -> str:
    option = spec_of(field).option(value)
    return str(option.label) if option is not None else value or "—"


def history(customer: Customer, field: str) -> tuple[str, ...]:
    moves = FactTransition.objects.filter(customer=customer, field=field).order_by("-at", "-id")[:5]
    return tuple(
        _("%(day)s：%(old)s → %(new)s")
        % {
            "day": date_format(timezone.localtime(move.at), "Y-m-d"),
            "old": option_label(field, move.old),
            "new": option_label(field, move.new),
        }
        for move in moves
    )


# the states


def explain_class(case: Case, field: str) -> tuple[str, str]:
    basis, facts = case.basis("value_class"), case.facts
    rule = _(
        "高价值：近 12 个月金额不低于活跃客户的第 %(amount)s 百分位，且订单数不低于第 %(orders)s 百分位；"
        "潜在：金额达到而订单数未达到；普通：其他买过的客户。已在该类的客户跌破门槛 %(band)s%% 以上才会离开。"
    ) % {
        "amount": percent(basis, "amount_share"),
        "orders": percent(basis, "orders_share"),
        "band": percent(basis, "hysteresis"),
    }
    case.give("amount_12m", "orders_12m", "orders_total")
    case.add(_("活跃客户数（近 12 个月买过）"), basis.get("base", 0))
    before = previous_class(case)
    verdict = rules.value_class(
        rules.ClassRule(basis.get("amount"), basis.get("orders"), float(basis.get("hysteresis", 0.1))),
        amount_12m=cents(facts.amount_12m),
        orders_12m=facts.orders_12m,
        orders_total=facts.orders_total,
        present=before,
    )
    if "amount_line" in verdict.inputs:
        compare(case, _("金额"), yuan(cents(facts.amount_12m)), yuan(float(verdict.inputs["amount_line"] or 0)),
                ok=verdict.reason != "amount_below")  # fmt: skip
        compare(case, _("订单数"), str(facts.orders_12m), number(float(verdict.inputs["orders_line"] or 0)),
                ok=facts.orders_12m >= float(verdict.inputs["orders_line"] or 0))  # fmt: skip
    if before in {"high", "potential"} and verdict.inputs.get("amount_line") != basis.get("amount"):
        label = option_label("value_class", before)
        wider = _("原来就属于“%(label)s”，所以门槛放宽 %(band)s%%。")
        case.steps.append(wider % {"label": label, "band": percent(basis, "hysteresis")})
    reasons = {
        "never_bought": _("还没有买过。"),
        "not_lately": _("近 12 个月没有购买。"),
        "amount_below": _("金额低于门槛。"),
        "orders_below": _("金额达到门槛，但购买次数还少：值得培养。"),
        "both_above": _("金额和购买次数都达到门槛。"),
    }
    return rule, reasons[verdict.reason]


def previous_class(case: Case) -> str:
    """The class that the standing run found the customer in."""
    assert case.run is not None
    last = FactTransition.objects.filter(
        customer=case.customer, field="value_class", run_id=case.run.pk
    ).first()
    if last is not None:
        return last.old
    first_time = case.facts.run_id == case.run.pk and case.facts.class_since == case.run.as_of
    return "none" if first_time else case.facts.value_class


def percent(basis: Basis, name: str) -> str:
    return number(100 * float(basis.get(name, 0)))


def compare(case: Case, label: str, mine: str, line: str, *, ok: bool) -> None:
    text = _("%(label)s %(mine)s ≥ 门槛 %(line)s") if ok else _("%(label)s %(mine)s < 门槛 %(line)s")
    case.steps.append(text % {"label": label, "mine": mine, "line": line})


def rhythm_rule(case: Case) -> rules.RhythmRule:
    given = {**case.basis("facts"), **case.basis("activity")}
    known = rules.RhythmRule.__dataclass_fields__
    return rules.RhythmRule(**{name: value for name, value in given.items() if name in known})


def explain_activity(case: Case, field: str) -> tuple[str, str]:
    rule, facts = rhythm_rule(case), case.facts
    text = _(
        "新：首购 %(new)s 天内；流失：沉默超过本人的期限；已挽回：流失后又购买，%(recovered)s 天内；"
        "沉睡：沉默超过期限的 %(half)s%%；%(contact)s 天内主动联系过我们的不算沉睡或流失；其余为活跃。"
    ) % {
        "new": rule.new_days,
        "recovered": rule.recovered_days,
        "half": number(100 * rule.dormant_share),
        "contact": rule.contact_days,
    }
    case.give(
        "first_order_at",
        "last_order_at",
        "gap_median_days",
        "silence_limit_days",
        "last_inbound_at",
        "comeback_on",
    )
    silence = case.days_since(facts.last_order_at)
    verdict = rules.activity(
        rule,
        silence=silence,
        age=case.days_since(facts.first_order_at),
        limit=facts.silence_limit_days or rule.lost_days,
        contact=case.days_since(facts.last_inbound_at),
        since_comeback=case.days_since(facts.comeback_on),
    )
    if silence is not None:
        case.steps.append(_("距上次购买 %(days)s 天") % {"days": silence})
        limit_steps(case, rule)
    reasons = {
        "never_bought": _("还没有买过。"),
        "first_purchase_lately": _("首次购买不久。"),
        "silent_beyond_limit": _("沉默时间超过了期限。"),
        "came_back": _("沉默超过期限后又回来购买。"),
        "silent_half_limit": _("沉默时间超过了期限的一半。"),
        "in_touch": _("虽然有一阵没买，但最近主动联系过我们。"),
        "within_rhythm": _("仍在正常的购买节奏之内。"),
    }
    return text, reasons[verdict.reason]


def limit_steps(case: Case, rule: rules.RhythmRule) -> None:
    facts = case.facts
    limit = facts.silence_limit_days or float(rule.lost_days)
    own = facts.gap_median_days is not None and math.isclose(
        limit, min(max(rule.factor * facts.gap_median_days, rule.floor_days), rule.cap_days)
    )
    if own and facts.gap_median_days is not None:
        case.steps.append(
            _("流失期限 = %(factor)s × 间隔中位数 %(gap)s 天，限于 %(low)s–%(high)s 天 = %(limit)s 天")
            % {
                "factor": number(rule.factor), "gap": number(facts.gap_median_days), "low": rule.floor_days,
                "high": rule.cap_days, "limit": number(limit),
            }
        )  # fmt: skip
    else:
        case.steps.append(
            _("购买间隔不足 %(min)s 个，还没有自己的节奏，流失期限按 %(limit)s 天")
            % {"min": rule.min_gaps, "limit": number(limit)}
        )


def explain_rfm(case: Case, field: str) -> tuple[str, str]:
    basis, facts = case.basis("rfm"), case.facts
    rule = _(
        "R、F、M 各按活跃客户的 20%%、40%%、60%%、80%% 分位点打 1–5 分，%(high)s 分及以上为高；"
        "三者的高低组合成八类。"
    ) % {"high": basis.get("high_score", 4)}
    days = case.days_since(facts.last_order_at)
    if days is None or not basis.get("base"):
        return rule, _("还没有买过，不参与打分。") if days is None else _("近 12 个月没有客户购买。")
    case.add(_("距上次购买（天）"), days)
    case.give("orders_12m", "amount_12m")
    case.add(_("活跃客户数（近 12 个月买过）"), basis["base"])
    amount = cents(facts.amount_12m)
    r, f, m = rules.rfm_scores(basis, days=days, orders=facts.orders_12m, amount=amount)
    for letter, value, points, score in (
        ("R", str(days), [number(cut) for cut in basis["r"]], r),
        ("F", str(facts.orders_12m), [number(cut) for cut in basis["f"]], f),
        ("M", yuan(amount), [yuan(cut) for cut in basis["m"]], m),
    ):
        case.steps.append(
            _("%(letter)s：%(value)s，分位点 %(points)s → %(score)s 分")
            % {"letter": letter, "value": value, "points": " / ".join(points), "score": score}
        )
    cell = rules.rfm_cell((r, f, m), int(basis.get("high_score", 4)))
    return rule, _("R%(r)s F%(f)s M%(m)s：%(cell)s") % {
        "r": r,
        "f": f,
        "m": m,
        "cell": option_label("rfm_cell", cell),
    }


# the plain facts


def explain_orders(case: Case, field: str) -> tuple[str, str]:
    texts = {
        "first_order_at": _("最早一张已付款订单的时间。"),
        "last_order_at": _("最近一张已付款订单的时间。"),
        "orders_total": _("所有已付款订单的张数，不含待付款、已退款、已取消。"),
        "amount_total": _("所有已付款订单的金额之和。"),
        "preferred_channel": _("已付款订单最多的渠道；一样多时取最近用过的。"),
        "preferred_hour": _("下单最多的时段（当地时间的小时）；一样多时取最近的。"),
        "favourite_category": _("累计金额最高的品类。"),
    }
    case.give(
        *(
            name
            for name in ("orders_total", "amount_total", "first_order_at", "last_order_at")
            if name != field
        )
    )
    return texts[field], ""


def explain_recent(case: Case, field: str) -> tuple[str, str]:
    since = case.basis("recent").get("since", "")
    case.add(_("起始日期（不含）"), since)
    case.add(_("截止日期"), case.today.isoformat())
    case.give("orders_12m", "amount_12m")
    if field == "amount_12m" and case.facts.orders_12m:
        average = case.facts.amount_12m / case.facts.orders_12m
        case.steps.append(
            _("%(amount)s ÷ %(orders)s 单 = 平均每单 %(average)s")
            % {
                "amount": yuan(cents(case.facts.amount_12m)), "orders": case.facts.orders_12m,
                "average": yuan(cents(average)),
            }
        )  # fmt: skip
    return _("近 12 个月内已付款的订单，随日历每天滑动。"), ""


def explain_rhythm(case: Case, field: str) -> tuple[str, str]:
    rule = rhythm_rule(case)
    case.give("first_order_at", "last_order_at", "orders_total", "gap_median_days", "silence_limit_days")
    if case.facts.last_order_at is not None:
        limit_steps(case, rule)
    texts = {
        "gap_median_days": _("相邻两个购买日之间天数的中位数；同一天的多张订单算一次。"),
        "silence_limit_days": _(
            "有 %(min)s 个以上购买间隔的客户，期限是间隔中位数的 %(factor)s 倍；其他客户按 %(lost)s 天。"
        )
        % {"min": rule.min_gaps, "factor": number(rule.factor), "lost": rule.lost_days},
        "comeback_on": _("沉默超过流失期限之后再次购买的日期，记 %(days)s 天。")
        % {"days": rule.recovered_days},
    }
    return texts[field], ""


def explain_completeness(case: Case, field: str) -> tuple[str, str]:
    customer = case.customer
    kind = "company" if customer.kind == "company" else "person"
    weights = rules.COMPLETENESS[kind]
    values = {name: getattr(customer, name) for name in weights}
    known = [name for name in weights if rules.is_known(name, values[name])]
    for name, weight in sorted(weights.items(), key=lambda pair: -pair[1]):
        mark = f"+{weight}" if name in known else f"0 / {weight}"
        case.inputs.append((str(spec_of(name).label), mark))
    total = sum(weights[name] for name in known)
    case.steps.append(f"{' + '.join(str(weights[name]) for name in known) or '0'} = {total}")
    missing = rules.missing_facts(kind, values)
    if not missing:
        return _("按权重统计已知的资料。"), _("资料齐全。")
    return _("按权重统计已知的资料。"), _("下一步最值得问：%(field)s") % {"field": spec_of(missing[0]).label}


def explain_contact(case: Case, field: str) -> tuple[str, str]:
    texts = {
        "last_contact_at": _("最近一次真实互动的时间，系统消息不算；随互动立即更新。"),
        "next_contact_at": _("未完成的最近一个任务的时间；随任务立即更新。"),
        "last_inbound_at": _("客户最近一次主动联系我们的时间。"),
        "last_outbound_at": _("我们最近一次主动联系客户的时间，系统消息不算。"),
        "freshness": _("多久没有人核实过：%(fresh)s 天内为新鲜，%(stale)s 天以上为已过期。")
        % {"fresh": rules.FRESH_DAYS, "stale": rules.STALE_DAYS},
        "conflicts": _("导入或接口带来的、与核实过的内容不同的值有几处还没有人决定。"),
        "verified_at": _("最近一次有人确认资料正确的时间：在客户页点“资料无误”，或把有效性改为有效。"),
    }
    return texts[field], ""


Explain = Callable[[Case, str], tuple[str, str]]
LIVE = frozenset({"last_contact_at", "next_contact_at", "verified_at", "freshness", "conflicts"})
"""Kept by services at every change, not by the nightly run."""
GROUPS: Sequence[tuple[Explain, tuple[str, ...]]] = (
    (explain_class, ("value_class", "class_since")),
    (explain_activity, ("activity", "activity_since")),
    (explain_rfm, ("rfm_cell", "r_score", "f_score", "m_score")),
    (
        explain_orders,
        (
            "first_order_at", "last_order_at", "orders_total", "amount_total", "preferred_channel", "preferred_hour",
            "favourite_category",
        ),
    ),
    (explain_recent, ("orders_12m", "amount_12m")),
    (explain_rhythm, ("gap_median_days", "silence_limit_days", "comeback_on")),
    (explain_completeness, ("completeness",)),
    (
        explain_contact,
        (
            "last_contact_at", "next_contact_at", "last_inbound_at", "last_outbound_at", "verified_at", "freshness",
            "conflicts",
        ),
    ),
)  # fmt: skip
EXPLAINERS: Mapping[str, Explain] = {name: explain for explain, names in GROUPS for name in names}
