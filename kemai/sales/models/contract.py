"""Contracts 合同, the money expected and received for them, and invoices."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kemai.customers.models import Customer
from kemai.platform.models import ChoiceColumn, MoneyColumn, Option, OwnedRecord, PhoneColumn, RecordBase
from kemai.sales.models.deal import Deal
from kemai.sales.models.price import CURRENCIES, PricedLine
from kemai.sales.models.quote import Quote


class Contract(OwnedRecord):
    """An agreement. Its sums of money (`received`, `invoiced`) are those of its receipts and invoices, to the cent."""

    STATES = (
        Option("draft", _("草稿"), "gray"),
        Option("review", _("审批中"), "yellow"),
        Option("effective", _("执行中"), "blue"),
        Option("completed", _("已完成"), "green"),
        Option("terminated", _("已终止"), "red"),
        Option("expired", _("已到期"), "orange"),
    )
    number = models.CharField(_("合同编号"), max_length=40, blank=True)
    name = models.CharField(_("名称"), max_length=160)
    customer = models.ForeignKey(
        Customer, models.PROTECT, related_name="contracts", verbose_name=_("客户"), db_index=False
    )
    deal = models.ForeignKey(
        Deal, models.SET_NULL, null=True, blank=True, related_name="contracts", verbose_name=_("商机")
    )
    quote = models.ForeignKey(
        Quote,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("报价"),
        db_index=False,
    )
    amends = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="amendments", verbose_name=_("变更自")
    )
    state = ChoiceColumn(_("状态"), options=STATES, default="draft", editable=False)
    currency = ChoiceColumn(_("币种"), options=CURRENCIES, default="CNY")
    rate = models.FloatField(_("汇率"), default=1, editable=False)
    amount = MoneyColumn(_("合同金额"), default=0)
    amount_base = MoneyColumn(_("折合人民币"), default=0, editable=False)
    gross = MoneyColumn(_("毛利"), default=0, editable=False)
    """In yuan without tax, of the lines whose cost is known."""
    uncosted = MoneyColumn(_("成本未知的金额"), default=0, editable=False)
    """What of `amount_base` stands in lines (or in no line) without a cost: the gross profit says nothing of it."""
    signed_on = models.DateField(_("签订日期"), null=True, blank=True)
    starts_on = models.DateField(_("开始日期"), null=True, blank=True)
    ends_on = models.DateField(_("结束日期"), null=True, blank=True)
    received = MoneyColumn(_("已回款"), default=0, editable=False)
    invoiced = MoneyColumn(_("已开票"), default=0, editable=False)
    effective_at = models.DateTimeField(_("生效时间"), null=True, editable=False)
    approval = models.JSONField(default=dict, editable=False)
    note = models.TextField(_("备注"), blank=True, default="")

    class Meta:
        verbose_name = _("合同")
        constraints = (
            models.UniqueConstraint(
                fields=("number",), condition=models.Q(deleted_at=None), name="contract_number_once",
                violation_error_message=_("这个合同编号已经有人用了"),
            ),
        )  # fmt: skip
        indexes = (
            models.Index(fields=("owner", "state", "id"), name="contract_owner"),
            models.Index(fields=("customer", "id"), name="contract_customer"),
            models.Index(fields=("state", "ends_on", "id"), name="contract_state"),
            models.Index(fields=("signed_on", "id"), name="contract_signed"),
            models.Index(fields=("ends_on", "id"), name="contract_ends"),
            models.Index(fields=("created_at", "id"), name="contract_created"),
            models.Index(fields=("amount", "id"), name="contract_amount"),
        )

    def __str__(self) -> str:
        return self.name


class ContractLine(PricedLine):
    contract = models.ForeignKey(Contract, models.CASCADE, related_name="lines")


class ReceiptPlan(RecordBase):
    """Money expected for a contract by a day. Its state follows from the day and what was received, and is never
    stored: `rules.plan_state`."""

    contract = models.ForeignKey(
        Contract, models.CASCADE, related_name="plans", verbose_name=_("合同"), db_index=False
    )
    customer = models.ForeignKey(
        Customer,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("客户"),
        db_index=False,
    )
    currency = ChoiceColumn(_("币种"), options=CURRENCIES, default="CNY", editable=False)
    """The contract's, like the customer: so that what is owed can be found and added up without it."""
    number = models.PositiveIntegerField(_("期次"), default=1)
    name = models.CharField(_("名称"), max_length=80, blank=True, default="")
    due_on = models.DateField(_("计划日期"))
    amount = MoneyColumn(_("计划金额"))
    received = MoneyColumn(_("已回款"), default=0, editable=False)
    open = MoneyColumn(_("未回款"), default=0, editable=False)
    """What is owed: nothing while the contract is not in force. Kept so that lists and the ageing find it."""
    void = models.BooleanField(_("作废"), default=False)

    class Meta:
        verbose_name = _("回款计划")
        indexes = (
            models.Index(fields=("contract", "number"), name="receipt_plan_contract"),
            models.Index(fields=("due_on", "id"), name="receipt_plan_due"),
            models.Index(fields=("open", "due_on"), name="receipt_plan_open"),
            models.Index(fields=("customer", "due_on"), name="receipt_plan_customer"),
            # what is owed is added up from this alone (docs/adr/046)
            models.Index(
                fields=("currency", "customer", "due_on", "open", "deleted_at"), name="receipt_plan_owed"
            ),
        )

    def __str__(self) -> str:
        return self.name or str(self.number)


