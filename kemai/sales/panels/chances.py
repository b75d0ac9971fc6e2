"""The learnt chance of a lead in words: what raises or lowers it, what it was learnt from, or why it is not shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from kemai.customers.models.customer import SOURCES
from kemai.kit import regions
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.fields import Label
from kemai.platform.objects import Evidence, Explanation, get
from kemai.sales.models import Lead
from kemai.sales.models.lead import OVER
from kemai.sales.rules import chances as rules
from kemai.sales.rules.chances import Report
from kemai.sales.services import chances
from kemai.sales.services.chances import Learnt

Row = Mapping[str, Any]
FACTS: Mapping[str, Label] = {
    "phone=yes": gettext_lazy("有电话"), "phone=no": gettext_lazy("没有电话"),
    "email=yes": gettext_lazy("有邮箱"), "email=no": gettext_lazy("没有邮箱"),
    "wecom_id=yes": gettext_lazy("有企业微信"), "wecom_id=no": gettext_lazy("没有企业微信"),
    "company=yes": gettext_lazy("知道公司"), "company=no": gettext_lazy("不知道公司"),
    "title=yes": gettext_lazy("知道职务"), "title=no": gettext_lazy("不知道职务"),
    "budget=yes": gettext_lazy("说了预算"), "budget=no": gettext_lazy("没说预算"),
    "need=yes": gettext_lazy("说了需求"), "need=no": gettext_lazy("没说需求"),
    "place=none": gettext_lazy("地区未知"), "trade=none": gettext_lazy("行业未知"),
    "reached=never": gettext_lazy("三个月内没有接通"), "reached=once": gettext_lazy("接通过一次"),
    "reached=often": gettext_lazy("接通过多次"),
    "refused=yes": gettext_lazy("拒绝过"), "refused=no": gettext_lazy("没有拒绝过"),
    "missed=never": gettext_lazy("没有未接"), "missed=once": gettext_lazy("未接一次"),
    "missed=often": gettext_lazy("多次未接"),
    "silent=untouched": gettext_lazy("还没有跟进过"), "silent=long": gettext_lazy("两周以上没有跟进"),
    "silent=no": gettext_lazy("两周内跟进过"), "silent=gone": gettext_lazy("两个月以上没有跟进"),
    "age=0": gettext_lazy("刚来三天之内"), "age=3": gettext_lazy("来了三天以上"), "age=7": gettext_lazy("来了一周以上"),
    "age=14": gettext_lazy("来了两周以上"), "age=30": gettext_lazy("来了一个月以上"),
    "age=60": gettext_lazy("来了两个月以上"), "age=90": gettext_lazy("来了三个月以上"),
    "age=180": gettext_lazy("来了半年以上"), "age=365": gettext_lazy("来了一年以上"),
}  # fmt: skip


def fact_words(group: str, fact: str) -> str:
    if group == "source":
        label = next((one.label for one in SOURCES if one.value == fact), fact)
        return _("来源：%(name)s") % {"name": label}
    if f"{group}={fact}" in FACTS:
        return str(FACTS[f"{group}={fact}"])
    if group == "place":
        code = f"{fact}0000"
        lang = "en" if (get_language() or "").startswith("en") else "zh"
        return _("地区：%(name)s") % {"name": regions.name(code, lang) if regions.is_known(code) else fact}
    return _("行业：%(name)s") % {"name": fact}


def points_words(share: float) -> str:
    return _("%(points)s 个百分点") % {"points": f"{share * 100:+.1f}"}


def evidence(parts: list[list[Any]]) -> list[Evidence]:
    return [Evidence(fact_words(group, fact), points_words(float(share))) for group, fact, share in parts]


def percent(share: float) -> str:
    spec = get("lead").fields["chance"]
    return spec.type.text(share, spec)


def hidden_words(report: Report | None) -> str:
    """Why no chance is shown, with the numbers."""
    if report is None:
        return _("还没有学习过：每晚会用公司自己的线索试着学习一次。")
    counts = {
        "leads": report.leads, "yes": report.yes, "no": report.no, "enough": rules.ENOUGH, "each": rules.ENOUGH_EACH
    }  # fmt: skip
    match report.reason:
        case "few":
            return _("还说不准：已有结果的线索只有 %(leads)s 条，至少要 %(enough)s 条。") % counts
        case "few_yes":
            return _("还说不准：转化了的线索只有 %(yes)s 条，至少要 %(each)s 条。") % counts
        case "few_no":
            return _("还说不准：没有转化的线索只有 %(no)s 条，至少要 %(each)s 条。") % counts
        case "untested":
            text = _(
                "还说不准：用来检验的较晚的线索只有 %(tested)s 条，其中 %(yes)s 条转化，还不够判断预测的好坏。"
            )
            return text % {"tested": report.tested, "yes": report.tested_yes}
    return _(
        "还说不准：在 %(tested)s 条较晚的线索上检验，预测并不比直接用平均转化率更准（误差 %(loss)s 对 %(plain)s，"
        "区分力 AUC %(auc)s，区间 %(low)s–%(high)s）。"
    ) % {
        "tested": report.tested, "loss": f"{report.loss:.3f}", "plain": f"{report.plain_loss:.3f}",
        "auc": f"{report.auc:.2f}", "low": f"{report.auc_low:.2f}", "high": f"{report.auc_high:.2f}",
    }  # fmt: skip


def learnt_words(learnt: Learnt) -> str:
    report = learnt.report
    return _(
        "%(day)s 从 %(leads)s 条已有结果的线索学到（%(first)s 至 %(last)s，其中 %(yes)s 条在 %(days)s 天内转化）。"
    ) % {
        "day": learnt.at.date().isoformat(), "leads": report.leads, "first": report.first, "last": report.last,
        "yes": report.yes, "days": learnt.card.horizon,
    }  # fmt: skip


def proof_words(report: Report) -> str:
    return _(
        "在 %(tested)s 条较晚的线索上检验：区分力 AUC %(auc)s（95%% 区间 %(low)s–%(high)s），误差 %(loss)s，"
        "只用平均转化率是 %(plain)s。"
    ) % {
        "tested": report.tested, "auc": f"{report.auc:.2f}", "low": f"{report.auc_low:.2f}",
        "high": f"{report.auc_high:.2f}", "loss": f"{report.loss:.3f}", "plain": f"{report.plain_loss:.3f}",
    }  # fmt: skip


def chance_panel(actor: Actor, row: Row) -> Mapping[str, Any] | None:
    if row.get("state") in OVER:
        return None
    lead = access.scope(actor, "lead").filter(pk=row["id"]).first()
    if not isinstance(lead, Lead):
        return None
    learnt = chances.newest()
    shown = learnt is not None and learnt.shown and lead.chance is not None
    parts = lead.chance_basis.get("parts", [])
    return {
        "chance": percent(lead.chance) if shown and lead.chance is not None else "",
        "days": learnt.card.horizon if learnt else 0,
        "raise": evidence([one for one in parts if one[2] > 0]),
        "lower": evidence([one for one in parts if one[2] < 0]),
        "learnt": learnt_words(learnt) if learnt and shown else "",
        "why": "" if shown else hidden_words(learnt.report if learnt else None),
    }


def explain_chance(lead: Lead) -> Explanation | None:
    """Why the chance is what it is, out of what was stored with it."""
    learnt = chances.newest()
    if lead.chance is None or learnt is None:
        return None
    basis = lead.chance_basis
    return Explanation(
        value=percent(lead.chance),
        reason=_(
            "今后 %(days)s 天内转为客户的可能，从公司自己过去的线索学到；每条事实的作用是与一般线索相比。"
        )
        % {"days": learnt.card.horizon},
        rule=_("线索转化预测 第 %(n)s 次") % {"n": basis.get("model", "")},
        at=parse_datetime(basis["at"]) if basis.get("at") else None,
        inputs=evidence(basis.get("parts", [])),
        steps=[learnt_words(learnt), proof_words(learnt.report)],
    )
