"""Looking after pools: their terms, people and masks, the return rules with their rehearsal, and the stock."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kemai.customers.pages.links import leaf, list_url
from kemai.platform import access
from kemai.platform.access import SYSTEM, Actor, NotVisible
from kemai.platform.objects import get
from kemai.platform.query import QueryError
from kemai.platform.records import FieldErrors
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.lists import filters
from kemai.platform.ui.lists.state import dumps, loads
from kemai.platform.ui.records.answers import go
from kemai.sales.models import Pool, PoolRule
from kemai.sales.models.pool import POOL_KINDS, RETURN_EVENTS
from kemai.sales.services.pools import extensions, rehearsal, settings, stock, uses
from kemai.sales.services.pools.kinds import KINDS
from kemai.sales.services.pools.wording import rule_text

LISTS = ("users", "departments", "keepers", "shut", "shown")


@signed_in
@require_safe
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    pools = settings.pools(actor)
    if not pools and not actor.is_admin:
        raise access.Denied
    rows = [
        (
            pool, settings.lying(pool), sum(rule.since is not None for rule in settings.rules(pool)),
            uses.broken(pool.where, pool.kind),
        )
        for pool in pools
    ]  # fmt: skip
    return render(request, "sales/pool_desks.html", {"rows": rows, "is_admin": actor.is_admin})


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, actor: Actor, pk: int = 0) -> HttpResponse:
    """A new pool, or the terms of one."""
    pool = settings.one_pool(pk, by=actor) if pk else None
    if pool is None and not actor.is_admin:
        raise access.Denied
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            saved = settings.save_pool(pool, typed(request), by=actor)
        except FieldErrors as error:
            errors = dict(error.errors)
        else:
            return go(request, reverse("pool_desk", args=[saved.pk]), _("已保存，立即生效"))
    shown = pool if pool is not None else Pool(kind=chosen_kind(request))
    if errors:
        if pool is not None:
            shown = settings.one_pool(pk, by=actor)
        for name in (*settings.NUMBERS, *settings.HOURS, "name", "note"):
            setattr(shown, name, request.POST.get(name, ""))
    context = form_context(actor, shown, errors)
    return render(request, "sales/pool_form.html", context, status=422 if errors else 200)


def chosen_kind(request: HttpRequest) -> str:
    kind = request.POST.get("kind") or request.GET.get("kind", "customer")
    return kind if kind in KINDS else "customer"


def typed(request: HttpRequest) -> dict[str, Any]:
    post = request.POST
    values: dict[str, Any] = {
        name: post.get(name, "") for name in ("name", "kind", "note", *settings.NUMBERS)
    }
    values |= {name: post[name] for name in settings.HOURS if name in post}
    values |= {name: post.get(name) == "1" for name in settings.FLAGS}
    values |= {name: post.getlist(name) for name in LISTS}
    values["where"] = sent_where(request)
    return values


def sent_where(request: HttpRequest) -> Any:
    try:
        return filters.expand(loads(request.POST.get("where", ""))) or {}
    except QueryError as error:
        raise FieldErrors({"where": error.message}) from error


def form_context(actor: Actor, pool: Pool, errors: dict[str, str]) -> dict[str, Any]:
    people = [{"value": key, "label": name, "sub": place} for key, name, place in access.people("", 500)]
    places = [{"value": key, "label": name} for key, name in access.departments("", 500)]
    fields = get(pool.kind).fields
    return {
        "pool": pool,
        "errors": errors,
        "kinds": [{"value": one.value, "label": one.label} for one in POOL_KINDS],
        "people": people,
        "departments": places,
        "shuttable": [{"value": key, "label": fields[key].label} for key in settings.shuttable(pool.kind)],
        "personal": [{"value": key, "label": fields[key].label} for key in settings.personal(pool.kind)],
        "where": dumps(filters.collapse(pool.where)) if pool.where else "",
        "config": filters.config(SYSTEM, get(pool.kind), pool.where or None),
    }


@signed_in
@require_safe
def desk(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """The rules, and what has become of the pool."""
    pool = settings.one_pool(pk, by=actor)
    context = {
        "pool": pool,
        "rules": [
            (rule, rule_text(rule), uses.broken(rule.where, pool.kind)) for rule in settings.rules(pool)
        ],
        "pool_gone": uses.broken(pool.where, pool.kind),
        "waiting": waiting(actor, pool),
        "stock": stock.read(pool),
        "period": stock.PERIOD,
        "drill": Drill(pool),
        "is_admin": actor.is_admin,
        "ownerless": ownerless(pool),
    }
    return render(request, "sales/pool_desk.html", context)


def waiting(actor: Actor, pool: Pool) -> list[dict[str, Any]]:
    """The requests that wait, each with the record as the keeper sees it."""
    asked = list(extensions.open_for(pool))
    rows = access.scope(actor, pool.kind).filter(pk__in=[one.object_id for one in asked])
    kind = get(pool.kind)
    titles = {one.pk: access.mask_title(actor, kind, str(one)) for one in rows}
    return [
        {
            "asked": one,
            "title": titles.get(one.object_id, f"#{one.object_id}"),
            "url": reverse("record", args=[pool.kind, one.object_id]),
        }
        for one in asked
    ]


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def extension(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """The dialogue in which a request is granted or refused."""
    asked = extensions.one(pk, by=actor)
    errors: dict[str, str] = {}
    days = request.POST.get("days", str(asked.days)).strip()
    if request.method == "POST":
        number = int(days) if days.isascii() and days.isdecimal() and len(days) < 6 else -1
        yes, note = request.POST.get("answer") != "no", request.POST.get("note", "")
        try:
            extensions.decide(pk, yes=yes, days=number, note=note, by=actor)
        except FieldErrors as error:
            errors = dict(error.errors)
        else:
            said = _("已同意延期") if yes else _("没有同意延期，已告诉申请人")
            return go(request, reverse("pool_desk", args=[asked.pool_id]), said)
    context = {
        "asked": asked,
        "errors": errors,
        "act_url": request.path,
        "days": days,
        "note": request.POST.get("note", ""),
    }
    return render(request, "sales/pool_extension.html", context, status=422 if errors else 200)


def ownerless(pool: Pool) -> int:
    """How many the pool would take that nobody has: up to a thousand are counted."""
    return len(stock.ownerless(pool))


class Drill:
    """The records behind a figure."""

    def __init__(self, pool: Pool) -> None:
        self.kind = pool.kind

    def list(self, user: int, *more: dict[str, Any]) -> str:
        return list_url(self.kind, [leaf("owner", "in", [user]), *more])

    def held(self, user: int) -> str:
        return self.list(user)

    def soon(self, user: int) -> str:
        return self.list(user, leaf("return_due_on", "next", 7))

    def untouched(self, user: int) -> str:
        return self.list(user, leaf("two_way_on", "empty"), leaf("follow_up_on", "empty"))

    def protected(self, user: int) -> str:
        return self.list(user, leaf("protected_until", "not_empty"))


@signed_in
@require_POST
def fill(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Puts what has no owner and lies nowhere into the pools, a thousand at a time."""
    from kemai.sales.services.pools.keeping import place_new

    pool = settings.one_pool(pk, by=actor)
    kind = KINDS[pool.kind]
    done = place_new(kind, kind.type.records().filter(pk__in=stock.ownerless(pool)))
    return go(request, reverse("pool_desk", args=[pk]), _("已放入公海 %(n)s 条") % {"n": done})


