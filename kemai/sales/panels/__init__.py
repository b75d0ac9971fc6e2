"""What selling brings to record pages: the way of a deal, why a lead has its score."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.fields import Label
from kemai.platform.objects import Evidence, Explanation, Panel, get
from kemai.sales.models import Deal, Lead, StageEvent
from kemai.sales.panels.chances import chance_panel, explain_chance
from kemai.sales.panels.quotes import approval_of
from kemai.sales.rules import scoring
from kemai.sales.rules.stages import overdue_days
from kemai.sales.services import approvals, deals, gates, stages

Row = Mapping[str, Any]
DAY = 86_400


class Place(NamedTuple):
    """One stage on the way of a deal. `days` is how long it stood or stands there, None where it never was."""

    key: str
    name: str
    color: str
    state: str
    rate: float
    days: int | None
    done: bool
    now: bool
    late: int
    asks: bool
    """Something has to be filled in, ticked or agreed to first."""
    locked: bool
    """Somebody has to agree before the deal may enter it."""


def way(actor: Actor, row: Row) -> Mapping[str, Any] | None:
    """The stages with the time spent in each, and what the present one asks for."""
    deal = access.scope(actor, "deal").filter(pk=row["id"]).first()
    if not isinstance(deal, Deal):
        return None
    spent = time_in_stages(deal)
    course = stages.of_pipeline(deal.pipeline)
    here = next((n for n, one in enumerate(course) if one.step.key == deal.stage), 0)
    there = deals.standing({}, deal)
    places = [
        Place(
            one.step.key, one.name, one.color, one.step.state, one.win_rate, spent.get(one.step.key),
            n < here and one.step.state == "open", n == here,
            overdue_days(spent.get(one.step.key) or 0, one.max_days) if n == here else 0,
            lacks.any, lacks.approval,
        )
        for n, one in enumerate(course)
        for lacks in (gates.missing(deal, one, there),)
        if one.step.state == "open" or one.step.key == deal.stage
    ]  # fmt: skip
    now = course[here] if course else None
    ticked = set(deal.ticked.get(deal.stage, []))
    may = (
        access.may(actor, "deal", "edit") and access.scope(actor, "deal", "edit").filter(pk=deal.pk).exists()
    )
    return {
        "places": places,
        "deal": deal,
        "may": may,
        "items": [(item, item in ticked) for item in now.step.checklist] if now else [],
        "required": required(now.step.required if now else (), row),
        "waiting": gates.waiting_words(deal) if deal.wanted_stage else "",
        "may_decide": may and bool(deal.wanted_stage) and not approvals.why_not("deal", deal, actor),
        "refusal": refusal(deal, actor),
        "decide_url": reverse("deal_decide", args=[deal.pk]),
        "move_url": reverse("deal_move", args=[deal.pk]),
        "gate_url": reverse("deal_gate", args=[deal.pk]),
        "tick_url": reverse("deal_tick", args=[deal.pk]),
    }


def refusal(deal: Deal, actor: Actor) -> Mapping[str, Any]:
    """The last no to where the deal wanted to go from the stage in which it still stands."""
    told = approval_of(deal, "deal", actor)
    if told.get("answer") != "no" or (deal.stage_since and told["decided_at"] < deal.stage_since):
        return {}
    return told


def required(keys: tuple[str, ...], row: Row) -> list[tuple[Label, bool]]:
    fields = get("deal").fields
    return [
        (fields[key].label, not fields[key].type.is_empty(row.get(key)) and row.get(key) != 0)
        for key in keys
        if key in fields
    ]


def time_in_stages(deal: Deal, now: datetime | None = None) -> dict[str, int]:
    """Whole days in each stage, the present one until now; several visits add up."""
    now = now or timezone.now()
    seconds: dict[str, float] = {}
    rows = list(StageEvent.objects.filter(deal=deal).order_by("at", "pk").values_list("new", "at"))
    for place, (stage, at) in enumerate(rows):
        last = place + 1 == len(rows)
        end = (deal.closed_at or now) if last else rows[place + 1][1]
        seconds[stage] = seconds.get(stage, 0) + max((end - at).total_seconds(), 0)
    return {stage: int(spent // DAY) for stage, spent in seconds.items()}


RULES: Mapping[str, Label] = {
    "phone": gettext_lazy("有电话"), "email": gettext_lazy("有邮箱"), "wecom_id": gettext_lazy("有企业微信"),
    "company": gettext_lazy("知道公司"), "title": gettext_lazy("知道职务"), "region": gettext_lazy("知道地区"),
    "industry": gettext_lazy("知道行业"), "budget": gettext_lazy("说了预算"), "need": gettext_lazy("说了需求"),
    "touch_reached": gettext_lazy("电话接通"), "touch_later": gettext_lazy("改期再谈"),
    "touch_missed": gettext_lazy("未接"),
    "touch_refused": gettext_lazy("拒绝"), "touch_note": gettext_lazy("跟进"),
    "source_referral": gettext_lazy("转介绍来的"), "source_exhibition": gettext_lazy("展会上来的"),
    "source_website": gettext_lazy("官网来的"), "source_wecom": gettext_lazy("企业微信来的"),
    "source_store": gettext_lazy("门店来的"),
}  # fmt: skip


def reasons(pairs: list[list[Any]]) -> list[Evidence]:
    """One line a rule; touches of one kind are added up."""
    found: dict[str, float] = {}
    for rule, points in pairs:
        found[rule] = found.get(rule, 0) + float(points)
    ordered = sorted(found.items(), key=lambda pair: -pair[1])
    return [
        Evidence(RULES.get(rule, rule), _("%(points)s 分") % {"points": f"{points:+.3g}"})
        for rule, points in ordered
    ]


def score_panel(actor: Actor, row: Row) -> Mapping[str, Any] | None:
    lead = access.scope(actor, "lead").filter(pk=row["id"]).first()
    if not isinstance(lead, Lead) or not lead.score_basis:
        return None
    basis = lead.score_basis
    groups = (("fit", _("匹配度"), scoring.FIT_CAP), ("engagement", _("意向度"), scoring.ENGAGEMENT_CAP))
    return {
        "score": lead.score,
        "grade": lead.get_grade_display(),
        "groups": [
            (name, total(basis.get(key, []), cap), cap, reasons(basis.get(key, [])))
            for key, name, cap in groups
        ],
    }


def total(pairs: list[list[Any]], cap: int) -> int:
    return int(min(max(sum(float(points) for _rule, points in pairs), 0), cap) + 0.5)


def explain_lead(actor: Actor, pk: int, name: str) -> Explanation | None:
    """Why the score or the grade is what it is, out of what was stored with it."""
    lead = access.scope(actor, "lead").filter(pk=pk).first()
    if isinstance(lead, Lead) and name == "chance":
        return explain_chance(lead)
    if name not in {"score", "grade"} or not isinstance(lead, Lead) or not lead.score_basis:
        return None
    basis = lead.score_basis
    fit, engagement = basis.get("fit", []), basis.get("engagement", [])
    steps = [
        _("匹配度 %(points)s 分（最多 %(cap)s）") % {"points": total(fit, scoring.FIT_CAP), "cap": scoring.FIT_CAP},
        _("意向度 %(points)s 分（最多 %(cap)s，每 %(days)s 天减半）")
        % {
            "points": total(engagement, scoring.ENGAGEMENT_CAP), "cap": scoring.ENGAGEMENT_CAP,
            "days": int(scoring.HALF_LIFE_DAYS),
        },
    ]  # fmt: skip
    return Explanation(
        value=str(lead.score if name == "score" else lead.get_grade_display()),
        reason=_("评分是匹配度与意向度之和：知道得越多、互动越近，分数越高。"),
        rule=_("线索评分规则 v%(version)s") % {"version": basis.get("version", "")},
        at=parse_datetime(basis["at"]) if basis.get("at") else None,
        inputs=[*reasons(fit), *reasons(engagement)],
        steps=steps,
    )


def lead_composer(actor: Actor, row: Row) -> Mapping[str, Any] | None:
    if not access.may(actor, "lead_follow_up", "create") or row.get("state") in {"converted", "disqualified"}:
        return None
    fields = get("lead_follow_up").fields
    return {
        "url": reverse("lead_log", args=[row["id"]]),
        "channels": [one for one in fields["channel"].options if one.value not in {"system", "form"}],
        "outcomes": fields["outcome"].options,
        "typed": {},
        "errors": {},
    }


LEAD_PANELS = (
    Panel(
        "touch", gettext_lazy("跟进"), "sales/lead_composer.html", lead_composer, place="composer", order=10
    ),
    Panel("score", gettext_lazy("线索评分"), "sales/lead_score.html", score_panel, place="side", order=10),
    Panel(
        "chance", gettext_lazy("预测转化率"), "sales/lead_chance.html", chance_panel, place="side", order=11
    ),
)
DEAL_PANELS = (Panel("way", gettext_lazy("销售阶段"), "sales/deal_way.html", way, place="top", order=4),)
