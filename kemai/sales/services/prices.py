"""What a product costs for a customer who takes so many on a day: the lists are looked up here, chosen by
`rules.amounts.best_offer`."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.customers.models import CustomerFacts, Product
from kemai.kit.money import from_cents, to_cents
from kemai.platform.fields import Invalid
from kemai.sales.models import ExchangeRate, Price, PriceList
from kemai.sales.rules.amounts import Offer, best_offer, converted, gaps, no_price_below
from kemai.sales.services.rates import HOME, rates_on

MOST_GAPS = 50


def today() -> dt.date:
    """The company's day."""
    return timezone.localdate(timezone=timezone.get_default_timezone())


@dataclass(frozen=True)
class Basis:
    """For whom, when and in what money prices are asked; `price_list` narrows to one list."""

    value_class: str = ""
    on: dt.date | None = None
    currency: str = HOME
    price_list: int | None = None


class Found(NamedTuple):
    """The list price in cents and the discount that needs nobody's approval (None: the company's limit); `note` says
    what a person should know, '' where all is well."""

    price: int | None
    floor: float | None = None
    note: str = ""


def class_of(customer: int | None) -> str:
    found = CustomerFacts.objects.filter(pk=customer).values_list("value_class", flat=True).first()
    return found or ""


def offers_of(products: Iterable[int], basis: Basis) -> dict[int, list[Offer]]:
    """The prices of these products on lists in the currency, by product. One query."""
    lists = {
        "price_list__active": True,
        "price_list__deleted_at": None,
        "price_list__currency": basis.currency,
    }
    rows = Price.objects.filter(product__in=list(products), deleted_at=None, **lists)
    if basis.price_list is not None:
        rows = rows.filter(price_list=basis.price_list)
    found: dict[int, list[Offer]] = defaultdict(list)
    columns = (
        "product", "price_list", "price_list__value_class", "price_list__starts_on", "price_list__ends_on",
        "from_quantity", "price", "floor",
    )  # fmt: skip
    for product, key, value_class, starts, ends, least, price, floor in rows.values_list(*columns):
        offer = Offer(key, value_class, starts, ends, least, to_cents(price), floor)
        found[product].append(offer)
    return found


def find_prices(wanted: Sequence[tuple[int, float]], basis: Basis) -> list[Found]:
    """The list price for each (product, quantity): by the price lists, else the product's own. Two queries."""
    keys = {product for product, _quantity in wanted}
    offers = offers_of(keys, basis)
    plain: dict[int, Any] = dict(Product.objects.filter(pk__in=keys).values_list("pk", "price"))
    on = basis.on or today()
    rate = rates_on([(basis.currency, on)]).get((basis.currency, on))
    found = []
    for product, quantity in wanted:
        mine = offers.get(product, [])
        value_class = basis.value_class
        if basis.price_list is not None:  # a list that was chosen holds whatever class it is for
            value_class = next((offer.value_class for offer in mine), "")
        offer = best_offer(mine, value_class=value_class, quantity=quantity, on=on)
        if offer is not None:
            found.append(Found(offer.price, offer.floor))
            continue
        own = plain.get(product)
        price = None if own is None or rate is None else converted(to_cents(own), 1.0, rate)
        found.append(Found(price, None, why_none(mine, value_class, quantity, on)))
    return found


def why_none(offers: Sequence[Offer], value_class: str, quantity: float, on: dt.date) -> str:
    """Why the lists that name the product do not help here, with figures; '' where no list names it."""
    mine = [offer for offer in offers if offer.value_class in {"", value_class}]
    valid = [
        offer
        for offer in mine
        if (offer.starts is None or offer.starts <= on) and (offer.ends is None or offer.ends >= on)
    ]
    if valid:
        least = min(offer.from_quantity for offer in valid)
        return _("价格表从 %(least)s 起才有价格，这里是 %(quantity)s，已用产品标价") % {
            "least": f"{least:g}", "quantity": f"{quantity:g}",
        }  # fmt: skip
    if mine:
        return _("价格表在 %(day)s 没有生效的价格，已用产品标价") % {"day": on.isoformat()}
    return ""


class Gap(NamedTuple):
    """Something a list leaves out: which product, and what of it."""

    product: int
    name: str
    text: str


def gaps_of(price_list: PriceList) -> list[Gap]:
    """Quantities for which products of the list have no price, and days between lists of its class and currency on
    which they have none. At most MOST_GAPS."""
    rows = Price.objects.filter(price_list=price_list, deleted_at=None, product__deleted_at=None)
    steps: dict[int, list[float]] = defaultdict(list)
    names: dict[int, str] = {}
    for product, name, least in rows.values_list("product", "product__name", "from_quantity"):
        steps[product].append(least)
        names[product] = name
    found = []
    for product, mine in steps.items():
        lowest = no_price_below(mine)
        if lowest is not None:
            found.append(Gap(product, names[product], _("少于 %(n)s 时没有价格") % {"n": f"{lowest:g}"}))
    for product, days in spans_of(price_list, steps).items():
        for first, last in gaps(days):
            text = _("%(first)s 至 %(last)s 没有价格（%(n)s 天）") % {
                "first": first.isoformat(), "last": last.isoformat(), "n": (last - first).days + 1,
            }  # fmt: skip
            found.append(Gap(product, names[product], text))
    return sorted(found, key=lambda gap: gap.name)[:MOST_GAPS]


def spans_of(
    price_list: PriceList, products: Mapping[int, object]
) -> dict[int, list[tuple[dt.date | None, dt.date | None]]]:
    """When which of the products is on a list for the same customers in the same money."""
    rows = Price.objects.filter(
        product__in=list(products), deleted_at=None, price_list__deleted_at=None, price_list__active=True,
        price_list__value_class=price_list.value_class, price_list__currency=price_list.currency,
    )  # fmt: skip
    found: dict[int, list[tuple[dt.date | None, dt.date | None]]] = defaultdict(list)
    for product, starts, ends in rows.values_list(
        "product", "price_list__starts_on", "price_list__ends_on"
    ).distinct():
        found[product].append((starts, ends))
    return found


# in the write door


def prepare_rate(values: dict[str, object], existing: ExchangeRate | None, by: object) -> None:
    currency = values.get("currency", existing.currency if existing else "")
    rate = values.get("rate", existing.rate if existing else 0)
    if currency == HOME:
        raise Invalid(_("人民币是记账币种，不需要汇率"))
    if not isinstance(rate, int | float) or rate <= 0:
        raise Invalid(_("汇率应大于 0：1 单位外币值多少元人民币"))


def prepare_list(values: dict[str, object], existing: PriceList | None, by: object) -> None:
    starts = values.get("starts_on", existing.starts_on if existing else None)
    ends = values.get("ends_on", existing.ends_on if existing else None)
    if isinstance(starts, dt.date) and isinstance(ends, dt.date) and ends < starts:
        raise Invalid(_("失效日期不能早于生效日期"))


def prepare_price(values: dict[str, Any], existing: Price | None, by: object) -> None:
    least = values.get("from_quantity", existing.from_quantity if existing else 0)
    price = values.get("price", existing.price if existing else 0)
    floor = values.get("floor", existing.floor if existing else None)
    if isinstance(least, int | float) and least < 0:
        raise Invalid(_("起订数量不能小于 0"))
    if price is not None and price < from_cents(0):
        raise Invalid(_("价格不能小于 0"))
    if isinstance(floor, int | float) and not 0 <= floor <= 1:
        raise Invalid(_("最大折扣应在 0% 到 100% 之间"))
