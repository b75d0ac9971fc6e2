"""What says that somebody is still at work for a customer (or a lead): a task that is planned, an approval that is
open, and whatever a domain adds. Pools ask it before they take a record away from its owner.

Each app declares its own, in its `objects.py`; the domains on one floor do not know one another:

    at_work.register(Work("ticket", "customer", _("未结的工单"), open_tickets, "customer"))"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from kemai.platform.fields import Label


@dataclass(frozen=True)
class Work:
    """`rows` are what is open now, about records of `type_key` whose keys stand in the column `link`. Work with a `day`
    (a column of the day or moment for which it is planned) holds a record until that day is over; without one for as
    long as it is open. Whoever registers calls `changed` when such work opens or ends."""

    key: str
    type_key: str
    label: Label
    rows: Callable[[], QuerySet[Any]]
    link: str
    day: str = ""


Follower = Callable[[str, Iterable[int]], object]
_work: dict[tuple[str, str], Work] = {}
_followers: list[Follower] = []


def register(*several: Work) -> None:
    for one in several:
        _work[one.type_key, one.key] = one


def forget(work: Work) -> None:
    """For tests."""
    _work.pop((work.type_key, work.key), None)


def about(type_key: str) -> list[Work]:
    """What may hold records of a type, in the order declared."""
    return [one for one in _work.values() if one.type_key == type_key]


def follow(follower: Follower) -> Follower:
    """What has to hear of it: (type, keys of its records)."""
    _followers.append(follower)
    return follower


def changed(type_key: str, keys: Iterable[int]) -> None:
    """Work for these records was opened, moved or ended; to be called from the handler of its events."""
    keys = list(keys)
    for follower in _followers:
        follower(type_key, keys)
