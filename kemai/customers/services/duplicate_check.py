"""Is this customer there already? Asked by anybody on the staff before they create one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kemai.customers.models import Customer
from kemai.customers.services import similar
from kemai.customers.services.duplicate_words import Reason
from kemai.kit import names
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.objects import get

ASKED = ("name", "phone", "email", "credit_code", "wecom_id", "region", "address")
MOST = 10


@dataclass(frozen=True)
class Answer:
    """`id` is None where the actor may not open the customer: then names are masked."""

    id: int | None
    title: str
    number: str
    phone: str
    owner: str
    pool: bool
    """Nobody's: it stands in the pool."""
    p: float
    reasons: Sequence[Reason]


def check(actor: Actor, typed: Mapping[str, str]) -> list[Answer]:
    """The likeliest first. Somebody without sight of a customer hears of it only by a key (the telephone, the code, a
    company's whole name), never by a likeness."""
    found = similar.candidates(typed)[: MOST * 4]
    customer = get("customer")
    seen = access.scope(actor, customer).filter(pk__in=[one.id for one in found])
    visible = set(seen.values_list("pk", flat=True))
    rows = Customer.objects.filter(pk__in=[one.id for one in found]).values_list(
        "pk", "name", "number", "phone", "owner__name", "owner_id"
    )
    by_id = {row[0]: row for row in rows}
    hidden = access.field_levels(actor, customer).get("phone") in {"masked", "hidden"}
    answers = []
    for one in found:
        if one.id not in by_id or not (one.id in visible or one.sure):
            continue
        _key, name, number, phone, owner, owner_id = by_id[one.id]
        spec = customer.fields["phone"]
        opens = one.id in visible
        answers.append(
            Answer(
                one.id if opens else None,
                name if opens else names.mask_name(name),
                number if opens else "",
                str(spec.type.mask(phone) if hidden or not opens else spec.type.text(phone, spec)),
                owner if opens else names.mask_name(owner or ""),
                owner_id is None,
                one.p,
                one.reasons,
            )
        )
    return answers[:MOST]
