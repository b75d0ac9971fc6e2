"""What is particular to writing customers and what belongs to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.customers.models import Customer, CustomerFacts, Interaction, Order
from kemai.customers.services import erasure, roles
from kemai.kit import parties, pinyin
from kemai.platform import query
from kemai.platform.access import Actor
from kemai.platform.fields import FieldSpec, Invalid, Ref
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors

IDENTIFIER_KINDS = {"phone": "phone", "email": "email", "credit_code": "credit_code"}
MATCHED = frozenset({"name", "kind", "region", "address"})
"""What the keys for finding doubles are made of."""
Values = dict[str, Any]


def prepare_customer(values: Values, existing: Customer | None, by: Actor) -> None:
    """Keeps the sort key with the name, and the reason with the invalidity."""
    if "name" in values:
        values["name_sort"] = pinyin.full(values["name"])[:60]
    if by.source != "import" and not MATCHED.isdisjoint(values):  # imports: a moment later, in the background
        values["match_name"], values["match_place"] = parties.keys_of(
            person=values.get("kind", existing.kind if existing else "person") == "person",
            **{one: values.get(one, getattr(existing, one, "")) for one in ("name", "region", "address")},
        )
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


def check_customers(values: Sequence[Values], existing: Sequence[Any], by: Actor) -> None:
    erasure.check_buried(values, existing, by)


def check_identifiers(values: Sequence[Values], existing: Sequence[Any], by: Actor) -> None:
    """No key belongs to two customers."""
    wanted: dict[tuple[str, str], tuple[int, int | None]] = {}
    wrong: set[int] = set()
    for place, (one, old) in enumerate(zip(values, existing, strict=True)):
        pair = (one.get("kind") or (old.kind if old else ""), one.get("value") or (old.value if old else ""))
        if pair in wanted:
            wrong.add(place)
        else:
            wanted[pair] = (place, old.pk if old else None)
    rows = get("identifier").model._default_manager.filter(
        value__in=[value for _kind, value in wanted], deleted_at=None
    )
    for kind, value, key in rows.values_list("kind", "value", "pk"):
        place, own = wanted.get((kind, value), (-1, key))
        if own != key:
            wrong.add(place)
    if wrong:
        taken = {"raw": _("这个标识已属于另一位客户")}
        raise FieldErrors.of_rows(dict.fromkeys(sorted(wrong), taken))


def check_interactions(values: Sequence[Values], existing: Sequence[Any], by: Actor) -> None:
    """The contact spoken with must belong to the customer."""
    pairs: dict[int, tuple[int, int]] = {}
    for place, (one, old) in enumerate(zip(values, existing, strict=True)):
        customer = one.get("customer") or (Ref(old.customer_id, "") if old else None)
        contact = one.get("contact")
        if contact is not None and customer is not None:
            pairs[place] = (contact.id, customer.id)
    if not pairs:
        return
    asked = {contact for contact, _customer in pairs.values()}
    contacts = get("contact").model._default_manager.filter(pk__in=asked)
    known = dict(contacts.values_list("pk", "customer_id"))
    strange = {"contact": _("这个联系人不属于所选客户")}
    wrong = {place: strange for place, (contact, customer) in pairs.items() if known.get(contact) != customer}
    if wrong:
        raise FieldErrors.of_rows(wrong)


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
    roles.follow_purchases(Customer.objects.filter(pk=customer_id))


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
