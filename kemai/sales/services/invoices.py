"""Invoices: asked for up to what is not invoiced yet of a contract, issued or rejected, taken back by a red one."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from kemai.kit.money import to_cents
from kemai.platform import access, audit, events, records
from kemai.platform.access import Actor
from kemai.platform.fields import Ref
from kemai.platform.records import FieldErrors, Refused
from kemai.sales.models import Invoice, InvoiceTitle
from kemai.sales.rules.cash import IN_FORCE, may_take
from kemai.sales.services import approvals, books, prices
from kemai.sales.services.given import plain, ref, refuse_changes

Values = dict[str, Any]
FROZEN = ("number", "contract", "title", "kind", "amount", "invoice_number", "issued_on", "reverses")
TAX_NUMBER = range(15, 21)


def prepare_title(values: Values, existing: InvoiceTitle | None, by: Actor) -> None:
    kind = values.get("kind", existing.kind if existing else "company")
    number = values.get("tax_number", existing.tax_number if existing else "") or ""
    if number:
        values["tax_number"] = number = number.replace(" ", "").upper()
        if not (number.isascii() and number.isalnum() and len(number) in TAX_NUMBER):
            raise FieldErrors({"tax_number": _("税号是 15 到 20 位字母和数字，请核对")})
    elif kind == "company":
        raise FieldErrors({"tax_number": _("企业抬头需要税号")})


def prepare_invoice(values: Values, existing: Invoice | None, by: Actor) -> None:
    if existing is None:
        return
    if "state" in values:
        raise FieldErrors({"state": _("状态由开票、驳回、红冲改变，不能直接改")})
    if "contract" in values and plain(values["contract"]) != existing.contract_id:
        raise FieldErrors({"contract": _("开票申请不能换到另一份合同")})
    if existing.state == "requested":
        return
    text = _("这张发票是“%(state)s”，不能修改；开错了请红冲") % {"state": existing.get_state_display()}
    refuse_changes(values, existing, FROZEN, text)


def check_invoices(values: Sequence[Values], existing: Sequence[Invoice | None], by: Actor) -> None:
    """The heading is the customer's, and all that is asked for is no more than the contract. The contracts are held."""
    asks = [
        (one, old)
        for one, old in zip(values, existing, strict=True)
        if one.get("reverses_id") is None and (old is None or not {"amount", "title"}.isdisjoint(one))
    ]
    held = books.lock(contract_of(one, old) for one, old in asks)
    titles = {key for one, old in asks if (key := plain(one.get("title"))) is not None}
    owners = dict(InvoiceTitle.objects.filter(pk__in=titles).values_list("pk", "customer_id"))
    taken = books.asked(held, but=[old.pk for _one, old in asks if old is not None])
    for one, old in asks:
        contract = held.get(contract_of(one, old))
        if contract is None:
            raise FieldErrors({"contract": _("请选择合同")})
        title = plain(one.get("title"))
        if title is not None and owners.get(title) != contract.customer_id:
            raise FieldErrors({"title": _("这个抬头不是合同客户的；请先在客户名下添加发票抬头")})
        amount = to_cents(one.get("amount", old.amount if old else None) or Decimal(0))
        verdict = may_take(
            amount, contract=to_cents(contract.amount), taken=taken.get(contract.pk, 0),
            in_force=contract.state in IN_FORCE,
        )  # fmt: skip
        books.refuse(verdict, contract, invoice=True)
        taken[contract.pk] = taken.get(contract.pk, 0) + amount


def check_restore(invoices: Sequence[Invoice], by: Actor) -> None:
    """What was asked for while they lay in the bin stands. Raises Refused with the figures."""
    back: dict[int, int] = defaultdict(int)
    for invoice in invoices:
        back[invoice.contract_id] += to_cents(invoice.amount) if invoice.state in books.ASKED else 0
    held = books.lock(back)
    there = books.asked(held)
    for key, contract in held.items():
        total, most = there.get(key, 0) + back[key], to_cents(contract.amount)
        if back[key] > 0 and total > most:
            text = _(
                "恢复以后申请开票合计 %(total)s，超过合同金额 %(most)s，多出 %(over)s；请先驳回多余的申请，再恢复"
            )
            raise Refused("beyond", text % {
                "total": books.money(total), "most": books.money(most), "over": books.money(total - most),
            })  # fmt: skip


