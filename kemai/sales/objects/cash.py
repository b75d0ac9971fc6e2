"""Money expected and received, and invoices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from kemai.kit.money import to_cents
from kemai.platform.fields import FieldSpec
from kemai.platform.fields.link import Computed
from kemai.platform.models import Option
from kemai.platform.objects import Hooks, Numbering, ObjectType, Section, View, register, relate
from kemai.sales.actions.cash import INVOICE_ACTIONS, RECEIPT_ACTIONS
from kemai.sales.models import Invoice, InvoiceTitle, Receipt, ReceiptPlan
from kemai.sales.objects import contract, currencies  # noqa: F401 - these belong to its page
from kemai.sales.panels.cash import RECEIPT_PANELS
from kemai.sales.rules.cash import plan_state
from kemai.sales.services import erasing, invoices, prices, receipts

PLAN_STATES = (
    Option("pending", _("未生效"), "gray"),
    Option("due", _("未到期"), "blue"),
    Option("part", _("部分回款"), "teal"),
    Option("overdue", _("逾期"), "red"),
    Option("done", _("已回款"), "green"),
    Option("void", _("作废"), "gray"),
)
OPEN = {"field": "open", "op": "gt", "value": "0"}


class PlanState(Computed):
    """Follows from the day and what was received (rules.plan_state), so it is right on every day without a job."""

    def paths(self, spec: FieldSpec) -> tuple[str, ...]:
        return ("amount", "received", "open", "due_on", "void")

    def read(self, spec: FieldSpec, values: Sequence[Any]) -> Any:
        amount, received, left, due_on, void = values
        return plan_state(
            amount=to_cents(amount), received=to_cents(received), due_on=due_on, today=prices.today(),
            effective=left > 0, void=void,
        )  # fmt: skip


PLAN = register(
    ObjectType(
        key="receipt_plan",
        model=ReceiptPlan,
        title="name",
        icon="calendar-dollar",
        nav="sales",
        nav_order=44,
        columns=("name", "contract", "due_on", "state", "amount", "received", "open", "customer", "currency"),
        form=(Section(_("回款计划"), "contract", "number", "name", "due_on", "amount", "void"),),
        sections=(Section(_("进展"), "state", "received", "open"),),
        computed=(
            FieldSpec("state", "state", _("状态"), PlanState(), readonly=True, options=PLAN_STATES),
        ),
        views=(
            View("due", _("待回款"), OPEN, "due_on"),
            View("overdue", _("已逾期"), {"all": [OPEN, {"field": "due_on", "op": "older", "value": 0}]}, "due_on"),
        ),
        purpose=_("回款计划写明合同的钱哪天该到多少；到期没到会显示逾期。"),
        parent="contract",
        date="due_on",
        sort="due_on",
        bare=("amount", "received", "open"),
        exchange=currencies.kept("contract"),
        hooks=Hooks(
            prepare=receipts.prepare_plan,
            check=receipts.check_plans,
            after=receipts.after_plans,
            check_delete=receipts.check_delete_plan,
            check_restore=receipts.check_restore_plan,
        ),
    )
)  # fmt: skip
RECEIPT = register(
    ObjectType(
        key="receipt",
        model=Receipt,
        title="number",
        icon="cash",
        nav="sales",
        nav_order=45,
        search=("number", "payer"),
        columns=(
            "number", "contract", "customer", "received_on", "amount", "currency", "method", "payer", "owner",
            "created_at",
        ),
        form=(
            Section(_("回款"), "contract", "received_on", "amount", "method", "payer", "owner", "note", "number"),
        ),
        badges=("method",),
        views=(
            View("month", _("本月回款"), {"field": "received_on", "op": "this", "value": "month"}, "-received_on"),
            View("reversals", _("红冲"), {"field": "amount", "op": "lt", "value": "0"}, "-received_on"),
        ),
        purpose=_("回款是到账的钱：自动核销最早的计划；记错了红冲，不会删除。"),
        date="received_on",
        sort="-received_on",
        bare=("amount",),
        exchange=currencies.kept("contract"),
        unique=("number",),
        numbering=Numbering("number", "R"),
        hooks=Hooks(
            prepare=receipts.prepare_receipt,
            check=receipts.check_receipts,
            after=receipts.after_receipts,
            check_delete=receipts.check_delete,
        ),
        panels=list(RECEIPT_PANELS),
        actions=list(RECEIPT_ACTIONS),
    )
)  # fmt: skip
TITLE = register(
    ObjectType(
        key="invoice_title", model=InvoiceTitle, title="name", icon="id",
        columns=("name", "kind", "tax_number", "bank", "account", "customer"),
        form=(
            Section(_("发票抬头"), "customer", "kind", "name", "tax_number"),
            Section(_("专票信息"), "bank", "account", "address", "phone"),
        ),
        badges=("kind",), parent="customer",
        hooks=Hooks(prepare=invoices.prepare_title, check_restore=erasing.check_restore_title),
    )
)  # fmt: skip
INVOICE = register(
    ObjectType(
        key="invoice",
        model=Invoice,
        title="number",
        icon="file-invoice",
        nav="sales",
        nav_order=48,
        search=("number", "invoice_number"),
        columns=(
            "number", "contract", "title", "kind", "amount", "state", "invoice_number", "issued_on", "owner",
            "created_at",
        ),
        form=(
            Section(_("开票申请"), "contract", "title", "kind", "amount", "owner", "note", "number"),
            Section(_("寄送"), "express"),
        ),
        sections=(Section(_("开票"), "state", "invoice_number", "issued_on", "reverses"),),
        badges=("state", "kind"),
        views=(
            View("requested", _("待开票"), {"field": "state", "op": "in", "value": ["requested"]}, "created_at"),
        ),
        purpose=_("开票申请最多到合同还没有开票的金额；开错了红冲。"),
        board="state",
        date="issued_on",
        bare=("amount",),
        exchange=currencies.kept("contract"),
        sort="-created_at",
        unique=("number",),
        numbering=Numbering("number", "INV"),
        hooks=Hooks(
            prepare=invoices.prepare_invoice, check=invoices.check_invoices,
            check_delete=invoices.check_delete, check_restore=invoices.check_restore,
        ),
        actions=list(INVOICE_ACTIONS),
    )
)  # fmt: skip
relate("contract", "receipt_plan", "contract")
relate("contract", "receipt", "contract")
relate("contract", "invoice", "contract")
relate("customer", "receipt_plan", "customer")
relate("customer", "receipt", "customer")
relate("customer", "invoice_title", "customer")
