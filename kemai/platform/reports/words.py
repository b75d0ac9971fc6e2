"""What stands in a report's table, in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kemai.kit import regions
from kemai.platform import access
from kemai.platform.access import SYSTEM, Actor, reading
from kemai.platform.objects import get
from kemai.platform.query.cube import DATED, Axis, Key, Measure

CHUNK = 500


def labels(actor: Actor, axis: Axis, keys: Sequence[Key]) -> dict[Key, str]:
    """{value: its words}; a record that the actor does not see has no name."""
    spec = axis.spec
    names: dict[Key, str] = {}
    if spec.type.key in {"user", "reference", "department"}:
        type_key = spec.ref or spec.type.key
        names = titles(actor, type_key, [key for key in keys if isinstance(key, int)])
        names = {key: names.get(key) or _("无权查看") for key in keys}
    else:
        names = {key: text(axis, key) for key in keys}
    return names | {None: _("未填")}


def titles(actor: Actor, type_key: str, keys: Sequence[int]) -> dict[Key, str]:
    object_type = get(type_key)
    open_to_all = object_type.administered or type_key in {"user", "department"}
    records = access.scope(SYSTEM if open_to_all else actor, object_type)
    path = object_type.fields[object_type.title].path
    mask = access.title_mask(actor, object_type) if not open_to_all else str
    found: dict[Key, str] = {}
    for start in range(0, len(keys), CHUNK):
        rows = records.filter(pk__in=keys[start : start + CHUNK]).values_list("pk", path)
        found |= {key: mask(str(title)) for key, title in rows}
    if not open_to_all:
        reading.shown(type_key, [key for key in found if isinstance(key, int)])
    return found


def text(axis: Axis, key: Key) -> str:
    spec = axis.spec
    if key is None:
        return _("未填")
    if spec.type.key in DATED:
        return period(axis.by or "month", date.fromisoformat(str(key)))
    if spec.type.key == "region":
        return place(str(key), axis.by or "province")
    return spec.type.text(key, spec) or str(key)


def period(by: str, first: date) -> str:
    match by:
        case "year":
            return f"{first:%Y}"
        case "quarter":
            return f"{first:%Y} Q{(first.month + 2) // 3}"
        case "month":
            return f"{first:%Y-%m}"
        case "week":
            year, week, _day = first.isocalendar()
            return _("%(year)s 年第 %(week)s 周") % {"year": year, "week": week}
    return first.isoformat()


def place(code: str, level: str) -> str:
    if not regions.is_known(code):
        return code
    if level == "district":
        return regions.path(code, "en") if get_language() == "en" else regions.short_path(code)
    name = regions.name(code, "en" if get_language() == "en" else "zh")
    vague = level == "city" and code.endswith("0000") and code not in regions.MUNICIPALITIES
    return _("%(name)s（未到市）") % {"name": name} if vague else name


def measure_label(measure: Measure) -> str:
    if measure.spec is None:
        return _("条数")
    words = {
        "sum": _("%(field)s合计"), "avg": _("平均%(field)s"), "min": _("最小%(field)s"), "max": _("最大%(field)s"),
    }  # fmt: skip
    return words[measure.aggregate] % {"field": measure.spec.label}


def shown(measure: Measure, value: Any) -> str:
    """A figure for people; '' where there is none."""
    spec = measure.spec
    if value is None:
        return ""
    if spec is None:
        return f"{value:,}"
    if spec.type.key == "money":
        sign = "" if spec.bare else "¥ "
        amount = Decimal(value)
        return f"{'−' if amount < 0 else ''}{sign}{abs(amount):,.2f}"
    if spec.type.key == "percent":
        return spec.type.text(value, spec)
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}".rstrip("0")
