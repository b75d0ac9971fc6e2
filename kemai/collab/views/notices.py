"""One's own notices: the drawer behind the bell, the page, the count."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from kemai.collab.services import notices
from kemai.platform.access import Actor
from kemai.platform.ui import nav
from kemai.platform.ui.door import is_fragment, signed_in

PAGE = 50


def number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


@signed_in
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    before = number(request.GET.get("before", ""))
    rows = list(notices.latest(actor.user_id or 0, before=before, limit=PAGE + 1))
    context = {"notices": rows[:PAGE], "before": rows[PAGE - 1].pk if len(rows) > PAGE else None}
    return render(request, "collab/notices.html", context)


@signed_in
def drawer(request: HttpRequest, actor: Actor) -> HttpResponse:
    return render(
        request, "collab/notice_list.html", {"notices": list(notices.latest(actor.user_id or 0, limit=20))}
    )


@signed_in
def unread(request: HttpRequest, actor: Actor) -> HttpResponse:
    return JsonResponse({"unread": notices.unread(actor.user_id or 0)})


@require_POST
@signed_in
def read(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Mark the notice `id`, or all, as read."""
    one = number(request.POST.get("id", ""))
    notices.mark_read(actor.user_id or 0, None if one is None else [one])
    nav.forget_count("unread", actor)
    if is_fragment(request):
        response = drawer(request)
        response.headers["HX-Trigger"] = '{"unread": {}}'
        assert isinstance(response, HttpResponse)
        return response
    return redirect("notices")
