"""What is done on a lead's page besides what every record can do: touches, conversion, setting aside."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kemai.kit import names
from kemai.platform import access, records
from kemai.platform.access import Actor
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.records.answers import announce, go
from kemai.sales.models import Lead
from kemai.sales.panels import lead_composer
from kemai.sales.services import leads, stages

TOUCH = ("channel", "outcome", "body", "next_contact_at")


@signed_in
@require_POST
def log(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Notes a touch, and when to come back."""
    lead: Lead = access.one(actor, "lead", pk)
    typed = {key: request.POST.get(key, "").strip() for key in TOUCH}
    errors: dict[str, str] = {}
    if not typed["body"] and not typed["outcome"]:
        errors["body"] = _("写几个字，说说这次联系了什么")
    else:
        try:
            note(actor, pk, typed)
        except FieldErrors as error:
            errors = dict(error.errors)
    row = records.row_of(get("lead"), lead.pk, by=actor)
    content = lead_composer(actor, row)
    if content is None:
        raise access.Denied
    context = {"content": {**content, "typed": typed if errors else {}, "errors": errors}}
    response = render(request, "sales/lead_composer.html", context, status=422 if errors else 200)
    return response if errors else announce(response, _("已记录跟进"))


def note(actor: Actor, pk: int, typed: dict[str, str]) -> None:
    outcome = next((o.label for o in outcomes() if o.value == typed["outcome"]), "")
    values = {
        "lead": pk, "channel": typed["channel"] or "call", "outcome": typed["outcome"], "at": timezone.now(),
        "body": typed["body"] or str(outcome),
    }  # fmt: skip
    records.create("lead_follow_up", values, by=actor)
    if typed["next_contact_at"]:
        records.update("lead", pk, {"next_contact_at": typed["next_contact_at"]}, by=actor)


def outcomes() -> Any:
    return get("lead_follow_up").fields["outcome"].options


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def convert(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Into a new or an existing customer, with a deal if wanted; says what is carried over."""
    lead: Lead = access.one(actor, "lead", pk, "edit")
    post = request.POST
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            customer = leads.convert_lead(pk, wanted(post), by=actor)
        except FieldErrors as error:
            errors = dict(error.errors)
        else:
            text = _("已转为客户：%(name)s") % {"name": customer.name}
            return go(request, reverse("record", args=["customer", customer.pk]), text)
    known = {"name": lead.name, "phone": lead.phone, "email": lead.email, "wecom_id": lead.wecom_id}
    similar = get("customer").similar
    doubles = (
        [one for one in similar(actor, known, None) if one.id is not None] if similar is not None else []
    )
    company = bool(lead.company or names.split_company(lead.name).legal)
    context = {
        "lead": lead,
        "doubles": doubles,
        "company": company,
        "touches": lead.follow_ups.filter(deleted_at=None).count(),
        "values": post or {"deal_name": deal_name(lead), "with_deal": "1", "amount": lead.budget or ""},
        "errors": errors,
        "pipelines": [{"value": one.value, "label": one.label} for one in stages.PIPELINES],
        "url": reverse("lead_convert", args=[pk]),
    }
    return render(request, "sales/lead_convert.html", context, status=422 if errors else 200)


def deal_name(lead: Lead) -> str:
    return _("%(name)s 的需求") % {"name": lead.company or lead.name}


def wanted(post: Any) -> leads.Conversion:
    deal = None
    if post.get("with_deal"):
        given = {
            "name": "deal_name",
            "amount": "amount",
            "expected_on": "expected_on",
            "pipeline": "pipeline",
        }
        deal = {key: post[name].strip() for key, name in given.items() if post.get(name, "").strip()}
        if "name" not in deal:
            raise FieldErrors({"deal_name": _("请填写商机名称")})
    customer = post.get("customer", "")
    return leads.Conversion(
        int(customer) if customer.isdecimal() else None, post.get("contact_name", ""), deal
    )


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def disqualify(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    lead: Lead = access.one(actor, "lead", pk, "edit")
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            leads.disqualify_lead(pk, request.POST.get("reason", ""), by=actor)
        except FieldErrors as error:
            errors = dict(error.errors)
        else:
            return go(request, reverse("record", args=["lead", pk]), _("已放下这条线索，可以随时撤销"))
    context = {
        "lead": lead,
        "errors": errors,
        "reasons": [{"value": o.value, "label": o.label} for o in get("lead").fields["reason"].options],
        "url": reverse("lead_disqualify", args=[pk]),
    }
    return render(request, "sales/lead_disqualify.html", context, status=422 if errors else 200)
