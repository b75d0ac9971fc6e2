"""Price lists with their prices, and what currencies are worth."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kemai.platform.objects import Hooks, ObjectType, Section, register, relate
from kemai.sales.models import ExchangeRate, Price, PriceList
from kemai.sales.objects import currencies
from kemai.sales.panels.prices import LIST_PANELS
from kemai.sales.services import prices

PRICE_LIST = register(
    ObjectType(
        key="price_list", model=PriceList, title="name", icon="tag", nav="sales", nav_order=60, search=("name",),
        columns=("name", "value_class", "currency", "starts_on", "ends_on", "active", "note"),
        form=(Section(_("价格表"), "name", "value_class", "currency", "starts_on", "ends_on", "active", "note"),),
        purpose=_("价格表写明哪一类客户、从多少数量起、在什么时候是什么价格；报价时自动带出。"),
        badges=("value_class",), small=True, sort="name", hooks=Hooks(prepare=prices.prepare_list),
        panels=list(LIST_PANELS),
    )
)  # fmt: skip
PRICE = register(
    ObjectType(
        key="price", model=Price, title="price", icon="receipt",
        columns=("product", "from_quantity", "price", "floor", "note", "price_list"),
        form=(Section(_("价格"), "price_list", "product", "from_quantity", "price", "floor", "note"),),
        parent="price_list", bare=("price",),
        exchange=currencies.at_day("price_list__currency", "", _("按今天的汇率")),
        hooks=Hooks(prepare=prices.prepare_price),
    )
)  # fmt: skip
EXCHANGE_RATE = register(
    ObjectType(
        key="exchange_rate", model=ExchangeRate, title="currency", icon="arrows-exchange", nav="settings:sales",
        nav_order=63,
        columns=("currency", "on", "rate", "note"),
        form=(Section(_("汇率"), "currency", "on", "rate", "note"),),
        purpose=_("1 单位外币从某一天起值多少元人民币；外币的报价和合同按当天的汇率折算。"),
        badges=("currency",), small=True, sort="-on", hooks=Hooks(prepare=prices.prepare_rate),
    )
)  # fmt: skip
relate("price_list", "price", "price_list")
relate("product", "price", "product")
