"""客户链管理表: the classes with their figures and strategies, and below them the customers of one class."""

from __future__ import annotations

import tempfile
from pathlib import Path

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from kemai.customers.models import CustomerFacts
from kemai.customers.pages.links import leaf, list_url
from kemai.customers.services import chain, chain_customers, chain_export, chain_months, chain_plays
from kemai.customers.services.chain_customers import Filter
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.objects import get
from kemai.platform.query import Count
from kemai.platform.ui import addresses
from kemai.platform.ui.door import is_fragment, signed_in

COMMON = 0.05
"""From this share of all customers on, a walk along the sort's index finds a page sooner than a sort."""
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def wanted_of(request: HttpRequest) -> Filter:
    """The class and the filters of the address; what is unknown there is left out."""
    asked = request.GET if request.method == "GET" else request.POST
    value_class = asked.get("class", "high")
    activity = asked.get("activity", "")
    owner = asked.get("owner", "")
    return Filter(
        value_class if value_class in chain.CLASSES else "high",
        int(owner) if owner.isascii() and owner.isdigit() and len(owner) < 18 else None,
        activity if any(activity == one.value for one in CustomerFacts.ACTIVITIES) else "",
    )


@require_GET
@signed_in
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    access.require(actor, "customer", "view")
    wanted = wanted_of(request)
    sheet = chain.sheet(actor)
    context = {**customers_context(request, actor, wanted, sheet), "wanted": wanted}
    if is_fragment(request):
        return render(request, "customers/chain_customers.html", context)
    context |= {
        "sheet": sheet,
        "plays": chain_plays.recent(actor),
        "may_edit": access.may(actor, "chain_strategy", "edit"),
        "may_freeze": chain_months.may_freeze(actor),
        "sees_all": chain.sees_all(actor),
        "class_url": lambda key: f"{reverse('chain')}?class={key}",
        "today": timezone.localdate(),
    }
    return render(request, "customers/chain.html", context)


def customers_context(
    request: HttpRequest, actor: Actor, wanted: Filter, sheet: chain.Sheet
) -> dict[str, object]:
    """The table of customers. The count of a whole class is known from the sheet; only filtered ones are counted."""
    sort = request.GET.get("sort", "")
    sort = sort if sort in sorts_for(wanted) else chain_customers.FIRST_SORT[wanted.value_class]
    row = sheet.row(wanted.value_class)
    known = known_count(wanted, row, sheet)
    lines = chain_customers.page(
        actor,
        wanted,
        sort=sort,
        cursor=request.GET.get("cursor", ""),
        count=None if known is None else Count(known, exact=True),
        common=known is not None and known > COMMON * sheet.total.customers,
    )
    facts = get("customer").fields
    return {
        "row": row,
        "lines": lines,
        "count_text": ngettext("共 %(n)s 位", "共 %(n)s 位", lines.count.number) % {"n": lines.count.short},
        "previous_url": page_url(wanted, sort, lines.previous) if lines.previous else "",
        "next_url": page_url(wanted, sort, lines.next) if lines.next else "",
        "here_url": page_url(wanted, sort, request.GET.get("cursor", "")),
        "sort": sort,
        "sorts": [{"value": key, "label": sort_word(key)} for key in sorts_for(wanted)],
        "owners": [
            {"value": key, "label": name} for key, name in chain_customers.owners(actor, wanted.value_class)
        ],
        "activities": [{"value": one.value, "label": str(one.label)} for one in CustomerFacts.ACTIVITIES],
        "specs": facts,
        "may": {
            "play": access.may(actor, "task", "create") and access.may(actor, "customer", "edit"),
            "export": access.may(actor, "customer", "export"),
            "task": access.may(actor, "task", "create"),
        },
        "list_url": list_url("customer", list_where(wanted)),
        "export_url": f"{reverse('chain_export')}?{query_of(wanted)}",
        "play_url": f"{reverse('chain_play')}?{query_of(wanted)}",
        "now": timezone.localtime(),
        "option": lambda key, value: facts[key].option(value) if value else None,
    }


def known_count(wanted: Filter, row: chain.SheetRow, sheet: chain.Sheet) -> int | None:
    """How many customers pass the filter, where the sheet's figures say so."""
    if wanted.owner is not None or sheet.as_of is None:
        return None
    return row.figures.states.get(wanted.activity, 0) if wanted.activity else row.figures.customers


def sorts_for(wanted: Filter) -> tuple[str, ...]:
    """Money says nothing about those who never bought."""
    without = {"-amount_12m", "-last_order_at"} if wanted.value_class == "none" else set()
    return tuple(key for key in chain_customers.SORTS if key not in without)


def sort_word(key: str) -> str:
    return {
        "-amount_12m": _("金额从高到低"),
        "-last_order_at": _("最近购买在前"),
        "last_contact_at": _("最久没联系在前"),
        "-id": _("最新建档在前"),
    }[key]


def query_of(wanted: Filter, **more: str) -> str:
    params = {"class": wanted.value_class, "owner": wanted.owner, "activity": wanted.activity, **more}
    return addresses.query({key: value for key, value in params.items() if value not in (None, "")})


def page_url(wanted: Filter, sort: str, cursor: str) -> str:
    return f"{reverse('chain')}?{query_of(wanted, sort=sort, cursor=cursor)}"


def list_where(wanted: Filter) -> list[dict[str, object]]:
    where = [leaf("value_class", "in", [wanted.value_class])]
    if wanted.owner is not None:
        where.append(leaf("owner", "in", [wanted.owner]) if wanted.owner else leaf("owner", "empty"))
    if wanted.activity:
        where.append(leaf("activity", "in", [wanted.activity]))
    return where


@require_GET
@signed_in
def export(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """The sheet and the customers of the chosen class as a workbook."""
    wanted = wanted_of(request)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "chain.xlsx")
        chain_export.write(actor, wanted, path)
        file = path.open("rb")
    return FileResponse(file, as_attachment=True, filename=chain_export.name_of(wanted), content_type=XLSX)
