"""Formulas, check formulas, defaults and roll-ups: asked of the language before they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from kemai.kit.formula import FormulaError
from kemai.platform.fields import KINDS
from kemai.platform.fields.own import own_spec
from kemai.platform.models import FieldDef
from kemai.platform.objects import get
from kemai.platform.query.formula import BadRollUp, writing
from kemai.platform.query.formula.words import explained


class Said(NamedTuple):
    """`problem` is '' where the formula is fine; `stored` names fields by key and survives a renamed label."""

    problem: str
    stored: str
    result: str


def opinion(type_key: str, text: str, *, key: str = "", use: str = "formula", kind: str = "") -> Said:
    """What there is to say of a formula for the field `key` ('' for one that is still to be). `use`: formula, rule or
    default; `kind` is the kind of what it comes to."""
    if not text.strip():
        return Said("", text, "")
    said = writing.opinion(get(type_key), text, key=key, use=use, kind=kind)
    if said.formula is None:
        return Said(said.problem, text, "")
    return Said("", said.formula.stored, said.type_label)


def shown(type_key: str, text: str) -> str:
    """A stored formula with the labels of the moment, as people write it."""
    return writing.shown(get(type_key), text) if text else text


CONTROLS = {"relation": "relation", "agg": "agg", "of": "of", "where": "rollup_where", "kind": "of"}


def rollup_problem(type_key: str, settings: Mapping[str, Any], *, key: str = "") -> tuple[str, str]:
    """(the control, what is wrong) with the roll-up of the field `key`; ("", "") where nothing is."""
    row = FieldDef(type_key=type_key, key=key or "rollup", kind="rollup", settings=dict(settings))
    try:
        writing.opinion_of_rollup(get(type_key), own_spec(row, KINDS))
    except BadRollUp as error:
        return CONTROLS[error.part], error.message
    except FormulaError as error:
        return "of" if settings["rollup"]["of"] else "relation", explained(error)
    return "", ""
