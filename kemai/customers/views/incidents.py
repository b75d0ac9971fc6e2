"""Pages of security incidents: what got out, whom it affects, what they are told."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kemai.customers.models import Incident
from kemai.customers.services import incident_effects, incident_notice, incidents
from kemai.platform import access, exports
from kemai.platform.access import Actor
from kemai.platform.exports import Order
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.records.answers import go

ASKED = ("title", "kind", "who", "token", "mark", "from", "to", "reason")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What happened so far, and the form for what happened now."""
    incidents.require(actor)
    sent = request.POST if request.method == "POST" else request.GET
    asked = {name: sent.get(name, "") for name in ASKED}
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            made = incidents.open_incident(asked, by=actor)
            incidents.save_texts(made, incident_notice.drafts(incident_effects.Effects(made)), by=actor)
            return go(request, reverse("incident", args=[made.pk]), _("安全事件已登记"))
        except FieldErrors as error:
            errors = {name: str(text) for name, text in error.errors.items()}
    person = incident_effects.user_of(incidents.number(asked["who"]))
    tokens = incidents.tokens_there()
    context = {
        "incidents": incidents.incidents(actor)[:100],
        "asked": asked,
        "errors": errors,
        "kinds": [{"value": one.value, "label": str(one.label)} for one in Incident.KINDS],
        "who_options": [{"value": str(person.pk), "label": str(person), "selected": True}] if person else [],
        "tokens": [
            {"value": str(one.pk), "label": f"{one.user} · {one.name} · …{one.hint}"} for one in tokens
        ],
    }
    return render(request, "customers/incidents.html", context, status=422 if errors else 200)


@signed_in
@require_safe
def one(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Whom it affects and how that is known; the drafts."""
    found = incidents.one(actor, pk)
    effects = incident_effects.Effects(found)
    type_key = asked_type(request.GET.get("type", ""))
    after = incidents.number(request.GET.get("after", ""))
    pages = {key: effects.page(key, after if key == type_key else 0) for key in incident_effects.TYPES}
    keys = pages[type_key].keys
    page = incidents.lines(actor, effects, type_key, keys[: incident_effects.SHOWN])
    token = incidents.token_is_there(found)
    context = {
        "incident": found,
        "effects": effects,
        "type_key": type_key,
        "types": [(key, get(key).plural, pages[key].total) for key in incident_effects.TYPES],
        "lines": page,
        "most_filters": incident_effects.MOST_FILTERS,
        "next": f"?type={type_key}&after={page[-1].key}" if len(keys) > len(page) else "",
        "gone": effects.gone(type_key),
        "tallies": incidents.tallies(effects),
        "reach": effects.reach(type_key),
        "hours": effects.hours(),
        "may_export": access.may(actor, type_key, "export"),
        "token_there": token,
        "may_settings": actor.is_admin,
        "texts": [(name, incidents.text_label(name), getattr(found, name)) for name in incidents.TEXTS],
    }
    return render(request, "customers/incident.html", context)


def asked_type(text: str) -> str:
    return text if text in incident_effects.TYPES else incident_effects.TYPES[0]


@signed_in
@require_POST
def save(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """The texts as typed, or drafted anew."""
    found = incidents.one(actor, pk)
    again = request.POST.get("again") == "1"
    texts = {name: request.POST[name] for name in incidents.TEXTS if name in request.POST}
    drafted = incident_notice.drafts(incident_effects.Effects(found)) if again else texts
    incidents.save_texts(found, drafted, by=actor)
    return go(request, reverse("incident", args=[pk]), _("已重新起草") if again else _("已保存"))


@signed_in
@require_POST
def export(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Those affected as a file, by the right to export, its limits and its entry in the audit. Raises Refused."""
    found = incidents.one(actor, pk)
    type_key = asked_type(request.POST.get("type", ""))
    access.require(actor, type_key, "export")
    most = access.limits(actor).export_rows
    keys = incident_effects.Effects(found).persons(type_key).values_list("pk", flat=True)[: most + 1]
    stored = exports.write(actor, Order(type_key, ids=tuple(keys)))
    return go(request, reverse("export_file", args=[stored.key]))


@signed_in
@require_POST
def revoke(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """The key that got out is of no use from now on."""
    found = incidents.one(actor, pk)
    if not actor.is_admin:
        raise access.Denied
    incidents.revoke(found, by=actor)
    return go(request, reverse("incident", args=[pk]), _("令牌已吊销"))
