"""What a role says otherwise than the company about how much those who have it may read in an hour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kemai.platform.access.limits import BY_ROLE, READING, limits
from kemai.platform.models import Role, Setting
from kemai.platform.records import FieldErrors
from kemai.staff.services.rights import limit_of


def stored() -> dict[str, dict[str, int]]:
    return Setting.objects.filter(key=BY_ROLE).values_list("value", flat=True).first() or {}


def of_role(role: Role | None) -> dict[str, int | None]:
    """{limit: number}; None where the company's holds."""
    mine = stored().get(str(role.pk), {}) if role else {}
    return {name: mine.get(name) for name in READING}


def typed(values: Mapping[str, object]) -> dict[str, int | None]:
    """What is wanted of those limits that `values` name; nothing typed is the company's. Raises FieldErrors."""
    wanted: dict[str, int | None] = {}
    errors: dict[str, str] = {}
    for name in READING:
        if name not in values:
            continue
        text = "" if values[name] is None else str(values[name]).strip()
        number, wrong = limit_of(name, text) if text else (None, "")
        wanted[name] = number
        if wrong:
            errors[name] = wrong
    if errors:
        raise FieldErrors(errors)
    return wanted


def keep(role: Role, wanted: Mapping[str, int | None]) -> None:
    """In the caller's transaction, which notes it and says that rights have changed."""
    now = of_role(role)
    if all(most == now[name] for name, most in wanted.items()):
        return
    everything: dict[str, Any] = stored()
    mine = {name: most for name, most in {**now, **wanted}.items() if most is not None}
    everything.pop(str(role.pk), None)
    if mine:
        everything[str(role.pk)] = mine
    Setting.objects.update_or_create(key=BY_ROLE, defaults={"value": everything})


def wider(role: Role, wanted: Mapping[str, int | None]) -> bool:
    """Would those who have the role be allowed more than now?"""
    now, company = of_role(role), limits()._asdict()

    def number(name: str, most: int | None) -> int:
        return int(company[name]) if most is None else most

    return any(number(name, most) > number(name, now[name]) for name, most in wanted.items())
