"""Leads and the touches with them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kemai.platform.objects import Hooks, Numbering, ObjectType, Section, View, register, relate
from kemai.sales.actions import LEAD_ACTIONS
from kemai.sales.models import FollowUp, Lead
from kemai.sales.panels import LEAD_PANELS, explain_lead
from kemai.sales.services import leads, timeline

LEAD = register(
    ObjectType(
        key="lead",
        model=Lead,
        title="name",
        icon="target-arrow",
        nav="sales",
        nav_order=10,
        search=("name", "company", "phone", "email", "number"),
        columns=(
            "name", "company", "state", "grade", "score", "chance", "phone", "region", "source", "owner",
            "last_contact_at", "next_contact_at", "created_at",
        ),
        form=(
            Section(_("基本信息"), "name", "company", "title", "source", "state", "reason", "owner"),
            Section(_("联系方式"), "phone", "email", "wecom_id", "region", "address"),
            Section(_("需求"), "need", "budget", "industry", "next_contact_at", "note", "number"),
        ),
        sections=(
            Section(_("进展"), "score", "grade", "chance", "last_contact_at", "customer", "converted_at", "ended_at"),
        ),
        badges=("state", "grade"),
        views=(
            View("hot", _("高分线索"), {"all": [
                {"field": "grade", "op": "in", "value": ["a", "b"]},
                {"field": "state", "op": "in", "value": ["new", "working", "qualified"]},
            ]}, "-score"),
            View("likely", _("最可能转化"), {"field": "chance", "op": "not_empty", "value": None}, "-chance"),
            View("fresh", _("待跟进"), {"field": "state", "op": "in", "value": ["new"]}, "-created_at"),
        ),
        purpose=_("线索是刚刚认识、还不确定会不会买的人和公司；跟进之后转为客户和商机，或说明原因放下。"),
        board="state",
        date="next_contact_at",
        unique=("number", "phone", "email"),
        sort="-created_at",
        sort_paths={"name": "name_sort"},
        timeline=True,
        sources=list(timeline.LEAD_SOURCES),
        tags=True,
        numbering=Numbering("number", "L"),
        hooks=Hooks(prepare=leads.prepare_lead, after=leads.after_lead, heeds=leads.HEEDED),
        explain=explain_lead,
        similar=leads.find_similar,
        panels=list(LEAD_PANELS),
        actions=list(LEAD_ACTIONS),
    )
)  # fmt: skip
FOLLOW_UP = register(
    ObjectType(
        key="lead_follow_up",
        model=FollowUp,
        title="body",
        icon="messages",
        columns=("at", "lead", "channel", "outcome", "body"),
        form=(Section(_("线索跟进"), "lead", "channel", "at", "outcome", "body"),),
        parent="lead",
        date="at",
        badges=("channel", "outcome"),
        hooks=Hooks(after=leads.after_follow_up),
    )
)
relate("lead", "lead_follow_up", "lead")
