"""Orders and their lines: when each customer buys, where, what, how many and at what price."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kemai.project.demo.catalogue import B2B, LINES, MINI, ONLINE, PHONE, Catalogue
from kemai.project.demo.crowd import CHANNELS, KIND, KINDS, ORDERS, Crowd, Floats, Ints
from kemai.project.demo.season import DAYS, HOURS, Season, moments, now, within
from kemai.project.demo.table import NONE, Table, texts

INFLATION = 0.03
STATES = ("paid", "refunded", "cancelled", "open")
NOTES = (
    "请放门卫处", "需要礼品包装", "周末送货", "开增值税专用发票", "送货前电话联系", "请勿放价格单", "自提", "与上一单合并发货",
    "附手写贺卡", "客户指定工作日 9 点前送达",
)  # fmt: skip


class WinBack(NamedTuple):
    """One campaign to win back the lost: its day, who was addressed and who of the lost was held out."""

    name: str
    day: int
    addressed: Ints
    held_out: Ints


class Purchases(NamedTuple):
    orders: Table
    lines: Table
    day: Ints
    """Day of each order in the calendar."""
    customer: Ints
    first_line: Ints
    """Position of each order's first line."""
    campaigns: list[WinBack]


def _arrivals(
    rng: np.random.Generator,
    people: Crowd,
    rows: Ints,
    start: Ints,
    end: Ints,
    clock: Floats,
    *,
    at_once: bool,
) -> tuple[Ints, Ints]:
    """(customer, day) of orders of customers of one kind. They renew in the time of their own demand curve
    (`clock`: cumulated), which puts rhythm and season in one."""
    kind = KINDS[int(people.kind[rows[0]])]
    mean = people.gap[rows][:, None]
    gaps = rng.gamma(kind.rhythm, 1 / kind.rhythm, (len(rows), kind.limit)) * mean
    gaps *= np.exp(
        -people.growth[rows][:, None] * np.arange(kind.limit) * people.gap[rows][:, None] / 365 * 0.5
    )
    begins = np.maximum(start, 0)
    fresh = (start >= 0) if at_once else np.zeros(len(rows), bool)
    gaps[:, 0] = np.where(fresh, 1e-9, gaps[:, 0] * rng.random(len(rows)))
    inner = clock[begins][:, None] + np.cumsum(gaps, axis=1)
    day = np.searchsorted(clock, inner, side="left") - 1
    keep = (inner < clock[-1]) & (day < end[:, None])
    day = np.maximum(day, begins[:, None])
    who, nth = np.nonzero(keep)
    return rows[who], day[who, nth]


def _clocks(when: Season) -> dict[str, Floats]:
    return {name: np.concatenate(([0.0], np.cumsum(curve))) for name, curve in when.demand.items()}


def _fading(rng: np.random.Generator, people: Crowd, who: Ints, day: Ints) -> NDArray[np.bool_]:
    """Most of those who leave fade first: in the last 90 days every second order is not made."""
    fades = rng.random(len(people)) < 0.65
    late = fades[who] & (people.end[who] - day < 90) & (people.end[who] < DAYS + 60)
    keep: NDArray[np.bool_] = ~late | (rng.random(len(who)) < 0.5) | (people.kind[who] == KIND["once"])
    return keep


def _win_backs(rng: np.random.Generator, people: Crowd, when: Season) -> list[WinBack]:
    """Twice a year the lost of the last 18 months are written to, one in five held out."""
    out = []
    for month, name in ((4, "春日唤醒"), (9, "老友回家")):
        starts = np.flatnonzero((when.month == month) & (np.r_[0, when.month[:-1]] == month - 1)) + 8
        for day in starts[starts < DAYS].tolist():
            lost = np.flatnonzero(
                (people.end < day - 90) & (people.end > day - 540) & (people.kind != KIND["prospect"])
            )
            held = rng.random(len(lost)) < 0.2
            out.append(WinBack(f"{when.dates[day].item().year} {name}", day, lost[~held], lost[held]))
    return sorted(out, key=lambda campaign: campaign.day)


