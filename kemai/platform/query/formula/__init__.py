"""Formulas over the fields of object types: what they may read, in SQL, in words, and what depends on what.

The language itself is `kemai.kit.formula`."""

from kemai.platform.query.formula.figures import figure
from kemai.platform.query.formula.patch import Columns, differs, patched
from kemai.platform.query.formula.plan import (
    Plan,
    Rule,
    Use,
    dependents,
    plan_of,
    refuse_circle,
    uses,
    watchers_of,
    whole,
)
from kemai.platform.query.formula.reading import RESULTS, checked, clock, field_of, fields_of, settled
from kemai.platform.query.formula.rollups import AGGREGATES, BadRollUp, RollUp, result_kinds
from kemai.platform.query.formula.rollups import read as read_rollup
from kemai.platform.query.formula.sql import breaks, stored, truth
from kemai.platform.query.formula.words import explained

__all__ = [
    "AGGREGATES",
    "RESULTS",
    "BadRollUp",
    "Columns",
    "Plan",
    "RollUp",
    "Rule",
    "Use",
    "breaks",
    "checked",
    "clock",
    "dependents",
    "differs",
    "explained",
    "field_of",
    "fields_of",
    "figure",
    "patched",
    "plan_of",
    "read_rollup",
    "refuse_circle",
    "result_kinds",
    "settled",
    "stored",
    "truth",
    "uses",
    "watchers_of",
    "whole",
]
