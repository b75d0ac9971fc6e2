"""Exports over the limit: what waits for my word, and what became of what I asked for."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from kemai.platform.access import Actor
from kemai.platform.access.grants import rights
from kemai.platform.exports import approval
from kemai.platform.fields import clauses, listed
from kemai.platform.jobs import enqueue
from kemai.platform.models import ExportRequest
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors, Refused
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.lists.sentences import sentence
from kemai.platform.ui.nav import Page, register_page

SHOWN = 100


def releases(actor: Actor) -> bool:
    """May this person decide any of them? Administrators as such see no business data, and decide nothing."""
    return any(verb == "release" for _type, verb in rights(actor).verbs)


def register() -> None:
    """Called when the addresses are declared."""
    register_page(
        Page(
            "exports", gettext_lazy("导出审批"), "file-export", "collab", "export_requests", order=70,
            allowed=releases, words=gettext_lazy("申请 批准 超额"),
        )
    )  # fmt: skip


@require_GET
@signed_in
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    rows = [line(actor, one) for one in approval.visible(actor)[:SHOWN]]
    context = {
        "waiting": [one for one in rows if one["decides"]],
        "mine": [one for one in rows if one["request"].user_id == actor.user_id],
        "done": [one for one in rows if not one["decides"] and one["request"].user_id != actor.user_id],
    }
    return render(request, "ui/pages/export_requests.html", context)


def line(actor: Actor, request: ExportRequest) -> dict[str, Any]:
    """What was asked for, in words."""
    over = request.valid_until <= timezone.now() and request.state in {"waiting", "approved"}
    state = next(one for one in ExportRequest.STATES if one.value == request.state)
    return {
        "request": request,
        "state": _("已过期") if over else state.label,
        "color": "gray" if over else state.color,
        "decides": request.state == "waiting" and not over and may_decide(actor, request),
        "usable": request.state == "approved" and not over and request.user_id == actor.user_id,
        **asked(actor, request),
    }


def may_decide(actor: Actor, request: ExportRequest) -> bool:
    return approval.may_release(actor, request.type_key) and approval.decides(actor, request)


def asked(actor: Actor, request: ExportRequest) -> dict[str, Any]:
    try:
        object_type = get(request.type_key)
    except LookupError:
        return {"type": request.type_key, "where": "", "columns": ""}
    order = approval.order_of(request)
    names = [str(object_type.fields[key].label) for key in order.columns if key in object_type.fields]
    try:
        where = sentence(actor, object_type, order.where) if order.where else ""
    except (KeyError, LookupError):  # a field that is gone
        where = _("（条件里的字段已不存在）")
    if order.q:
        where = " · ".join(part for part in (where, _("搜索“%(q)s”") % {"q": order.q}) if part)
    if order.ids is not None:
        where = _("勾选的记录")
    return {
        "type": object_type.plural, "where": where or _("全部"), "columns": listed(names),
        "unmasked": order.unmasked, "format": order.format.upper(),
    }  # fmt: skip


@require_POST
@signed_in
def decide(request: HttpRequest, actor: Actor, pk: int) -> HttpResponseBase:
    approve = request.POST.get("act") == "approve"
    try:
        found = approval.decide(pk, approve=approve, note=request.POST.get("note", ""), by=actor)
    except FieldErrors as error:
        messages.error(request, clauses(error.errors.values()))
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        text = (
            _("已批准，%(name)s 在 24 小时内可以导出一次")
            if approve
            else _("已拒绝，%(name)s 会收到您的说明")
        )
        messages.success(request, text % {"name": found.user})
    return redirect("export_requests")


@require_POST
@signed_in
def run(request: HttpRequest, actor: Actor, pk: int) -> HttpResponseBase:
    """The export that was approved, in the background."""
    try:
        found = approval.usable(actor, pk)
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("export_requests")
    label = get(found.type_key).plural
    job = enqueue(
        "kemai.platform.ui.lists.acts.work",
        {
            "user_id": actor.user_id, "type_key": found.type_key, "act": "export",
            "chosen": {"ids": [], "query": ""}, "params": {"approved": found.pk}, "language": actor.language,
        },
        key=f"export_request/{found.pk}",
        again=True,
        user=actor.user_id,
        title=_("导出 %(n)s 条%(type)s（已批准）") % {"n": f"{found.count:,}", "type": label},
        max_attempts=2,
    )  # fmt: skip
    return redirect("job", job.pk)