def _returns(
    rng: np.random.Generator, people: Crowd, when: Season, campaigns: list[WinBack]
) -> list[tuple[Ints, Ints]]:
    clocks = _clocks(when)
    found = []
    back = np.zeros(len(people), bool)
    for campaign in campaigns:
        for group, chance in ((campaign.addressed, 0.11), (campaign.held_out, 0.035)):
            again = group[(rng.random(len(group)) < chance) & ~back[group]]
            back[again] = True
            start = np.minimum(campaign.day + 1 + rng.geometric(0.12, len(again)), DAYS - 1)
            end = start + 30 + rng.exponential(260, len(again)).astype(np.int64)
            for at, kind in enumerate(KINDS):
                rows = np.flatnonzero(people.kind[again] == at)
                if len(rows) and kind.limit:
                    clock = clocks["everyday" if not kind.company else "office"]
                    found.append(
                        _arrivals(rng, people, again[rows], start[rows], end[rows], clock, at_once=True)
                    )
    return found


def _when(rng: np.random.Generator, people: Crowd, when: Season) -> tuple[Ints, Ints, list[WinBack]]:
    clocks = _clocks(when)
    parts = []
    for at, kind in enumerate(KINDS):
        rows = np.flatnonzero((people.kind == at) & (people.end > 0))
        if len(rows) and kind.limit:
            parts.append(
                _arrivals(
                    rng, people, rows, people.join[rows], people.end[rows], clocks[kind.demand], at_once=True
                )
            )
    who, day = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    keep = _fading(rng, people, who, day)
    campaigns = _win_backs(rng, people, when)
    more = _returns(rng, people, when, campaigns)
    who = np.concatenate([who[keep], *(part[0] for part in more)])
    day = np.concatenate([day[keep], *(part[1] for part in more)])
    return who, day, campaigns


def _channels(rng: np.random.Generator, people: Crowd, when: Season, who: Ints, day: Ints) -> Ints:
    chance = people.channel[who].copy()
    chance[:, 0] *= np.where(when.weekday[day] >= 5, 1.3, 0.9)
    chance[:, 1] *= np.where(when.demand["sale"][day] > 3, 1.8, 1.0)
    chance[:, 2] *= 0.45 + 1.1 * day / DAYS
    edges = np.cumsum(chance, axis=1)
    draw = rng.random(len(who)) * edges[:, -1]
    return np.asarray((draw[:, None] > edges).sum(axis=1), np.int64)


def _products(
    rng: np.random.Generator, people: Crowd, when: Season, shelf: Catalogue, who: Ints, day: Ints
) -> Ints:
    """One product a line: a category by taste and season, in it the customer's usual one or a popular one."""
    seasons = np.array([line.season for line in LINES])
    month = when.month[day] - 1
    edges = np.cumsum(people.taste[who] * seasons[:, month].T, axis=1)
    category = (rng.random(len(who))[:, None] * edges[:, -1:] > edges).sum(axis=1)
    usual = rng.random((len(people), len(LINES)))[who, category]
    draw = np.where(rng.random(len(who)) < 0.5, usual, rng.random(len(who)))
    # those who spend more reach for the dearer half of a shelf
    out = np.zeros(len(who), np.int64)
    rich = people.spend[who] > 1.35
    for c in range(len(LINES)):
        shelf_rows = np.flatnonzero(shelf.category_of == c)
        dear = np.where(shelf.price[shelf_rows] > np.median(shelf.price[shelf_rows]), 2.2, 0.7)
        for m in range(12):
            for wealthy in (False, True):
                lines = np.flatnonzero((category == c) & (month == m) & (rich == wealthy))
                if len(lines):
                    weight = np.cumsum(shelf.in_season[shelf_rows, m] * (dear if wealthy else 1.0))
                    out[lines] = shelf_rows[np.searchsorted(weight, draw[lines] * weight[-1])]
    return out


def _quantities(rng: np.random.Generator, people: Crowd, who: Ints, price: Ints) -> Ints:
    company = people.company[who]
    few = 1 + rng.poisson(np.minimum(0.28 * people.spend[who], 2.0)) * (price < 30_000)
    many = people.size[who] * people.spend[who] * rng.lognormal(0.6, 0.6, len(who)) * (6_000 / price) ** 0.35
    return np.where(company, np.clip(many, 1, 600), few).astype(np.int64)


def _prices(
    rng: np.random.Generator,
    people: Crowd,
    when: Season,
    shelf: Catalogue,
    who: Ints,
    day: Ints,
    product: Ints,
) -> Ints:
    """What one piece cost on that day, in cents: list prices grow, sales and loyalty take off."""
    years = (DAYS - 1 - day) / 365.25
    listed = np.round(shelf.price[product] * (1 + INFLATION) ** -years / 100) * 100
    f = when.festivals
    off = np.ones(len(who))
    off *= np.where(within(f.singles[day], -1, 0), 0.80, 1.0) * np.where(
        within(f.midyear[day], -2, 0), 0.84, 1.0
    )
    off *= np.where(f.twelve[day] == 0, 0.88, 1.0) * np.where(within(f.singles[day], -10, -2), 0.92, 1.0)
    off *= np.where(people.kind[who] == KIND["bargain"], 0.93, 1.0)
    off *= np.where(people.company[who], np.clip(0.97 - 0.02 * np.log(people.size[who] + 1), 0.84, 1.0), 1.0)
    off *= np.where(rng.random(len(who)) < 0.12, 0.9, 1.0)
    return np.maximum(np.round(listed * off / 10) * 10, 100).astype(np.int64)


