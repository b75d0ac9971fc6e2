"""Pools, their return rules and the routes of new leads; and what they add to customers and leads."""

from __future__ import annotations

from functools import partial

from django.utils.translation import gettext_lazy as _

from kemai.platform.access import commons
from kemai.platform.objects import ObjectType, Section, add_action, add_explain, add_panel, add_part, register
from kemai.sales import pool_panels
from kemai.sales.models import LeadRoute, Pool, PoolRule
from kemai.sales.services.pools import kinds, looks, settings, uses, why, work

POOL = register(
    ObjectType(
        key="pool", model=Pool, title="name", icon="users-group",
        columns=("name", "kind", "active", "claimable", "hold_most", "daily_most", "view_most", "position"),
        form=(Section(_("公海"), "name", "kind", "active", "note"),),
        badges=("kind",), small=True, sort="position", administered=True, creatable=False,
        importable=False,
    )
)  # fmt: skip
POOL_RULE = register(
    ObjectType(
        key="pool_rule", model=PoolRule, title="event", icon="clock",
        columns=("event", "pool", "days", "workdays", "since"),
        form=(Section(_("退回规则"), "pool", "event", "days", "workdays", "since"),),
        small=True, administered=True, creatable=False,
        importable=False,
    )
)  # fmt: skip
LEAD_ROUTE = register(
    ObjectType(
        key="lead_route", model=LeadRoute, title="name", icon="route",
        columns=("name", "method", "active", "capacity", "position"),
        form=(Section(_("线索分配规则"), "name", "method", "active"),),
        small=True, sort="position", administered=True, creatable=False,
        importable=False,
    )
)  # fmt: skip
for kind in kinds.KINDS.values():
    add_part(kind.key, "keeping")
    add_explain(kind.key, partial(why.explain, kind.key))
    commons.register(
        kind.key, commons.Commons("keeping__pool", settings.loader(kind.key), looks.opened, looks.seen)
    )
    for panel in pool_panels.panels(kind.key):
        add_panel(kind.key, panel)
    for action in pool_panels.actions(kind.key):
        add_action(kind.key, action)
work.declare()
uses.register()
