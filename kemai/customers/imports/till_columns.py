"""The columns that flat till rows may have, and what has to be among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.customers.models.trade import SALES_CHANNELS
from kemai.kit import money
from kemai.platform.access import Actor
from kemai.platform.fields import FieldSpec
from kemai.platform.fields.number import Money
from kemai.platform.imports.mapping import ColumnMap, Options
from kemai.platform.imports.shapes import column_spec


class UnitPrice(Money):
    """What one costs is not what anybody pays: by weight it is finer than a cent, and only the line's amount is
    rounded."""

    def parse_filled(self, raw: object, spec: FieldSpec) -> Any:
        return self.amount(raw, money.parse_money)


WHO = ("customer_number", "customer_phone", "customer_name")
FIELDS: tuple[FieldSpec, ...] = (
    column_spec("customer_number", "text", gettext_lazy("客户编号"), max_length=40),
    column_spec("customer_phone", "phone", gettext_lazy("客户电话")),
    column_spec("customer_name", "text", gettext_lazy("客户名称"), max_length=120),
    column_spec("ordered_at", "datetime", gettext_lazy("下单时间"), required=True, nullable=True),
    column_spec("order_number", "text", gettext_lazy("小票号"), max_length=60),
    column_spec("product_number", "text", gettext_lazy("产品编号"), max_length=40),
    column_spec("product", "text", gettext_lazy("产品名称"), max_length=160),
    column_spec("category", "text", gettext_lazy("品类"), max_length=80),
    column_spec("quantity", "number", gettext_lazy("数量"), nullable=True),
    FieldSpec("price", "price", gettext_lazy("单价"), UnitPrice(), nullable=True),
    column_spec("amount", "money", gettext_lazy("金额"), nullable=True),
    column_spec("shop", "text", gettext_lazy("门店"), max_length=80),
    column_spec("channel", "choice", gettext_lazy("渠道"), options=SALES_CHANNELS),
)
SPECS = {spec.key: spec for spec in FIELDS}


def fields(by: Actor) -> Sequence[FieldSpec]:
    return FIELDS


def check(columns: Sequence[ColumnMap], options: Options) -> list[str]:
    mapped = {one.field for one in columns}
    found = []
    if not mapped & set(WHO):
        found.append(_("请选择客户编号、客户电话或客户名称在哪一列"))
    if "ordered_at" not in mapped:
        found.append(_("请选择下单时间在哪一列"))
    if not mapped & {"product", "product_number"}:
        found.append(_("请选择产品编号或产品名称在哪一列"))
    if not mapped & {"amount", "price"}:
        found.append(_("请选择金额或单价在哪一列"))
    return found


def verbs(options: Options) -> list[tuple[str, str]]:
    return [("order", "create"), *([("order", "edit"), ("order", "delete")] if options.updates else [])]