def _states(rng: np.random.Generator, day: Ints) -> list[str]:
    state = np.asarray(rng.choice(3, len(day), p=[0.965, 0.021, 0.014]), np.int64)
    state = np.where((day > DAYS - 9) & (rng.random(len(day)) < 0.14), 3, state)
    return texts(STATES, state)


def _numbers(when: Season, day: Ints) -> list[str]:
    """SO + day + number within the day; orders come sorted by time."""
    dates = [d.item().strftime("%Y%m%d") for d in when.dates]
    starts = np.searchsorted(day, np.arange(DAYS))
    nth = np.arange(len(day)) - starts[day] + 1
    return [f"SO{dates[d]}{n:05d}" for d, n in zip(day.tolist(), nth.tolist(), strict=True)]


def _lines(
    rng: np.random.Generator, people: Crowd, when: Season, shelf: Catalogue, who: Ints, day: Ints
) -> tuple[Ints, Table]:
    count = 1 + rng.poisson(
        np.where(people.company[who], 2.4, np.minimum(0.85 + 0.2 * people.spend[who], 3.0))
    )
    order = np.repeat(np.arange(len(who)), count)
    product = _products(rng, people, when, shelf, who[order], day[order])
    kept = np.sort(np.unique(order * 10_000 + product, return_index=True)[1])
    order, product = order[kept], product[kept]
    price = _prices(rng, people, when, shelf, who[order], day[order], product)
    quantity = _quantities(rng, people, who[order], price)
    amount = price * quantity
    coupon = rng.choice([500, 1000, 2000, 5000], len(order), p=[0.35, 0.35, 0.2, 0.1])
    used = (rng.random(len(order)) < 0.05) & (amount > 4 * coupon)
    amount = amount - np.where(used, coupon, 0)
    table = Table(
        {
            "order": order,
            "product": product,
            "quantity": quantity.astype(float),
            "price": price,
            "amount": amount,
        },
        refs={"order": "order", "product": "product"},
        cents=frozenset({"price", "amount"}),
    )
    return order, table


def purchases(
    rng: np.random.Generator, people: Crowd, when: Season, shelf: Catalogue, scale: float
) -> Purchases:
    """Every order of the three years, sorted by time: at most `scale` × 200,000."""
    who, day, campaigns = _when(rng, people, when)
    channel = _channels(rng, people, when, who, day)
    at = np.zeros(len(who), "datetime64[s]")
    for c, name in enumerate(CHANNELS):
        rows = np.flatnonzero(channel == c)
        at[rows] = moments(rng, when, day[rows], HOURS[name])
    order = np.flatnonzero(at <= now(when))
    order = rng.permutation(order)[: max(1, round(ORDERS * scale))]
    order = order[np.argsort(at[order], kind="stable")]
    who, day, channel, at = who[order], day[order], channel[order], at[order]
    owner, lines = _lines(rng, people, when, shelf, who, day)
    shop = np.array([NONE, ONLINE, MINI, B2B, PHONE])[channel]
    home = np.where(people.shop[who] >= 0, people.shop[who], ONLINE)
    amount = np.bincount(owner, lines.ints("amount").astype(float), len(who)).astype(np.int64)
    columns = Table(
        {
            "number": _numbers(when, day),
            "customer": who,
            "channel": texts(CHANNELS, channel),
            "shop": np.where(channel == 0, home, shop),
            "state": _states(rng, day),
            "ordered_at": at,
            "amount": amount,
            "quantity": np.bincount(owner, np.asarray(lines.columns["quantity"], float), len(who)),
            "note": [
                NOTES[int(u * 500)] if u < 0.02 else "" for u in rng.random(len(who)).tolist()
            ],
            "created_at": at,
        },
        refs={"customer": "customer", "shop": "shop"},
        cents=frozenset({"amount"}),
    )  # fmt: skip
    first = np.searchsorted(owner, np.arange(len(who)))
    return Purchases(columns, lines, day, who, first, campaigns)
