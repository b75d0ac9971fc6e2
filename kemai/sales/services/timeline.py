"""What stands on a deal's timeline: its way through the stages, and what was said with the customer since it began."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.customers.services import timeline as customers
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.models import Option
from kemai.platform.objects import Ask, Entry, TimelineSource
from kemai.sales.models import Deal, StageEvent
from kemai.sales.services import stages

DAY = 86_400


def moves(actor: Actor, type_key: str, deal: int, ask: Ask) -> Iterable[Entry]:
    """The deal has been seen by the caller; every step with how long the one before it took."""
    rows = StageEvent.objects.filter(deal=deal)
    for one in ask.take(rows, "at").values("pk", "at", "old", "new", "seconds", "by__name"):
        row = stages.find(one["new"])
        shown = Option(
            one["new"], gettext_lazy(row.name) if row else one["new"], row.color if row else "gray"
        )
        spent = one["seconds"]
        what = _("进入阶段") if spent is None else _("停留 %(n)s 天后进入") % {"n": round(spent / DAY)}
        yield Entry(
            one["pk"], one["at"], "stairs-up", one["by__name"] or _("系统"), what, shown.color, badges=[shown]
        )


def touches(actor: Actor, type_key: str, deal: int, ask: Ask) -> Iterable[Entry]:
    """The customer's own timeline from the day on which the deal began, if the reader may see the customer."""
    held = Deal.objects.filter(pk=deal).values_list("customer", "created_at").first()
    if held is None or not access.scope(actor, "customer").filter(pk=held[0]).exists():
        return
    for entry in customers.interactions(actor, "customer", held[0], ask):
        if entry.at >= held[1]:
            yield entry


SOURCES = (
    TimelineSource("stage", gettext_lazy("阶段"), moves, order=10),
    TimelineSource("touch", gettext_lazy("客户互动"), touches, order=20),
)
