"""What is particular to the board of deals: one pipeline at a time, what has stood too long, what has to be
answered before a card may go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kemai.platform.models import Option
from kemai.sales.models import Deal
from kemai.sales.rules.stages import overdue_days
from kemai.sales.services import gates, stages

DAY = 86_400


def lane_of(option: Option) -> str:
    """The pipeline of a column."""
    return option.row.step.pipeline if isinstance(option, stages.StageOption) else ""


def late(keys: Sequence[int]) -> Mapping[int, str]:
    """How many days these deals have stood in their stage longer than allowed, and which wait for leave to go on."""
    now = timezone.now()
    limits = {row.step.key: row.max_days for row in stages.rows() if row.step.state == "open"}
    found = {}
    rows = Deal.objects.filter(pk__in=keys, state="open")
    for key, stage, since, wanted in rows.values_list("pk", "stage", "stage_since", "wanted_stage"):
        if wanted:
            row = stages.find(wanted)
            found[key] = _("等待批准进入“%(stage)s”") % {"stage": row.label if row else wanted}
            continue
        stood = int((now - since).total_seconds() // DAY) if since else 0
        if over := overdue_days(stood, limits.get(stage)):
            found[key] = ngettext("超期 %(n)s 天", "超期 %(n)s 天", over) % {"n": over}
    return found


def asks(key: int, column: str) -> str:
    """A deal is not lost without a reason, and does not pass a gate without what it asks for: its form comes first."""
    row = stages.find(column)
    if row is None:
        return ""
    if row.step.state == "lost":
        return f"{reverse('deal_lose', args=[key])}?from=board"
    deal = Deal.objects.filter(pk=key).first()
    if deal is None or not gates.missing(deal, row).any:
        return ""
    return f"{reverse('deal_gate', args=[key])}?stage={column}&from=board"
