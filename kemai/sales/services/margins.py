"""Gross profit of contracts 毛利: what their lines come to without tax, less what they cost us. Only lines whose cost
is known are counted, and beside every sum stands how much it says nothing of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from django.db import transaction
from django.db.models import Count, OuterRef, Q, Subquery, Sum

from kemai.customers.models import Product
from kemai.kit.money import from_cents, to_cents
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.objects import get
from kemai.sales.models import Contract, ContractLine
from kemai.sales.rules.amounts import margin
from kemai.sales.services import books, lines
from kemai.sales.services.lines import Line

BATCH = 500


def may_see(actor: Actor) -> bool:
    """Whoever knows the profit of a contract can work out what its goods cost."""
    return access.field_levels(actor, get("contract")).get("gross") in {"read", "edit"}


def lines_of(contracts: Iterable[int]) -> dict[int, list[Line]]:
    """One query."""
    found: dict[int, list[Line]] = defaultdict(list)
    rows = ContractLine.objects.filter(contract__in=list(contracts)).order_by("position", "pk")
    for key, *row in rows.values_list("contract_id", *lines.COLUMNS):
        found[key].append(Line(*row))
    return found


def columns(found: Sequence[Line], rate: float, amount: Decimal) -> dict[str, Decimal]:
    """What a contract of these lines keeps; `amount` in yuan is without a cost where there are none."""
    if not found:
        return {"gross": Decimal("0.00"), "uncosted": amount}
    pairs = ((one.priced, None if one.cost is None else to_cents(one.cost)) for one in found)
    told = margin(pairs, rate)
    return {"gross": from_cents(told.gross), "uncosted": from_cents(told.uncosted)}


def fill(products: Sequence[int]) -> int:
    """Lines of contracts that were written while nobody knew a product's cost take the one that is known now; lines
    that have a cost keep it. Returns how many contracts changed."""
    priced = Product.objects.filter(pk__in=list(products)).exclude(cost=None)
    empty = ContractLine.objects.filter(product__in=priced, cost=None)
    keys = sorted(set(empty.values_list("contract_id", flat=True)))
    for at in range(0, len(keys), BATCH):
        with transaction.atomic():
            held = books.lock(keys[at : at + BATCH])
            own = Product.objects.filter(pk=OuterRef("product")).values("cost")[:1]
            empty.filter(contract__in=held).update(cost=Subquery(own))
            settle(held)
    return len(keys)


def settle(held: Mapping[int, Contract]) -> None:
    """Inside the caller's transaction."""
    found = lines_of(held)
    for key, contract in held.items():
        told = columns(found.get(key, ()), contract.rate, contract.amount_base)
        contract.gross, contract.uncosted = told["gross"], told["uncosted"]
    Contract.objects.bulk_update(held.values(), ["gross", "uncosted"], batch_size=BATCH)


class Coverage(NamedTuple):
    """How far gross profit can be trusted: contracts in yuan, how much of it has no cost, in how many contracts."""

    amount: Decimal
    uncosted: Decimal
    contracts: int

    @property
    def share(self) -> float:
        return float(1 - self.uncosted / self.amount) if self.amount else 1.0


def coverage(rows: object) -> Coverage:
    """Of a query of contracts. One statement."""
    told = rows.aggregate(  # type: ignore[attr-defined]
        whole=Sum("amount_base"), unknown=Sum("uncosted"), n=Count("pk", filter=Q(uncosted__gt=0))
    )
    return Coverage(told["whole"] or Decimal(0), told["unknown"] or Decimal(0), told["n"])
