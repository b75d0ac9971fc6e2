"""Sets the demo company's pools up: one for companies, one for leads, with a rule each that has been at work since long,
so that some lie there, some go back soon, and somebody has taken a few."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db.models import OuterRef, Subquery
from django.db.models.functions import TruncDate
from django.utils.translation import gettext as _

from kemai.platform.access import SYSTEM, actor_for
from kemai.sales.models import Pool, PoolRule
from kemai.sales.services.pools import claims, keeping, rehearsal, returns, settings
from kemai.sales.services.pools.kinds import KINDS, Kind, zone

if TYPE_CHECKING:
    from kemai.project.demo.load import Loader

SHARE = 0.3
"""At most this share of what people hold was due by now: a company in which nearly all goes back is no example."""
DAYS = (14, 21, 30, 45, 60, 90, 120, 180, 240, 365)
SINCE = 400
CLAIMS = 4
COMPANIES = {"field": "kind", "op": "in", "value": ["company"]}


def store(loader: Loader) -> None:
    """After leads, deals and what was said with customers."""
    day = loader.made.as_of.astimezone(zone()).date()
    keepers = list(
        get_user_model()._default_manager.filter(roles__key="sales_manager").values_list("pk", flat=True)
    )
    pools = {
        "customer": {
            "name": _("企业客户公海"), "note": _("没有人跟进的企业客户。领取后请在三天内联系。"), "where": COMPANIES,
            "hold_most": 500, "daily_most": 10, "shut": ["address", "note"],
        },
        "lead": {
            "name": _("线索公海"), "note": _("没有人跟进的线索，先到先得。"), "hold_most": 200, "daily_most": 20,
            "reason_required": True,
        },
    }  # fmt: skip
    with loader.progress.step(_("公海"), len(pools)) as advance:
        for key, values in pools.items():
            kind = KINDS[key]
            given = {
                **values,
                "kind": key,
                "active": True,
                "takes_new": True,
                "claimable": True,
                "keepers": keepers,
            }
            pool = settings.save_pool(
                None, {**given, "spare_deals": True, "spare_contracts": True}, by=SYSTEM
            )
            received(kind)
            keeping.rebuild(key)
            settings.save_rule(rule_for(pool, values.get("where"), day), by=SYSTEM)
            returns.refresh_all(kind, day)
            returns.return_due(kind, day)
            taken(kind, pool)
            advance(1)


def received(kind: Kind) -> None:
    """Whoever has a record in this history has had it since it was made."""
    made = kind.type.records().filter(pk=OuterRef("pk")).values(day=TruncDate("created_at", tzinfo=zone()))
    kind.keepings.update(received_on=Subquery(made))


def rule_for(pool: Pool, where: Any, day: dt.date) -> PoolRule:
    """The strictest that leaves people most of what they hold."""
    since = (day - dt.timedelta(days=SINCE)).isoformat()

    def draft(days: int) -> PoolRule:
        values = {"event": "follow_up", "days": days, "where": where or {}, "since": since, "active": True}
        return settings.draft_rule(pool, None, values, by=SYSTEM)

    for days in DAYS:
        seen = rehearsal.tonight(draft(days), by=SYSTEM, day=day)
        if seen.now <= seen.held * SHARE:
            return draft(days)
    return draft(DAYS[-1])


def taken(kind: Kind, pool: Pool) -> None:
    """Some were taken again by people who had not had them before."""
    people = list(
        get_user_model()._default_manager.filter(roles__key="sales", is_active=True).order_by("pk")[:3]
    )
    lying = list(
        kind.keepings.filter(pool=pool).order_by("pk").values_list("pk", flat=True)[: CLAIMS * len(people)]
    )
    for place, person in enumerate(people):
        keys = lying[place * CLAIMS : (place + 1) * CLAIMS]
        claims.claim(kind.key, keys, by=actor_for(person), reason=_("熟悉这个行业"))
