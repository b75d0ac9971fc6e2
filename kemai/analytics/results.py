"""Results as they are shown: texts in the reader's language, money in yuan. Dashboards and the API read these."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from kemai.analytics.models import AnalysisRun
from kemai.analytics.services import runs


def latest_result(key: str, *, at: datetime | None = None) -> dict[str, Any] | None:
    """The newest kept result of an analysis, ready to show, with its as-of moment; None before the first run."""
    run = runs.latest(key, at=at)
    return None if run is None else shown(run)


def shown(run: AnalysisRun) -> dict[str, Any]:
    result: Mapping[str, Any] = run.result
    return {
        "analysis": run.analysis,
        "run": run.pk,
        "as_of": run.as_of,
        "version": run.version,
        "metrics": dict(result.get("metrics", {})),
        "tables": {key: shown_table(table) for key, table in result.get("tables", {}).items()},
        "charts": [shown_chart(chart) for chart in result.get("charts", [])],
    }


def shown_table(table: Mapping[str, Any]) -> dict[str, Any]:
    """Values of `money` columns become yuan, `option:` columns labels; other kinds stay as they are."""
    columns = [{**column, "label": translated(column["label"])} for column in table["columns"]]
    kinds = [column["kind"] for column in columns]
    rows = [
        [shown_value(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in table["rows"]
    ]
    return {"columns": columns, "rows": rows}


def shown_chart(chart: Mapping[str, Any]) -> dict[str, Any]:
    axis = dict(chart["x"])
    kind = axis.get("kind", "text")
    axis["label"] = translated(axis["label"])
    axis["values"] = [shown_value(value, kind) for value in axis["values"]]
    return {
        **chart,
        "title": translated(chart["title"]),
        "unit": translated(chart["unit"]) if chart["unit"] not in {"money", "share"} else chart["unit"],
        "x": axis,
        "series": [shown_series(one, chart["unit"]) for one in chart["series"]],
    }


def shown_series(series: Mapping[str, Any], unit: str) -> dict[str, Any]:
    label = series["label"]
    named = shown_value(label, series["kind"]) if "kind" in series else translated(label)
    values = [shown_value(value, unit) for value in series["values"]]
    return {**series, "label": named, "values": values}


def shown_value(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "money":
        return round(int(value) / 100, 2)
    if kind.startswith("option:"):
        return option_label(kind.removeprefix("option:"), str(value))
    if kind == "text" and value == "":
        return _("其他")
    return value


def option_label(field: str, value: str) -> str:
    """The label of a code, from whichever object type declares a choice of that name."""
    from kemai.platform.objects import all_types

    for object_type in all_types():
        spec = object_type.fields.get(field)
        option = spec.option(value) if spec is not None else None
        if option is not None:
            return str(option.label)
    return value


def translated(text: str) -> str:
    return _(text) if text else ""
