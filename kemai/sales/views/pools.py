"""Pools as sellers use them: what lies there, taking it, giving it back, keeping it from returning."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kemai.customers.pages.links import leaf, list_url
from kemai.platform import access
from kemai.platform.access import Actor, NotVisible
from kemai.platform.records import FieldErrors
from kemai.platform.ui import addresses, cells
from kemai.platform.ui.door import is_fragment, signed_in
from kemai.platform.ui.records.answers import announce, go
from kemai.sales.models import Pool
from kemai.sales.services.pools import claims, shelf, why
from kemai.sales.services.pools.kinds import KINDS


def kind_or_404(key: str) -> Any:
    if key not in KINDS:
        raise NotVisible
    return KINDS[key]


@signed_in
@require_safe
def page(request: HttpRequest, actor: Actor, pk: int = 0) -> HttpResponse:
    """One pool with the others beside it; without a key the first."""
    pools = shelf.pools_for(actor)
    chosen = next((pool for pool, _n in pools if pool.pk == pk), None)
    if pk and chosen is None:
        raise NotVisible
    chosen = chosen or (pools[0][0] if pools else None)
    if chosen is None:
        return render(request, "sales/pools_none.html", {"is_admin": actor.is_admin})
    text, oldest = request.GET.get("q", "").strip()[:80], request.GET.get("sort") == "oldest"
    found = shelf.read(chosen, by=actor, text=text, cursor=request.GET.get("cursor", ""), oldest=oldest)
    context: dict[str, Any] = {
        "pool": chosen,
        "kind": chosen.kind,
        "pool_tabs": [
            {"label": pool.name, "url": reverse("pool", args=[pool.pk]), "count": n, "active": pool == chosen}
            for pool, n in pools
        ],
        "shelf": found,
        "text": text,
        "oldest": oldest,
        "cells": cells,
        "keeps": claims.keeps(actor, chosen),
        "next_url": address(
            chosen, {"q": text, "sort": "oldest" if oldest else "", "cursor": found.following}
        )
        if found.following
        else "",
        "sort_url": address(chosen, {"q": text, "sort": "" if oldest else "oldest"}),
        "mine_url": reverse("pool_mine", args=[chosen.kind]),
    }
    template = (
        "sales/pool_rows.html" if is_fragment(request) and "part" in request.GET else "sales/pools.html"
    )
    return render(request, template, context)


def address(pool: Pool, values: dict[str, str]) -> str:
    return addresses.at(
        reverse("pool", args=[pool.pk]), {key: value for key, value in values.items() if value}
    )


@signed_in
@require_safe
def mine(request: HttpRequest, actor: Actor, kind: str) -> HttpResponse:
    """One's own records, those that go back first."""
    kind_or_404(kind)
    where = [leaf("owner", "in", ["me"]), leaf("return_due_on", "not_empty")]
    return redirect(list_url(kind, where, sort="return_due_on"))


def wanted_ids(request: HttpRequest) -> list[int]:
    keys = [key for key in request.POST.getlist("ids") if key.isascii() and key.isdecimal() and len(key) < 19]
    return [int(key) for key in keys]


@signed_in
@require_POST
def claim_many(request: HttpRequest, actor: Actor, kind: str) -> HttpResponse:
    """The dialogue for several: what will be asked, then what became of each."""
    chosen = kind_or_404(kind)
    ids = wanted_ids(request)
    context: dict[str, Any] = {
        "kind": kind,
        "ids": ids,
        "done": False,
        "asks": False,
        "act_url": reverse("pool_claim_many", args=[kind]),
    }
    if request.POST.get("step") != "run":
        context["asks"] = claims.asks_reason(chosen, ids)
        return render(request, "sales/pool_claim_many.html", context)
    answers = claims.claim(kind, ids, by=actor, reason=request.POST.get("reason", ""))
    taken = [one for one in answers if one.taken]
    context |= {"answers": answers, "taken": len(taken), "done": True}
    response = render(request, "sales/pool_claim_many.html", context)
    text = _("已领取 %(n)s 个") % {"n": len(taken)} if taken else _("一个也没有领到，原因见对话框")
    return announce(response, text, kind="success" if taken else "warning", refresh=True)


@signed_in
@require_POST
def claim_here(request: HttpRequest, actor: Actor, kind: str, pk: int) -> HttpResponse:
    """The button in a row: its cell says what came of it."""
    kind_or_404(kind)
    (answer,) = claims.claim(kind, [pk], by=actor, reason=request.POST.get("reason", ""))
    response = render(request, "sales/pool_claimed.html", {"answer": answer, "kind": kind})
    if answer.taken:
        return announce(response, _("已领取：%(name)s") % {"name": answer.title})
    return response


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def claim(request: HttpRequest, actor: Actor, pk: int, kind: str) -> HttpResponse:
    """The dialogue on a record's page: the reasons against it, or a claim (with a reason where the pool asks)."""
    chosen = kind_or_404(kind)
    record = access.one(actor, kind, pk)
    keeping = why.keeping_of(chosen, pk)
    context: dict[str, Any] = {"name": access.mask_title(actor, chosen.type, str(record)), "keeping": keeping}
    context["act_url"] = request.path
    reasons: list[str] = []
    if request.method == "POST":
        (answer,) = claims.claim(kind, [pk], by=actor, reason=request.POST.get("reason", ""))
        if answer.taken:
            return go(request, reverse("record", args=[kind, pk]), _("已领取，现在由您负责"))
        reasons = answer.reasons
    elif keeping is None or keeping.pool is None:
        reasons = [_("它已不在公海")]
    else:
        checks = claims.preview(chosen, keeping.pool, [keeping], by=actor)[pk]
        reasons = [claims.sentence(one) for one in checks]
    context |= {"reasons": reasons, "asks": bool(keeping and keeping.pool and keeping.pool.reason_required)}
    return render(request, "sales/pool_claim.html", context, status=422 if request.method == "POST" else 200)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def assign(request: HttpRequest, actor: Actor, kind: str) -> HttpResponse:
    """The dialogue of those who look after a pool: to whom these go."""
    kind_or_404(kind)
    if not any(claims.keeps(actor, pool) for pool, _n in shelf.pools_for(actor)):
        raise access.Denied
    ids = wanted_ids(request)
    errors: dict[str, str] = {}
    if request.POST.get("step") == "run":
        to = request.POST.get("to", "")
        try:
            done = claims.assign(
                kind, ids, int(to) if to.isdecimal() else 0, by=actor, reason=request.POST.get("reason", "")
            )
        except FieldErrors as error:
            errors = dict(error.errors)
        else:
            text = _("已分配 %(n)s 个") % {"n": done}
            return announce(HttpResponse(), text, close=True)
    people = [{"value": key, "label": name, "sub": place} for key, name, place in access.people("", 300)]
    context = {
        "kind": kind,
        "ids": ids,
        "people": people,
        "errors": errors,
        "act_url": reverse("pool_assign", args=[kind]),
    }
    return render(request, "sales/pool_assign.html", context, status=422 if errors else 200)
