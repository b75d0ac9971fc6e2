"""The hidden nature of each customer: what kind of buyer, since when, until when, how often, how much, of what.

Nothing here is loaded; it drives what the customers do. Tests compare what analyses find with it."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from kemai.project.demo.catalogue import LINES
from kemai.project.demo.naming import INDUSTRIES
from kemai.project.demo.place import CITIES, SHARE
from kemai.project.demo.season import DAYS, Season
from kemai.project.demo.table import NONE

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

PERSONS, COMPANIES, ORDERS = 18_400, 1_600, 200_000
CATEGORY = {line.name: at for at, line in enumerate(LINES)}


@dataclass(frozen=True)
class Kind:
    """A way of buying. `gap`: median days between orders (of this kind's own demand), `spread` of the medians
    between customers (sigma of the logarithm), `rhythm`: how regular (shape of the gamma), `life`: mean days
    until they stop, `limit`: most orders, `demand`: which curve of the calendar."""

    key: str
    company: bool
    share: float
    demand: str
    gap: float
    spread: float
    rhythm: float
    life: float
    limit: int
    spend: float = 1.0


KINDS = (
    Kind("regular", False, 0.235, "everyday", 27, 0.50, 5.0, 1000, 150, 1.05),
    Kind("casual", False, 0.265, "everyday", 72, 0.40, 1.1, 900, 40, 0.95),
    Kind("once", False, 0.165, "everyday", 9999, 0.10, 1.0, 30, 1, 0.85),
    Kind("gift", False, 0.085, "gift", 72, 0.35, 1.5, 1300, 30, 1.5),
    Kind("bargain", False, 0.100, "sale", 60, 0.35, 1.2, 1200, 40, 0.9),
    Kind("summer", False, 0.030, "summer", 60, 0.35, 2.5, 1300, 40),
    Kind("winter", False, 0.030, "winter", 60, 0.35, 2.5, 1300, 40, 1.2),
    Kind("baby", False, 0.040, "everyday", 18, 0.30, 6.0, 620, 90),
    Kind("prospect", False, 0.050, "everyday", 9999, 0.10, 1.0, 1, 0),
    Kind("b2b", True, 0.50, "office", 24, 0.25, 9.0, 1300, 90),
    Kind("b2b_quarter", True, 0.22, "office", 80, 0.30, 5.0, 1200, 30, 1.3),
    Kind("b2b_gift", True, 0.15, "office_gift", 90, 0.30, 2.0, 1400, 20, 2.2),
    Kind("b2b_prospect", True, 0.13, "office", 9999, 0.10, 1.0, 1, 0),
)
KIND = {kind.key: at for at, kind in enumerate(KINDS)}
# what a kind of buyer likes, as factors on the categories' shares
TASTE: dict[str, dict[str, float]] = {
    "gift": {"节令礼盒": 9, "茶叶": 2.5, "茶具餐具": 1.5, "母婴用品": 0.1, "收纳清洁": 0.3},
    "bargain": {"收纳清洁": 2.2, "香氛洗护": 1.6, "小家电": 1.8, "彩妆护肤": 1.6, "床品家纺": 1.4},
    "summer": {"床品家纺": 2.5, "小家电": 2.5, "香氛洗护": 2},
    "winter": {"床品家纺": 3, "小家电": 2.2, "茶叶": 1.5},
    "baby": {"母婴用品": 14, "儿童玩具": 3, "节令礼盒": 0.3},
    "b2b": {
        "办公礼品": 18,
        "茶叶": 1.5,
        "收纳清洁": 2,
        "香氛洗护": 1.5,
        "母婴用品": 0.05,
        "彩妆护肤": 0.1,
        "儿童玩具": 0.1,
    },
    "b2b_quarter": {
        "办公礼品": 15,
        "茶具餐具": 2,
        "床品家纺": 1.5,
        "母婴用品": 0.05,
        "彩妆护肤": 0.1,
        "儿童玩具": 0.1,
    },
    "b2b_gift": {"节令礼盒": 14, "茶叶": 3, "办公礼品": 8, "茶具餐具": 2, "母婴用品": 0.05, "彩妆护肤": 0.1},
}
CHANNELS = ("store", "online", "mini", "b2b", "phone")


@dataclass
class Crowd:
    """One row a customer, sorted by the day on which they became known."""

    kind: Ints
    company: Bools
    city: Ints
    shop: Ints
    join: Ints
    """Day of the calendar; negative: known before it begins."""
    end: Ints
    """Day after which they buy no more, unless won back."""
    gap: Floats
    growth: Floats
    spend: Floats
    size: Floats
    taste: Floats
    channel: Floats
    female: Bools
    age: Ints
    industry: Ints
    old: Bools
    """Known before the calendar begins."""

    def __len__(self) -> int:
        return len(self.kind)

    def of(self, key: str) -> Bools:
        """Who is this kind of buyer."""
        mask: Bools = self.kind == KIND[key]
        return mask

    def sorted(self) -> Crowd:
        """The same customers by the day they joined."""
        order = np.argsort(self.join, kind="stable")
        return Crowd(**{f.name: getattr(self, f.name)[order] for f in fields(self)})


def _kinds(rng: np.random.Generator, scale: float) -> Ints:
    people = [k for k in KINDS if not k.company], [k for k in KINDS if k.company]
    out = []
    for group, count in zip(people, (PERSONS, COMPANIES), strict=True):
        shares = np.array([k.share for k in group])
        base = KIND[group[0].key]
        out.append(base + rng.choice(len(group), max(8, round(count * scale)), p=shares / shares.sum()))
    return np.concatenate(out)


def _joins(rng: np.random.Generator, kind: Ints, when: Season) -> tuple[Ints, Bools]:
    growth = 1.0 + 1.3 * np.arange(DAYS) / DAYS
    old = rng.random(len(kind)) < np.where(
        kind >= KIND["b2b"], 0.45, np.where(kind == KIND["once"], 0.12, 0.37)
    )
    join = np.zeros(len(kind), np.int64)
    for at, k in enumerate(KINDS):
        rows = np.flatnonzero(kind == at)
        weight = growth * (when.demand[k.demand] + 0.15)
        join[rows] = rng.choice(DAYS, len(rows), p=weight / weight.sum())
    join[old] = -1 - (rng.beta(1.1, 1.6, int(old.sum())) * 1400).astype(np.int64)
    return join, old


def _lives(rng: np.random.Generator, kind: Ints, join: Ints) -> Ints:
    mean = np.array([k.life for k in KINDS])[kind]
    start = np.maximum(join, 0)
    life = rng.exponential(mean) + rng.uniform(10, 60, len(kind))
    # a stock that fell asleep before the books begin
    asleep = (join < 0) & (rng.random(len(kind)) < 0.11)
    return np.where(asleep, 0, start + life.astype(np.int64) + 1)


def _taste(rng: np.random.Generator, kind: Ints, female: Bools) -> Floats:
    base = np.tile(np.array([line.share for line in LINES]), (len(kind), 1))
    for key, factors in TASTE.items():
        rows = np.flatnonzero(kind == KIND[key])
        for name, factor in factors.items():
            base[rows, CATEGORY[name]] *= factor
    base[~female, CATEGORY["彩妆护肤"]] *= 0.2
    base[kind < KIND["b2b"], CATEGORY["办公礼品"]] *= 0.08
    own = rng.gamma(np.maximum(base / base.sum(axis=1, keepdims=True) * 6.0, 1e-3))
    own += 0.02 * base
    return np.asarray(own / own.sum(axis=1, keepdims=True), np.float64)


def _channels(rng: np.random.Generator, kind: Ints, shop: Ints, company: Bools) -> Floats:
    habit = rng.choice(3, len(kind), p=[0.56, 0.28, 0.16])
    habit = np.where((kind == KIND["bargain"]) & (rng.random(len(kind)) < 0.6), 1, habit)
    table = np.array(
        [[0.74, 0.06, 0.17, 0, 0.03], [0.09, 0.71, 0.18, 0, 0.02], [0.16, 0.14, 0.69, 0, 0.01],
         [0, 0.62, 0.34, 0, 0.04], [0, 0.05, 0.02, 0.84, 0.09]]
    )  # fmt: skip
    row = np.where(company, 4, np.where(shop == NONE, 3, habit))
    mixed = table[row] * rng.uniform(0.4, 1.6, (len(kind), 5))
    return np.asarray(mixed / mixed.sum(axis=1, keepdims=True), np.float64)


def _shops(rng: np.random.Generator, city: Ints, company: Bools) -> Ints:
    draw = rng.random(len(city))
    shops = [CITIES[c].shops for c in city.tolist()]
    home = np.array([s[int(u * len(s))] if s else NONE for s, u in zip(shops, draw, strict=True)])
    return np.where(company, NONE, home)


def crowd(rng: np.random.Generator, when: Season, scale: float) -> Crowd:
    """Customers of all kinds, `scale` × 20,000 of them (never fewer than 16)."""
    kind = _kinds(rng, scale)
    count = len(kind)
    company = kind >= KIND["b2b"]
    city = rng.choice(len(CITIES), count, p=SHARE)
    shop = _shops(rng, city, company)
    join, old = _joins(rng, kind, when)
    female = rng.random(count) < np.where(kind == KIND["baby"], 0.86, 0.62)
    young = kind == KIND["baby"]
    age = np.where(young, rng.normal(31, 4, count), 21 + rng.gamma(3.0, 6.2, count))
    gap = np.array([k.gap for k in KINDS])[kind] * rng.lognormal(0, np.array([k.spread for k in KINDS])[kind])
    whale = np.where(rng.random(count) < 0.015, rng.uniform(2.5, 6, count), 1.0)
    industries = np.array([share for _, share, _ in INDUSTRIES])
    return Crowd(
        kind=kind, company=company, city=city, shop=shop, join=join, end=_lives(rng, kind, join),
        gap=np.maximum(gap, 7.0), growth=np.where(company, rng.normal(0.10, 0.22, count), 0.0),
        spend=np.array([k.spend for k in KINDS])[kind] * rng.lognormal(0, 0.42, count) * whale,
        size=np.where(company, np.minimum(rng.lognormal(0.9, 0.85, count), 40.0), 1.0),
        taste=_taste(rng, kind, female), channel=_channels(rng, kind, shop, company), female=female,
        age=np.clip(age, 18, 84).astype(np.int64),
        industry=rng.choice(len(INDUSTRIES), count, p=industries / industries.sum()), old=old,
    ).sorted()  # fmt: skip
