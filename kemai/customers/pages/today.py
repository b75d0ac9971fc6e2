"""今日: what must be done now, each with its one-tap actions; what changed since yesterday; my numbers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kemai.collab.models import Task
from kemai.collab.services import notices, tasks
from kemai.customers.pages.links import leaf, list_url
from kemai.customers.services import chain, interactions, today, today_cards
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.fields import KINDS, FieldSpec, Invalid
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.records.answers import announce, last_changeset

DUE = FieldSpec("due_at", "due_at", "", KINDS["datetime"], nullable=True)


@require_GET
@signed_in
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    team = asks_for_team(request, actor)
    tasks = today.tasks(actor, team=team)
    later = today.many(actor, team=team)
    context = {
        **common(actor, team=team),
        "tasks": tasks,
        "leads": today.leads(actor),
        "greeting": greeting(actor, timezone.localtime()),
        "subtitle": subtitle(tasks),
        "members": today.members(actor) if team else (),
        "cards": today_cards.cards(actor) if not team else [],
        "notices": notices.told(actor, list(notices.latest(actor.user_id or 0, limit=5))),
        "later": later,
        "due": None if later else today.due(actor, team=team),
        "people": None if later else today.people(actor, team=team),
    }
    return render(request, "customers/today.html", context)


def common(actor: Actor, *, team: bool) -> dict[str, Any]:
    """What the lines about customers need, on the page and in its parts."""
    return {
        "team": team,
        "links": links(team=team),
        "may": {
            "touch": access.may(actor, "interaction", "create"),
            "task": access.may(actor, "task", "create"),
            "done": access.may(actor, "task", "edit"),
        },
        "choice": today.choice,
        "plan": chain.contact_plan(),
        "now": timezone.localtime(),
        "days_since": days_since,
    }


def asks_for_team(request: HttpRequest, actor: Actor) -> bool:
    return today.leads(actor) and request.GET.get("who") == "team"


@require_GET
@signed_in
def due(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Who should hear from us; fetched after the page where there are many customers to go through."""
    team = asks_for_team(request, actor)
    context = {**common(actor, team=team), "due": today.due(actor, team=team)}
    return render(request, "customers/today_due.html", context)


@require_GET
@signed_in
def people(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Birthdays and new customers, likewise."""
    team = asks_for_team(request, actor)
    context = {**common(actor, team=team), "people": today.people(actor, team=team)}
    return render(request, "customers/today_people.html", context)


def days_since(moment: datetime | None) -> int | None:
    """Whole local days from the moment's day to today."""
    if moment is None:
        return None
    return (timezone.localdate() - timezone.localtime(moment).date()).days


def greeting(actor: Actor, now: datetime) -> str:
    if now.hour < 5 or now.hour >= 18:
        said = _("晚上好，%(name)s")
    elif now.hour < 12:
        said = _("早上好，%(name)s")
    else:
        said = _("下午好，%(name)s")
    return said % {"name": actor.name}


def subtitle(tasks: today.Cut[today.TaskLine]) -> str:
    count = f"{len(tasks.rows)}+" if tasks.more else str(len(tasks.rows))
    late = sum(one.late for one in tasks.rows)
    if not tasks.rows:
        return _("今天没有到期的任务，可以看看客户的变化")
    if late:
        return _("有 %(n)s 个任务到期，其中 %(late)s 个已过时间") % {"n": count, "late": late}
    return _("今天有 %(n)s 个任务到期") % {"n": count}


def links(*, team: bool) -> dict[str, str]:
    """The whole lists behind the cut ones."""
    mine = [] if team else [leaf("owner", "in", ["me"])]
    plan = [
        {"all": [leaf("value_class", "in", [key]), leaf("last_contact_at", "older", days)]}
        for key, days in chain.contact_plan().items()
    ]
    due = [*mine, {"any": plan}, leaf("next_contact_at", "empty")]
    asleep = [*mine, leaf("activity", "in", ["dormant"])]
    recent = [*mine, leaf("created_at", "last", today.NEW_DAYS)]
    return {
        "tasks": list_url("task", [*mine, leaf("state", "in", ["open"])], sort="due_at"),
        "contacts": list_url("customer", due, sort="-amount_12m") if plan else "",
        "rhythm": list_url("customer", asleep, sort="-amount_12m"),
        "fresh": list_url("customer", recent, sort="-created_at"),
    }


@require_GET
@signed_in
def numbers(request: HttpRequest, actor: Actor) -> HttpResponse:
    """My figures; fetched after the page, which does not wait for them."""
    team = asks_for_team(request, actor)
    context = {"numbers": today.numbers(actor, team=team), "choice": today.choice, "team": team}
    return render(request, "customers/today_numbers.html", context)


@require_GET
@signed_in
def changes(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What changed since yesterday; fetched after the page."""
    team = asks_for_team(request, actor)
    context = {"changes": today.changes(actor, team=team), "choice": today.choice}
    return render(request, "customers/today_changes.html", context)


# ── one tap ──


@require_POST
@signed_in
def task_done(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    return gone(tasks.complete_task(pk, by=actor), _("已完成"))


@require_POST
@signed_in
def task_later(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """To ten o'clock of the next day."""
    return gone(tasks.postpone_task(pk, interactions.tomorrow_morning(), by=actor), _("已推迟到明天 10:00"))


def gone(task: Task, said: str) -> HttpResponse:
    """The line leaves the page; what was done can be taken back."""
    if task.type_key == "customer" and task.object_id:
        interactions.follow_next(task.object_id)
    return announce(HttpResponse(""), said, undo=last_changeset(get("task"), task.pk))


@require_http_methods(["GET", "POST"])
@signed_in
def task_new(request: HttpRequest, actor: Actor) -> HttpResponse:
    """A small form in the modal: a task about a customer."""
    customer = access.one(actor, "customer", request.GET.get("customer", ""))
    values = {
        "title": request.POST.get("title", _("跟进：%(name)s") % {"name": customer.name}).strip(),
        "kind": request.POST.get("kind", "call"),
        "due_at": request.POST.get("due_at", f"{interactions.tomorrow_morning():%Y-%m-%dT%H:%M}"),
        "note": request.POST.get("note", ""),
    }
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            due = DUE.type.parse(values["due_at"], DUE)
            wanted = {**values, "due_at": due, "owner": actor.user_id}
            task = interactions.add_task(customer.pk, wanted, by=actor)
        except Invalid as error:
            errors = {"due_at": error.message}
        except FieldErrors as error:
            errors = error.errors
        else:
            undo = last_changeset(get("task"), task.pk)
            return announce(HttpResponse(status=204), _("任务已建立"), undo=undo, close=True)
    context = {
        "customer": customer,
        "values": values,
        "errors": errors,
        "url": f"{reverse('today_task_new')}?customer={customer.pk}",
        "kinds": [{"value": one.value, "label": str(one.label)} for one in Task.KINDS],
        "soon": timezone.localtime() + timedelta(days=1),
    }
    return render(request, "customers/task_new.html", context, status=422 if errors else 200)
