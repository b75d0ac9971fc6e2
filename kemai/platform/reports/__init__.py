"""Reports: the records of any type, counted and summed up by their fields, and kept under a name."""

from kemai.platform.reports import configured as _configured
from kemai.platform.reports import uses as _uses
from kemai.platform.reports.asking import SECONDS, condition_of, run
from kemai.platform.reports.definition import LOOKS, Definition
from kemai.platform.reports.lines import REST, Line, Rest, Table, table
from kemai.platform.reports.offered import Broken, Plan, groupable, measurable, refuse_broken, resolve, steps
from kemai.platform.reports.words import labels, measure_label, shown

__all__ = [
    "LOOKS",
    "REST",
    "SECONDS",
    "Broken",
    "Definition",
    "Line",
    "Plan",
    "Rest",
    "Table",
    "condition_of",
    "groupable",
    "labels",
    "measurable",
    "measure_label",
    "refuse_broken",
    "resolve",
    "run",
    "shown",
    "steps",
    "table",
]
_uses.register()
_configured.join()
