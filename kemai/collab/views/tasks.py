"""What is done with a task in one tap: later, handed on, nudged."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kemai.collab.services import tasks
from kemai.kit.numbers import record_key
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.fields import KINDS, FieldSpec, Invalid
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors
from kemai.platform.ui.door import is_fragment, signed_in
from kemai.platform.ui.records.answers import announce, go, last_changeset

DUE = FieldSpec("due_at", "due_at", "", KINDS["datetime"], nullable=True)
MOST_OPEN = 20
WORDS = ("hour", "tomorrow", "workday", "week")


def done(request: HttpRequest, pk: int, text: str, *, close: bool = False) -> HttpResponse:
    if not is_fragment(request):
        return go(request, reverse("record", args=["task", pk]), text)
    undo = last_changeset(get("task"), pk)
    return announce(HttpResponse(status=204), text, undo=undo, close=close, refresh=True)


@require_POST
@signed_in
def later(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    word = request.POST.get("until", "tomorrow")
    if word not in WORDS:
        raise FieldErrors({"until": _("没有这个时间，请重新选择")})
    task = tasks.postpone_task(pk, tasks.later(word), by=actor)
    assert task.due_at is not None
    text = _("已推迟到 %(when)s") % {"when": DUE.type.text(task.due_at, DUE)}
    return done(request, pk, text)


@require_http_methods(["GET", "POST"])
@signed_in
def reassign(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    task = access.one(actor, "task", pk, "edit")
    errors: dict[str, str] = {}
    if request.method == "POST":
        owner = record_key(request.POST.get("owner", ""))
        try:
            if owner is None:
                raise FieldErrors({"owner": _("请选择同事")})
            moved = tasks.reassign_task(pk, owner, by=actor, reason=request.POST.get("reason", "")[:300])
            return done(request, pk, _("已转给%(name)s") % {"name": moved.owner}, close=True)
        except FieldErrors as error:
            errors = error.errors
    return form(request, "collab/task_reassign.html", task, errors)


@require_http_methods(["GET", "POST"])
@signed_in
def nudge(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    task = access.one(actor, "task", pk)
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            due: Any = DUE.type.parse(request.POST.get("due_at", ""), DUE)
            tasks.nudge(pk, by=actor, reason=request.POST.get("reason", ""), due_at=due)
            return done(request, pk, _("已督促"), close=True)
        except Invalid as error:
            errors = {"due_at": error.message}
        except FieldErrors as error:
            errors = error.errors
    return form(request, "collab/task_nudge.html", task, errors)


@require_http_methods(["GET", "POST"])
@signed_in
def about_record(request: HttpRequest, actor: Actor, type_key: str, pk: int) -> HttpResponse:
    """A task about any record that one sees, made from its page, and those that are still open."""
    access.one(actor, type_key, pk)
    access.require(actor, get("task"), "create")
    typed = {key: request.POST.get(key, "") for key in ("title", "due_at", "owner", "note")}
    errors: dict[str, str] = {}
    if request.method == "POST":
        values = {key: value for key, value in typed.items() if value or key == "title"}
        try:
            task = tasks.create_task(values, by=actor, about=(type_key, pk))
        except FieldErrors as error:
            errors = error.errors
        else:
            text = _("已安排任务：%(title)s") % {"title": task.title}
            if not is_fragment(request):
                return go(request, reverse("record", args=[type_key, pk]), text)
            return announce(
                HttpResponse(status=204), text, undo=last_changeset(get("task"), task.pk), close=True
            )
    owner = record_key(typed["owner"]) or actor.user_id
    names = {key: name for key, name, _team in access.people("", limit=5000)}
    context = {
        "type_key": type_key, "pk": pk, "typed": typed, "errors": errors,
        "owners": [{"value": str(owner), "label": names.get(owner, actor.name), "selected": True}] if owner else [],
        "open": tasks.open_tasks(actor, about=(type_key, pk)).select_related("owner")[:MOST_OPEN],
    }  # fmt: skip
    return render(request, "collab/task_about.html", context, status=422 if errors else 200)


def form(request: HttpRequest, template: str, task: Any, errors: dict[str, str]) -> HttpResponse:
    typed = {key: request.POST.get(key, "") for key in ("owner", "reason", "due_at")}
    context = {"pk": task.pk, "title": task.title, "typed": typed, "errors": errors}
    return render(request, template, context, status=422 if errors else 200)
