"""Visits."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kemai.platform.objects import Hooks, ObjectType, Section, View, register, relate
from kemai.sales.actions import VISIT_ACTIONS
from kemai.sales.models import Visit
from kemai.sales.services import visits

VISIT = register(
    ObjectType(
        key="visit", model=Visit, title="purpose", icon="map-pin", quick=True, nav_order=17,
        search=("purpose", "place"),
        columns=("purpose", "customer", "starts_at", "state", "owner", "checked_in_at", "place", "accuracy", "outcome"),
        form=(Section(_("拜访"), "purpose", "customer", "contact", "deal", "starts_at", "owner"),),
        sections=(
            Section(_("拜访"), "purpose", "customer", "contact", "deal", "starts_at", "owner"),
            Section(_("签到与小结"), "state", "checked_in_at", "place", "accuracy", "latitude", "longitude",
                    "outcome", "report", "reported_at"),
        ),
        badges=("state", "outcome"), board="state", date="starts_at", sort="-starts_at",
        views=(
            View("open", _("待拜访"), {"field": "state", "op": "in", "value": ["planned", "here"]}, "starts_at"),
            View("calendar", _("拜访日历"), None, "starts_at", display="calendar"),
        ),
        purpose=_("拜访是计划好的外出：到了现场签到、拍照，回来写小结，客户的时间线上就有了这一次。"),
        timeline=True, actions=list(VISIT_ACTIONS),
        hooks=Hooks(prepare=visits.prepare_visit, check=visits.check_visits),
    )
)  # fmt: skip
relate("customer", "visit", "customer")
relate("deal", "visit", "deal")
