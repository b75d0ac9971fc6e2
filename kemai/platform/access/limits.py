"""What nobody goes beyond in a day or an hour; set by administrators, read once for all until rights change."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from kemai.platform.access.actor import Actor, rights_version
from kemai.platform.access.grants import forgetting, version_of
from kemai.platform.models import Setting

KEY = "access.limits"
BY_ROLE = "access.limits_by_role"
"""{role: {limit: number}}: what a role says otherwise than the company."""
READING = ("page_rows_hour", "api_rows_hour")
"""The limits that a role may set for those who have it."""


class Limits(NamedTuple):
    reveal_day: int = 50
    """Masked values that a person may see in full on one day, and from which number on they are warned."""
    reveal_warn: int = 30
    export_rows: int = 5000
    api_rows_hour: int = 10_000
    page_rows_hour: int = 20_000
    """Different records that a person may read on pages within an hour."""
    export_day: int = 20_000
    """Rows that a person may take out on one day without somebody's approval; never fewer than at once."""


@lru_cache(maxsize=4)
def stored_limits(version: str) -> dict[str, dict[str, Any]]:
    """The company's and the roles', in one question."""
    return dict(Setting.objects.filter(key__in=[KEY, BY_ROLE]).values_list("key", "value"))


@lru_cache(maxsize=4)
def load_limits(version: str) -> Limits:
    stored = stored_limits(version).get(KEY)
    known = {k: v for k, v in (stored or {}).items() if k in Limits._fields and isinstance(v, int) and v >= 0}
    return Limits(**known)


@lru_cache(maxsize=4)
def load_by_role(version: str) -> dict[int, dict[str, int]]:
    stored = stored_limits(version).get(BY_ROLE) or {}
    return {
        int(role): {name: most for name, most in of.items() if name in READING and isinstance(most, int)}
        for role, of in stored.items()
    }


forgetting += [stored_limits.cache_clear, load_limits.cache_clear, load_by_role.cache_clear]


def limits(actor: Actor | None = None) -> Limits:
    return load_limits(version_of(actor) if actor else rights_version())


def reading_limit(actor: Actor, name: str) -> int:
    """How many records the actor may read in an hour: the most that one of their roles gives, where a role without a
    number of its own gives the company's."""
    most: int = getattr(limits(actor), name)
    by_role = load_by_role(version_of(actor))
    return max((by_role.get(role, {}).get(name, most) for role in actor.everyday.role_ids), default=most)
