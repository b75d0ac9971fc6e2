"""Pages of personal data and of data health, and what is done on them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kemai.customers.models import EntryStandard, RetentionRule
from kemai.customers.pages.links import leaf, list_url
from kemai.customers.services import consents, health, privacy, recheck, retention
from kemai.platform import access, jobs, query
from kemai.platform.access import Actor
from kemai.platform.access.auditor import may_audit
from kemai.platform.fields import clauses
from kemai.platform.jobs import status
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors, Refused
from kemai.platform.ui.door import is_fragment, signed_in
from kemai.platform.ui.lists import filters
from kemai.platform.ui.lists.state import loads
from kemai.platform.ui.records.answers import announce, go

COUNT = "kemai.customers.jobs.count_health"
COUNT_KEY = "customers.health.now"
"""One count at a time, whoever asked for it: all who see the page see how far it is."""


def said(error: FieldErrors) -> str:
    return clauses(error.errors.values())


@signed_in
@require_safe
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What waits, what is registered, what runs."""
    access.require(actor, "privacy_request", "view")
    today = timezone.localdate(timezone=timezone.get_default_timezone())
    waiting = (
        access.scope(actor, "privacy_request")
        .exclude(state__in=privacy.OVER)
        .select_related("customer", "owner")
    )
    context = {
        "waiting": waiting.order_by("due_on", "pk")[:50],
        "today": today,
        "late": waiting.filter(due_on__lt=today).count(),
        "purposes": access.scope(actor, "data_purpose").order_by("name")[:100],
        "texts": access.scope(actor, "consent_text").order_by("-published_on")[:20],
        "rules": access.scope(actor, "retention_rule").order_by("name")[:50],
        "may_incidents": may_audit(actor),
        "may_create": access.may(actor, "privacy_request", "create"),
        "may_purpose": access.may(actor, "data_purpose", "create"),
        "may_text": access.may(actor, "consent_text", "create"),
        "may_rule": access.may(actor, "retention_rule", "create"),
    }
    return render(request, "customers/privacy.html", context)


