"""The night's return run, with warnings before it: a change set a rule, that can be explained and taken back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Min, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_noop

from kemai.collab.services.notices import notify
from kemai.platform import audit, records
from kemai.platform.access import SYSTEM
from kemai.platform.models import ChangeSet
from kemai.platform.records import sql
from kemai.sales.models import PoolRule
from kemai.sales.rules.pools.returns import WARN_DAYS
from kemai.sales.services.pools import due
from kemai.sales.services.pools.keeping import Intent, meaning, still_at_work, worked_on
from kemai.sales.services.pools.kinds import KINDS, Kind, today
from kemai.sales.services.pools.wording import RETURNED, RETURNED_BY, kept_rule

SLICE = 20_000
CHUNK = 1000
Tell = Callable[[int, int], object]


@dataclass(frozen=True)
class Returned:
    """What one rule returned in a run, and the change set that takes it back."""

    rule: PoolRule
    count: int
    changeset: ChangeSet


def quiet(done: int, total: int) -> None:
    return None


def run(day: dt.date | None = None, tell: Tell = quiet) -> list[Returned]:
    """Works out all dates anew and returns what is due by this day. Run again, it goes on with what is left."""
    day = day or today()
    found: list[Returned] = []
    for kind in KINDS.values():
        refresh_all(kind, day, tell)
        found += return_due(kind, day, tell)
    return found


def refresh_all(kind: Kind, day: dt.date, tell: Tell = quiet) -> int:
    """Every record's date, in slices: on SQLite others may write in between. Returns how many changed."""
    terms = due.terms_of(kind)
    changed = 0
    due.looked_over(kind)
    for first, last, total in slices(kind):
        changed += due.store(kind, due.between(kind, first, last), day, terms)
        tell(last, total)
    return changed


def slices(kind: Kind) -> Iterator[tuple[int, int, int]]:
    bounds = kind.keepings.aggregate(first=Min("pk"), last=Max("pk"))
    if bounds["first"] is None:
        return
    for start in range(bounds["first"], bounds["last"] + 1, SLICE):
        yield start, min(start + SLICE - 1, bounds["last"]), bounds["last"]


def due_rows(kind: Kind, day: dt.date) -> QuerySet[Any]:
    owned = Q(**{f"{kind.path}__owner__isnull": False}) & kind.alive()
    return kind.keepings.filter(owned, return_due_on__lte=day)


def return_due(kind: Kind, day: dt.date, tell: Tell = quiet) -> list[Returned]:
    worked_on(kind.key, still_at_work(kind, due_rows(kind, day)))
    worked_on(kind.key, kind.keepings.filter(open_work__gt=0).values_list("pk", flat=True))
    rules = PoolRule.objects.select_related("pool").in_bulk(
        list(due_rows(kind, day).order_by().values_list("return_rule", flat=True).distinct())
    )
    found = []
    for rule in sorted(rules.values(), key=lambda one: (one.pool.position, one.pool_id, one.pk)):
        told, reason = RETURNED_BY.kept(pool=rule.pool.name, rule=kept_rule(rule)), RETURNED.kept()
        changes = audit.open_set("bulk", kind.key, by=SYSTEM, reason=reason, rule=told[:120])
        keys = list(due_rows(kind, day).filter(return_rule=rule).order_by("pk").values_list("pk", flat=True))
        count = 0
        for start in range(0, len(keys), CHUNK):
            count += return_chunk(kind, rule, day, keys[start : start + CHUNK], changes)
            tell(count, len(keys))
        found.append(Returned(rule, count, changes))
    return found


def return_chunk(kind: Kind, rule: PoolRule, day: dt.date, keys: Sequence[int], changes: ChangeSet) -> int:
    """Which are due is read again in the transaction that returns them: a touch that came in between has saved its
    record."""
    with transaction.atomic(), meaning(Intent("return", rule.pool_id, reason=kept_rule(rule))):
        among = due_rows(kind, day).filter(sql.Among("pk", keys), return_rule=rule)
        rows = among.select_for_update(of=("self",))
        still = list(rows.order_by("pk").values_list("pk", flat=True))
        return len(records.let_go(kind.key, still, by=SYSTEM, changeset=changes))


def warn(day: dt.date | None = None) -> int:
    """Tells each owner once a day how many of his records go back in 7, 3 and 1 days. Returns how many were told."""
    day = day or today()
    told = 0
    for kind in KINDS.values():
        for left in WARN_DAYS:
            told += warn_of(kind, day, left)
    return told


TITLES = {
    "customer": gettext_noop("%(n)s 位客户 %(days)s 天后退回公海"),
    "lead": gettext_noop("%(n)s 条线索 %(days)s 天后退回公海"),
}


def warn_of(kind: Kind, day: dt.date, left: int) -> int:
    on = day + dt.timedelta(days=left)
    owner = f"{kind.path}__owner"
    rows = kind.keepings.filter(kind.alive(), return_due_on=on, **{f"{owner}__isnull": False})
    counts = rows.order_by().values_list(owner).annotate(n=Count("pk"))
    link = reverse("pool_mine", args=[kind.key])
    return sum(
        notify(
            user, f"pool/{kind.key}/{user}/{on.isoformat()}/{left}", TITLES[kind.key], link, kind="due",
            values={"n": n, "days": left}, level="warning" if left > 1 else "danger",
        )
        for user, n in counts
    )  # fmt: skip
