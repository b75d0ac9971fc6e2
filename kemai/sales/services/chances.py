"""Chances of leads: what was learnt last, and what it says of a lead as it stands (docs/adr/050)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as _

from kemai.platform import jobs
from kemai.platform.access import Actor, Denied
from kemai.platform.models import Job
from kemai.sales.models import Lead, LeadChances
from kemai.sales.models.lead import OVER
from kemai.sales.rules import chances as rules
from kemai.sales.rules.chances import Known, Report, Scorecard

TRAIN = "kemai.sales.jobs.learn_chances"
FIELDS = ["chance", "chance_basis"]


class Learnt(NamedTuple):
    id: int
    at: datetime
    shown: bool
    card: Scorecard
    report: Report


def newest() -> Learnt | None:
    row = LeadChances.objects.order_by("-pk").first()
    if row is None:
        return None
    return Learnt(row.pk, row.at, row.shown, Scorecard.read(row.model), Report.read(row.report))


def known_now(lead: Lead, touches: Sequence[tuple[str, datetime]], now: datetime) -> Known:
    values = {key: getattr(lead, key) for key in rules.READ}
    return rules.known_at(values, touches, lead.created_at, now)


def set_chance(
    lead: Lead, touches: Sequence[tuple[str, datetime]], now: datetime, learnt: Learnt | None
) -> None:
    """Nothing for a lead that is over, and while nothing reliable was learnt."""
    if learnt is None or not learnt.shown or lead.state in OVER:
        lead.chance, lead.chance_basis = None, {}
        return
    facts = rules.facts_of(known_now(lead, touches, now))
    lead.chance = round(learnt.card.chance(facts), 3)
    parts = [[group, fact, round(share, 4)] for group, fact, share in learnt.card.parts(facts)]
    lead.chance_basis = {"model": learnt.id, "at": now.isoformat(), "parts": parts}


def ask_training(actor: Actor) -> Job:
    """Learns anew in the background. Raises Denied."""
    if actor.read_only or not may_train(actor):
        raise Denied
    return jobs.enqueue(TRAIN, {"again": True}, user=actor.user_id, title=_("线索转化预测"))


def may_train(actor: Actor) -> bool:
    return actor.is_admin
