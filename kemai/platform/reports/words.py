"""What stands in a report's table, in words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from zlib import crc32

from django.db.models import QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kemai.kit import regions
from kemai.platform import access
from kemai.platform.access import SYSTEM, Actor, reading
from kemai.platform.fields import FieldSpec, listed
from kemai.platform.models import Tag
from kemai.platform.objects import get
from kemai.platform.query.cube import DATED, Atoms, Axis, Key, Measure, beside, cube, figure, priced

CHUNK = 500


def labels(actor: Actor, axis: Axis, keys: Sequence[Key]) -> dict[Key, str]:
    """{value: its words}; a record that the actor does not see has no name."""
    spec = axis.spec
    names: dict[Key, str] = {}
    if spec.type.key == "tags":
        names = tags([key for key in keys if isinstance(key, int)])
    elif spec.type.key in {"user", "reference", "department", "multi_reference"}:
        type_key = spec.ref or spec.refs or spec.type.key
        names = titles(actor, type_key, [key for key in keys if isinstance(key, int)])
        names = {key: names.get(key) or _("无权查看") for key in keys}
    else:
        names = {key: text(axis, key) for key in keys}
        if spec.type.key == "text":  # a table of names is a list of records by another name
            reading.shown(f"{spec.key}'s words", [crc32(str(key).encode()) for key in keys])
    return names | {None: _("未填")}


def tags(keys: Sequence[int]) -> dict[Key, str]:
    return {tag.pk: str(tag) for tag in Tag.objects.filter(pk__in=keys)}


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
    if spec.type.key == "multi_choice":
        return spec.type.text([key], spec)
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


def told(measure: Measure, atoms: Atoms) -> str:
    """A figure for people, with what could not be converted beside it."""
    parts = [shown(measure, figure(measure, atoms))]
    names = measure.spec.exchange.names if measure.spec is not None and measure.spec.exchange else {}
    for code, value in beside(measure, atoms).items():
        parts.append(f"{value:,.2f} {names.get(code, code)}")
    return (" + " if measure.aggregate == "sum" else " / ").join(part for part in parts if part)


def notes(axes: Iterable[Axis], measures: Iterable[Measure], cuts: Collection[int] = ()) -> list[str]:
    """What has to be known to read the figures."""
    found = []
    several = [axis for axis in axes if axis.several]
    if several:
        names = listed(f"“{axis.spec.label}”" for axis in several)
        found.append(
            _("%(fields)s可以有多个值：一条记录在它的每个组里都算，合计里只算一次，所以各组相加会多于合计。")
            % {"fields": names}
        )
    if cuts:
        found.append(_("只列出最大的一部分组；合计包括全部记录。"))
    return found + currency_notes(measures)


def currency_notes(measures: Iterable[Measure]) -> list[str]:
    specs = {one.spec.key: one for one in measures if one.spec is not None and one.spec.exchange is not None}
    ways = dict.fromkeys(
        str(one.spec.exchange.told) for one in specs.values() if one.spec and one.spec.exchange
    )
    found = [_("外币金额已折算成人民币：%(how)s。") % {"how": how} for how in ways]
    if any(one.apart for one in specs.values()):
        found.append(_("没有登记汇率的外币没有折算，另列在旁边，不计入人民币金额；请在“设置 → 汇率”里登记。"))
    return found


def shown(measure: Measure, value: Any) -> str:
    """A figure for people; '' where there is none."""
    spec = measure.spec
    if value is None:
        return ""
    if spec is None:
        return f"{value:,}"
    if spec.type.key == "money":
        sign = "" if spec.bare and spec.exchange is None else "¥ "
        amount = Decimal(value)
        return f"{'−' if amount < 0 else ''}{sign}{abs(amount):,.2f}"
    if spec.type.key == "percent":
        return spec.type.text(value, spec)
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}".rstrip("0")


def sums(records: QuerySet[Any], specs: Sequence[FieldSpec]) -> dict[str, str]:
    """What these amounts of some records come to, by field, in words: converted where they must be."""
    measures = priced(records, [Measure("sum", spec) for spec in specs])
    atoms = cube(records, (), measures, limit=1).groups[0].atoms
    return {one.spec.key: told(one, atoms) for one in measures if one.spec is not None}
