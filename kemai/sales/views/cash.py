"""Receipts and invoices: reversal, allocation, issuing; and the ageing of what is owed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kemai.kit.money import from_cents
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.records import FieldErrors
from kemai.platform.ui.door import signed_in
from kemai.sales.models import Invoice, Receipt
from kemai.sales.services import ageing as ages
from kemai.sales.services import invoices, lines, prices, receipts
from kemai.sales.views.dialog import Asked, Button, Dialog, Step, step


@step("receipt")
def reverse_receipt(actor: Actor, receipt: Receipt) -> Step:
    dialog = Dialog(
        _("红冲：%(number)s") % {"number": receipt.number},
        [Asked("note", _("红冲的原因"), "textarea", required=True)],
        [Button(_("红冲"), kind="danger-solid")],
        warning=_("会登记一笔 −%(amount)s 的回款，它核销过的计划重新变成未回。原来的回款留着，不会删除。") % {
            "amount": f"{receipt.amount:,.2f}",
        },
    )  # fmt: skip

    def act(typed: Mapping[str, str]) -> str:
        made = receipts.reverse(receipt.pk, typed["note"], by=actor)
        return _("已红冲，见 %(number)s") % {"number": made.number}

    return Step(dialog, act)


@step("receipt")
def allocate(actor: Actor, receipt: Receipt) -> Step:
    open_ones = receipts.open_plans(receipt)
    asked = [
        Asked(
            f"plan-{plan.pk}", f"{plan.due_on:%Y-%m-%d} {plan}", "money", f"{from_cents(part):.2f}" if part else "",
            help=_("这一期最多 %(free)s") % {"free": f"{from_cents(free):,.2f}"},
        )
        for plan, part, free in open_ones
    ]  # fmt: skip
    dialog = Dialog(
        _("分配到计划：%(number)s") % {"number": receipt.number}, asked, [Button(_("保存分配"))],
        facts=[(_("回款金额"), f"{receipt.amount:,.2f}")],
        intro="" if asked else _("这份合同没有还要回款的计划，请先排回款计划。"),
    )  # fmt: skip

    def act(typed: Mapping[str, str]) -> str:
        errors: dict[str, str] = {}
        wanted = {
            plan.pk: lines.amount(typed[f"plan-{plan.pk}"], f"plan-{plan.pk}", errors)
            for plan, _part, _free in open_ones
        }
        if errors:
            raise FieldErrors(errors)
        receipts.allocate_by_hand(receipt.pk, {key: part for key, part in wanted.items() if part}, by=actor)
        return _("已重新分配")

    return Step(dialog, act)


@step("invoice")
def issue(actor: Actor, invoice: Invoice) -> Step:
    dialog = Dialog(
        _("登记开票：%(number)s") % {"number": invoice.number},
        [
            Asked("invoice_number", _("发票号码"), required=True),
            Asked("issued_on", _("开票日期"), "date", prices.today().isoformat(), required=True),
        ],
        [Button(_("登记开票"))],
        facts=[(_("抬头"), invoice.title.name), (_("税号"), invoice.title.tax_number or "—"),
               (_("金额"), f"{invoice.amount:,.2f}")],
    )  # fmt: skip

    def act(typed: Mapping[str, str]) -> str:
        invoices.issue(invoice.pk, typed["invoice_number"], day(typed["issued_on"]), by=actor)
        return _("已登记开票")

    return Step(dialog, act)


def day(text: str) -> Any:
    try:
        return parse_date(text)
    except ValueError:
        return None


@step("invoice")
def reject(actor: Actor, invoice: Invoice) -> Step:
    dialog = Dialog(
        _("驳回：%(number)s") % {"number": invoice.number},
        [Asked("note", _("驳回的原因"), "textarea", required=True)],
        [Button(_("驳回"), kind="danger")],
    )

    def act(typed: Mapping[str, str]) -> str:
        invoices.reject(invoice.pk, typed["note"], by=actor)
        return _("已驳回开票申请")

    return Step(dialog, act)


@step("invoice")
def red(actor: Actor, invoice: Invoice) -> Step:
    dialog = Dialog(
        _("红冲：%(number)s") % {"number": invoice.invoice_number or invoice.number},
        [
            Asked("invoice_number", _("红字发票号码")),
            Asked("note", _("红冲的原因"), "textarea", required=True),
        ],
        [Button(_("红冲"), kind="danger-solid")],
        warning=_("会登记一张 −%(amount)s 的红字发票，这个金额可以重新开票。") % {
            "amount": f"{invoice.amount:,.2f}",
        },
    )  # fmt: skip

    def act(typed: Mapping[str, str]) -> str:
        made = invoices.red(invoice.pk, typed["invoice_number"], typed["note"], by=actor)
        return _("已红冲，见 %(number)s") % {"number": made.number}

    return Step(dialog, act)


@signed_in
@require_safe
def ageing(request: HttpRequest, actor: Actor) -> HttpResponse:
    access.require(actor, "receipt_plan", "view")
    return render(request, "sales/ageing.html", {"tables": ages.tables(actor), "today": prices.today()})
