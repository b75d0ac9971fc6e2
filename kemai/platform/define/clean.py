"""What may be said about a field, checked before it is kept: every refusal is a sentence beside its control."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.platform import query
from kemai.platform.access import Actor
from kemai.platform.define import kinds
from kemai.platform.define.formulas import opinion, rollup_problem
from kemai.platform.define.options import clean_columns, clean_options
from kemai.platform.define.patterns import pattern_problem
from kemai.platform.fields import KINDS, FieldSpec, Invalid
from kemai.platform.fields.own import SEALABLE
from kemai.platform.models import Option, sealed
from kemai.platform.objects import UnknownObject, all_types, get
from kemai.platform.query import QueryError
from kemai.platform.query.formula import field_of, result_kinds
from kemai.platform.records import FieldErrors

Errors = dict[str, str]
Values = dict[str, Any]
MOST_FIELDS = 300
"""Own fields of one object type."""
LENGTHS = {"label": 80, "label_en": 80, "help": 300, "rule": 2000, "rule_message": 200}
SWITCHES = ("required", "unique", "indexed", "personal")
RANGES: Mapping[str, tuple[int, int]] = {"stars": (3, 10), "digits": (1, 12), "places": (0, 6)}
ON_EMPTY: Mapping[str, int] = {"stars": 5, "digits": 4, "places": 2}


def clean_field(type_key: str, kind: str, raw: Mapping[str, Any], *, key: str, by: Actor) -> Values:
    """The properties of a field as they are kept. Raises FieldErrors."""
    errors: Errors = {}
    found: Values = {name: clean_text(raw, name, most, errors) for name, most in LENGTHS.items()}
    if not found["label"]:
        errors["label"] = _("请填写字段名称")
    elif found["label"] in other_labels(type_key, key):
        errors["label"] = _("已经有叫“%(name)s”的字段") % {"name": found["label"]}
    found |= {name: bool(raw.get(name)) for name in SWITCHES}
    limit_switches(kind, found)
    found["settings"] = clean_settings(type_key, kind, raw, key, errors)
    limit_sealed(found)
    found["default"] = (
        None if found["settings"].get("sealed") else clean_default(kind, raw, found["settings"], errors)
    )
    for name in ("show_if", "require_if"):
        found[name] = clean_condition(type_key, raw.get(name), name, errors, key=key, by=by)
    rule = opinion(type_key, found["rule"], key=key, use="rule")
    if rule.problem:
        errors["rule"] = rule.problem
    found["rule"] = rule.stored
    if errors:
        raise FieldErrors(errors)
    return found


def clean_text(raw: Mapping[str, Any], name: str, most: int, errors: Errors) -> str:
    text = str(raw.get(name) or "").strip()
    if name != "rule":
        text = " ".join(text.split())
    if len(text) > most:
        errors[name] = _("最多 %(max)s 个字，现在有 %(now)s 个") % {"max": most, "now": len(text)}
    return text


def other_labels(type_key: str, key: str) -> set[str]:
    return {str(spec.label) for spec in get(type_key).fields.values() if spec.key != key}


def limit_switches(kind: str, found: Values) -> None:
    """What a kind cannot be is switched off, whatever was sent."""
    if kind in kinds.COMPUTED | {"auto_number"}:
        found["required"] = False
    if kind not in kinds.UNIQUE:
        found["unique"] = False
    if kind not in kinds.SORTABLE:
        found["indexed"] = False


def limit_sealed(found: Values) -> None:
    """What is stored encrypted is personal, is in no order, and its default would lie in the definition."""
    if found["settings"].get("sealed"):
        found["personal"], found["indexed"] = True, False


# ── the settings that only some kinds have ──


def clean_settings(type_key: str, kind: str, raw: Mapping[str, Any], key: str, errors: Errors) -> Values:
    found: Values = {}
    clean = PER_KIND.get(kind)
    if clean is not None:
        found = clean(type_key, raw, errors)
    if kind in kinds.WITH_RANGE:
        found |= clean_range(kind, raw, errors)
    if kind == "formula" and "formula" not in errors:
        said = opinion(type_key, str(found["formula"]), key=key, kind=str(found["kind"]))
        found["formula"] = said.stored
        if said.problem:
            errors["formula"] = said.problem
    if kind == "rollup":
        name, wrong = rollup_problem(type_key, found, key=key)
        if wrong:
            errors[name] = wrong
    if kind in SEALABLE and raw.get("sealed"):
        found["sealed"] = True
        if sealed.current() is None:
            errors["sealed"] = _("服务器没有设置加密密钥，请先让运维人员设置 KEMAI_COLUMN_KEY")
    if kind in kinds.DEFAULT_BY_FORMULA:
        found |= clean_default_formula(type_key, kind, raw, key, errors)
    return found


def clean_default_formula(
    type_key: str, kind: str, raw: Mapping[str, Any], key: str, errors: Errors
) -> Values:
    """A default that is worked out; instead of a fixed one, not beside it."""
    text = str(raw.get("default_formula") or "").strip()
    if not text:
        return {}
    said = opinion(type_key, text, key=key, use="default", kind=kind)
    if said.problem:
        errors["default_formula"] = said.problem
    elif raw.get("default") not in (None, "", []):
        errors["default_formula"] = _("已经有固定的默认值，两个请只留一个")
    return {"default_formula": said.stored}


def text_settings(type_key: str, raw: Mapping[str, Any], errors: Errors) -> Values:
    pattern = str(raw.get("pattern") or "").strip()
    hint = clean_text(raw, "pattern_hint", 120, errors)
    if not pattern:
        return {}
    if wrong := pattern_problem(pattern):
        errors["pattern"] = wrong
    return {"pattern": pattern, "pattern_hint": hint}


def number_settings(*names: str) -> Callable[[str, Mapping[str, Any], Errors], Values]:
    def clean(type_key: str, raw: Mapping[str, Any], errors: Errors) -> Values:
        return {name: whole(raw, name, errors) for name in names}

    return clean


def whole(raw: Mapping[str, Any], name: str, errors: Errors) -> int:
    low, high = RANGES[name]
    text = str(raw.get(name) if raw.get(name) is not None else "").strip()
    if not text:
        return ON_EMPTY[name]
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        errors[name] = _("请填写 %(low)s 到 %(high)s 之间的整数") % {"low": low, "high": high}
        return ON_EMPTY[name]
    return int(text)


def auto_number_settings(type_key: str, raw: Mapping[str, Any], errors: Errors) -> Values:
    prefix = clean_text(raw, "prefix", 12, errors)
    return {"prefix": prefix, "digits": whole(raw, "digits", errors)}


def option_settings(type_key: str, raw: Mapping[str, Any], errors: Errors) -> Values:
    found, wrong = clean_options(raw.get("options") or [])
    if wrong:
        errors["options"] = wrong
    return {"options": found}


def reference_settings(type_key: str, raw: Mapping[str, Any], errors: Errors) -> Values:
    ref = str(raw.get("ref") or "")
    if not ref:
        errors["ref"] = _("请选择关联到哪个对象")
    elif ref not in targets():
        errors["ref"] = _("没有这个对象，或不能关联到它")
    return {"ref": ref}


def targets() -> dict[str, str]:
    """The objects that a reference may point to, with their labels."""
    return {one.key: str(one.label) for one in all_types() if not one.administered}


def formula_settings(type_key: str, raw: Mapping[str, Any], errors: Errors) -> Values:
    text = str(raw.get("formula") or "").strip()
    if not text:
        errors["formula"] = _("请填写公式")
    result = str(raw.get("result") or raw.get("kind_of_result") or "number")
    return {"formula": text, "kind": result if result in RESULTS else "number"}


RESULTS = ("number", "money", "percent", "text", "date", "datetime", "boolean")
AGGREGATES = ("count", "sum", "min", "max", "last")


def rollup_settings(type_key: str, raw: Mapping[str, Any], errors: Errors) -> Values:
    """`rollup` as a mapping, or the form's parts: relation "order.customer", `of`, `agg`, `rollup_where`."""
    given = raw.get("rollup")
    if isinstance(given, Mapping):
        found = {name: given.get(name) or "" for name in ("object", "field", "of", "agg")}
        found["where"] = given.get("where") or None
    else:
        other, _dot, field = str(raw.get("relation") or "").partition(".")
        found = {
            "object": other,
            "field": field,
            "of": str(raw.get("of") or ""),
            "agg": str(raw.get("agg") or "count"),
        }
        found["where"] = raw.get("rollup_where") or None
    if found["agg"] not in AGGREGATES:
        found["agg"] = "count"
    if found["agg"] == "count":
        found["of"] = ""
    return {"rollup": found, "kind": rollup_kind(found)}


