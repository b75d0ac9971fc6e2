"""From what an administrator defined on screen to a field like any other."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils.functional import lazy
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext_lazy as _

from kemai.platform.fields.base import FieldSpec, FieldType, Invalid, Label, Own
from kemai.platform.fields.saying import later
from kemai.platform.models import FieldDef, Option
from kemai.platform.models.extra import KEY

LETTERS = {
    "text": "t", "long_text": "t", "phone": "t", "email": "t", "url": "t", "region": "t", "choice": "t",
    "auto_number": "t", "credit_code": "t", "id_number": "t", "number": "n", "percent": "n", "whole": "i",
    "rating": "i",
    "reference": "i", "user": "i", "department": "i", "file": "i", "image": "i", "money": "c", "boolean": "b",
    "date": "d", "datetime": "s", "time": "h", "multi_choice": "l", "multi_reference": "l", "sub_table": "l",
}  # fmt: skip
"""How the values of each kind are stored: platform.models.extra. A kind without a letter cannot be an own field."""
SEALABLE = frozenset({"text", "phone", "email"})
"""The kinds whose values may be stored encrypted: docs/adr/061."""
SEALED = "e"
"""The letter of what is."""
PERSONAL = frozenset({"phone", "email", "id_number"})
COMPUTED = frozenset({"formula", "rollup"})
FIXED_REFS = {"user": "user", "department": "department"}
COLUMN_KINDS = frozenset({"text", "number", "whole", "money", "percent", "date", "boolean", "choice"})
"""What a column of a sub-table may be."""
MOST_TEXT = 500


def in_words(label: str, label_en: str) -> str:
    return label_en if label_en and get_language() == "en" else label


local = lazy(in_words, str)
"""A label that follows the reader's language, if it has been translated."""


def named(label: object, label_en: object = "") -> Label:
    text, english = str(label or ""), str(label_en or "")
    return local(text, english) if english else text


def own_spec(row: FieldDef, kinds: Mapping[str, FieldType], *, ready: bool = False) -> FieldSpec:
    """The field that a definition describes; a Broken one where it cannot be understood. `ready` says that the type
    has few records or that an index is there: it may be sorted."""
    settings = row.settings if isinstance(row.settings, dict) else {}
    computed = row.kind in COMPUTED
    kind = str(settings.get("kind") or "number") if computed else row.kind
    letter = LETTERS.get(kind, "")
    broken: Label = ""
    sealed = kind in SEALABLE and bool(settings.get("sealed"))
    if row.kind == "converting":  # some of the values may be encrypted already
        broken, letter, kind = _("正在转换种类，稍后就好"), SEALED, "broken"
    elif not KEY.fullmatch(row.key) or not letter or kind not in kinds:
        broken = later(gettext_noop("不认识的字段种类“%(kind)s”"), kind=row.kind)
        letter, kind = "t", "broken"
    elif sealed:
        letter = SEALED
    own = Own(
        row.kind, letter, settings, tree(row.show_if), tree(row.require_if), row.rule, row.rule_message,
        row.index_state, computed, broken,
    )  # fmt: skip
    automatic = computed or kind in {"auto_number", "broken"}
    spec = FieldSpec(
        key=row.key,
        path=f"extra__{letter}_{row.key}",
        label=named(row.label, row.label_en),
        type=kinds[kind],
        required=row.required and not automatic,
        unique=row.unique,
        readonly=automatic,
        personal=row.personal or letter == SEALED,
        nullable=True,
        sealed=letter == SEALED,
        sortable=(row.index_state == "ready" or ready) and letter not in "le" and not broken,
        help=row.help,
        options=options_of(settings),
        ref=FIXED_REFS.get(kind, str(settings.get("ref") or "") if kind == "reference" else ""),
        refs=str(settings.get("ref") or "") if kind == "multi_reference" else "",
        max_length=MOST_TEXT if kind == "text" else None,
        columns=columns_of(settings, kinds) if kind == "sub_table" else (),
        own=own,
    )
    return replace(spec, default=default_of(spec, row.default))


