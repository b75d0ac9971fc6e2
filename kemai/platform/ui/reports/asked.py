"""A report as an address says it: `report=12`, or all of it in words."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from kemai.platform.access import Actor
from kemai.platform.models import Report
from kemai.platform.query import QueryError
from kemai.platform.reports import Definition, keeping
from kemai.platform.reports.definition import MOST_MEASURES, MOST_ROWS
from kemai.platform.ui import addresses
from kemai.platform.ui.lists.filters import collapse, expand
from kemai.platform.ui.lists.state import dumps, loads

WHERE = "where"


def read(params: QueryDict) -> Definition:
    """Of the builder's form. Raises QueryError where the condition cannot be read."""
    rows = [(params.get(f"row{n}", ""), params.get(f"by{n}", "")) for n in range(1, MOST_ROWS + 1)]
    measures = [one.partition(":") for one in params.getlist("measure")[: MOST_MEASURES * 2] if one]
    state: dict[str, Any] = {
        "where": expand(loads(params.get(WHERE, ""))),
        "rows": [pair for pair in rows if pair[0]],
        "column": (params.get("column", ""), params.get("column_by", "")),
        "measures": [(aggregate, key) for aggregate, _colon, key in measures],
        "look": params.get("look", ""),
    }
    return Definition.of(params.get("type", ""), state)


def query_of(definition: Definition) -> str:
    """The same as an address."""
    pairs: list[tuple[str, str]] = [("type", definition.type_key)]
    if definition.where:
        pairs.append((WHERE, dumps(collapse(definition.where))))
    for n, (key, by) in enumerate(definition.rows, 1):
        pairs += [(f"row{n}", key), (f"by{n}", by)]
    if definition.column:
        pairs += [("column", definition.column[0]), ("column_by", definition.column[1])]
    pairs += [("measure", f"{aggregate}:{key}") for aggregate, key in definition.measures]
    pairs.append(("look", definition.look))
    return addresses.query([pair for pair in pairs if pair[1]])


def stored(report: Report) -> Definition:
    return Definition.of(report.type_key, report.state or {})


def asked(actor: Actor, params: QueryDict) -> tuple[Definition, str]:
    """The report that an address means, and the shortest address that means it. Raises NotVisible, QueryError."""
    if "report" not in params:
        definition = read(params)
        return definition, query_of(definition)
    key = str(params["report"])
    if not (key.isascii() and key.isdigit() and len(key) < 19):
        raise QueryError("bad_report", _("没有这个报表"))
    return stored(keeping.seen(actor, int(key))), f"report={key}"
