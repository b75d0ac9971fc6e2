"""The side bar's counts, for pages whose own are some seconds old: no page waits for them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kemai.platform.access import Actor
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.shell import recounted


@require_safe
@signed_in
def index(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    return render(request, "ui/pages/nav_counts.html", {"items": recounted(actor)})
