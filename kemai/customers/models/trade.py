"""What customers buy, where, and every touch with them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kemai.customers.models.customer import Contact, Customer
from kemai.platform.models import ChoiceColumn, MoneyColumn, Option, OwnedRecord, RecordBase, RegionColumn

SALES_CHANNELS = (
    Option("store", _("门店"), "teal"),
    Option("online", _("网店"), "blue"),
    Option("mini", _("小程序"), "green"),
    Option("b2b", _("企业销售"), "purple"),
    Option("phone", _("电话"), "yellow"),
)


class Category(RecordBase):
    name = models.CharField(_("名称"), max_length=80)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, verbose_name=_("上级品类"))

    class Meta:
        verbose_name = _("品类")
        constraints = (
            models.UniqueConstraint(
                fields=("name",), condition=models.Q(deleted_at=None), name="category_once",
                violation_error_message=_("已经有同名品类"),
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return self.name


class Product(RecordBase):
    number = models.CharField(_("产品编号"), max_length=40, blank=True)
    name = models.CharField(_("名称"), max_length=160)
    category = models.ForeignKey(
        Category, models.PROTECT, null=True, blank=True, related_name="products", verbose_name=_("品类")
    )
    price = MoneyColumn(_("标价"), null=True, blank=True)
    cost = MoneyColumn(
        _("成本"),
        null=True,
        blank=True,
        help_text=_("每单位的不含税成本（人民币），用来算毛利；不知道就留空"),
    )
    unit = models.CharField(_("单位"), max_length=16, blank=True, default="")
    active = models.BooleanField(_("在售"), default=True)
    note = models.TextField(_("备注"), blank=True, default="")

    class Meta:
        verbose_name = _("产品")
        constraints = (
            models.UniqueConstraint(
                fields=("number",), condition=models.Q(deleted_at=None), name="product_number_once",
                violation_error_message=_("这个产品编号已经有人用了"),
            ),
        )  # fmt: skip
        indexes = (models.Index(fields=("name", "id"), name="product_name"),)

    def __str__(self) -> str:
        return self.name


class Shop(RecordBase):
    name = models.CharField(_("名称"), max_length=80)
    channel = ChoiceColumn(_("渠道"), options=SALES_CHANNELS, default="store")
    region = RegionColumn(_("地区"))
    address = models.CharField(_("详细地址"), max_length=200, blank=True, default="")

    class Meta:
        verbose_name = _("门店")
        constraints = (
            models.UniqueConstraint(
                fields=("name",), condition=models.Q(deleted_at=None), name="shop_once",
                violation_error_message=_("已经有同名门店"),
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return self.name


class Order(RecordBase):
    """A sale. `amount` is what was paid: the sum of its lines' amounts."""

    STATES = (
        Option("paid", _("已付款"), "green"),
        Option("open", _("待付款"), "yellow"),
        Option("refunded", _("已退款"), "red"),
        Option("cancelled", _("已取消"), "gray"),
    )
    number = models.CharField(_("订单编号"), max_length=60, blank=True)
    customer = models.ForeignKey(
        Customer, models.PROTECT, related_name="orders", verbose_name=_("客户"), db_index=False
    )
    channel = ChoiceColumn(_("渠道"), options=SALES_CHANNELS, default="store")
    shop = models.ForeignKey(
        Shop, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("门店")
    )
    state = ChoiceColumn(_("状态"), options=STATES, default="paid")
    ordered_at = models.DateTimeField(_("下单时间"))
    amount = MoneyColumn(_("金额"), default=0)
    quantity = models.FloatField(_("件数"), default=0)
    note = models.CharField(_("备注"), max_length=300, blank=True, default="")

    class Meta:
        verbose_name = _("订单")
        constraints = (
            models.UniqueConstraint(
                fields=("number",), condition=models.Q(deleted_at=None), name="order_number_once",
                violation_error_message=_("这个订单编号已经有人用了"),
            ),
        )  # fmt: skip
        indexes = (
            models.Index(fields=("customer", "ordered_at"), name="order_customer"),
            models.Index(fields=("ordered_at", "id"), name="order_at"),
            models.Index(fields=("amount", "id"), name="order_amount"),
        )

    def __str__(self) -> str:
        return self.number


class OrderLine(models.Model):
    """One product on an order; part of the order, written with it."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, models.PROTECT, related_name="lines", verbose_name=_("产品"))
    quantity = models.FloatField(_("数量"), default=1)
    price = MoneyColumn(_("单价"), null=True)
    amount = MoneyColumn(_("金额"), default=0)


class Interaction(OwnedRecord):
    """One touch with a customer on any channel; `owner` is the member of staff it was with."""

    CHANNELS = (
        Option("call", _("电话"), "blue"),
        Option("visit", _("拜访"), "purple"),
        Option("mail", _("邮件"), "azure"),
        Option("sms", _("短信"), "yellow"),
        Option("wecom", _("企业微信"), "green"),
        Option("chat", _("在线客服"), "teal"),
        Option("form", _("表单"), "indigo"),
        Option("note", _("跟进"), "orange"),
        Option("system", _("系统"), "gray"),
    )
    DIRECTIONS = (
        Option("in", _("客户发起"), "green"),
        Option("out", _("我方发起"), "blue"),
        Option("none", _("内部"), "gray"),
    )
    OUTCOMES = (
        Option("reached", _("已接通"), "green"),
        Option("missed", _("未接"), "yellow"),
        Option("refused", _("拒绝"), "red"),
        Option("later", _("改期"), "blue"),
    )
    customer = models.ForeignKey(
        Customer, models.CASCADE, related_name="interactions", verbose_name=_("客户"), db_index=False
    )
    contact = models.ForeignKey(
        Contact,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("联系人"),
        db_index=False,
    )
    channel = ChoiceColumn(_("渠道"), options=CHANNELS, default="note")
    direction = ChoiceColumn(_("方向"), options=DIRECTIONS, default="out")
    at = models.DateTimeField(_("时间"))
    subject = models.CharField(_("主题"), max_length=200, blank=True, default="")
    body = models.TextField(_("内容"), blank=True, default="")
    outcome = ChoiceColumn(_("结果"), options=OUTCOMES, blank=True, default="")
    minutes = models.FloatField(_("时长（分钟）"), null=True, blank=True)
    external_id = models.CharField(_("外部编号"), max_length=120, blank=True, default="")

    class Meta:
        verbose_name = _("互动")
        constraints = (
            models.UniqueConstraint(
                fields=("channel", "external_id"), condition=~models.Q(external_id="") & models.Q(deleted_at=None),
                name="interaction_once", violation_error_message=_("这条互动已经记录过"),
            ),
        )  # fmt: skip
        indexes = (
            models.Index(fields=("customer", "at"), name="interaction_customer"),
            models.Index(fields=("at", "id"), name="interaction_at"),
            models.Index(fields=("owner", "at"), name="interaction_owner"),
        )

    def __str__(self) -> str:
        return self.subject or self.body[:40]
