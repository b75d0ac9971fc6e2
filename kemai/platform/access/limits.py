"""What nobody goes beyond in a day or an hour; set by administrators, read once for all until rights change."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from kemai.platform.access.actor import Actor, rights_version
from kemai.platform.access.grants import forgetting, version_of
from kemai.platform.models import Setting

KEY = "access.limits"


class Limits(NamedTuple):
    reveal_day: int = 50
    """Masked values that a person may see in full on one day, and from which number on they are warned."""
    reveal_warn: int = 30
    export_rows: int = 5000
    api_rows_hour: int = 10_000


@lru_cache(maxsize=4)
def load_limits(version: str) -> Limits:
    stored = Setting.objects.filter(key=KEY).values_list("value", flat=True).first()
    known = {k: v for k, v in (stored or {}).items() if k in Limits._fields and isinstance(v, int) and v >= 0}
    return Limits(**known)


forgetting.append(load_limits.cache_clear)


def limits(actor: Actor | None = None) -> Limits:
    return load_limits(version_of(actor) if actor else rights_version())
