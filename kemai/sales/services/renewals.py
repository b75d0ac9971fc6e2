"""续约: a task for the owner 60, 30 and 7 days before a contract ends."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.collab.models import Task
from kemai.collab.services.tasks import create_tasks
from kemai.platform.access import SYSTEM
from kemai.sales.models import Contract
from kemai.sales.rules.contracts import RENEWAL_DAYS, renewal_step
from kemai.sales.services import prices

AT = dt.time(10)


def remind(today: dt.date | None = None) -> int:
    """The tasks that are due and not there yet: one for each contract, end and step, however often this runs. Contracts
    that were signed late begin with the step that is due, not with those that are past. Returns how many."""
    today = today or prices.today()
    ending = Contract.objects.filter(
        state="effective",
        deleted_at=None,
        ends_on__range=(today, today + dt.timedelta(days=max(RENEWAL_DAYS))),
    )
    due: dict[str, tuple[int, str, int | None, dt.date]] = {}
    for pk, name, owner, ends in ending.order_by("ends_on", "pk").values_list(
        "pk", "name", "owner", "ends_on"
    ):
        assert ends is not None
        step = renewal_step(ends, today)
        due[f"renewal/{pk}/{ends.isoformat()}/{step}"] = (pk, name, owner, ends)
    there: set[str] = set()
    origins = list(due)
    for at in range(0, len(origins), 500):
        rows = Task.objects.filter(origin__in=origins[at : at + 500])
        there.update(rows.values_list("origin", flat=True))
    moment = timezone.make_aware(dt.datetime.combine(today, AT), timezone.get_default_timezone())
    tasks = [
        {
            "title": _("续约：%(name)s 于 %(day)s 到期（还有 %(n)s 天）") % {
                "name": name[:120], "day": ends.isoformat(), "n": (ends - today).days,
            },
            "kind": "call", "due_at": moment, "owner": owner, "about": ("contract", pk), "origin": origin,
        }
        for origin, (pk, name, owner, ends) in due.items()
        if origin not in there
    ]  # fmt: skip
    return len(create_tasks(tasks, by=SYSTEM, origin="renewal")) if tasks else 0
