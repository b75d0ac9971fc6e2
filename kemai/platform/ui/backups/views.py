"""Backups for administrators: how the last one went, when the next comes, how many stay; making and verifying one.

Archives are not handed out here: administrators as such do not read the business data, and a download would be all of
it. They lie in a folder of the server."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from django.views.decorators.http import require_http_methods, require_POST

from kemai.platform import audit
from kemai.platform.access import Actor, NotVisible
from kemai.platform.backup import jobs, keeping, ledger
from kemai.platform.fields import Saying
from kemai.platform.jobs.status import by_key
from kemai.platform.models import BackupRun
from kemai.platform.ui.door import admin_page

SHOWN = 60
RUNNING = ("waiting", "running")
PROBLEMS = {
    "gone": gettext_lazy("文件不见了"),
    "damaged": gettext_lazy("文件已损坏"),
    "key": gettext_lazy("现在的密钥打不开它"),
    "no_key": gettext_lazy("它已加密，而服务器没有设置密钥"),
    "database": gettext_lazy("里面的数据库有错误"),
    "counts": gettext_lazy("行数与清单不符"),
}
SCHEDULE = Saying(gettext_noop("备份计划"))


class Line(NamedTuple):
    run: BackupRun
    seconds: float
    problem: str
    checking: bool


@require_http_methods(["GET", "POST"])
@admin_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    if request.method == "POST":
        typed = {name: request.POST.get(name, "") for name in keeping.LIMITS}
        errors = problems(typed)
        if errors:
            return shown(request, {**typed, "on": typed["on"] == "1"}, errors, 422)
        keeping.set_options({name: int(text or 0) for name, text in typed.items()}, by=actor)
        audit.note("setting", "backup", by=actor, reason=SCHEDULE.kept())
        messages.success(request, _("已保存"))
        return redirect("backups")
    return shown(request, keeping.options(), {})


def problems(typed: dict[str, str]) -> dict[str, str]:
    found = {}
    for name, (low, high) in keeping.LIMITS.items():
        text = typed[name] or ("0" if name == "on" else "")
        if not (text.isascii() and text.isdigit() and low <= int(text[:6]) <= high):
            found[name] = _("请填写 %(low)s 到 %(high)s 之间的整数") % {"low": low, "high": high}
    return found


def shown(
    request: HttpRequest, values: dict[str, Any], errors: dict[str, str], status: int = 200
) -> HttpResponse:
    now, chosen = timezone.now(), keeping.options()
    checking = jobs.being_verified()
    job = by_key(jobs.NOW)
    context = {
        "values": values,
        "errors": errors,
        "lines": [line(run, checking) for run in keeping.runs(SHOWN)],
        "state": keeping.state(),
        "next": keeping.next_due(now, chosen["hour"]) if chosen["on"] else None,
        "folder": str(ledger.folder()),
        "sealed": bool(settings.BACKUP_KEY),
        "job": job if job is not None and job.state in RUNNING else None,
        "hours": [{"value": hour, "label": f"{hour:02}:00"} for hour in range(24)],
    }
    return render(request, "ui/pages/backups.html", context, status=status)


def line(run: BackupRun, checking: set[int]) -> Line:
    ended = run.finished_at or timezone.now()
    code, _space, detail = run.problem.partition(" ")
    said = PROBLEMS.get(code, code)
    return Line(
        run,
        (ended - run.started_at).total_seconds(),
        f"{said}（{detail}）" if detail else str(said),
        run.pk in checking,
    )


@require_POST
@admin_page
def run(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    jobs.start(actor)
    messages.success(request, _("备份已开始，完成后会出现在列表里"))
    return redirect("backups")


@require_POST
@admin_page
def check(request: HttpRequest, actor: Actor, pk: int) -> HttpResponseBase:
    found = keeping.archive(pk)
    if found is None:
        raise NotVisible
    jobs.start_verifying(found, actor)
    messages.success(request, _("校验已开始"))
    return redirect("backups")
