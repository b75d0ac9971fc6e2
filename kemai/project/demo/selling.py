"""Stores the demo company's leads and deals, with the way of each deal as it really was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kemai.sales.models import LostReason
from kemai.sales.services import course, leads

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
        advance(leads.rescore_all(now=loader.made.as_of, closed=True))
    loader.records("deal", gettext_noop("商机"))
    events = loader.made["stage_event"]
    with loader.progress.step(_("阶段记录"), len(events)) as advance:
        advance(course.record_course(events.rows(loader.ids)))
