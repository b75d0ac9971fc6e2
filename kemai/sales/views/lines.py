"""The editor of lines: shown, edited and saved in place on the page of the deal, quote or contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from kemai.kit.money import from_cents
from kemai.platform import access, records
from kemai.platform.access import Actor, NotVisible
from kemai.platform.api.answers import answer, body_of
from kemai.platform.api.auth import door
from kemai.platform.objects import get
from kemai.platform.query import QueryError
from kemai.platform.records import FieldErrors
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.records.answers import announce, last_changeset
from kemai.sales.panels.lines import shown
from kemai.sales.services import lines, prices

NAMES = ("product", "quantity", "price", "discount", "tax_rate")


def content_of(actor: Actor, type_key: str, pk: int) -> Mapping[str, Any]:
    """Raises NotVisible."""
    if type_key not in lines.MODELS:
        raise NotVisible
    content = shown(actor, records.row_of(get(type_key), pk, by=actor), type_key=type_key)
    if content is None:
        raise NotVisible
    return content


@signed_in
@require_safe
def show(request: HttpRequest, actor: Actor, type_key: str, pk: int) -> HttpResponse:
    return render(request, "sales/lines.html", {"content": content_of(actor, type_key, pk)})


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, actor: Actor, type_key: str, pk: int) -> HttpResponse:
    content = content_of(actor, type_key, pk)
    access.one(actor, type_key, pk, "edit")
    if request.method != "POST":
        lines.check_editable(access.one(actor, type_key, pk))
        return editor(request, content, rows_of(lines.lines_of(type_key, pk)), {})
    typed = posted(request)
    filled = [row for row in typed if row["product"] or row["price"]]
    try:
        lines.write_lines(type_key, pk, filled, by=actor, seen=request.POST.get("_seen", ""))
    except FieldErrors as error:
        return editor(request, content, filled or typed, error.errors, seen=request.POST.get("_seen", ""))
    response = render(request, "sales/lines.html", {"content": content_of(actor, type_key, pk)})
    return announce(response, _("已保存明细"), undo=last_changeset(get(type_key), pk))


def posted(request: HttpRequest) -> list[dict[str, str]]:
    """The rows as they were typed; a browser sends every control of a row, so the lists are of one length."""
    columns = [request.POST.getlist(name) for name in NAMES]
    return [dict(zip(NAMES, values, strict=True)) for values in zip(*columns, strict=False)]


def rows_of(found: Sequence[lines.Line]) -> list[dict[str, str]]:
    return [
        {
            "product": str(one.product) if one.product is not None else one.name,
            "label": one.name,
            "list_price": "" if one.list_price is None else str(one.list_price),
            "quantity": f"{one.quantity:.6f}".rstrip("0").rstrip("."),
            "price": str(one.price),
            "discount": percent(one.discount),
            "tax_rate": percent(one.tax_rate),
        }
        for one in found
    ]


def percent(value: float) -> str:
    return f"{value * 100:.8f}".rstrip("0").rstrip(".")


def editor(
    request: HttpRequest,
    content: Mapping[str, Any],
    rows: Sequence[Mapping[str, str]],
    errors: Mapping[str, str],
    seen: str = "",
) -> HttpResponse:
    type_key, pk = content["type_key"], content["pk"]
    context = {
        "content": content,
        "rows": named(rows) or [{"quantity": "1", "tax_rate": "13"}],
        "errors": errors,
        "general": [text for key, text in errors.items() if not key[:1].isdigit()],
        "seen": seen or lines.mark_of(lines.lines_of(type_key, pk)),
        "options_url": reverse("options", args=["product"]),
        "price_url": reverse("lines_price", args=[type_key, pk]),
    }
    return render(request, "sales/lines_edit.html", context, status=422 if errors else 200)


def named(rows: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """Rows that came back with a mistake say the product's name again."""
    ids = [int(row["product"]) for row in rows if row["product"].isdigit() and "label" not in row]
    names = {
        str(pk): name for pk, name in get("product").records().filter(pk__in=ids).values_list("pk", "name")
    }
    return [{**row, "label": row.get("label") or names.get(row["product"], row["product"])} for row in rows]


@signed_in
@require_safe
def price(request: HttpRequest, actor: Actor, type_key: str, pk: int) -> JsonResponse:
    """What the list asks for a product in a quantity: {"list_price", "price", "unit", "floor", "note"}."""
    if type_key not in lines.MODELS:
        raise NotVisible
    document = access.one(actor, type_key, pk)
    product = access.one(actor, "product", request.GET.get("product", ""))
    errors: dict[str, str] = {}
    quantity = lines.number(request.GET.get("quantity") or "1", "quantity", errors) or 1.0
    (found,) = prices.find_prices([(product.pk, quantity)], lines.basis_of(document))
    listed = None if found.price is None else str(from_cents(found.price))
    return JsonResponse(
        {"list_price": listed, "unit": product.unit, "floor": found.floor, "note": found.note}
    )


@require_http_methods(["GET", "PUT"])
@door
def api(request: HttpRequest, actor: Actor, type_key: str, key: int) -> HttpResponse:
    """The lines of a deal, quote or contract, read or all written anew: [{product | name, quantity, price, discount,
    tax_rate}], shares as fractions."""
    content_of(actor, type_key, key)
    if actor.source == "api":
        access.require(actor, get(type_key), "api")
    if request.method == "PUT":
        body = body_of(request)
        if not isinstance(body, list) or not all(isinstance(one, dict) for one in body):
            raise QueryError("bad_json", _("请求内容应为明细的列表"))
        lines.write_lines(type_key, key, body, by=actor)
    found = lines.lines_of(type_key, key)
    rows = [
        {
            "product": one.product, "name": one.name, "unit": one.unit, "quantity": one.quantity,
            "list_price": None if one.list_price is None else str(one.list_price), "price": str(one.price),
            "discount": one.discount, "tax_rate": one.tax_rate, "amount": str(one.amount),
        }
        for one in found
    ]  # fmt: skip
    return answer({"rows": rows, "amount": str(from_cents(lines.sums_of(found).amount))})
