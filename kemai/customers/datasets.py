"""What the analytical engine reads of customers and trade, and the table of derived facts that it writes.

No personal data goes into the analytical store: of a phone number it learns only that there is one."""

from __future__ import annotations

from typing import Any

from django.db.models import BooleanField, Case, ExpressionWrapper, IntegerField, Q, QuerySet, Value, When

from kemai.customers.models import (
    Category,
    Customer,
    CustomerFacts,
    FactTransition,
    Interaction,
    Order,
    OrderLine,
    Product,
    Shop,
)
from kemai.customers.rules import COMPLETENESS
from kemai.platform.objects.dataset import Dataset, Part, declare


def filled(field: str) -> Q:
    """The customer has this fact."""
    column = Customer._meta.get_field(field)
    return ~Q(**{field: ""}) if not column.null else Q(**{f"{field}__isnull": False})


def weight_sum(kind: str) -> Any:
    """The sum of the weights of the facts that are there, as rules.completeness() says it for one customer."""
    total: Any = Value(0)
    for field, weight in COMPLETENESS[kind].items():
        present = filled(field) if field != "source" else ~Q(source="other")
        total = total + Case(When(present, then=Value(weight)), default=Value(0), output_field=IntegerField())
    # whole-number division, so that both databases round halves up exactly as the rule does
    whole = sum(COMPLETENESS[kind].values())
    return (total * Value(200) + Value(whole)) / Value(2 * whole)


def customers() -> QuerySet[Any]:
    reachable = ~Q(phone="") | ~Q(email="") | ~Q(wecom_id="")
    return Customer.objects.annotate(
        completeness=Case(
            When(kind="company", then=weight_sum("company")),
            default=weight_sum("person"),
            output_field=IntegerField(),
        ),
        reachable=ExpressionWrapper(reachable, output_field=BooleanField()),
    )


declare(
    Dataset(
        key="customer",
        columns={
            "id": "int64", "kind": "code", "source": "code", "region": "code", "validity": "code",
            "completeness": "int64", "reachable": "boolean", "created_at": "timestamp", "updated_at": "timestamp",
        },
        source=customers,
        subject="id",
        local={"day": ("date", "updated_at")},
    ),
    Dataset(
        key="order",
        columns={
            "id": "int64", "customer_id": "int64", "channel": "code", "shop_id": "int64", "state": "code",
            "ordered_at": "timestamp", "amount": "cents",
        },
        source=Order.objects.all,
        subject="customer_id",
        moment="ordered_at",
        local={"day": ("date", "ordered_at"), "hour": ("hour", "ordered_at")},
    ),
    Dataset(
        key="order_line",
        columns={"id": "int64", "order_id": "int64", "product_id": "int64", "quantity": "float64", "amount": "cents"},
        source=OrderLine.objects.all,
        deleted="",
        parent="order",
        parent_column="order_id",
    ),
    Dataset(
        key="interaction",
        columns={
            "id": "int64", "customer_id": "int64", "channel": "code", "direction": "code", "outcome": "code",
            "at": "timestamp",
        },
        source=Interaction.objects.all,
        subject="customer_id",
        moment="at",
        local={"day": ("date", "at")},
    ),
    Dataset(
        key="product", columns={"id": "int64", "category_id": "int64", "name": "string"}, source=Product.objects.all
    ),
    Dataset(
        key="category", columns={"id": "int64", "name": "string", "parent_id": "int64"}, source=Category.objects.all
    ),
    Dataset(key="shop", columns={"id": "int64", "name": "string", "channel": "code"}, source=Shop.objects.all),
    Part(
        key="customer_facts",
        type_key="customer",
        model=CustomerFacts,
        columns=(
            "value_class", "class_since", "activity", "activity_since", "rfm_cell", "r_score", "f_score", "m_score",
            "first_order_at", "last_order_at", "orders_total", "amount_total", "orders_12m", "amount_12m",
            "gap_median_days", "favourite_category_id", "preferred_channel", "preferred_hour", "silence_limit_days",
            "comeback_on", "last_inbound_at", "last_outbound_at", "completeness",
        ),
        tracked={
            "value_class": ("amount_12m", "orders_12m"),
            "activity": ("silence_days", "silence_limit_days", "contact_days", "comeback_days", "age_days"),
        },
        since={"value_class": "class_since", "activity": "activity_since"},
        transitions=FactTransition,
        event="customer.facts_changed",
    ),
)  # fmt: skip
