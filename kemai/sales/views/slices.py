"""The bar of filters that the pages of figures share."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import gettext as _

from kemai.sales.services import staff, stages
from kemai.sales.services.slices import PERIODS, Slice, words

KEPT = ("period", "department", "person", "pipeline", "measure", "horizon", "tab")


def address(path: str, params: QueryDict, **changes: str) -> str:
    """The page with a difference; another department forgets the person."""
    found = {name: params[name] for name in KEPT if params.get(name)}
    if "department" in changes:
        found.pop("person", None)
    found |= changes
    kept = {name: value for name, value in found.items() if value}
    return f"{path}?{urlencode(kept)}" if kept else path


def bar(
    path: str, params: QueryDict, part: Slice, reach: staff.Reach, *, periods: bool = True
) -> dict[str, Any]:
    """What the template draws: periods as segments, the others as selects that send themselves."""
    chosen = words()
    inside = part.people if part.person is None else reach.inside(part.department or 0) or reach.people
    if part.department is None:
        inside = reach.people
    return {
        "path": path,
        "periods": [
            {"label": chosen[one], "url": address(path, params, period=one), "active": one == part.period}
            for one in PERIODS
        ] if periods else [],
        "hidden": {name: params[name] for name in ("period", "measure", "horizon", "tab") if params.get(name)},
        "departments": [{"value": "", "label": _("全部部门")}, *(
            {"value": str(one.pk), "label": one.name} for one in reach.units
        )] if len(reach.units) > 1 else [],
        "people": [{"value": "", "label": _("全部人员")}, *(
            {"value": str(one.pk), "label": one.name} for one in inside
        )] if len(reach.people) > 1 else [],
        "pipelines": [{"value": "", "label": _("全部管道")}, *(
            {"value": one.value, "label": str(one.label)} for one in stages.PIPELINES
        )],
        "part": part,
    }  # fmt: skip