def tree(raw: object) -> Mapping[str, Any] | None:
    return raw if isinstance(raw, dict) and raw else None


def options_of(settings: Mapping[str, Any]) -> tuple[Option, ...]:
    found = settings.get("options")
    return tuple(
        Option(
            str(one["value"]), named(one.get("label") or one["value"], one.get("label_en")),
            str(one.get("color") or "gray"), bool(one.get("archived")),
        )
        for one in (found if isinstance(found, list) else ())
        if isinstance(one, dict) and one.get("value")
    )  # fmt: skip


def columns_of(settings: Mapping[str, Any], kinds: Mapping[str, FieldType]) -> tuple[FieldSpec, ...]:
    found = settings.get("columns")
    return tuple(
        FieldSpec(
            str(one["key"]), str(one["key"]), named(one.get("label") or one["key"], one.get("label_en")),
            kinds[str(one["kind"])], required=bool(one.get("required")), nullable=True, options=options_of(one),
            max_length=200 if one["kind"] == "text" else None,
        )
        for one in (found if isinstance(found, list) else ())
        if isinstance(one, dict) and one.get("key") and one.get("kind") in COLUMN_KINDS
    )  # fmt: skip


def default_of(spec: FieldSpec, stored: object) -> Any:
    """The default in Python form; one that no longer fits is none."""
    if stored is None or stored == "" or spec.readonly:
        return None
    try:
        value = spec.type.parse(stored, spec)
        check_limits(spec, value)
    except Invalid:
        return None
    return value


def check_limits(spec: FieldSpec, value: Any) -> None:
    """Range, pattern and places of an own field, for a value in Python form that is to be written. Raises Invalid."""
    if spec.own is None or spec.type.is_empty(value):
        return
    settings = spec.own.settings
    low, high = settings.get("min"), settings.get("max")
    if low not in (None, "") and before(spec, value, low):
        raise Invalid(str(_("不能小于 %(limit)s") % {"limit": shown(spec, low)}))
    if high not in (None, "") and after(spec, value, high):
        raise Invalid(str(_("不能大于 %(limit)s") % {"limit": shown(spec, high)}))
    pattern = settings.get("pattern")
    if pattern and isinstance(value, str) and not matches(str(pattern), value):
        hint = str(settings.get("pattern_hint") or "")
        raise Invalid(hint or str(_("格式不对，应符合：%(pattern)s") % {"pattern": pattern}))


def rounded(spec: FieldSpec, value: Any) -> Any:
    """A number to the places that its field keeps, a moment to the second."""
    if spec.own is None or value is None:
        return value
    if isinstance(value, datetime):
        return value.replace(microsecond=0)
    places = spec.own.settings.get("places")
    if spec.type.key == "number" and isinstance(places, int) and isinstance(value, float):
        return round(value, places)
    return value


def limit_of(spec: FieldSpec, raw: Any) -> Any:
    """A limit in the form of the values; None where it is no such value (a definition of an older kind)."""
    try:
        value = spec.type.parse(raw, spec)
    except Invalid:
        return None
    return None if isinstance(value, str) else value


def before(spec: FieldSpec, value: Any, low: Any) -> bool:
    limit = limit_of(spec, low)
    return limit is not None and compare(value, limit) < 0


def after(spec: FieldSpec, value: Any, high: Any) -> bool:
    limit = limit_of(spec, high)
    return limit is not None and compare(value, limit) > 0


def compare(value: Any, limit: Any) -> int:
    try:
        return int(value > limit) - int(value < limit)
    except TypeError:
        return 0


def shown(spec: FieldSpec, raw: Any) -> str:
    limit = limit_of(spec, raw)
    return str(raw) if limit is None else spec.type.text(limit, spec)


def matches(pattern: str, value: str) -> bool:
    """A pattern that cannot be read stops nobody."""
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:
        return True
