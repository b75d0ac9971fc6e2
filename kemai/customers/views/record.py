"""What the composer and the summary on a customer's page do."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kemai.customers import panels
from kemai.customers.services import interactions
from kemai.customers.services.next_step import next_step
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.query import QueryError
from kemai.platform.records import FieldErrors
from kemai.platform.ui.door import is_fragment, signed_in
from kemai.platform.ui.records.answers import announce, go
from kemai.platform.ui.records.subject import Subject

FIELDS = (
    "body",
    "subject",
    "outcome",
    "minutes",
    "contact",
    "direction",
    "at",
    "next_at",
    "title",
    "due_at",
    "kind",
)
WITH_CONTACT = frozenset({"call", "visit", "mail", "wecom"})
MOST_CONTACTS = 50


def mode_of(request: HttpRequest) -> str:
    mode = request.GET.get("mode", "note")
    known = [*panels.COMPOSED, "task"]
    if mode not in known:
        raise QueryError("unknown_mode", _("没有这种记录方式"), known)
    return mode


def show(
    request: HttpRequest, actor: Actor, pk: int, typed: dict[str, str], errors: dict[str, str]
) -> HttpResponse:
    mode = mode_of(request)
    content = panels.composer(actor, {"id": pk}, mode)
    if content is None:
        raise access.Denied
    people: list[Any] = []
    if mode in WITH_CONTACT:
        mine = access.scope(actor, "contact").filter(customer=pk).order_by("-primary", "name")
        people = list(mine.values_list("pk", "name", "title")[:MOST_CONTACTS])
    context = {"content": {**content, "typed": typed, "errors": errors, "people": people}}
    return render(request, "customers/composer.html", context, status=422 if errors else 200)


@signed_in
@require_safe
def composer(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """The composer in another mode, with what was typed so far."""
    access.one(actor, "customer", pk)
    typed = {name: request.GET[name] for name in ("body", "next_at") if request.GET.get(name)}
    return show(request, actor, pk, typed, {})


@signed_in
@require_POST
def log(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Writes down a touch or a task."""
    mode = mode_of(request)
    typed = {name: request.POST.get(name, "").strip() for name in FIELDS}
    try:
        if mode == "task":
            text = add_task(actor, pk, typed)
        else:
            interactions.log_touch(pk, mode, typed, by=actor)
            text = _("已记录%(channel)s") % {"channel": interactions.label(mode)}
    except FieldErrors as error:
        return show(request, actor, pk, typed, error.errors)
    if not is_fragment(request):
        return go(request, reverse("record", args=["customer", pk]), text)
    return announce(show(request, actor, pk, {}, {}), text)


def add_task(actor: Actor, pk: int, typed: dict[str, str]) -> str:
    title = typed["title"] or typed["body"].partition("\n")[0][:200]
    values = {
        "title": title,
        "kind": typed["kind"] or "todo",
        "due_at": typed["due_at"],
        "note": typed["body"],
    }
    interactions.add_task(pk, {k: v for k, v in values.items() if v or k == "title"}, by=actor)
    return _("已新建任务：%(title)s") % {"title": title}


@signed_in
@require_POST
def step(request: HttpRequest, actor: Actor, pk: int, code: str) -> HttpResponse:
    """Starts the next best step: a task for tomorrow morning, once."""
    subject = Subject(actor, "customer", pk)
    seen = panels.seen_of(actor, subject.row, interactions.open_tasks(actor, pk))
    found = next_step(seen)
    title, reason, _button = panels.words(found)
    if found.code != code or not found.kind:
        raise FieldErrors({"": _("情况已经变了，请刷新后再看建议")})
    values = {
        "title": _("%(step)s：%(name)s") % {"step": title, "name": subject.title},
        "kind": found.kind, "due_at": interactions.tomorrow_morning(), "note": reason,
    }  # fmt: skip
    task = interactions.add_task(pk, values, by=actor, origin=f"step/{code}")
    text = _("已安排任务：%(title)s") % {"title": task.title}
    if not is_fragment(request):
        return go(request, subject.url, text)
    return announce(HttpResponse(status=204), text)
