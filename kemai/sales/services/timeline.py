"""What stands on the timelines of deals and leads: the way through the stages, and what was said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.customers.services import timeline as customers
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.models import Option
from kemai.platform.objects import Ask, Entry, TimelineSource
from kemai.platform.objects.pages import LAST_ID
from kemai.sales.models import Deal, StageEvent
from kemai.sales.services import stages

DAY = 86_400
AFTER = timedelta(days=1)
"""The call in which the order was given is often noted in the evening."""


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
    """The customer's own timeline while the deal ran, if the reader may see the customer. What is said a day after its
    end is about something else; it stands on the customer's page."""
    held = Deal.objects.filter(pk=deal).values_list("customer", "created_at", "closed_at").first()
    if held is None or not access.scope(actor, "customer").filter(pk=held[0]).exists():
        return
    customer, began, ended = held
    over = None if ended is None else ended + AFTER
    if over is not None and (ask.at is None or ask.at > over):
        ask = replace(ask, at=over, id=LAST_ID)
    for entry in customers.interactions(actor, "customer", customer, ask):
        if entry.at >= began:
            yield entry


def follow_ups(actor: Actor, type_key: str, lead: int, ask: Ask) -> Iterable[Entry]:
    """Every touch with a lead, by whoever noted it, else (an import) by whoever looks after the lead."""
    rows = access.scope(actor, "lead_follow_up").filter(lead=lead)
    plain = customers.told(actor, "lead_follow_up", "body", "outcome")
    columns = ("pk", "at", "channel", "outcome", "body", "created_by__name", "lead__owner__name")
    for row in ask.take(rows, "at").values(*columns):
        channel = customers.CHANNELS.get(row["channel"])
        outcome = customers.OUTCOMES.get(row["outcome"]) if "outcome" in plain else None
        yield Entry(
            row["pk"], row["at"], customers.ICONS.get(row["channel"], "note"),
            row["created_by__name"] or row["lead__owner__name"] or "",
            str(channel.label) if channel else row["channel"], channel.color if channel else "gray",
            text=row["body"] if "body" in plain else "", badges=[outcome] if outcome else (),
            url=reverse("record", args=["lead_follow_up", row["pk"]]),
        )  # fmt: skip


LEAD_SOURCES = (TimelineSource("follow_up", gettext_lazy("跟进"), follow_ups, order=10, of="lead_follow_up"),)
SOURCES = (
    TimelineSource("stage", gettext_lazy("阶段"), moves, order=10),
    TimelineSource("touch", gettext_lazy("客户互动"), touches, order=20),
)
