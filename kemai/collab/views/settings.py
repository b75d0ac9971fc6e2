"""The company's choices about working together, for administrators: comments, overdue tasks, the mail server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kemai.collab.services import mail_server, mails, options
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.records import FieldErrors
from kemai.platform.ui.door import signed_in

MAIL = ("host", "port", "security", "user", "password", "sender")


def administers(actor: Actor) -> bool:
    return actor.is_admin


def administered(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    def page(request: HttpRequest, actor: Actor) -> HttpResponseBase:
        if not administers(actor):
            raise access.Denied
        return view(request, actor)

    return signed_in(page)


@require_http_methods(["GET", "POST"])
@administered
def page(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    if request.method != "POST":
        return show(request, {}, {})
    typed = {key: request.POST.get(key, "") for key in (*MAIL, "comment_verb", "escalate_days", "part")}
    try:
        if typed["part"] == "mail":
            mail_server.save(typed, by=actor)
        else:
            save_rules(typed, actor)
    except FieldErrors as error:
        return show(request, typed, error.errors, 422)
    messages.success(request, _("已保存"))
    return redirect("collab_settings")


def save_rules(typed: dict[str, str], actor: Actor) -> None:
    days = typed["escalate_days"].strip()
    if not (days.isascii() and days.isdigit() and int(days[:4]) <= 365):
        raise FieldErrors({"escalate_days": _("请填写 0 到 365 之间的天数，0 表示不上报")})
    if typed["comment_verb"] not in {"view", "edit"}:
        raise FieldErrors({"comment_verb": _("没有这个选项，请重新选择")})
    options.set_option("escalate_days", int(days), by=actor)
    options.set_option("comment_verb", typed["comment_verb"], by=actor)


def show(
    request: HttpRequest, typed: dict[str, str], errors: dict[str, str], status: int = 200
) -> HttpResponse:
    server = mail_server.server()
    stored: dict[str, Any] = {} if server is None else {key: getattr(server, key) for key in MAIL}
    values = {
        "port": 587,
        "security": "starttls",
        **stored,
        "comment_verb": options.option("comment_verb"),
        "escalate_days": options.option("escalate_days"),
        **{key: value for key, value in typed.items() if value or typed.get("part")},
        "password": "",
    }
    context = {
        "values": values,
        "errors": errors,
        "fixed": server is not None and server.fixed,
        "ready": server is not None,
        "has_password": bool(server and server.password),
        "states": mails.states(),
    }
    return render(request, "collab/settings.html", context, status=status)


@require_POST
@administered
def test_mail(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """One mail to oneself, at once; what the server says is shown."""
    user: Any = request.user
    if not user.email:
        messages.error(request, _("您的资料里没有邮箱，请先在“员工”里填写"))
        return redirect("collab_settings")
    try:
        mails.send_test(user.email, str(user))
        messages.success(request, _("测试邮件已发到 %(address)s") % {"address": user.email})
    except mails.NotSent as error:
        messages.error(request, str(error))
    return redirect("collab_settings")
