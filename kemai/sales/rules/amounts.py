"""Arithmetic of quotes and contracts. Every sum is the sum of its rounded lines, so it equals what people add up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple


def whole(value: Decimal) -> int:
    """Rounded half up to a whole number (of cents)."""
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))


def line_amount(quantity: float, price: int, discount: float = 0.0) -> int:
    """What a line comes to: quantity × price less the discount, rounded once."""
    return whole(Decimal(repr(quantity)) * price * (1 - Decimal(repr(discount))))


def tax_inside(amount: int, rate: float) -> int:
    """The tax contained in an amount that includes it, as Chinese prices do."""
    share = Decimal(repr(rate))
    return whole(amount * share / (1 + share))


def discount_of(list_price: int | None, price: int, discount: float = 0.0) -> float:
    """How much less than the list price a line really costs, both price and discount counted; 0 without list price."""
    if not list_price:
        return max(discount, 0.0)
    real = Decimal(price) * (1 - Decimal(repr(discount)))
    return float(max(1 - real / list_price, Decimal(0)))


def shares(total: int, weights: Sequence[float]) -> list[int]:
    """Divide `total` in proportion to the weights by largest remainder: the parts always add up to the whole."""
    if not weights:
        return []
    exact_weights = [Decimal(repr(weight)) for weight in weights]
    whole_weight = sum(exact_weights)
    if whole_weight <= 0:
        exact_weights, whole_weight = [Decimal(1)] * len(weights), Decimal(len(weights))
    exact = [Decimal(total) * weight / whole_weight for weight in exact_weights]
    parts = [int(one.to_integral_value("ROUND_FLOOR")) for one in exact]
    rest = total - sum(parts)
    order = sorted(range(len(parts)), key=lambda n: (parts[n] - exact[n], n))
    for n in order[:rest]:
        parts[n] += 1
    return parts


class Priced(NamedTuple):
    """A line: amounts in cents of the document's currency, shares as fractions."""

    quantity: float
    list_price: int | None
    price: int
    discount: float = 0.0
    tax_rate: float = 0.0

    @property
    def amount(self) -> int:
        return line_amount(self.quantity, self.price, self.discount)


class Sums(NamedTuple):
    """What lines come to together; each line is rounded once, and only rounded lines are added."""

    amount: int
    tax: int
    most_discount: float


def sums(lines: Iterable[Priced]) -> Sums:
    amount = tax = 0
    most = 0.0
    for line in lines:
        amount += line.amount
        tax += tax_inside(line.amount, line.tax_rate)
        most = max(most, discount_of(line.list_price, line.price, line.discount))
    return Sums(amount, tax, most)


class Margin(NamedTuple):
    """In cents of yuan: gross profit (without tax) of the lines whose cost is known, and what the others come to (with
    tax, as they stand in the contract): of those nothing is said."""

    gross: int
    uncosted: int


def margin(lines: Iterable[tuple[Priced, int | None]], rate: float) -> Margin:
    """`lines` with the cost of one unit in cents of yuan, None where it is not known; their prices are in a currency
    worth `rate` yuan. Each line is rounded once."""
    gross = uncosted = 0
    for line, cost in lines:
        if cost is None:
            uncosted += converted(line.amount, rate)
        else:
            net = converted(line.amount - tax_inside(line.amount, line.tax_rate), rate)
            gross += net - line_amount(line.quantity, cost)
    return Margin(gross, uncosted)


def converted(amount: int, rate: float, into: float = 1.0) -> int:
    """An amount in a currency worth `rate` yuan, in one worth `into` yuan, rounded half up."""
    return whole(Decimal(amount) * Decimal(repr(rate)) / Decimal(repr(into)))


@dataclass(frozen=True)
class Offer:
    """A price that may apply: on a list for `value_class` ('' for everybody), valid from `starts` to `ends`."""

    list_id: int
    value_class: str
    starts: dt.date | None
    ends: dt.date | None
    from_quantity: float
    price: int
    floor: float | None = None


def best_offer(offers: Iterable[Offer], *, value_class: str, quantity: float, on: dt.date) -> Offer | None:
    """The price for a customer of this class who takes this many on this day: the list for the class before the one
    for everybody, then the list that began last, then the highest quantity reached."""

    def rank(offer: Offer) -> tuple[bool, dt.date, float, int]:
        return (bool(offer.value_class), offer.starts or dt.date.min, offer.from_quantity, offer.list_id)

    fitting = [
        offer
        for offer in offers
        if offer.value_class in {"", value_class}
        and (offer.starts is None or offer.starts <= on)
        and (offer.ends is None or offer.ends >= on)
        and offer.from_quantity <= quantity
    ]
    return max(fitting, key=rank, default=None)


def gaps(steps: Sequence[tuple[dt.date | None, dt.date | None]]) -> list[tuple[dt.date, dt.date]]:
    """The days, between the first and the last of the spans, that none of them covers: (first day, last day)."""
    spans = sorted((a or dt.date.min, b or dt.date.max) for a, b in steps)
    found: list[tuple[dt.date, dt.date]] = []
    reach: dt.date | None = None
    for start, end in spans:
        if reach is not None and reach < dt.date.max and start > reach + dt.timedelta(days=1):
            found.append((reach + dt.timedelta(days=1), start - dt.timedelta(days=1)))
        reach = end if reach is None else max(reach, end)
    return found


def no_price_below(steps: Iterable[float]) -> float | None:
    """The quantity from which on a product has a price, where smaller ones have none; None without such a gap."""
    lowest = min(steps, default=0.0)
    return lowest if lowest > 1 else None