@signed_in
@require_POST
def verify(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    try:
        privacy.verify(pk, request.POST.get("identity", ""), by=actor)
    except FieldErrors as error:
        raise Refused("identity", said(error)) from error
    return go(request, reverse("record", args=["privacy_request", pk]), _("身份已核验，可以办理了"))


@signed_in
@require_POST
def fulfil(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    try:
        done = privacy.fulfil(pk, by=actor, answer=request.POST.get("answer", ""))
    except FieldErrors as error:
        raise Refused("answer", said(error)) from error
    words = {
        "access": _("资料包已生成，在“文件”里"), "transfer": _("资料包已生成，在“文件”里"),
        "erase": _("个人信息已删除"), "withdraw": _("已撤回全部同意"),
    }  # fmt: skip
    return go(request, reverse("record", args=["privacy_request", pk]), words.get(done.kind, _("已办结")))


@signed_in
@require_POST
def refuse(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    try:
        privacy.refuse(pk, request.POST.get("answer", ""), by=actor)
    except FieldErrors as error:
        raise Refused("answer", said(error)) from error
    return go(request, reverse("record", args=["privacy_request", pk]), _("已拒绝，理由已记录"))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def rule(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """The rehearsal: what the rule would take today."""
    found: RetentionRule = access.one(actor, "retention_rule", pk, "edit")
    seen = retention.rehearse(found, by=actor)
    found.refresh_from_db()
    context = {"rule": found, "seen": seen, "rehearse_url": reverse("retention_rule", args=[pk])}
    return render(request, "customers/retention_rule.html", {"content": context})


@signed_in
@require_POST
def rule_switch(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    on = request.POST.get("on") == "1"
    retention.switch(pk, on=on, by=actor)
    text = _("规则已启用，每天凌晨执行") if on else _("规则已停用")
    return go(request, reverse("record", args=["retention_rule", pk]), text)


@signed_in
@require_POST
def consent(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """A yes or a no, from the customer's page."""
    purpose, proof = request.POST.get("purpose", ""), request.POST.get("proof", "").strip()
    try:
        if request.POST.get("state") == "granted":
            consents.give(
                pk,
                purpose=purpose,
                proof=proof or _("口头同意，%(name)s 记录") % {"name": actor.name},
                by=actor,
            )
            text = _("已记录同意")
        else:
            consents.withdraw(pk, purpose=purpose, proof=proof, by=actor)
            text = _("已撤回，等待发送的内容已经停下")
    except FieldErrors as error:
        raise Refused("consent", said(error)) from error
    return announce(HttpResponse(status=204), text)


@signed_in
@require_POST
def recheck_answer(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    try:
        recheck.answer(pk, request.POST.get("found", ""), by=actor)
    except FieldErrors as error:
        raise Refused("recheck", said(error)) from error
    return announce(HttpResponse(status=204), _("核对结果已记录"))


@signed_in
@require_safe
def health_page(request: HttpRequest, actor: Actor) -> HttpResponse:
    access.require(actor, "customer", "view")
    found = health.read(actor)
    rules = recheck.rules()
    context: dict[str, Any] = {
        "health": found,
        "counting": is_counting(),
        "lines": [(line, list_url("customer", line.measure.bad)) for line in found.lines],
        "shown": [line.measure for line in found.lines][:6],
        "whole": access.verb_scope(actor, get("customer"), "view") == "all",
        "rules": rules,
        "fields": (
            ("days", _("多少天没有核实就再问")),
            ("per_owner", _("每人同时最多几个")),
            ("due_days", _("几天内完成")),
        ),
        "is_admin": actor.is_admin,
        "stale_url": list_url("customer", {"not": leaf("verified_at", "last", rules["days"])}),
        "may_standard": access.may(actor, "entry_standard", "create"),
    }
    return render(request, "customers/health.html", context)


@signed_in
@require_POST
def health_count(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Counts anew, in the background; one such job at a time."""
    access.require(actor, "customer", "view")
    jobs.enqueue(COUNT, {}, key=COUNT_KEY, title=str(_("数据健康统计")), again=True)
    return render(request, "customers/health_counting.html")


def is_counting() -> bool:
    job = status.by_key(COUNT_KEY)
    return job is not None and job.state in {"waiting", "running"}


@signed_in
@require_safe
def health_progress(request: HttpRequest, actor: Actor) -> HttpResponse:
    """How far the count is; asked for by htmx, it has ended, and the page shows what came out."""
    access.require(actor, "customer", "view")
    if is_fragment(request):
        return go(request, reverse("health"))
    job = status.by_key(COUNT_KEY)
    return JsonResponse(status.shown(job) if job is not None else {"done": 0, "total": None, "state": "done"})


@signed_in
@require_safe
def recheck_rehearse(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What the rules as they are typed would do, before anybody gets a task."""
    if not actor.is_admin:
        raise access.Denied
    try:
        rules = recheck.cleaned({key: request.GET.get(key, "") for key in recheck.LIMITS})
    except FieldErrors as error:
        return render(request, "customers/recheck_rehearsal.html", {"error": said(error)})
    owners, tasks, waiting = recheck.rehearse(rules["days"], rules["per_owner"])
    found = {"owners": owners, "tasks": tasks, "waiting": waiting, "error": ""}
    return render(request, "customers/recheck_rehearsal.html", found)


@signed_in
@require_POST
def recheck_save(request: HttpRequest, actor: Actor) -> HttpResponse:
    typed = {key: request.POST.get(key, "") for key in recheck.LIMITS}
    try:
        recheck.save_rules(typed, by=actor)
    except FieldErrors as error:
        raise Refused("recheck", said(error)) from error
    return go(request, reverse("health"), _("已保存"))


@signed_in
@require_POST
def standard_save(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    one: EntryStandard = access.one(actor, "entry_standard", pk, "edit")
    try:
        where = filters.expand(loads(request.POST.get("where", ""))) or {}
        query.parse(where, get("customer"), actor.moment(), access.field_levels(actor, get("customer")))
    except query.QueryError as error:
        raise Refused("where", error.message) from error
    health.set_condition(one, where, by=actor)
    return announce(HttpResponse(status=204), _("条件已保存，下次统计时生效"))
