"""One's own notices: the drawer behind the bell, the page with its filters, the count, how one wants to be told."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kemai.collab.models import KINDS
from kemai.collab.services import mail_server, notices, preferences
from kemai.kit.numbers import record_key
from kemai.platform.access import Actor, NotVisible
from kemai.platform.models import Option
from kemai.platform.records import FieldErrors
from kemai.platform.ui import nav
from kemai.platform.ui.door import is_fragment, signed_in

PAGE = 50
DRAWER = 20


def filters(values: Any) -> tuple[str, str]:
    """(kind, "unread" or "") as they stand in the address or a form."""
    kind = values.get("kind", "")
    known = {option.value for option in KINDS}
    return kind if kind in known else "", "unread" if values.get("show") == "unread" else ""


def list_context(
    actor: Actor, kind: str, show: str, *, whole: bool, before: int | None = None
) -> dict[str, Any]:
    size = PAGE if whole else DRAWER
    found = notices.mine(actor.user_id or 0, kind=kind, only_unread=show == "unread")
    rows = list(notices.page_of(found, before, size + 1))
    lines = notices.told(actor, rows[:size])
    return {
        "groups": notices.grouped(lines),
        "any_unread": any(one.notice.read_at is None for one in lines),
        "before": rows[size - 1].pk if whole and len(rows) > size else None,
        "kind": kind,
        "show": show,
        "whole": whole,
    }


@signed_in
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    kind, show = filters(request.GET)
    context = list_context(actor, kind, show, whole=True, before=record_key(request.GET.get("before", "")))
    context["kinds"] = [Option("", _("全部")), *KINDS]
    return render(request, "collab/notices.html", context)


@signed_in
def drawer(request: HttpRequest, actor: Actor) -> HttpResponse:
    return render(request, "collab/notice_list.html", list_context(actor, "", "", whole=False))


@signed_in
def part(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The list alone, as the page or the drawer shows it."""
    kind, show = filters(request.GET)
    context = list_context(actor, kind, show, whole=request.GET.get("page") == "1")
    return render(request, "collab/notice_list.html", context)


@signed_in
def unread(request: HttpRequest, actor: Actor) -> HttpResponse:
    return JsonResponse({"unread": notices.unread(actor.user_id or 0)})


@signed_in
def opened(request: HttpRequest, actor: Actor, pk: int) -> HttpResponseBase:
    """To what the notice is about; from then on it is read."""
    notice = notices.open_notice(actor.user_id or 0, pk)
    if notice is None:
        raise NotVisible
    nav.forget_count("unread", actor)
    return redirect(notice.url if notice.url.startswith("/") else "notices")


@require_POST
@signed_in
def read(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """Mark the notices `id` ("12" or "12,13"), or all, as read."""
    sent = request.POST.get("id", "")
    ids = [key for key in (record_key(one) for one in sent.split(",")) if key is not None]
    notices.mark_read(actor.user_id or 0, ids if sent else None)
    nav.forget_count("unread", actor)
    if not is_fragment(request):
        return redirect("notices")
    kind, show = filters(request.POST)
    context = list_context(actor, kind, show, whole=request.POST.get("page") == "1")
    response = render(request, "collab/notice_list.html", context)
    response.headers["HX-Trigger"] = '{"unread": {"target": "body"}}'
    return response


def explained() -> dict[str, str]:
    return {
        "mention": _("有人在评论里 @ 您"),
        "comment": _("您关注的记录或参与的讨论有新评论"),
        "task": _("有人给您安排或转交任务"),
        "due": _("您的任务快到期了，或下属的任务逾期了"),
        "nudge": _("上级督促您"),
        "owner": _("客户或其他记录转到您名下"),
        "change": _("别人修改了您负责或关注的记录"),
        "job": _("您启动的导入、导出和分析结束了"),
        "other": _("其他系统消息"),
    }


@require_http_methods(["GET", "POST"])
@signed_in
def settings_page(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    user: Any = request.user
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            save(request, user.pk)
            messages.success(request, _("已保存"))
            return redirect("notice_settings")
        except FieldErrors as error:
            errors = error.errors
    context = {
        "kinds": KINDS,
        "choices": preferences.choices(user.pk),
        "explained": explained(),
        "mails": [
            {"value": "now", "label": _("立即")},
            {"value": "daily", "label": _("每天汇总")},
            {"value": "off", "label": _("不发")},
        ],
        "mail_ready": mail_server.configured(),
        "address": user.email,
        "errors": errors,
    }
    return render(request, "collab/notice_settings.html", context, status=422 if errors else 200)


def save(request: HttpRequest, user_id: int) -> None:
    if request.POST.get("mail_off"):
        return preferences.mail_off(user_id)
    wanted = {
        kind.value: preferences.Choice(
            request.POST.get(f"app-{kind.value}") == "1", request.POST.get(f"mail-{kind.value}", "off")
        )
        for kind in KINDS
    }
    return preferences.choose(user_id, wanted)
