"""Asking for an export, and fetching its file."""

from __future__ import annotations

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.views.decorators.http import require_GET

from kemai.platform import access, audit, exports, records
from kemai.platform.access import Actor
from kemai.platform.exports import Order
from kemai.platform.objects import get
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.lists import bulk, table, views_of_lists
from kemai.platform.ui.lists.acts import Chosen
from kemai.platform.ui.lists.state import read


def order_of(
    actor: Actor,
    type_key: str,
    chosen: Chosen,
    form: str,
    *,
    unmasked: bool = False,
    address: str = "",
    files: bool = False,
) -> Order:
    """The export of a selection: its columns and order are the list's."""
    object_type = get(type_key)
    params = QueryDict(chosen.query)
    state = read(params, type_key, views_of_lists.find(actor, object_type, params.get("view", "")))
    columns = tuple(spec.key for spec in table.columns_of(actor, object_type, state))
    if chosen.ids is not None:
        return Order(
            type_key, columns, ids=chosen.ids, format=form, unmasked=unmasked, address=address, files=files
        )
    return Order(
        type_key, columns, state.where, state.q, state.sort, format=form, unmasked=unmasked, address=address,
        files=files,
    )  # fmt: skip


@require_GET
@signed_in
def ask(request: HttpRequest, actor: Actor, key: str) -> HttpResponse:
    """The preview for the whole list as its address says it."""
    object_type = get(key)
    access.require(actor, object_type, "export")
    act = next(one for one in bulk.acts(object_type) if one.key == "export")
    return bulk.preview(request, actor, object_type, act, Chosen(query=request.GET.urlencode()))


@require_GET
@signed_in
def download(request: HttpRequest, actor: Actor, pk: int) -> HttpResponseBase:
    stored = exports.one_export(actor, pk)
    audit.note("download", exports.KIND, by=actor, reason=stored.name)  # no trace, no file
    response = FileResponse(
        records.location(stored).open("rb"),
        as_attachment=True,
        filename=stored.name,
        content_type=stored.content_type,
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
