"""The page on which a customer reads a quote and answers it: no log-in, no way to another quote."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from kemai.kit.money import from_cents
from kemai.platform.access import NotVisible
from kemai.platform.access.origin import address_of
from kemai.platform.records import FieldErrors, Refused
from kemai.sales.models import Quote
from kemai.sales.panels.lines import SIGNS
from kemai.sales.services import documents, lines, quote_answers
from kemai.sales.services.terms import terms

READABLE = frozenset({"open", "accepted", "declined"})
"""Standings in which the page still shows what was offered."""


def found(request: HttpRequest, key: str) -> Quote:
    """The same page not found for a wrong key, a foreign one and one that never was."""
    try:
        return quote_answers.find_public(key, address_of(request))
    except NotVisible:
        raise Http404 from None


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, key: str) -> HttpResponse:
    quote = found(request, key)
    typed = {name: request.POST.get(name, "").strip() for name in ("name", "note")}
    errors: dict[str, str] = {}
    refused = ""
    if request.method == "POST":
        try:
            quote_answers.answer_public(
                key, yes=request.POST.get("answer") == "yes", address=address_of(request), **typed
            )
        except FieldErrors as error:
            errors = dict(error.errors)
        except Refused as error:
            refused = error.message
        else:
            return close(redirect("quote_public", key))
    status = 422 if errors else 409 if refused else 200
    context = {**shown(quote, key), "typed": typed, "errors": errors, "refused": refused}
    return close(render(request, "sales/quote_public.html", context, status=status))


def shown(quote: Quote, key: str) -> dict[str, Any]:
    standing = quote_answers.standing(quote)
    rows = lines.lines_of("quote", quote.pk) if standing in READABLE else []
    mine = terms()
    return {
        "quote": quote,
        "standing": standing,
        "readable": standing in READABLE,
        "lines": rows,
        "tax": from_cents(lines.sums_of(rows).tax),
        "sign": SIGNS.get(quote.currency, quote.currency),
        "mine": mine,
        "conditions": quote.terms or mine.conditions,
        "key": key,
    }


def close(response: HttpResponse) -> HttpResponse:
    """Kept by no cache, found by no search engine. Referrer-Policy stays same-origin as on every page: with no-referrer
    browsers would send an Origin of null, which the check of the form refuses."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Cache-Control"] = "private, no-store"
    return response


@require_safe
def pdf(request: HttpRequest, key: str) -> HttpResponse:
    quote = found(request, key)
    if quote_answers.standing(quote) not in READABLE:
        raise Refused("over", _("这份报价已经过期，请联系您的销售"))
    return close(documents.response(documents.quote_pdf(quote), f"{quote}.pdf"))
