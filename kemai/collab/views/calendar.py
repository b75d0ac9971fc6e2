"""The calendar page, moving an entry to another day, and the addresses under which other programs read it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kemai.collab.services import members
from kemai.collab.services.calendar import Layer, dates, feeds, layers_for, read
from kemai.kit.numbers import record_key
from kemai.platform.access import Actor, NotVisible
from kemai.platform.fields import listed
from kemai.platform.records import FieldErrors
from kemai.platform.ui.door import is_fragment, signed_in
from kemai.platform.ui.records.answers import last_changeset

MOST_PEOPLE = 20


@require_safe
@signed_in
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    view = request.GET.get("view", "month")
    view = view if view in dates.VIEWS else "month"
    day = day_in(request.GET.get("day", "")) or dates.today()
    layers = layers_for(actor)
    keys = [one.key for one in layers]
    asked = request.GET.getlist("layer")
    chosen = [key for key in keys if key in asked] if asked else [one.key for one in layers if one.shown]
    people = people_of(request, actor)
    span = dates.span_of(view, day, [key for key, _name in people])
    events = read(actor, span, chosen)
    days = dates.days_of(span, events, day.month)
    fixed = [("layer", key) for key in chosen] if asked else []
    fixed += [("who", str(key)) for key, _name in people if key != actor.user_id or len(people) > 1]
    context = {
        "view": view,
        "day": day,
        "days": days,
        "weeks": [days[n : n + 7] for n in range(0, len(days), 7)],
        "title": dates.title_of(view, day, span),
        "layers": layers,
        "chosen": chosen,
        "people": people,
        "fixed": fixed,
        "before": dates.step(view, day, -1),
        "after": dates.step(view, day, 1),
        "today": dates.today(),
        "team": members.of(actor),
        "many": len(people) > 1,
        "weekdays": [_("周一"), _("周二"), _("周三"), _("周四"), _("周五"), _("周六"), _("周日")],
    }
    template = "collab/calendar_part.html" if is_fragment(request) else "collab/calendar.html"
    return render(request, template, context)


def day_in(text: str) -> dt.date | None:
    try:
        found = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1970 <= found.year <= 2150 else None


def people_of(request: HttpRequest, actor: Actor) -> list[tuple[int, str]]:
    """Oneself, or the colleagues chosen: whose records the actor may see is decided by each layer."""
    asked = [key for key in (record_key(text) for text in request.GET.getlist("who")) if key is not None]
    if not asked:
        return [(actor.user_id or 0, actor.name)]
    known = dict(members.of(actor))
    return [(key, known[key]) for key in dict.fromkeys(asked) if key in known][:MOST_PEOPLE] or [
        (actor.user_id or 0, actor.name)
    ]


@require_POST
@signed_in
def move(request: HttpRequest, actor: Actor) -> JsonResponse:
    """POST key=task/12, day=2026-12-01: through the write door, and taken back by its undo."""
    type_key, _slash, text = request.POST.get("key", "").partition("/")
    key, day = record_key(text), day_in(request.POST.get("day", ""))
    layer = next((one for one in layers_for(actor) if one.key == type_key), None)
    if layer is None or layer.move is None or key is None:
        raise NotVisible
    if day is None:
        raise FieldErrors({"day": _("日期不对，请重新选择")})
    moved: Any = layer.move(actor, key, day)
    from kemai.platform.objects import by_model, get

    object_type = by_model(type(moved)) or get(type_key)
    undo = last_changeset(object_type, moved.pk)
    answer = {"toast": _("已移到 %(day)s") % {"day": day.isoformat()}}
    if undo is not None:
        answer["undo_url"] = reverse("undo", args=[undo])
    return JsonResponse(answer)


@require_http_methods(["GET", "POST"])
@signed_in
def feeds_page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """One's own addresses; a new one is shown this once."""
    errors: dict[str, str] = {}
    secret = ""
    if request.method == "POST":
        try:
            _feed, token = feeds.make(request.POST.get("name", ""), request.POST.getlist("layer"), by=actor)
            secret = feeds.address(token)
        except FieldErrors as error:
            errors = error.errors
    layers = layers_for(actor)
    context = {
        "feeds": [(feed, layer_words(feed.layers, layers)) for feed in feeds.mine(actor)],
        "layers": layers,
        "errors": errors,
        "secret": secret,
        "name": request.POST.get("name", "") if errors else "",
    }
    return render(request, "collab/feeds.html", context, status=422 if errors else 200)


def layer_words(keys: list[str], layers: list[Layer]) -> str:
    names = [str(one.label) for one in layers if one.key in keys]
    return listed(names) if names else _("全部")


@require_POST
@signed_in
def revoke(request: HttpRequest, actor: Actor, pk: int) -> HttpResponseBase:
    if not feeds.revoke(pk, by=actor):
        raise NotVisible
    messages.success(request, _("日历地址已停用，用它订阅的程序不再更新"))
    return redirect("calendar_feeds")


@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """For calendar programs, which log in by nothing but the secret in the address."""
    content = feeds.answer(token)
    if content is None:
        raise Http404
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = 'inline; filename="kemai.ics"'
    response.headers["Cache-Control"] = "private, max-age=300"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