def rollup_kind(rollup: Mapping[str, Any]) -> str:
    """The kind of a roll-up's result: that of what it looks at, a number for a count."""
    if rollup["agg"] == "count":
        return "number"
    try:
        spec = get(str(rollup["object"])).fields.get(str(rollup["of"]))
    except UnknownObject:
        return "number"
    if spec is None or field_of(spec) is None:
        return "number" if spec is None else spec.type.key
    return result_kinds(spec)[0]


def table_settings(type_key: str, raw: Mapping[str, Any], errors: Errors) -> Values:
    columns, wrong = clean_columns(raw.get("table") or raw.get("columns") or [])
    if wrong:
        errors["table"] = wrong
    return {"columns": columns}


PER_KIND: Mapping[str, Callable[[str, Mapping[str, Any], Errors], Values]] = {
    "text": text_settings,
    "number": number_settings("places"),
    "percent": number_settings("places"),
    "rating": number_settings("stars"),
    "auto_number": auto_number_settings,
    "choice": option_settings,
    "multi_choice": option_settings,
    "reference": reference_settings,
    "multi_reference": reference_settings,
    "formula": formula_settings,
    "rollup": rollup_settings,
    "sub_table": table_settings,
}


def spec_of(kind: str, settings: Mapping[str, Any]) -> FieldSpec:
    """Enough of a field to read values with."""
    options = tuple(Option(one["value"], one["label"], one["color"]) for one in settings.get("options", ()))
    return FieldSpec(
        "value", "value", "", KINDS[kind], nullable=True, options=options, ref=settings.get("ref", "")
    )


