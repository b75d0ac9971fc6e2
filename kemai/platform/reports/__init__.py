"""Reports: the records of any type, counted and summed up by their fields, and kept under a name."""

from kemai.platform.reports import configured as _configured
from kemai.platform.reports import uses as _uses
from kemai.platform.reports.asking import SECONDS, Slow, condition_of, run
from kemai.platform.reports.definition import LOOKS, Definition
from kemai.platform.reports.lines import REST, Line, Rest, Table, table
from kemai.platform.reports.offered import Broken, Plan, groupable, measurable, refuse_broken, resolve, steps
from kemai.platform.reports.words import currency_notes, labels, measure_label, notes, shown, sums, told

__all__ = [
    "LOOKS",
    "REST",
    "SECONDS",
    "Broken",
    "Definition",
    "Line",
    "Plan",
    "Rest",
    "Slow",
    "Table",
    "condition_of",
    "currency_notes",
    "groupable",
    "labels",
    "measurable",
    "measure_label",
    "notes",
    "refuse_broken",
    "resolve",
    "run",
    "shown",
    "steps",
    "sums",
    "table",
    "told",
]
_uses.register()
_configured.join()
