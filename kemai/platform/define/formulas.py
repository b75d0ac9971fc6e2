"""Formulas, check formulas and roll-ups: asked of the language before they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.platform import query
from kemai.platform.access import SYSTEM
from kemai.platform.objects import UnknownObject, get
from kemai.platform.query import QueryError


class Said(NamedTuple):
    """`problem` is '' where the formula is fine; `stored` names fields by key and survives a renamed label."""

    problem: str
    stored: str
    result: str


def language() -> Any:
    """The module that reads formulas over object types; None where this version has none."""
    try:
        return import_module("kemai.platform.query.formula.writing")
    except ImportError:
        return None


def opinion(type_key: str, text: str, *, key: str = "", use: str = "formula", kind: str = "") -> Said:
    """What there is to say of a formula for the field `key` ('' for one that is still to be). `use`: formula or rule;
    `kind` is the kind of its result."""
    writing = language()
    if writing is None or not text.strip():
        return Said("", text, "")
    said = writing.opinion(get(type_key), text, key=key, use=use, kind=kind)
    if said.formula is None:
        return Said(said.problem, text, "")
    return Said("", said.formula.stored, said.type_label)


def shown(type_key: str, text: str) -> str:
    """A stored formula with the labels of the moment, as people write it."""
    writing = language()
    return text if writing is None or not text else str(writing.shown(get(type_key), text))


def rollup_problem(type_key: str, rollup: Mapping[str, Any]) -> tuple[str, str]:
    """(the control, what is wrong) with a roll-up."""
    try:
        other = get(str(rollup["object"]))
    except UnknownObject:
        return "relation", _("请选择汇总哪些相关记录")
    link = other.fields.get(str(rollup["field"]))
    if link is None or link.ref != type_key:
        return "relation", _("请选择汇总哪些相关记录")
    of = other.fields.get(str(rollup["of"]))
    if rollup["agg"] != "count" and of is None:
        return "of", _("请选择要汇总的字段")
    if of is not None and rollup["agg"] == "sum" and not of.type.numeric:
        return "of", _("合计只能用数字或金额字段")
    if rollup.get("where"):
        try:
            query.parse(rollup["where"], other, SYSTEM.moment(timezone.now()))
        except QueryError as error:
            return "rollup_where", error.message
    return "", ""
