"""A report as a file: its figures as numbers, its sub-totals and totals said by name."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kemai.platform import exports, reports
from kemai.platform.access import Actor, reading
from kemai.platform.query import QueryError
from kemai.platform.reports import keeping
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.records.answers import go
from kemai.platform.ui.reports import asked
from kemai.platform.ui.reports.showing import Row, View, axis_label
from kemai.platform.ui.reports.views import note

FORMS = ("xlsx", "csv")


@require_POST
@signed_in
def export(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Writes the file and leads to it. Raises Denied, QueryError, NotVisible."""
    form = request.GET.get("format", "xlsx")
    if form not in FORMS:
        raise QueryError("bad_format", _("请选择 Excel 或 CSV"), FORMS)
    definition, _address = asked.asked(actor, request.GET)
    plan = reports.resolve(actor, definition)
    with reading.counted_elsewhere():  # as what leaves the house
        view = View(actor, reports.run(actor, plan, verb="export"), masked=True)
    if plan.names_single:
        exports.check_size(actor, len(view.rows))
        exports.count_today(actor, len(view.rows))
    key = request.GET.get("report", "")
    name = keeping.seen(actor, int(key)).name if key else str(plan.type.plural)
    names = head(view)
    stored = exports.write_table(
        actor,
        re.sub(r'[\\/:*?"<>|\x00-\x1f]', " ", name),
        names,
        [*(line(view, row) for row in view.rows), *([one, *[""] * (len(names) - 1)] for one in view.notes)],
        form,
    )
    note(actor, definition, form, stored.rows, **exports.marks(stored.path))
    return go(request, reverse("export_file", args=(stored.key,)))


def head(view: View) -> list[str]:
    names = [axis_label(axis) for axis in view.plan.rows] or [_("全部")]
    if view.plan.column is None:
        return [*names, *view.measures]
    if len(view.measures) == 1:
        return [*names, *(one.text for one in view.column_heads)]
    return [*names, *(f"{one.text} · {measure}" for one in view.column_heads for measure in view.measures)]


def line(view: View, row: Row) -> list[Any]:
    width = max(1, len(view.plan.rows))
    words = [*row.path] if row.path else [_("合计")]
    if row.kind == "group":
        words.append(_("小计"))
    words += [""] * (width - len(words))
    return [*words, *(cell(one.value) for one in row.figures)]


def cell(value: Any) -> Any:
    """An average has no end of places."""
    if isinstance(value, Decimal):
        return round(value, 2)
    return round(value, 4) if isinstance(value, float) else value