class Receipt(OwnedRecord):
    """Money received (or, with `reverses`, taken back: 红冲). Never edited in amount and never deleted."""

    METHODS = (
        Option("transfer", _("银行转账"), "blue"),
        Option("wechat", _("微信支付"), "green"),
        Option("alipay", _("支付宝"), "azure"),
        Option("cash", _("现金"), "yellow"),
        Option("bill", _("承兑汇票"), "purple"),
        Option("other", _("其他"), "gray"),
    )
    number = models.CharField(_("回款编号"), max_length=40, blank=True)
    contract = models.ForeignKey(
        Contract, models.PROTECT, related_name="receipts", verbose_name=_("合同"), db_index=False
    )
    customer = models.ForeignKey(
        Customer, models.PROTECT, null=True, editable=False, related_name="receipts", verbose_name=_("客户"),
        db_index=False,
    )  # fmt: skip
    currency = ChoiceColumn(_("币种"), options=CURRENCIES, default="CNY", editable=False)
    received_on = models.DateField(_("到账日期"))
    amount = MoneyColumn(_("金额"))
    method = ChoiceColumn(_("方式"), options=METHODS, default="transfer")
    payer = models.CharField(_("付款方"), max_length=120, blank=True, default="")
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, editable=False, related_name="reversal", verbose_name=_("冲销")
    )
    note = models.CharField(_("备注"), max_length=300, blank=True, default="")

    class Meta:
        verbose_name = _("回款")
        constraints = (
            models.UniqueConstraint(
                fields=("number",), condition=models.Q(deleted_at=None), name="receipt_number_once",
                violation_error_message=_("这个回款编号已经有人用了"),
            ),
        )  # fmt: skip
        indexes = (
            models.Index(fields=("contract", "received_on"), name="receipt_contract"),
            models.Index(fields=("received_on", "id"), name="receipt_on"),
            models.Index(fields=("owner", "received_on"), name="receipt_owner"),
            models.Index(fields=("customer", "id"), name="receipt_customer"),
            models.Index(fields=("amount", "id"), name="receipt_amount"),
            models.Index(fields=("created_at", "id"), name="receipt_created"),
        )

    def __str__(self) -> str:
        return self.number


class Allocation(models.Model):
    """How much of a receipt pays for which plan; the allocations of a receipt never exceed it."""

    receipt = models.ForeignKey(Receipt, models.CASCADE, related_name="allocations")
    plan = models.ForeignKey(ReceiptPlan, models.CASCADE, related_name="allocations")
    amount = MoneyColumn(_("金额"))

    class Meta:
        constraints = (models.UniqueConstraint(fields=("receipt", "plan"), name="allocation_once"),)


class InvoiceTitle(RecordBase):
    """What a customer wants to stand on an invoice 发票抬头."""

    KINDS = (Option("company", _("企业"), "purple"), Option("person", _("个人"), "blue"))

    customer = models.ForeignKey(
        Customer, models.CASCADE, related_name="invoice_titles", verbose_name=_("客户")
    )
    kind = ChoiceColumn(_("类型"), options=KINDS, default="company")
    name = models.CharField(_("抬头"), max_length=120)
    tax_number = models.CharField(_("税号"), max_length=24, blank=True, default="")
    bank = models.CharField(_("开户行"), max_length=120, blank=True, default="")
    account = models.CharField(_("账号"), max_length=40, blank=True, default="")
    address = models.CharField(_("地址"), max_length=200, blank=True, default="")
    phone = PhoneColumn(_("电话"))
    keep_until = models.DateField(null=True, editable=False)
    """Of a person who was erased: name and tax number stay so long, because invoices were issued to them."""

    class Meta:
        verbose_name = _("发票抬头")

    def __str__(self) -> str:
        return self.name


class Invoice(OwnedRecord):
    """A request for an invoice, at most the un-invoiced rest of the contract; a red one takes another back."""

    STATES = (
        Option("requested", _("待开票"), "yellow"),
        Option("issued", _("已开票"), "green"),
        Option("rejected", _("已驳回"), "gray"),
        Option("red", _("已红冲"), "red"),
    )
    KINDS = (
        Option("special", _("增值税专用发票"), "purple"),
        Option("general", _("增值税普通发票"), "blue"),
        Option("electronic", _("电子发票"), "teal"),
    )
    number = models.CharField(_("申请编号"), max_length=40, blank=True)
    contract = models.ForeignKey(
        Contract, models.PROTECT, related_name="invoices", verbose_name=_("合同"), db_index=False
    )
    title = models.ForeignKey(
        InvoiceTitle, models.PROTECT, related_name="+", verbose_name=_("发票抬头"), db_index=False
    )
    kind = ChoiceColumn(_("发票类型"), options=KINDS, default="electronic")
    amount = MoneyColumn(_("金额"))
    state = ChoiceColumn(_("状态"), options=STATES, default="requested", editable=False)
    invoice_number = models.CharField(_("发票号码"), max_length=40, blank=True, default="")
    issued_on = models.DateField(_("开票日期"), null=True, blank=True)
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, editable=False, related_name="reversal", verbose_name=_("红冲")
    )
    express = models.CharField(_("快递单号"), max_length=60, blank=True, default="")
    note = models.CharField(_("备注"), max_length=300, blank=True, default="")

    class Meta:
        verbose_name = _("开票")
        constraints = (
            models.UniqueConstraint(
                fields=("number",), condition=models.Q(deleted_at=None), name="invoice_number_once",
                violation_error_message=_("这个申请编号已经有人用了"),
            ),
        )  # fmt: skip
        indexes = (
            models.Index(fields=("contract", "id"), name="invoice_contract"),
            models.Index(fields=("owner", "state", "id"), name="invoice_owner"),
            models.Index(fields=("issued_on", "id"), name="invoice_issued"),
            models.Index(fields=("created_at", "id"), name="invoice_created"),
        )

    def __str__(self) -> str:
        return self.number
