"""The steps of a quote, and its document."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from kemai.platform import access, exports
from kemai.platform.access import Actor
from kemai.platform.exports import Order
from kemai.platform.ui.door import signed_in
from kemai.sales.models import Quote
from kemai.sales.services import approvals, contracts, documents, lines, quote_answers, quotes
from kemai.sales.views.dialog import Asked, Button, Dialog, Done, run

FORM = ["GET", "HEAD", "POST"]


def page_of(type_key: str, pk: int) -> str:
    return reverse("record", args=[type_key, pk])


@signed_in
@require_http_methods(FORM)
def ask(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    quote: Quote = access.one(actor, "quote", pk, "edit")
    verdict = quotes.limits_of(quote, lines.lines_of("quote", pk))
    dialog = Dialog(
        _("提交审批：%(number)s") % {"number": quote},
        [Asked("reason", _("为什么给这个价格"), "textarea", help=_("审批的人会看到"))],
        [Button(_("提交审批"))],
        warning="" if verdict.ok else quotes.beyond_words(verdict),
        intro=_("折扣都在允许的范围内，不经审批也可以直接发给客户。") if verdict.ok else "",
    )

    def act(typed: Mapping[str, str]) -> Done:
        quotes.ask_approval(pk, typed["reason"], by=actor)
        return page_of("quote", pk), _("已提交审批")

    return run(request, dialog, act)


@signed_in
@require_http_methods(FORM)
def decide(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    quote: Quote = access.one(actor, "quote", pk, "edit")
    refuse_stranger("quote", quote, actor)
    verdict = quotes.limits_of(quote, lines.lines_of("quote", pk))
    dialog = decision(
        _("审批：%(number)s") % {"number": quote}, quote, "" if verdict.ok else quotes.beyond_words(verdict)
    )

    def act(typed: Mapping[str, str]) -> Done:
        yes = typed["answer"] == "yes"
        quotes.decide(pk, yes=yes, note=typed["note"], by=actor)
        return page_of("quote", pk), _("已同意，可以发给客户了") if yes else _("已驳回，退回草稿")

    return run(request, dialog, act)


def refuse_stranger(type_key: str, document: object, actor: Actor) -> None:
    """Raises access.Denied."""
    refused = approvals.why_not(type_key, document, actor)
    if refused:
        raise access.Denied(refused)


def decision(title: str, document: Quote | object, warning: str) -> Dialog:
    told = getattr(document, "approval", {})
    facts = [(_("提交人"), str(told.get("asked_name", ""))), (_("理由"), str(told.get("reason", "") or "—"))]
    facts.append((_("金额"), f"{document.amount:,.2f} {document.currency}"))  # type: ignore[union-attr]
    return Dialog(
        title,
        [Asked("note", _("意见"), "textarea", help=_("驳回时必填"))],
        [Button(_("同意"), "yes"), Button(_("驳回"), "no", "danger")],
        warning=warning,
        facts=facts,
    )


@signed_in
@require_http_methods(FORM)
def answer(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    quote: Quote = access.one(actor, "quote", pk, "edit")
    dialog = Dialog(
        _("登记答复：%(number)s") % {"number": quote},
        [
            Asked("name", _("客户方是谁答复的"), required=True, value=quote.contact.name if quote.contact else ""),
            Asked("note", _("说明"), "textarea"),
        ],
        [Button(_("已接受"), "yes"), Button(_("已拒绝"), "no", "danger")],
        intro=_("接受以后会生成合同草稿，商机进入下一阶段。"),
    )  # fmt: skip

    def act(typed: Mapping[str, str]) -> Done:
        yes = typed["answer"] == "yes"
        quote_answers.answer_told(pk, yes=yes, name=typed["name"], note=typed["note"], by=actor)
        return page_of("quote", pk), _("已登记：客户接受了报价") if yes else _("已登记：客户拒绝了报价")

    return run(request, dialog, act)


@signed_in
@require_http_methods(FORM)
def version(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    quote: Quote = access.one(actor, "quote", pk, "edit")
    dialog = Dialog(
        _("新建版本：%(number)s") % {"number": quote},
        [],
        [Button(_("新建版本"))],
        intro=_(
            "会复制这一版的内容成为草稿；新版本发出以后，这一版显示为“已有新版”，客户的旧链接不能再接受。"
        ),
    )

    def act(typed: Mapping[str, str]) -> Done:
        made = quotes.new_version(pk, by=actor)
        return page_of("quote", made.pk), _("已新建 %(number)s") % {"number": made}

    return run(request, dialog, act)


@signed_in
@require_http_methods(FORM)
def contract(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    quote: Quote = access.one(actor, "quote", pk)
    access.require(actor, "contract", "create")
    there = access.scope(actor, "contract").filter(quote=pk).first()
    warning = _("已经有合同 %(number)s 来自这份报价") % {"number": there.number} if there else ""
    dialog = Dialog(
        _("生成合同：%(number)s") % {"number": quote}, [], [Button(_("生成合同草稿"))], warning=warning,
        intro=_("客户、明细和金额都从报价带过去。"),
    )  # fmt: skip

    def act(typed: Mapping[str, str]) -> Done:
        made = contracts.from_quote(quote, by=actor)
        return page_of("contract", made.pk), _("已生成合同草稿 %(number)s") % {"number": made.number}

    return run(request, dialog, act)


@signed_in
@require_safe
def pdf(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """For whoever may see it: a document for the customer. It is noted like every print."""
    quote: Quote = access.one(actor, "quote", pk)
    exports.note(actor, Order("quote", ids=(pk,), format="print"), 1)
    return documents.response(documents.quote_pdf(quote), f"{quote}.pdf")
