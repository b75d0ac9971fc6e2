"""Reports worked out in the background, from the page that would not wait for them to the page of what came out."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kemai.platform import reports
from kemai.platform.access import Actor
from kemai.platform.reports import Broken, keeping, later
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.records.answers import go
from kemai.platform.ui.reports import asked
from kemai.platform.ui.reports.views import figures_of, said, summary


@require_POST
@signed_in
def ask(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Raises NotVisible, QueryError, Denied, Refused."""
    definition, address = asked.asked(actor, request.GET)
    plan = reports.resolve(actor, definition)
    kept = request.GET.get("report", "")
    name = keeping.seen(actor, int(kept)).name if kept else f"{plan.type.plural} · {summary(plan)}"
    job = later.ask(actor, plan, address, name)
    return go(request, reverse("job", args=(job.pk,)), _("正在后台算，算好会通知您"))


@signed_in
@require_safe
def show(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Raises NotVisible, Denied."""
    plain = {
        "title": "",
        "summary": "",
        "as_of": None,
        "where": "",
        "again": "",
        "building": False,
        "small": False,
    }
    try:
        job, found, as_of = later.seen(actor, pk)
    except Broken as error:
        return render(request, "ui/reports/later.html", {**plain, "problems": error.problems}, status=422)
    # in full: a kept report may have been changed since
    address = asked.query_of(found.plan.definition)
    context = {
        **plain,
        **figures_of(actor, found, address),
        # a file or a print is worked out anew, and would not be waited for
        "export": False,
        "print": False,
        "title": job.title,
        "as_of": timezone.localtime(as_of),
        "where": said(actor, found.plan),
        "again": f"{reverse('report_later')}?{address}",
    }
    return render(request, "ui/reports/later.html", context)
