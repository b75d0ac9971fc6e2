"""The few rows that the demo company writes itself."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.contrib.auth.hashers import make_password

from kemai.customers.models import ChainMonth, CustomerFacts
from kemai.customers.services.chain import LIVELY
from kemai.platform.models import Setting
from kemai.staff.models import User

MARK = "demo.loaded"


def set_passwords(usernames: Sequence[str], password: str) -> None:
    """One password for all of them: hashing it for each would take ten seconds."""
    User.objects.filter(username__in=usernames).update(password=make_password(password))


def mark(key: str = MARK) -> dict[str, object] | None:
    """What the loader noted last ("stage", and what makes the company); None if there is no demo company."""
    value: dict[str, object] | None = Setting.objects.filter(key=key).values_list("value", flat=True).first()
    return value


def set_mark(value: Mapping[str, object], key: str = MARK) -> None:
    """Note how far the demo company is."""
    Setting.objects.update_or_create(key=key, defaults={"value": dict(value)})


def date_copy(month: date, moment: datetime) -> None:
    """Makes the month's copy of the chain sheet, which was taken just now of the figures of that moment, what it would
    have been then: without the customers who came later, and bearing the date from which on moves are counted."""
    copy = ChainMonth.objects.get(month=month)
    later: dict[str, Counter[str]] = defaultdict(Counter)
    unknown = CustomerFacts.objects.filter(customer__created_at__gt=moment).order_by()
    for key, activity in unknown.values_list("value_class", "activity"):
        later[key][activity] += 1
    ChainMonth.objects.filter(pk=copy.pk).update(frozen_at=moment, rows=without(copy.rows, later))


def without(
    rows: Iterable[Mapping[str, Any]], later: Mapping[str, Mapping[str, int]]
) -> list[dict[str, Any]]:
    """The rows of a sheet less these customers ({class: {activity: number}}); shares follow."""
    found = []
    for row in rows:
        gone = later.get(row["value_class"], {})
        states = {key: number - gone.get(key, 0) for key, number in row["states"].items()}
        customers = row["customers"] - sum(gone.values())
        active = sum(states.get(state, 0) for state in LIVELY)
        share = active / customers if customers else None
        found.append(
            {**row, "customers": customers, "states": states, "active": active, "active_share": share}
        )
    total = sum(row["customers"] for row in found)
    return [{**row, "share": row["customers"] / total if total else None} for row in found]
