"""What things cost for whom, from how many, and when."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kemai.customers.models import CustomerFacts, Product
from kemai.platform.models import ChoiceColumn, MoneyColumn, Option, PercentColumn, RecordBase

CURRENCIES = (
    Option("CNY", _("人民币")),
    Option("USD", _("美元")),
    Option("EUR", _("欧元")),
    Option("HKD", _("港币")),
    Option("JPY", _("日元")),
    Option("GBP", _("英镑")),
)


class ExchangeRate(RecordBase):
    """How many yuan one unit of a currency is worth, from a day on."""

    currency = ChoiceColumn(_("币种"), options=CURRENCIES)
    on = models.DateField(_("生效日期"))
    rate = models.FloatField(_("汇率"))
    note = models.CharField(_("备注"), max_length=200, blank=True, default="")

    class Meta:
        verbose_name = _("汇率")
        constraints = (
            models.UniqueConstraint(
                fields=("currency", "on"), condition=models.Q(deleted_at=None), name="exchange_rate_once",
                violation_error_message=_("这一天已经有这个币种的汇率"),
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.currency} {self.on}"


class PriceList(RecordBase):
    """Prices for one class of customers over a time. The narrower list wins: class before everybody, later before
    earlier."""

    name = models.CharField(_("名称"), max_length=80)
    value_class = ChoiceColumn(_("客户类别"), options=CustomerFacts.CLASSES, blank=True, default="")
    currency = ChoiceColumn(_("币种"), options=CURRENCIES, default="CNY")
    starts_on = models.DateField(_("生效日期"), null=True, blank=True)
    ends_on = models.DateField(_("失效日期"), null=True, blank=True)
    active = models.BooleanField(_("启用"), default=True)
    note = models.CharField(_("备注"), max_length=300, blank=True, default="")

    class Meta:
        verbose_name = _("价格表")

    def __str__(self) -> str:
        return self.name


class Price(RecordBase):
    """The price of a product on a list from a quantity on."""

    price_list = models.ForeignKey(PriceList, models.CASCADE, related_name="prices", verbose_name=_("价格表"))
    product = models.ForeignKey(Product, models.CASCADE, related_name="+", verbose_name=_("产品"))
    from_quantity = models.FloatField(_("起订数量"), default=0)
    price = MoneyColumn(_("单价"))
    floor = PercentColumn(_("最大折扣"), null=True, blank=True)
    """A larger discount needs approval; empty: the company's limit."""
    note = models.CharField(_("备注"), max_length=200, blank=True, default="")

    class Meta:
        verbose_name = _("价格")
        constraints = (
            models.UniqueConstraint(
                fields=("price_list", "product", "from_quantity"), condition=models.Q(deleted_at=None),
                name="price_once", violation_error_message=_("这个数量段已经有价格"),
            ),
        )  # fmt: skip
        indexes = (models.Index(fields=("product", "price_list"), name="price_product"),)

    def __str__(self) -> str:
        return f"{self.product_id} ≥ {self.from_quantity:g}"


class PricedLine(models.Model):
    """A line of a deal, a quote or a contract: product, name, price and tax as they were when it was written."""

    product = models.ForeignKey(
        Product,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("产品"),
        db_index=False,
    )
    name = models.CharField(_("名称"), max_length=160)
    unit = models.CharField(_("单位"), max_length=16, blank=True, default="")
    quantity = models.FloatField(_("数量"), default=1)
    list_price = MoneyColumn(_("标价"), null=True)
    price = MoneyColumn(_("单价"), default=0)
    discount = PercentColumn(_("折扣"), default=0)
    """Off the list price: 0.1 is ten per cent less."""
    tax_rate = PercentColumn(_("税率"), default=0.13)
    amount = MoneyColumn(_("金额"), default=0)
    cost = MoneyColumn(_("成本"), null=True)
    """Of one unit, in yuan without tax, as the product had it then; empty: not known."""
    position = models.IntegerField(default=0)

    class Meta:
        abstract = True
