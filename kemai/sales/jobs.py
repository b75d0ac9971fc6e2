"""What selling does by the clock."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext_noop as _

from kemai.analytics import jobs as analysis_jobs
from kemai.platform.jobs import run_in_child, schedule
from kemai.platform.jobs.progress import Progress
from kemai.sales.services import chances, contracts, erasing, forecasts, leads, quotes, renewals
from kemai.sales.services.pools import looks, returns, routing
from kemai.sales.services.pools.kinds import KINDS, today

MONDAY = 0


@schedule("lead_scores", at="02:10", title=_("线索评分"))
def rescore(progress: Progress) -> None:
    """Interest fades by the day."""
    leads.rescore_all()


@schedule("lead_chances", at="02:30", title=_("线索转化预测"))
def learn_chances(progress: Progress, *, again: bool = False) -> object:
    """Each Monday, and every night until something could be learnt; in a process of its own (docs/adr/009)."""
    known = chances.newest()
    if known is not None and known.shown and not again and timezone.localdate().weekday() != MONDAY:
        return None
    return run_in_child("kemai.sales.learn", {}, progress)


@schedule("pool_returns", at="06:00", title=_("公海自动退回"))
def return_to_pools(progress: Progress) -> dict[str, int]:
    """In the morning: until six o'clock whatever was due today could still be saved."""
    found = returns.run(tell=progress)
    return {"returned": sum(one.count for one in found), "rules": len(found)}


@schedule("pool_warnings", at="08:00", title=_("公海退回提醒"))
def warn_of_returns(progress: Progress) -> int:
    """Returns how many people were told."""
    return returns.warn()


@schedule("lead_routes", every=15, title=_("线索自动分配"))
def route_leads(progress: Progress) -> int:
    """Leads that came outside working hours. Returns how many were given to somebody."""
    return routing.route_waiting()


def refresh_returns(progress: Progress, *, kind: str) -> int:
    """All dates after a change of the rules. Returns how many changed."""
    return returns.refresh_all(KINDS[kind], today(), progress)


@schedule("forecast_snapshot", at="01:40", title=_("销售预测快照"))
def snapshot(progress: Progress) -> object:
    """Each Monday what stands in the forecast is kept, and what history says is worked out anew; likewise on the first
    of a month, so that every month has a forecast from its beginning."""
    day = timezone.localdate()
    if day.weekday() != MONDAY and day.day != 1:
        return None
    taken = forecasts.take_snapshot(day)
    analysis_jobs.analyse(progress, key="forecast")
    return {"taken": taken}


@schedule("sales_terms", at="01:30", title=_("报价与合同到期"))
def end_terms(progress: Progress) -> None:
    """What is over is over; whose end is near gets a task."""
    quotes.expire_quotes()
    contracts.expire_contracts()
    renewals.remind()
    erasing.end_titles()
    looks.sweep()
