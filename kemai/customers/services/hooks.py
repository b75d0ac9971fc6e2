"""What is particular to writing customers and what belongs to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.customers.models import Customer, CustomerFacts, Interaction, Order
from kemai.kit import pinyin
from kemai.platform import query
from kemai.platform.access import Actor
from kemai.platform.fields import FieldSpec, Invalid, Ref
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors

IDENTIFIER_KINDS = {"phone": "phone", "email": "email", "credit_code": "credit_code"}
Values = dict[str, Any]


def prepare_customer(values: Values, existing: Customer | None, by: Actor) -> None:
    """Keeps the sort key with the name, and the reason with the invalidity."""
    if "name" in values:
        values["name_sort"] = pinyin.full(values["name"])[:60]
    validity = values.get("validity", existing.validity if existing else "unverified")
    reason = values.get("invalid_reason", existing.invalid_reason if existing else "")
    if validity != "invalid" and reason:
        values["invalid_reason"] = ""
    if validity == "invalid" and not reason:
        raise FieldErrors({"invalid_reason": _("请选择客户无效的原因")})


def prepare_identifier(values: Values, existing: Any, by: Actor) -> None:
    """The normalised value, by the rules of the kind."""
    if "raw" not in values and "kind" not in values:
        return
    kind = values.get("kind", existing.kind if existing else "")
    raw = values.get("raw", existing.raw if existing else "")
    spec: FieldSpec | None = get("customer").fields.get(IDENTIFIER_KINDS.get(kind, ""))
    try:
        values["value"] = spec.type.parse(raw, spec) if spec else raw
    except Invalid as error:
        raise FieldErrors({"raw": error.message}) from error
    taken = get("identifier").model._default_manager.filter(kind=kind, value=values["value"], deleted_at=None)
    if taken.exclude(pk=existing.pk if existing else None).exists():
        raise FieldErrors({"raw": _("这个标识已属于另一位客户")})


def prepare_interaction(values: Values, existing: Interaction | None, by: Actor) -> None:
    """Something must have been said or done; its contact must belong to its customer."""
    customer = values.get("customer") or (Ref(existing.customer_id, "") if existing else None)
    contact = values.get("contact")
    if contact is not None and customer is not None:
        mine = get("contact").model._default_manager.filter(pk=contact.id, customer=customer.id)
        if not mine.exists():
            raise FieldErrors({"contact": _("这个联系人不属于所选客户")})


def after_interaction(interactions: Sequence[Interaction], changed: frozenset[str], by: Actor) -> None:
    """The last contact follows every real touch at once: lists are sorted by it."""
    for interaction in interactions:
        if interaction.channel != "system" and interaction.at <= timezone.now():
            touch(interaction.customer_id, interaction.at)


def touch(customer_id: int, at: Any) -> None:
    facts = CustomerFacts.objects.filter(customer=customer_id)
    facts.filter(Q(last_contact_at=None) | Q(last_contact_at__lt=at)).update(last_contact_at=at)


def after_order(orders: Sequence[Order], changed: frozenset[str], by: Actor) -> None:
    """The moment and number of orders are exact at once; classes and rhythm wait for the analysis."""
    for order in orders:
        if order.state == "paid":
            refresh_order_facts(order.customer_id)


def refresh_order_facts(customer_id: int) -> None:
    paid = Order.objects.filter(customer=customer_id, state="paid", deleted_at=None)
    latest = paid.aggregate(last=Max("ordered_at"))["last"]
    CustomerFacts.objects.filter(customer=customer_id).update(last_order_at=latest)


def prepare_segment(values: Values, existing: Any, by: Actor) -> None:
    """A rule that cannot be read is refused here, with the names that would have been right."""
    where = values.get("where")
    if where is None:
        return
    try:
        query.parse(where, get("customer"), by.moment())
    except query.QueryError as error:
        raise FieldErrors({"where": error.message}) from error
    if existing is not None and existing.where != where:
        values["rule_version"] = existing.rule_version + 1
