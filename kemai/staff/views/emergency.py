"""The page of emergency access: beginning it, ending it, and the list of those that were."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kemai.kit.numbers import record_key
from kemai.platform.access import Actor, Denied
from kemai.platform.access.auditor import may_audit
from kemai.platform.records import FieldErrors, Refused
from kemai.platform.ui.door import actor_of, signed_in
from kemai.staff.models import Emergency
from kemai.staff.services import emergency, people
from kemai.staff.views.door import admin_page, asked_again, found, user_of


def administers(request: HttpRequest) -> bool:
    actor = actor_of(request)
    return actor is not None and actor.is_admin


@require_http_methods(["GET", "POST"])
@signed_in
@asked_again(administers)
def page(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """Auditors read here, administrators may begin."""
    if not may_audit(actor):
        raise Denied
    if request.method != "POST":
        return show(request, actor)
    reason = request.POST.get("reason", "")[:2000]
    try:
        emergency.begin(user_of(request), reason, by=actor)
    except FieldErrors as error:
        return show(request, actor, reason, error.errors["reason"], status=422)
    except Refused as refusal:
        messages.warning(request, refusal.message)
        return redirect("emergency")
    messages.success(request, _("应急访问已开始，安全审计员和其他系统管理员已收到通知"))
    return redirect("emergency")


@require_POST
@admin_page
def end(request: HttpRequest, actor: Actor) -> HttpResponse:
    """One's own; another administrator's with `user`."""
    key = record_key(request.POST.get("user", "")) if "user" in request.POST else actor.user_id
    if emergency.end(found(people.people(active=None), key or 0), by=actor):
        messages.success(request, _("应急访问已结束"))
    return redirect("emergency")


def show(
    request: HttpRequest, actor: Actor, reason: str = "", error: str = "", *, status: int = 200
) -> HttpResponse:
    hows = {one.value: one for one in Emergency.HOWS}
    context = {
        "may_begin": actor.is_admin and not actor.in_emergency,
        "may_end": actor.is_admin,
        "rows": [(one, hows["expired" if one.is_over else one.how]) for one in emergency.past()],
        "reason": reason,
        "error": error,
        "most": emergency.MOST,
    }
    return render(request, "staff/emergency.html", context, status=status)
