"""What selling does by the clock."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from kemai.platform.jobs import schedule
from kemai.platform.jobs.progress import Progress
from kemai.sales.services import leads


@schedule("lead_scores", at="02:10", title=_("线索评分"))
def rescore(progress: Progress) -> None:
    """Interest fades by the day."""
    leads.rescore_all()