def contract_of(values: Values, existing: Invoice | None) -> int:
    found = plain(values.get("contract"))
    return found if found is not None else existing.contract_id if existing else 0


def check_delete(invoices: Sequence[Invoice], by: Actor) -> None:
    for invoice in invoices:
        if invoice.state in books.ISSUED:
            raise Refused(
                "issued", _("已开的发票 %(number)s 不能删除；开错了请红冲") % {"number": invoice.number}
            )


# steps


def issue(pk: int, invoice_number: str, issued_on: dt.date | None, *, by: Actor) -> Invoice:
    """Raises access.NotVisible, access.Denied, FieldErrors, Refused."""
    bare = invoice_number.replace(" ", "")
    if not (bare.isascii() and bare.isalnum() and 8 <= len(bare) <= 20):
        raise FieldErrors({"invoice_number": _("发票号码是 8 到 20 位数字，请核对")})
    with transaction.atomic():
        invoice: Invoice = approvals.locked("invoice", pk, "edit", by)
        check_requested(invoice)
        held = books.lock([invoice.contract_id])[invoice.contract_id]
        taken = books.asked([held.pk], but=[pk]).get(held.pk, 0)
        verdict = may_take(
            to_cents(invoice.amount),
            contract=to_cents(held.amount),
            taken=taken,
            in_force=held.state in IN_FORCE,
        )
        books.refuse(verdict, held, invoice=True)
        if Invoice.objects.filter(invoice_number=bare, deleted_at=None, state__in=books.ISSUED).exists():
            raise FieldErrors({"invoice_number": _("发票号码 %(number)s 已经用过") % {"number": bare}})
        values = {"state": "issued", "invoice_number": bare, "issued_on": issued_on or prices.today()}
        records.put("invoice", invoice, values, by=by, kind="step")
        books.settle([invoice.contract_id])
        events.emit("invoice.issued", "invoice", pk, payload={"amount": str(invoice.amount)})
    return invoice


def check_requested(invoice: Invoice) -> None:
    if invoice.state != "requested":
        raise Refused("no_step", _("这张开票申请是“%(state)s”") % {"state": invoice.get_state_display()})


def reject(pk: int, note: str, *, by: Actor) -> Invoice:
    if not note.strip():
        raise FieldErrors({"note": _("请写明驳回的原因")})
    with transaction.atomic():
        invoice: Invoice = approvals.locked("invoice", pk, "edit", by)
        check_requested(invoice)
        values = {"state": "rejected", "note": f"{invoice.note} {note}".strip()[:300]}
        records.put("invoice", invoice, values, by=by, reason=note.strip()[:500], kind="step")
        events.emit("invoice.rejected", "invoice", pk)
    return invoice


def red(pk: int, invoice_number: str, note: str, *, by: Actor) -> Invoice:
    """A red invoice 红字发票 takes an issued one back. Raises as `issue` does."""
    if not note.strip():
        raise FieldErrors({"note": _("请写明红冲的原因")})
    access.require(by, "invoice", "create")
    with transaction.atomic():
        invoice: Invoice = approvals.locked("invoice", pk, "edit", by)
        if invoice.state != "issued" or invoice.reverses_id is not None:
            raise Refused("no_step", _("只有已开的蓝字发票可以红冲"))
        values: Values = {
            "contract": Ref(invoice.contract_id, ""), "title": Ref(invoice.title_id, ""), "kind": invoice.kind,
            "amount": -invoice.amount, "state": "red", "invoice_number": invoice_number.replace(" ", "")[:40],
            "issued_on": prices.today(), "note": note.strip()[:300], "reverses_id": pk, "owner": ref(invoice, "owner"),
        }  # fmt: skip
        changes = audit.open_set("create", "invoice", by=by, reason=note.strip()[:500])
        (key,) = records.bulk_create("invoice", [values], by=by, changeset=changes, parsed=True)
        records.put("invoice", invoice, {"state": "red"}, by=by, reason=note.strip()[:500], kind="step")
        books.settle([invoice.contract_id])
        events.emit("invoice.reversed", "invoice", pk, payload={"by": key})
    return Invoice.objects.get(pk=key)
