"""分析: every analysis with its parameters to run now, and the runs with what they found."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from kemai.customers.pages.dashboard import drawn
from kemai.customers.services import analyses, dashboards
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.jobs import status
from kemai.platform.records import FieldErrors
from kemai.platform.ui.door import is_fragment, signed_in


@require_GET
@signed_in
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    key = request.GET.get("analysis", "")
    before = request.GET.get("before", "")
    place = int(before) if before.isascii() and before.isdigit() and len(before) < 18 else None
    lines = analyses.recent(actor, analysis=key, before=place)
    page = lines[: analyses.PAGE]
    older = f"{reverse('runs')}?analysis={key}&before={page[-1].run.pk}" if len(lines) > len(page) else ""
    context = {
        "lines": page,
        "older": older,
        "kinds": analyses.kinds(),
        "titles": analyses.titles(),
        "chosen": key,
        "may_run": dashboards.may_recalculate(actor),
    }
    return render(request, "customers/runs.html", context)


@require_GET
@signed_in
def one(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    line = analyses.one(actor, pk)
    result = analyses.result(line.run)
    context = {
        "line": line,
        "run": line.run,
        "result": result,
        "charts": [drawn(spec) for spec in result.charts],
    }
    return render(request, "customers/run.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def start(request: HttpRequest, actor: Actor, key: str) -> HttpResponse:
    """The parameters of an analysis in the modal; sent, its progress."""
    analyses.require(actor)
    kind = analyses.kind_of(key)
    context: dict[str, Any] = {"kind": kind, "errors": {}, "given": {}}
    if request.method == "POST":
        try:
            job = analyses.start(actor, kind, request.POST.dict())
        except FieldErrors as error:
            context |= {"errors": error.errors, "given": request.POST.dict()}
        else:
            return render(request, "customers/run_job.html", {"job": job, "kind": kind})
    return render(request, "customers/run_start.html", context, status=422 if context["errors"] else 200)


@require_GET
@signed_in
def finished(request: HttpRequest, actor: Actor, job: int) -> HttpResponse:
    """From the job to the run that it made."""
    row = status.find(job, actor.user_id, admin=actor.is_admin)
    if row is None:
        raise access.NotVisible
    found = row.result.get("run") if isinstance(row.result, dict) else None
    if row.state != "done" or not found:
        text = row.error or _("分析没有完成")
        return render(request, "customers/run_failed.html", {"text": text})
    url = reverse("run", args=(found,))
    return HttpResponse(headers={"HX-Redirect": url}) if is_fragment(request) else redirect(url)
