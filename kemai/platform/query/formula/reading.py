"""What formulas may read of an object type, and every type's formulas as they stand now."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils import timezone, translation

from kemai.kit.formula import Clock, Field, Formula, FormulaError, Type, check
from kemai.kit.formula.operations import fixed
from kemai.platform.fields import FieldSpec
from kemai.platform.objects import ObjectType

TYPE_OF: Mapping[str, Type] = {
    **dict.fromkeys(("text", "long_text", "email", "url", "phone", "credit_code", "auto_number", "choice"), Type.TEXT),
    **dict.fromkeys(("number", "whole", "money", "percent", "rating"), Type.NUMBER),
    **dict.fromkeys(("reference", "user", "department", "file", "image", "region"), Type.REF),
    "boolean": Type.BOOL, "date": Type.DATE, "datetime": Type.MOMENT,
}  # fmt: skip
"""The kinds of fields that formulas read. Not among them: lists, tags, identity numbers, and what is computed for
display only."""
UNITS = {"money": "money", "percent": "percent", "whole": "whole", "rating": "whole"}
RESULTS: Mapping[Type, tuple[str, ...]] = {
    Type.NUMBER: ("number", "money", "percent", "whole"),
    Type.TEXT: ("text", "long_text"),
    Type.BOOL: ("boolean",),
    Type.DATE: ("date",),
    Type.MOMENT: ("datetime",),
    Type.EMPTY: ("text",),
}
"""The kinds of fields that can hold what a formula comes to; the first is the usual one."""
PLACES = 10
MOST_MONEY = Decimal(10) ** 15
MOST_NUMBER = Decimal(10) ** 18
MOST_WHOLE = Decimal(2) ** 53
LONGEST = {"text": 500, "long_text": 10_000}
CENT = Decimal("0.01")


def clock() -> Clock:
    return Clock(timezone.now(), timezone.get_default_timezone())


def field_of(spec: FieldSpec) -> Field | None:
    """A field as formulas see it; None where they cannot read it. Its first label is in the reader's language."""
    kind = TYPE_OF.get(spec.type.key)
    if kind is None or spec.private or spec.compute is not None:
        return None
    if spec.encrypted:  # what came of it would lie in the open
        return None
    options = tuple((str(one.value), labels_of(one.label)) for one in spec.options)
    return Field(spec.key, labels_of(spec.label), kind, UNITS.get(spec.type.key, ""), options)


def labels_of(label: Any) -> tuple[str, ...]:
    """The label in the language of the moment, then in the others."""
    found = [str(label)]
    for language in ("zh-hans", "en"):
        with translation.override(language):
            found.append(str(label))
    return tuple(dict.fromkeys(found))


def fields_of(object_type: ObjectType) -> dict[str, Field]:
    """Every field of the type that formulas may read."""
    found = {key: field_of(spec) for key, spec in object_type.fields.items()}
    return {key: field for key, field in found.items() if field is not None}


def checked(text: str, object_type: ObjectType, fields: Mapping[str, Field] | None = None) -> Formula:
    """Reads a formula for a type. Raises FormulaError; a field that is there but cannot be read is said to be so."""
    try:
        return check(text, fields if fields is not None else fields_of(object_type))
    except FormulaError as error:
        name = str(error.params.get("name", ""))
        if error.code in {"unknown_field", "gone_field"}:
            for spec in object_type.fields.values():
                if name == spec.key or name in labels_of(spec.label):
                    raise FormulaError("unusable_field", error.start, error.end, name=spec.label) from None
        raise


def settled(value: Any, spec: FieldSpec) -> Any:
    """What a formula comes to, as the value of the field that holds it: rounded to its places, empty where it does
    not fit. The SQL compiler's `stored` does the same."""
    if value is None:
        return None
    kind = spec.type.key
    if isinstance(value, Decimal):
        return settled_number(value, kind, places_of(spec))
    if kind in LONGEST:
        return value[: LONGEST[kind]] or None
    if kind == "datetime":
        return value.replace(microsecond=0)
    return value


def settled_number(value: Decimal, kind: str, places: int) -> Any:
    if abs(value) >= (MOST_MONEY if kind == "money" else MOST_WHOLE if kind == "whole" else MOST_NUMBER):
        return None
    if kind == "money":
        return value.quantize(CENT, ROUND_HALF_UP) + 0
    if kind == "whole":
        return int(value.quantize(Decimal(1), ROUND_HALF_UP))
    return float(fixed(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) + 0)


def places_of(spec: FieldSpec) -> int:
    places = spec.own.settings.get("places") if spec.own is not None and spec.type.key == "number" else None
    return places if isinstance(places, int) and 0 <= places <= PLACES else PLACES
