"""Field work: one's own round, and the page of one visit that is used on the phone."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kemai.customers.models.trade import Interaction
from kemai.platform import access, records
from kemai.platform.access import Actor
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors
from kemai.platform.ui.door import is_fragment, signed_in
from kemai.platform.ui.records.answers import announce, go
from kemai.sales.models import Visit
from kemai.sales.rules.visits import ROUGH
from kemai.sales.services import staff, visits


@require_GET
@signed_in
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    access.require(actor, "visit", "view")
    leads = staff.leads(actor)
    team = leads and request.GET.get("who") == "team"
    context = {
        "around": visits.around(actor, team=team),
        "team": team,
        "leads": leads,
        "may_plan": access.may(actor, "visit", "create"),
        "states": {one.value: one for one in Visit.STATES},
        "calendar_url": f"{reverse('list', args=['visit'])}?view=calendar",
    }
    return render(request, "sales/visits.html", context)


def shown(request: HttpRequest, actor: Actor, pk: int, errors: dict[str, str], *, part: bool) -> HttpResponse:
    visit: Visit = access.one(actor, "visit", pk)

    context: dict[str, Any] = {
        "visit": visit,
        "customer_seen": access.scope(actor, "customer").filter(pk=visit.customer_id).exists(),
        "state": next(one for one in Visit.STATES if one.value == visit.state),
        "outcomes": [{"value": one.value, "label": one.label} for one in Interaction.OUTCOMES],
        "outcome": next((one for one in Interaction.OUTCOMES if one.value == visit.outcome), None),
        "may": access.scope(actor, "visit", "edit").filter(pk=pk).exists(),
        "photos": list(records.files_of(get("visit"), pk)[: records.MOST_FILES]),
        "errors": errors,
        "typed": request.POST,
        "rough": (visit.accuracy or 0) >= ROUGH,
    }
    name = "sales/visit_part.html" if part else "sales/visit.html"
    return render(request, name, context, status=422 if errors else 200)


@require_GET
@signed_in
def field(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    return shown(request, actor, pk, {}, part=is_fragment(request))


@require_POST
@signed_in
def check_in(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    try:
        visits.check_in(pk, request.POST.dict(), by=actor)
    except FieldErrors as error:
        return shown(request, actor, pk, error.errors, part=is_fragment(request))
    return answered(request, actor, pk, _("已签到"))


@require_POST
@signed_in
def report(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    try:
        visits.report(pk, request.POST.dict(), by=actor)
    except FieldErrors as error:
        errors = {"report" if key == "body" else key: text for key, text in error.errors.items()}
        return shown(request, actor, pk, errors, part=is_fragment(request))
    return answered(request, actor, pk, _("小结已提交，客户的时间线上可以看到"))


@require_POST
@signed_in
def photo(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """A picture taken on the spot; kept like every other file of a record."""
    uploads = request.FILES.getlist("file")
    if not uploads:
        return shown(request, actor, pk, {"file": _("请选择要上传的照片")}, part=is_fragment(request))
    try:
        for upload in uploads:
            records.attach("visit", pk, upload, by=actor)
    except FieldErrors as error:
        return shown(
            request, actor, pk, {"file": next(iter(error.errors.values()))}, part=is_fragment(request)
        )
    return answered(request, actor, pk, _("照片已上传"))


@require_POST
@signed_in
def cancel(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    visits.cancel(pk, by=actor)
    return answered(request, actor, pk, _("拜访已取消"))


def answered(request: HttpRequest, actor: Actor, pk: int, text: str) -> HttpResponse:
    if not is_fragment(request):
        return go(request, reverse("visit_field", args=[pk]), text)
    return announce(shown(request, actor, pk, {}, part=True), text)
