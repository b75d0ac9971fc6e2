"""What an editor of formulas asks: is this text right for this field, what may stand here, what would it come to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language

from kemai.kit.formula import FUNCTIONS, GROUPS, Field, Formula, FormulaError, Type, check
from kemai.platform.fields import FieldSpec
from kemai.platform.objects import ObjectType
from kemai.platform.query.formula.plan import condition, refuse_circle
from kemai.platform.query.formula.reading import RESULTS, checked, fields_of
from kemai.platform.query.formula.rollups import RollUp, read
from kemai.platform.query.formula.words import TYPES, explained

KEY = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Opinion:
    """What there is to say of a formula. `problem` is '' where it is fine; `start` and `end` are places in its text."""

    problem: str = ""
    start: int = 0
    end: int = 0
    formula: Formula | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of fields that can hold the result, the fitting one first."""
        if self.formula is None:
            return ()
        kinds = RESULTS.get(self.formula.type, ())
        unit = self.formula.unit
        return tuple(sorted(kinds, key=lambda kind: kind != unit)) if unit in kinds else kinds

    @property
    def type_label(self) -> str:
        return "" if self.formula is None else str(TYPES[self.formula.type])


def opinion(
    object_type: ObjectType, text: str, *, key: str = "", use: str = "formula", kind: str = ""
) -> Opinion:
    """Reads a formula for the field `key` of the type ('' for one that is still to be). `use`: formula | rule |
    default. `kind` is what the field holds, where that has been chosen."""
    try:
        formula = checked(text, object_type)
        if use == "rule":
            condition(formula)
        elif use == "formula":
            if key:
                refuse_circle(object_type, key, ((object_type.key, one) for one in formula.reads))
            if formula.type == Type.REF:
                raise FormulaError("wrong_result", 0, len(text), found=formula.type, kind=kind)
        elif key and key in formula.reads:
            raise FormulaError("itself", 0, len(text))
        if use != "rule" and kind and kind not in RESULTS.get(formula.type, ()):
            raise FormulaError("wrong_result", 0, len(text), found=formula.type, kind=kind)
    except FormulaError as error:
        return Opinion(explained(error), error.start, error.end)
    return Opinion(formula=formula)


def opinion_of_rollup(object_type: ObjectType, spec: FieldSpec) -> RollUp:
    """The roll-up that a field describes. Raises BadRollUp, or FormulaError for a circle."""
    rollup = read(object_type, spec)
    refuse_circle(object_type, spec.key, ((rollup.child.key, key) for key in rollup.reads))
    return rollup


def shown(object_type: ObjectType, text: str, fields: Mapping[str, Field] | None = None) -> str:
    """A stored formula with the labels of the moment; where it does not check any more, with those that are known.
    `fields` are the type's, for who shows many."""
    fields = fields_of(object_type) if fields is None else fields
    try:
        return check(text, fields).shown
    except FormulaError:
        return KEY.sub(lambda at: f"[{fields[at[1]].labels[0]}]" if at[1] in fields else at[0], text)


def completions(object_type: ObjectType, *, without: str = "") -> dict[str, list[dict[str, Any]]]:
    """What an editor offers: fields and functions, in the reader's language."""
    return {"fields": list(offered_fields(object_type, without)), "functions": list(offered_functions())}


def offered_fields(object_type: ObjectType, without: str) -> Iterable[dict[str, Any]]:
    fields = fields_of(object_type)
    labels = [field.labels[0] for field in fields.values()]
    for key, field in fields.items():
        if key == without:
            continue
        label = field.labels[0]
        once = labels.count(label) == 1
        insert = "[" + label.replace("]", "]]") + "]" if once else "{" + key + "}"
        spec = object_type.fields[key]
        yield {
            "key": key, "label": label, "insert": insert, "type": field.type, "type_label": str(TYPES[field.type]),
            "kind": spec.type.key, "options": [labels[0] for _code, labels in field.options],
        }  # fmt: skip


def offered_functions() -> Iterable[dict[str, Any]]:
    lang = "en" if get_language() == "en" else "zh"
    groups = {key: en if lang == "en" else zh for key, zh, en in GROUPS}
    for one in FUNCTIONS:
        yield {
            "name": one.name if lang == "en" else one.zh,
            "other": one.zh if lang == "en" else one.name,
            "signature": one.signature(lang),
            "group": groups[one.group],
            "help": one.help_en if lang == "en" else one.help_zh,
            "example": one.examples[0][0],
        }


__all__ = ["Opinion", "completions", "opinion", "opinion_of_rollup", "shown"]