def parsed(kind: str, value: object, settings: Mapping[str, Any]) -> Any:
    """A value in JSON form. Raises Invalid."""
    spec = spec_of(kind, settings)
    return spec.type.json(spec.type.parse(value, spec))


def clean_range(kind: str, raw: Mapping[str, Any], errors: Errors) -> Values:
    found: Values = {}
    for name in ("min", "max"):
        if raw.get(name) not in (None, ""):
            try:
                found[name] = parsed(kind, raw[name], {})
            except Invalid as error:
                errors[name] = error.message
    if len(found) == 2 and not errors.keys() & {"min", "max"}:
        spec = spec_of(kind, {})
        low, high = (spec.type.parse(found[name], spec) for name in ("min", "max"))
        if low > high:
            errors["max"] = _("最大值不能小于最小值")
    return found


def clean_default(kind: str, raw: Mapping[str, Any], settings: Values, errors: Errors) -> Any:
    value = raw.get("default")
    if value in (None, "", []) or kind in kinds.WITHOUT_DEFAULT:
        return None
    try:
        found = parsed(kind, value, settings)
    except Invalid as error:
        errors["default"] = error.message
        return None
    return None if found in ("", []) else found


def clean_condition(type_key: str, tree: Any, name: str, errors: Errors, *, key: str, by: Actor) -> Any:
    """A condition over the record's own fields; None for none."""
    if not tree:
        return None
    try:
        query.parse(tree, get(type_key), by.moment(timezone.now()))
    except QueryError as error:
        errors[name] = error.message
        return None
    if key in set(named_fields(tree)):
        errors[name] = _("条件不能用到这个字段自己")
    if "related" in str(tree) and '"related"' in str(tree).replace("'", '"'):
        errors[name] = _("条件只能用本记录自己的字段")
    return tree


def named_fields(tree: Any) -> list[str]:
    """The own fields that a condition names."""
    if not isinstance(tree, Mapping):
        return []
    children = [child for name in ("all", "any") for child in tree.get(name) or []]
    if "not" in tree:
        children.append(tree["not"])
    found = [name for child in children for name in named_fields(child)]
    if isinstance(tree.get("field"), str):
        found.append(tree["field"])
    return found
