"""The configuration as a file, and the history of everything that was defined."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kemai.platform.access import Actor
from kemai.platform.define import config, history
from kemai.platform.define.config import BadFile, Step
from kemai.platform.records import Refused
from kemai.platform.ui.define.change_lines import change_line
from kemai.platform.ui.define.rows import told
from kemai.platform.ui.door import admin_page

PAGE = 50
KINDS = ("", "object/", "field/", "layout/", "file/")


@require_http_methods(["GET", "POST"])
@admin_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What there is, the file to take away, and the rehearsal of one that is brought."""
    if request.method != "POST":
        return shown(request, {"text": ""})
    text, remove = sent_text(request), bool(request.POST.get("remove"))
    try:
        states, as_of = config.load(text)
        steps = config.rehearse(states, as_of, by=actor, remove=remove)
    except BadFile as bad:
        return shown(request, {"text": text, "remove": remove, "error": bad.message}, status=422)
    return shown(request, {"text": text, "remove": remove, "rehearsed": True, **told_steps(steps)})


def sent_text(request: HttpRequest) -> str:
    """The file that was brought, or the text that was typed."""
    upload = request.FILES.get("file")
    if upload is None:
        return request.POST.get("text", "").replace("\r\n", "\n")
    raw: bytes = upload.read(5_000_000)
    return raw.decode("utf-8-sig", "replace")


def told_steps(steps: list[Step]) -> dict[str, Any]:
    lines = [
        {"step": step, "lines": [(key, told(old), told(new)) for key, old, new in step.lines[:30]]}
        for step in steps
    ]
    return {
        "steps": lines,
        "problems": sum(1 for step in steps if step.problem),
        "conflicts": sum(1 for step in steps if step.conflict),
        "counts": {
            action: sum(1 for step in steps if step.action == action)
            for action in ("add", "change", "remove")
        },
    }


def shown(request: HttpRequest, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    counts = [(part.label, len(part.read())) for part in config.parts()]
    found = {"parts": counts, "error": "", "rehearsed": False, "remove": False, **context}
    return render(request, "ui/define/config.html", found, status=status)


@require_GET
@admin_page
def download(request: HttpRequest, actor: Actor) -> HttpResponse:
    response = HttpResponse(config.export(), content_type="application/yaml; charset=utf-8")
    day = timezone.localdate().isoformat()
    response["Content-Disposition"] = f'attachment; filename="kemai-config-{day}.yaml"'
    return response


@require_POST
@admin_page
def apply(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """Takes over what was rehearsed; what has moved since is refused as a whole."""
    text, remove = request.POST.get("text", "").replace("\r\n", "\n"), bool(request.POST.get("remove"))
    try:
        states, as_of = config.load(text)
        outcome = config.import_file(states, as_of, by=actor, remove=remove)
    except BadFile as bad:
        return shown(request, {"text": text, "remove": remove, "error": bad.message}, status=422)
    except Refused as refused:
        return shown(request, {"text": text, "remove": remove, "error": refused.message}, status=409)
    if outcome.change is None:
        messages.info(request, _("没有不同，什么也没有改"))
    else:
        messages.success(request, _("已导入 %(n)s 处修改，可以在历史里一次退回") % {"n": len(outcome.steps)})
    return redirect("define_history")


@require_GET
@admin_page
def history_page(request: HttpRequest, actor: Actor) -> HttpResponse:
    kind = request.GET.get("kind", "")
    kind = kind if kind in KINDS else ""
    words = {
        "": _("全部"),
        "object/": _("对象"),
        "field/": _("字段"),
        "layout/": _("布局"),
        "file/": _("配置文件"),
    }
    sheet = Paginator(history.all_changes(kind), PAGE).get_page(request.GET.get("page", "1")[:6])
    base = reverse("define_history")
    context = {
        "lines": [change_line(change) for change in sheet],
        "kinds": [{"label": words[one], "url": f"{base}?kind={one}", "active": one == kind} for one in KINDS],
        "prev_url": f"{base}?kind={kind}&page={sheet.previous_page_number()}" if sheet.has_previous() else "",
        "next_url": f"{base}?kind={kind}&page={sheet.next_page_number()}" if sheet.has_next() else "",
        "count": sheet.paginator.count,
    }
    return render(request, "ui/define/history.html", context)


@require_POST
@admin_page
def roll_back(request: HttpRequest, actor: Actor, key: int) -> HttpResponseBase:
    history.roll_back(key, by=actor)
    messages.success(request, _("已退回"))
    back = request.headers.get("Referer", "")
    own = url_has_allowed_host_and_scheme(back, {request.get_host()})
    return redirect(back if own else "define_history")
