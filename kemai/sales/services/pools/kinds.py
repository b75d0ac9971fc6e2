"""The two kinds of record that pools hold, and where each keeps what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.utils import timezone

from kemai.platform.access import Actor
from kemai.platform.access.grants import forgetting
from kemai.platform.objects import ObjectType, get
from kemai.sales.models import CustomerKeeping, Keeping, LeadKeeping, Pool
from kemai.sales.models.lead import OVER


class Kind(NamedTuple):
    """`path` leads from the keeping to its record; `events` are {event of a rule: column of its last day}."""

    key: str
    model: type[Keeping]
    path: str
    events: dict[str, str]

    @property
    def type(self) -> ObjectType:
        return get(self.key)

    @property
    def keepings(self) -> QuerySet[Any]:
        return self.model._default_manager.all()

    def alive(self) -> Q:
        """Records that are still worked on, said of their keeping."""
        alive = Q(**{f"{self.path}__deleted_at": None})
        if self.key == "lead":
            alive &= ~Q(**{f"{self.path}__state__in": sorted(OVER)})
        return alive

    def held(self, *, closed: bool) -> Q:
        """Records that count as held by their owner, said of the record."""
        held = Q(deleted_at=None)
        if self.key == "lead":
            return held & ~Q(state__in=sorted(OVER))
        return held if closed else held & Q(keeping__won_on=None)


KINDS = {
    "customer": Kind(
        "customer", CustomerKeeping, "customer",
        {"two_way": "two_way_on", "follow_up": "follow_up_on", "deal": "deal_on", "won": "won_on",
         "contract": "contract_until"},
    ),
    "lead": Kind("lead", LeadKeeping, "lead", {"two_way": "two_way_on", "follow_up": "follow_up_on"}),
}  # fmt: skip


def zone() -> dt.tzinfo:
    return timezone.get_default_timezone()


def local_day(moment: dt.datetime) -> dt.date:
    return timezone.localdate(moment, zone())


def today() -> dt.date:
    return timezone.localdate(timezone=zone())


def midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time()), zone())


def open_pools(kind: str) -> Sequence[Pool]:
    """In the order in which they take records."""
    return list(Pool.objects.filter(kind=kind, active=True, deleted_at=None).order_by("position", "pk"))


@lru_cache(maxsize=4)
def pools_by_key(version: str) -> Mapping[int, Pool]:
    """All pools, also those that are closed, as of a version of the rights: a pool that changes moves it
    (`settings.save_pool`). Shared by threads: to be read only."""
    return Pool.objects.in_bulk()


forgetting.append(pools_by_key.cache_clear)


def in_scope(actor: Actor, pool: Pool) -> bool:
    """May the actor claim from the pool? What `people_of` says, said of one person."""
    if not (pool.users or pool.departments):
        return True
    return actor.user_id in pool.users or not set(pool.departments).isdisjoint(actor.department_ids)


def people_of(pool: Pool) -> list[int] | None:
    """The keys of those who may claim from the pool and whose records return to it; None for everybody."""
    if not (pool.users or pool.departments):
        return None
    people = get_user_model()._default_manager
    inside = Q(pk__in=pool.users)
    department: Any = get_user_model()._meta.get_field("department").related_model
    paths = department._default_manager.filter(pk__in=pool.departments).values_list("path", flat=True)
    for path in paths:
        inside |= Q(department__path__startswith=path)
    return sorted(people.filter(inside).values_list("pk", flat=True))
