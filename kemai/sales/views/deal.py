"""What is done on a deal's page besides what every record can do: moving on, ticking, losing."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kemai.platform import access, records
from kemai.platform.access import Actor
from kemai.platform.fields import clauses
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors, Refused
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.records.answers import announce, go, last_changeset
from kemai.platform.ui.records.controls import Typed, control
from kemai.sales.models import Deal
from kemai.sales.panels import way
from kemai.sales.services import deals, gates, stages
from kemai.sales.services.stages import StageRow
from kemai.sales.views.approval import deciding
from kemai.sales.views.dialog import Step, step

GATE = "item-"
LOST = ("lost_reason", "competitor", "call_back_on", "note")


def show_way(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    row = records.row_of(get("deal"), pk, by=actor)
    return render(request, "sales/deal_way.html", {"content": way(actor, row)})


@signed_in
@require_POST
def move(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """To another stage; what the gate misses comes back as a refusal that names it."""
    try:
        records.update("deal", pk, {"stage": request.POST.get("stage", "")}, by=actor)
    except FieldErrors as error:
        raise Refused("stage", clauses(error.errors.values())) from error
    undo = last_changeset(get("deal"), pk)
    return announce(show_way(request, actor, pk), _("已进入新阶段"), undo=undo)


@signed_in
@require_POST
def tick(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    deals.tick(pk, request.POST.get("item", ""), on=request.POST.get("on") == "1", by=actor)
    return show_way(request, actor, pk)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def gate(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """The form that a stage asks for before a deal goes on: empty fields and unticked items."""
    deal: Deal = access.one(actor, "deal", pk, "edit")
    return ask_for(request, actor, deal, stages.find(request.GET.get("stage", "")))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def win(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """The same form before the deal is won; where nothing is missing it only asks once."""
    deal: Deal = access.one(actor, "deal", pk, "edit")
    return ask_for(request, actor, deal, stages.ends(deal.pipeline, "won"))


def ask_for(request: HttpRequest, actor: Actor, deal: Deal, new: StageRow | None) -> HttpResponse:
    pk = deal.pk
    if new is None:
        raise Refused("no_stage", _("这个阶段已经不存在，请刷新页面"))
    object_type, lacks = get("deal"), gates.missing(deal, new)
    specs = [object_type.fields[key] for key in lacks.fields if key in object_type.fields]
    typed = Typed.of(request.POST, specs)
    ticked = {item for n, item in enumerate(lacks.items) if request.POST.get(f"{GATE}{n}")}
    reason = request.POST.get("reason", "").strip()
    errors: dict[str, str] = {}
    if request.method == "POST":
        given = (pk, new.step.key, typed.values, sorted(ticked))
        try:
            if lacks.approval:
                gates.ask(*given, reason, by=actor)
            else:
                gates.enter(*given, by=actor)
        except FieldErrors as error:
            errors = dict(error.errors)
        else:
            won = _("恭喜赢单！") if new.step.state == "won" else _("已进入“%(stage)s”")
            told = _("已提交审批，同意后进入“%(stage)s”") if lacks.approval else won
            return moved(request, pk, told % {"stage": new.label})
    levels = access.levels_on(actor, object_type, pk)
    context = {
        "deal": deal,
        "stage": new,
        "controls": [
            control(
                actor, object_type, spec, typed.values.get(spec.key), level=levels.get(spec.key, "edit"),
                error=errors.get(spec.key, ""),
            )
            for spec in specs
        ],
        "checks": [(f"{GATE}{n}", item, item in ticked) for n, item in enumerate(lacks.items)],
        "others": [text for key, text in errors.items() if key not in lacks.fields],
        "url": request.get_full_path(),
        "approval": lacks.approval,
        "waiting": gates.waiting_words(deal) if deal.wanted_stage else "",
        "who": gates.who_decides(deal) if lacks.approval else "",
        "reason": reason,
    }  # fmt: skip
    return render(request, "sales/deal_gate.html", context, status=422 if errors else 200)


@step("deal")
def decide(actor: Actor, deal: Deal) -> Step:
    """Leave to enter the stage that somebody asked for."""
    row = stages.find(deal.wanted_stage)
    if row is None:
        raise Refused("nothing_asked", _("这个商机没有等待审批"))
    here = stages.find(deal.stage)
    return deciding(
        "deal", deal, _("审批：进入“%(stage)s”") % {"stage": row.label},
        _("已同意，商机进入“%(stage)s”") % {"stage": row.label}, actor,
        lambda *, yes, note: gates.decide(deal.pk, yes=yes, note=note, by=actor),
        facts=[
            (_("商机"), str(deal)), (_("现在的阶段"), here.label if here else ""),
            (_("金额"), f"{deal.amount:,.2f}"),
            (_("预计成交日期"), deal.expected_on.isoformat() if deal.expected_on else "—"),
        ],
        refusal=_("已驳回，商机留在原来的阶段"),
    )  # fmt: skip


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def lose(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Asks why, who won instead and when to call again."""
    deal: Deal = access.one(actor, "deal", pk, "edit")
    typed = {key: request.POST.get(key, "").strip() for key in LOST}
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            deals.lose_deal(pk, {key: value for key, value in typed.items() if value}, by=actor)
        except FieldErrors as error:
            errors = {"lost_reason" if key == "stage" else key: text for key, text in error.errors.items()}
        else:
            return moved(request, pk, _("已记为输单，可以随时撤销"))
    context: dict[str, Any] = {
        "deal": deal,
        "values": typed,
        "errors": errors,
        "url": reverse("deal_lose", args=[pk]) + ("?from=board" if "from" in request.GET else ""),
        "reasons": choices(access.scope(actor, "lost_reason").filter(active=True).order_by("position", "pk")),
        "competitors": choices(access.scope(actor, "competitor").order_by("name")),
    }
    return render(request, "sales/deal_lose.html", context, status=422 if errors else 200)


def moved(request: HttpRequest, pk: int, text: str) -> HttpResponse:
    """Back to where the form was opened: on the board, the card has moved; elsewhere, the deal's page."""
    if "from" not in request.GET:
        return go(request, reverse("record", args=["deal", pk]), text)
    undo = last_changeset(get("deal"), pk)
    return announce(HttpResponse(), text, undo=undo, close=True, refresh=True)


def choices(rows: Any) -> list[dict[str, Any]]:
    return [{"value": pk, "label": name} for pk, name in rows.values_list("pk", "name")]
