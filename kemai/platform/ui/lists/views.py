"""The list page of every object type: table, board, calendar and chart of the same records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.objects import ObjectType, get
from kemai.platform.query import Count, QueryError
from kemai.platform.ui import nav
from kemai.platform.ui.door import is_fragment, signed_in
from kemai.platform.ui.faults import wants_json
from kemai.platform.ui.lists import board, bulk, calendar, chart, filters, found, table, views_of_lists
from kemai.platform.ui.lists.state import ListState, read
from kemai.platform.ui.records.answers import CLOSE

Context = dict[str, Any]
SHOWN: dict[str, Callable[[Actor, ObjectType, ListState], Context]]


def opened(request: HttpRequest, actor: Actor, key: str, params: Any = None) -> tuple[ObjectType, ListState]:
    """The object type and the state of the list that an address means. Raises Denied, UnknownObject, QueryError."""
    object_type = get(key)
    access.require(actor, object_type, "view")
    params = request.GET if params is None else params
    view = views_of_lists.find(actor, object_type, params.get("view", ""))
    return object_type, read(params, key, view)


@require_GET
@signed_in
def index(request: HttpRequest, actor: Actor, key: str) -> HttpResponse:
    object_type, state = opened(request, actor, key)
    display = state.display if state.display in displays(object_type) else "table"
    try:
        context = frame(actor, object_type, state, display) | SHOWN[display](actor, object_type, state)
    except QueryError as error:
        if is_fragment(request) or wants_json(request) or state.view.pk is None:
            raise  # said as any wrong question is
        return broken(request, object_type, state, error)
    if not is_fragment(request):
        return render(request, "ui/pages/list.html", context)
    context |= {"typed": "typed" in request.GET, "fragment": True}
    response = render(request, "ui/pages/list_part.html", context)
    response.headers["HX-Push-Url"] = state.url
    if "dialog" in request.GET:
        response.headers["HX-Trigger"] = CLOSE
    return response


def broken(
    request: HttpRequest, object_type: ObjectType, state: ListState, error: QueryError
) -> HttpResponse:
    """A saved view that cannot be asked any more: what is wrong with it, and the ways on."""
    context = {
        "type": object_type,
        "label": object_type.plural,
        "view": state.view,
        "message": error.message,
        "list_url": reverse("list", args=(object_type.key,)) + "?view=all",
    }
    return render(request, "ui/pages/list_broken.html", context, status=422)


def displays(object_type: ObjectType) -> list[str]:
    """The ways in which records of the type can be looked at."""
    found = ["table"]
    if board.fields(object_type):
        found.append("board")
    if object_type.date or object_type.own:  # an own one without a date says what the calendar wants
        found.append("calendar")
    return [*found, "chart"]


def frame(actor: Actor, object_type: ObjectType, state: ListState, display: str) -> Context:
    """What stands around the records, whichever way they are shown."""
    create = nav.address("create", object_type.key)
    may = {
        verb: access.may(actor, object_type, verb)
        for verb in ("create", "edit", "delete", "export", "import", "bulk", "print")
    }
    return {
        "type": object_type,
        "label": object_type.plural,
        "one": str(object_type.label),
        "state": state,
        "display": display,
        "displays": switch(object_type, state, display),
        "tabs": views_of_lists.tabs(actor, object_type, state),
        "config": filters.config(actor, object_type, state.where),
        "create_url": create if may["create"] and object_type.creatable else "",
        "import_url": nav.address("import_new", object_type.key)
        if may["import"] and object_type.importable
        else "",
        "bin_url": reverse("bin", args=(object_type.key,)) if may["delete"] and object_type.recycles else "",
        "export_url": reverse("export", args=(object_type.key,)) if may["export"] else "",
        "print_url": reverse("print_list", args=(object_type.key,)) if may["print"] else "",
        "searchable": bool(object_type.searched),
        "may": may,
        "typed": False,
        "empty": empty(state),
    }


def switch(object_type: ObjectType, state: ListState, display: str) -> list[Context]:
    words = {
        "table": (_("表格"), "table"), "board": (_("看板"), "layout-kanban"),
        "calendar": (_("日历"), "calendar"), "chart": (_("图表"), "chart-bar"),
    }  # fmt: skip
    return [
        {
            "label": words[name][0],
            "icon": words[name][1],
            "url": state.but(display=name).url,
            "active": name == display,
        }
        for name in displays(object_type)
    ]


def show_table(actor: Actor, object_type: ObjectType, state: ListState) -> Context:
    specs = table.columns_of(actor, object_type, state)
    page = found.page(actor, object_type, state, specs)
    return {
        "table": table.build(actor, object_type, state, specs, page.rows),
        "count": page.count.number,
        "count_short": page.count.short,
        "count_text": table.count_text(page.count),
        "exact_url": state_url("count", state) if not page.count.exact else "",
        "previous_url": state.but(cursor=page.previous).url if page.previous else "",
        "next_url": state.but(cursor=page.next).url if page.next else "",
        "bulk": bulk.offered(actor, object_type),
    }


def empty(state: ListState) -> str:
    """Why nothing is there: 'filter' where a filter or search leaves nothing over, 'none' otherwise."""
    return "filter" if state.where or state.q else "none"


def state_url(name: str, state: ListState) -> str:
    return f"{reverse(name, args=(state.type_key,))}?{state.but().query}"


SHOWN = {"table": show_table, "board": board.show, "calendar": calendar.show, "chart": chart.show}


@require_GET
@signed_in
def count(request: HttpRequest, actor: Actor, key: str) -> HttpResponse:
    """The exact count, on request: it may take a second over a million."""
    object_type, state = opened(request, actor, key)
    number = found.matching(actor, object_type, state).count()
    return render(request, "ui/pages/list_count.html", {"text": table.count_text(Count(number, exact=True))})


@require_POST
@signed_in
def totals(request: HttpRequest, actor: Actor, key: str) -> HttpResponse:
    """The sums of the money columns over the selection."""
    object_type = get(key)
    chosen = bulk.selection(actor, object_type, request.POST)
    return render(request, "ui/pages/list_totals.html", {"totals": bulk.totals(actor, object_type, chosen)})


@require_GET
@signed_in
def columns(request: HttpRequest, actor: Actor, key: str) -> HttpResponse:
    object_type, state = opened(request, actor, key)
    shown = table.columns_of(actor, object_type, state)
    context = {"columns": table.chooser(actor, object_type, shown), "state": state, "url": state.path}
    return render(request, "ui/pages/list_columns.html", context)