@signed_in
@require_POST
def remove(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    settings.delete_pool(settings.one_pool(pk, by=actor), by=actor)
    return go(request, reverse("pool_desks"), _("已删除公海"))


def rule_of(pool: Pool, key: int) -> PoolRule | None:
    if not key:
        return None
    found = next((rule for rule in settings.rules(pool) if rule.pk == key), None)
    if found is None:
        raise NotVisible
    return found


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def rule(request: HttpRequest, actor: Actor, pk: int, key: int = 0) -> HttpResponse:
    """A return rule: first rehearsed, then kept. One that would return half of everything must be confirmed."""
    pool = settings.one_pool(pk, by=actor)
    stored = rule_of(pool, key)
    values = rule_values(stored)
    errors: dict[str, str] = {}
    seen: rehearsal.Tonight | None = None
    if request.method == "POST":
        values = {name: request.POST.get(name, "") for name in ("event", "days", "since")}
        values |= {name: request.POST.get(name) == "1" for name in ("workdays", "active")}
        try:
            values["where"] = sent_where(request)
            draft = settings.draft_rule(pool, stored, values, by=actor)
            seen = rehearsal.tonight(draft, by=actor)
            if not seen.heavy or request.POST.get("confirm") == "1":
                settings.save_rule(draft, by=actor)
                return go(request, reverse("pool_desk", args=[pk]), _("规则已保存，退回日期正在后台重新计算"))
            errors["confirm"] = _("请先看清预演，再勾选确认")
        except FieldErrors as error:
            errors = dict(error.errors)
    context = rule_context(pool, stored, values, errors) | {"seen": seen}
    return render(request, "sales/pool_rule.html", context, status=422 if errors else 200)


def rule_values(stored: PoolRule | None) -> dict[str, Any]:
    if stored is None:
        return {"event": "follow_up", "days": 30, "workdays": False, "active": True, "since": "", "where": {}}
    return {
        "event": stored.event, "days": stored.days, "workdays": stored.workdays, "active": stored.since is not None,
        "since": stored.since.isoformat() if stored.since else "", "where": stored.where,
    }  # fmt: skip


def rule_context(
    pool: Pool, stored: PoolRule | None, values: dict[str, Any], errors: dict[str, str]
) -> dict[str, Any]:
    where = values.get("where") or {}
    known = KINDS[pool.kind].events
    return {
        "pool": pool,
        "rule": stored,
        "values": values,
        "errors": errors,
        "events": [{"value": one.value, "label": one.label} for one in RETURN_EVENTS if one.value in known],
        "where": dumps(filters.collapse(where)) if where else "",
        "config": filters.config(SYSTEM, get(pool.kind), where or None),
    }


@signed_in
@require_POST
def rehearse(request: HttpRequest, actor: Actor, pk: int, key: int = 0) -> HttpResponse:
    """What the rule as it is typed would do tonight, and would have done in a year."""
    pool = settings.one_pool(pk, by=actor)
    stored = rule_of(pool, key)
    values: dict[str, Any] = {name: request.POST.get(name, "") for name in ("event", "days", "since")}
    values |= {"workdays": request.POST.get("workdays") == "1", "active": True}
    try:
        values["where"] = sent_where(request)
        draft = settings.draft_rule(pool, stored, values, by=actor)
    except FieldErrors as error:
        return render(request, "sales/pool_rehearsal.html", {"errors": error.errors})
    context: dict[str, Any] = {
        "errors": {}, "seen": rehearsal.tonight(draft, by=actor), "year": rehearsal.past_year(draft), "kind": pool.kind,
        "text": rule_text(draft), "since": draft.since,
    }  # fmt: skip
    context["chart_spec"] = {
        "type": "bar",
        "title": _("过去十二个月每月会退回"),
        "unit": _("条"),
        "x": [f"{month:%Y-%m}" for month, _n in context["year"].months],
        "series": [{"name": _("退回"), "data": [n for _m, n in context["year"].months], "color": "orange"}],
    }
    return render(request, "sales/pool_rehearsal.html", context)


@signed_in
@require_POST
def rule_remove(request: HttpRequest, actor: Actor, pk: int, key: int) -> HttpResponse:
    pool = settings.one_pool(pk, by=actor)
    found = rule_of(pool, key)
    if found is not None:
        settings.delete_rule(found, by=actor)
    return go(request, reverse("pool_desk", args=[pk]), _("已删除规则"))
