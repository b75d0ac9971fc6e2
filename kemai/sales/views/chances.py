"""线索转化预测: what was learnt of the company's own leads, and how good it proved."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.records.answers import announce
from kemai.sales.panels import chances as words
from kemai.sales.rules.chances import Scorecard
from kemai.sales.services import chances

SHOWN = 30


@require_GET
@signed_in
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    access.require(actor, "lead", "view")
    learnt = chances.newest()
    report = learnt.report if learnt else None
    context = {
        "learnt": learnt,
        "report": report,
        "why": "" if learnt and learnt.shown else words.hidden_words(report),
        "about": words.learnt_words(learnt) if learnt and report and report.leads else "",
        "proof": words.proof_words(report) if report and report.bins else "",
        "bins": report.bins if report else (),
        "weights": weights(learnt.card) if learnt and learnt.shown else [],
        "may_train": chances.may_train(actor) and not actor.read_only,
    }
    return render(request, "sales/lead_chances.html", context)


def weights(card: Scorecard) -> list[tuple[str, float, float]]:
    """(fact, factor on the odds against a usual lead, share of the leads), the strongest first."""
    usual = card.usual()
    found = []
    for name, weight in card.weights.items():
        group, _sign, fact = name.partition("=")
        found.append((words.fact_words(group, fact), card.slope * (weight - usual[group]), card.shares[name]))
    found.sort(key=lambda one: -abs(one[1]))
    return [(label, 2.718281828**odds, share) for label, odds, share in found[:SHOWN]]


@require_POST
@signed_in
def learn(request: HttpRequest, actor: Actor) -> HttpResponse:
    chances.ask_training(actor)
    return announce(HttpResponse(status=204), _("已在后台开始学习，完成后刷新这一页"))
