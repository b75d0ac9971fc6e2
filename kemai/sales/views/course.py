"""The standard course on screen: every pipeline with its stages and their rules."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.ui.door import signed_in
from kemai.sales.services import courses


def shown(request: HttpRequest, actor: Actor, template: str) -> HttpResponse:
    context = {"courses": courses.courses(actor), "may_edit": access.may(actor, "stage", "edit")}
    return render(request, template, context)


@require_GET
@signed_in
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    access.require(actor, "stage", "view")
    part = request.headers.get("HX-Target") == "courses"
    return shown(request, actor, "sales/courses_part.html" if part else "sales/courses.html")


@require_POST
@signed_in
def move(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    courses.move_stage(pk, up=request.POST.get("up") == "1", by=actor)
    return shown(request, actor, "sales/courses_part.html")
