"""How long things are kept, for administrators: the three limits, and what a purge would remove."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.audit.keep import expired
from kemai.platform.records import FieldErrors, limits, purge
from kemai.platform.ui.door import signed_in


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def page(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    if not actor.is_admin:
        raise access.Denied
    if request.method != "POST":
        return show(request, {key: limits.days(key) for key in limits.DEFAULTS}, {})
    typed = {key: request.POST.get(key, "") for key in limits.DEFAULTS}
    try:
        limits.save_days(typed, by=actor)
    except FieldErrors as error:
        return show(request, typed, error.errors)
    messages.success(request, _("已保存"))
    return redirect("keeping")


def show(request: HttpRequest, values: dict[str, Any], errors: dict[str, str]) -> HttpResponse:
    due = [{"label": str(one.label), "count": count} for one, count in purge.rehearse()]
    context = {
        "values": values,
        "errors": errors,
        "due": due,
        "total": sum(int(str(one["count"])) for one in due),
        "old_audit": expired(limits.days("audit_days")),
    }
    return render(request, "ui/trail/keeping.html", context, status=422 if errors else 200)


@require_POST
@signed_in
def now(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """The nightly purge, now."""
    if not actor.is_admin:
        raise access.Denied
    removed = purge.purge(by=actor)
    messages.success(request, _("已彻底删除 %(n)s 条") % {"n": f"{sum(removed.values()):,}"})
    return redirect("keeping")
