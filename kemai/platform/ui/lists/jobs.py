"""Long work as the person who started it sees it: how far it is, stopping it, what came out."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kemai.platform import access, jobs
from kemai.platform.access import Actor
from kemai.platform.jobs import status
from kemai.platform.models import Job
from kemai.platform.models.work import JOB_STATES
from kemai.platform.ui.door import is_fragment, signed_in
from kemai.platform.ui.lists.bulk import outcome_words
from kemai.platform.ui.records.answers import announce


def mine(actor: Actor, pk: int) -> Job:
    """Raises NotVisible for other people's work."""
    job = status.find(pk, actor.user_id, admin=actor.is_admin)
    if job is None:
        raise access.NotVisible
    return job


@require_GET
@signed_in
def progress(request: HttpRequest, actor: Actor, pk: int) -> JsonResponse:
    return JsonResponse(status.shown(mine(actor, pk)))


@require_POST
@signed_in
def cancel(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    jobs.cancel(mine(actor, pk).pk)
    return HttpResponse(status=204)


@require_GET
@signed_in
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """My background work of the last days."""
    found = status.latest(actor.user_id) if actor.user_id else ()
    context = {
        "jobs": [(job, file_url(job)) for job in found],
        "states": {
            option.value: {"label": str(option.label), "color": option.color} for option in JOB_STATES
        },
    }
    return render(request, "ui/pages/jobs.html", context)


def file_url(job: Job) -> str:
    result = job.result if isinstance(job.result, dict) else {}
    return (
        reverse("export_file", args=(result["file"],)) if job.state == "done" and result.get("file") else ""
    )


def page_url(job: Job, actor: Actor) -> str:
    """Where a report that was worked out can be read, by whom it was worked out for."""
    result = job.result if isinstance(job.result, dict) else {}
    own = job.state == "done" and job.user_id == actor.user_id
    return reverse("report_later_result", args=(job.pk,)) if own and result.get("report") else ""


def outcome_of(job: Job) -> dict[str, Any]:
    """Most jobs tell what they did by name; some only how many they dealt with."""
    if isinstance(job.result, int):
        return {"count": job.result}
    return job.result if isinstance(job.result, dict) else {}


@require_GET
@signed_in
def result(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """What came out of a job, in place of its progress bar or as a page of its own."""
    job = mine(actor, pk)
    outcome = outcome_of(job)
    done = job.state == "done"
    text = outcome_words(outcome) if done else job.error or _("已取消")
    changeset = outcome.get("changeset") if done and outcome.get("count") else None
    context = {
        "job": job, "text": text, "file_url": file_url(job), "page_url": page_url(job, actor), "done": done,
        "change_url": reverse("change", args=[changeset]) if isinstance(changeset, int) else "",
    }  # fmt: skip
    if not is_fragment(request):
        return render(request, "ui/pages/job.html", context)
    response = render(request, "ui/pages/job_result.html", context)
    if not done or context["file_url"]:
        return response
    return announce(response, text, undo=changeset if isinstance(changeset, int) else None, refresh=True)
