"""The few rows that the demo company writes itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.contrib.auth.hashers import make_password

from kemai.platform.models import Setting
from kemai.staff.models import User

MARK = "demo.loaded"


def set_passwords(users: Sequence[int], password: str) -> None:
    """One password for all of them: hashing it for each would take ten seconds."""
    User.objects.filter(pk__in=users).update(password=make_password(password))


def mark() -> dict[str, object] | None:
    """What the loader noted when it was done; None if there is no demo company."""
    value: dict[str, object] | None = Setting.objects.filter(key=MARK).values_list("value", flat=True).first()
    return value


def set_mark(value: Mapping[str, object]) -> None:
    """Note that the demo company is there."""
    Setting.objects.create(key=MARK, value=dict(value))
