"""What customers are to us: several things at once. Whoever buys is no prospect any more."""

from __future__ import annotations

from collections import defaultdict

from django.db.models import QuerySet

from kemai.customers.models import Customer
from kemai.platform import query
from kemai.platform.access import SYSTEM
from kemai.platform.objects import get
from kemai.platform.query.orm import compile_q

BOUGHT = {
    "all": [
        {"field": "roles", "op": "has_any", "value": ["prospect"]},
        {"field": "last_order_at", "op": "not_empty"},
    ]
}


def follow_purchases(customers: QuerySet[Customer] | None = None) -> int:
    """Prospects that have bought become customers; whatever else they are to us they stay. Returns how many."""
    of_type = get("customer")
    rows = Customer.objects.all() if customers is None else customers
    found = rows.filter(compile_q(query.parse(BOUGHT, of_type, SYSTEM.moment()), of_type))
    same: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for pk, mine in found.values_list("pk", "roles"):
        same[tuple(sorted({*mine, "customer"} - {"prospect"}))].append(pk)
    for now, keys in same.items():
        for first in range(0, len(keys), 500):
            Customer.objects.filter(pk__in=keys[first : first + 500]).update(roles=list(now))
    return sum(map(len, same.values()))
