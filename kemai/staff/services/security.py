"""How long a log-in lasts: chosen on the page "登录与安全", kept as one `Setting`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from django.utils.translation import gettext as _

from kemai.platform.access import Actor
from kemai.platform.models import Setting
from kemai.platform.records import FieldErrors
from kemai.staff.services.trail import keep_setting, require_admin

KEY = "staff.security"
RANGES = {"idle_minutes": (5, 43_200), "absolute_hours": (1, 2_160)}


@dataclass(frozen=True, slots=True)
class Policy:
    idle_minutes: int = 720
    """Without a page opened for so long, one has to log in again."""
    absolute_hours: int = 336
    """After so long in any case."""
    single_session: bool = False
    """Who logs in is logged out everywhere else."""


def policy() -> Policy:
    stored = Setting.objects.filter(key=KEY).values_list("value", flat=True).first()
    known = {field.name for field in fields(Policy)}
    return Policy(**{name: value for name, value in (stored or {}).items() if name in known})


def save(typed: Mapping[str, str], *, by: Actor) -> Policy:
    """Raises FieldErrors, Denied."""
    require_admin(by)
    errors: dict[str, str] = {}
    values: dict[str, Any] = {"single_session": bool(typed.get("single_session"))}
    for name, (low, high) in RANGES.items():
        text = typed.get(name, "").strip()
        if text.isascii() and text.isdigit() and low <= int(text[:9]) <= high:
            values[name] = int(text)
        else:
            errors[name] = _("请填写 %(low)s 到 %(high)s 之间的整数") % {"low": low, "high": high}
    if not errors and values["idle_minutes"] > values["absolute_hours"] * 60:
        errors["idle_minutes"] = _("不操作的时限不能比最长时限还长")
    if errors:
        raise FieldErrors(errors)
    old, new = policy(), Policy(**values)
    keep_setting(KEY, asdict(old), asdict(new), by=by)
    return new
