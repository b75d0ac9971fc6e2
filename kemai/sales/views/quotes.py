"""The steps of a quote, and its document."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kemai.platform import access, exports
from kemai.platform.access import Actor
from kemai.platform.exports import Order
from kemai.platform.ui.door import signed_in
from kemai.sales.models import Quote
from kemai.sales.services import contracts, documents, lines, quote_answers, quotes
from kemai.sales.views.approval import amount_of, asking, deciding
from kemai.sales.views.dialog import Asked, Button, Dialog, Elsewhere, Step, step


@step("quote")
def ask(actor: Actor, quote: Quote) -> Step:
    verdict = quotes.limits_of(quote, lines.lines_of("quote", quote.pk))
    return asking(
        _("提交审批：%(number)s") % {"number": quote}, _("为什么给这个价格"),
        lambda reason: quotes.ask_approval(quote.pk, reason, by=actor),
        warning="" if verdict.ok else quotes.beyond_words(verdict),
        intro=_("折扣都在允许的范围内，不经审批也可以直接发给客户。") if verdict.ok else "",
    )  # fmt: skip


@step("quote")
def decide(actor: Actor, quote: Quote) -> Step:
    verdict = quotes.limits_of(quote, lines.lines_of("quote", quote.pk))
    return deciding(
        "quote", quote, _("审批：%(number)s") % {"number": quote}, _("已同意，可以发给客户了"), actor,
        lambda *, yes, note: quotes.decide(quote.pk, yes=yes, note=note, by=actor),
        warning="" if verdict.ok else quotes.beyond_words(verdict), facts=amount_of(quote),
    )  # fmt: skip


@step("quote")
def answer(actor: Actor, quote: Quote) -> Step:
    dialog = Dialog(
        _("登记答复：%(number)s") % {"number": quote},
        [
            Asked("name", _("客户方是谁答复的"), required=True, value=quote.contact.name if quote.contact else ""),
            Asked("note", _("说明"), "textarea"),
        ],
        [Button(_("已接受"), "yes"), Button(_("已拒绝"), "no", "danger")],
        intro=_("接受以后会生成合同草稿，商机进入下一阶段。"),
    )  # fmt: skip

    def act(typed: Mapping[str, str]) -> str:
        yes = typed["answer"] == "yes"
        quote_answers.answer_told(quote.pk, yes=yes, name=typed["name"], note=typed["note"], by=actor)
        return _("已登记：客户接受了报价") if yes else _("已登记：客户拒绝了报价")

    return Step(dialog, act)


@step("quote")
def version(actor: Actor, quote: Quote) -> Step:
    dialog = Dialog(
        _("新建版本：%(number)s") % {"number": quote},
        [],
        [Button(_("新建版本"))],
        intro=_(
            "会复制这一版的内容成为草稿；新版本发出以后，这一版显示为“已有新版”，客户的旧链接不能再接受。"
        ),
    )

    def act(typed: Mapping[str, str]) -> Elsewhere:
        made = quotes.new_version(quote.pk, by=actor)
        return Elsewhere(_("已新建 %(number)s") % {"number": made}, "quote", made.pk)

    return Step(dialog, act)


@step("quote", "view")
def contract(actor: Actor, quote: Quote) -> Step:
    access.require(actor, "contract", "create")
    there = access.scope(actor, "contract").filter(quote=quote.pk).first()
    warning = _("已经有合同 %(number)s 来自这份报价") % {"number": there.number} if there else ""
    dialog = Dialog(
        _("生成合同：%(number)s") % {"number": quote}, [], [Button(_("生成合同草稿"))], warning=warning,
        intro=_("客户、明细和金额都从报价带过去。"),
    )  # fmt: skip

    def act(typed: Mapping[str, str]) -> Elsewhere:
        made = contracts.from_quote(quote, by=actor)
        return Elsewhere(_("已生成合同草稿 %(number)s") % {"number": made.number}, "contract", made.pk)

    return Step(dialog, act)


@signed_in
@require_safe
def pdf(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """For whoever may see it: a document for the customer. It is noted like every print."""
    quote: Quote = access.one(actor, "quote", pk)
    exports.note(actor, Order("quote", ids=(pk,), format="print"), 1)
    return documents.response(documents.quote_pdf(quote), f"{quote}.pdf")
