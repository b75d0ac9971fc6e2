"""Stores the demo company's leads and deals, with the way of each deal as it really was."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kemai.platform.access import SYSTEM
from kemai.platform.fields import Ref
from kemai.platform.records import bulk_create
from kemai.project.demo import plans
from kemai.project.demo.table import CENT, generator
from kemai.sales.models import LostReason
from kemai.sales.services import chance_training, course, forecasts, leads, stages

BY = SYSTEM.through("demo")
REASON = "演示公司"

if TYPE_CHECKING:
    from kemai.project.demo.load import Loader


def store(loader: Loader) -> None:
    """After customers, contacts and people."""
    loader.ids["lost_reason"] = list(
        LostReason.objects.filter(deleted_at=None).order_by("position", "pk").values_list("pk", flat=True)
    )
    loader.records("competitor", gettext_noop("竞争对手"))
    loader.records("lead", gettext_noop("线索"))
    loader.records("lead_follow_up", gettext_noop("线索跟进"))
    with loader.progress.step(_("线索评分"), len(loader.made["lead"])) as advance:
        chance_training.train(loader.made.as_of)
        advance(leads.rescore_all(now=loader.made.as_of, closed=True))
    loader.records("deal", gettext_noop("商机"))
    events = loader.made["stage_event"]
    with loader.progress.step(_("阶段记录"), len(events)) as advance:
        advance(course.record_course(events.rows(loader.ids)))
    loader.records("visit", gettext_noop("拜访"))
    targets(loader)
    snapshots(loader)


def targets(loader: Loader) -> None:
    made, people = loader.made, loader.ids["user"]
    rng = generator(made.seed, "targets")
    rows = [
        {
            "measure": one.measure, "month": one.month, "person": Ref(people[one.person], ""), "department": None,
            "amount": Decimal(one.amount) * CENT,
        }
        for one in plans.targets(rng, made.season, made["deal"])
    ]  # fmt: skip
    with loader.progress.step(_("目标"), len(rows)) as advance:
        advance(len(bulk_create("target", rows, by=BY, reason=REASON, parsed=True)))


def snapshots(loader: Loader) -> None:
    made, people = loader.made, loader.ids["user"]
    rates = {row.step.key: row.win_rate for row in stages.rows() if row.step.state == "open"}
    found = plans.snapshots(made.season, made["deal"], made["stage_event"], rates)
    with loader.progress.step(_("预测快照"), len(found)) as advance:
        rows = [(*one[:2], people[one.person], *one[3:]) for one in found]
        advance(forecasts.record_snapshots(rows))
