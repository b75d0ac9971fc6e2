"""Settings: what stands on quotes and contracts, and how far discounts may go."""

from __future__ import annotations

from dataclasses import asdict

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kemai.platform.access import Actor
from kemai.platform.records import FieldErrors
from kemai.platform.ui.door import admin_page
from kemai.platform.ui.records.answers import go
from kemai.sales.services.terms import save_terms, terms


@admin_page
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, actor: Actor) -> HttpResponse:
    now = asdict(terms())
    values = {**now, "discount_limit": f"{now['discount_limit'] * 100:g}"}
    errors: dict[str, str] = {}
    if request.method == "POST":
        values = {name: request.POST.get(name, "") for name in now}
        try:
            save_terms(values, by=actor)
        except FieldErrors as error:
            errors = dict(error.errors)
        else:
            return go(request, reverse("sales_terms"), _("已保存"))
    context = {"values": values, "errors": errors}
    return render(request, "sales/terms.html", context, status=422 if errors else 200)
