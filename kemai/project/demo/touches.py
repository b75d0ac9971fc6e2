"""Interactions: every call, visit, message and note, each tied to something that happened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kemai.project.demo import wording
from kemai.project.demo.catalogue import Catalogue
from kemai.project.demo.crowd import Crowd, Ints
from kemai.project.demo.people import People
from kemai.project.demo.place import AREA_OF
from kemai.project.demo.purchases import Purchases
from kemai.project.demo.season import DAYS, HOURS, Season, moments, now
from kemai.project.demo.staff import AREAS, Staff
from kemai.project.demo.table import NONE
from kemai.project.demo.wording import Talk

Times = NDArray[np.datetime64]
SHOWCASE = 5000


class Scene(NamedTuple):
    """All that interactions are made from."""

    rng: np.random.Generator
    people: Crowd
    when: Season
    team: Staff
    bought: Purchases
    known: People
    shelf: Catalogue

    @property
    def owner(self) -> Ints:
        """Owner of each customer, -1 if none."""
        return self.known.customers.ints("owner")

    def some(self, rows: Ints, share: float) -> Ints:
        """A random share of these."""
        return rows[self.rng.random(len(rows)) < share]

    def served(self, customer: Ints) -> Ints:
        """Who of the staff dealt with them: the owner, else somebody of the service desk."""
        desk = np.array(self.team.service)[self.rng.integers(1, len(self.team.service), len(customer))]
        return np.where(self.owner[customer] >= 0, self.owner[customer], desk)


@dataclass
class Batch:
    """Interactions of one kind. `order`: position of the order that it is about, -1 if none."""

    channel: str
    direction: str
    talk: Talk
    customer: Ints
    at: Times
    staff: Ints
    outcome: str = ""
    minutes: float = 0.0
    order: Ints | None = None
    kind: str = field(default="")

    def __len__(self) -> int:
        return len(self.customer)

    def sliced(self, keep: NDArray[np.bool_] | Ints) -> Batch:
        """Some of them."""
        order = None if self.order is None else self.order[keep]
        return Batch(
            self.channel, self.direction, self.talk, self.customer[keep], self.at[keep], self.staff[keep],
            self.outcome, self.minutes, order, self.kind,
        )  # fmt: skip


def _after(scene: Scene, order: Ints, low: int, high: int, hours: str) -> Times:
    day = scene.bought.day[order] + scene.rng.integers(low, high + 1, len(order))
    at = moments(scene.rng, scene.when, day, HOURS[hours])
    # never before the order itself
    return np.maximum(at, scene.bought.orders.times("ordered_at")[order] + np.timedelta64(5, "m"))


def callbacks(scene: Scene) -> list[Batch]:
    """Calls within a week after a purchase, to customers who have an owner."""
    buyers = np.flatnonzero(scene.owner[scene.bought.customer] >= 0)
    order = scene.some(buyers, 0.145)
    customer = scene.bought.customer[order]
    at = _after(scene, order, 2, 6, "work")
    result = scene.rng.choice(4, len(order), p=[0.66, 0.2, 0.09, 0.05])
    kinds = (
        ("reached", wording.CALLBACK, 3.2), ("missed", wording.MISSED, 0.0), ("later", wording.LATER, 0.6),
        ("refused", wording.REFUSED, 0.4),
    )  # fmt: skip
    whole = Batch("call", "out", wording.CALLBACK, customer, at, scene.owner[customer], order=order)
    out = []
    for n, (outcome, talk, minutes) in enumerate(kinds):
        part = whole.sliced(result == n)
        part.outcome, part.talk, part.minutes = outcome, talk, minutes
        out.append(part)
    return out


def inquiries(scene: Scene) -> list[Batch]:
    """Chats of customers of the web shop and the mini-program about an order."""
    channel = np.array(scene.bought.orders.texts("channel"))
    order = scene.some(np.flatnonzero((channel == "online") | (channel == "mini")), 0.105)
    customer = scene.bought.customer[order]
    desk = np.array(scene.team.service)[scene.rng.integers(0, len(scene.team.service), len(order))]
    at = _after(scene, order, 0, 3, "online")
    return [Batch("chat", "in", wording.ASK, customer, at, desk, order=order, minutes=6.0)]


def complaints(scene: Scene) -> list[Batch]:
    """Complaints and what became of them; one in seven who leave complained about their last order."""
    count = len(scene.bought.customer)
    last = np.full(len(scene.people), NONE)
    last[scene.bought.customer] = np.arange(count)
    leaving = np.flatnonzero((scene.people.end < DAYS - 20) & (last >= 0) & (scene.known.orders > 1))
    order = np.union1d(scene.some(np.arange(count), 0.008), scene.some(last[leaving], 0.15))
    customer = scene.bought.customer[order]
    desk = np.array(scene.team.service)[scene.rng.integers(0, len(scene.team.service), len(order))]
    at = _after(scene, order, 1, 5, "phone")
    by_phone = scene.rng.random(len(order)) < 0.45
    whole = Batch(
        "call", "in", wording.COMPLAINT, customer, at, desk, order=order, minutes=9.0, kind="complaint"
    )
    chat = whole.sliced(~by_phone)
    chat.channel = "chat"
    answered = scene.rng.random(len(order)) < 0.86
    reply = whole.sliced(answered)
    hours = scene.rng.integers(3, 60, len(reply)) * 3600
    reply.at = reply.at + hours.astype("m8[s]")
    reply.direction, reply.talk, reply.outcome, reply.kind = "out", wording.RESOLVED, "reached", ""
    reply.channel = "call"
    return [whole.sliced(by_phone), chat, reply]


def _years(scene: Scene, days: dict[int, int], rows: Ints, share: float) -> tuple[Ints, Ints]:
    """(customer, day) for a yearly event, of those known by then and heard of in the 500 days before."""
    customers, when = [], []
    last = np.maximum(scene.known.last, scene.people.join)
    for day in days.values():
        there = rows[(scene.people.join[rows] < day) & (last[rows] > day - 500)]
        chosen = scene.some(there, share)
        customers.append(chosen)
        when.append(np.full(len(chosen), day))
    if not customers:
        return np.array([], np.int64), np.array([], np.int64)
    return np.concatenate(customers), np.concatenate(when)


def _reachable(scene: Scene, column: str) -> Ints:
    values = scene.known.customers.texts(column)
    mask = np.array([bool(value) for value in values]) & np.array(
        [v != "invalid" for v in scene.known.customers.texts("validity")]
    )
    return np.flatnonzero(mask)


def birthdays(scene: Scene) -> list[Batch]:
    """A text message on the birthday."""
    rows = _reachable(scene, "phone")
    born = scene.known.customers.times("birthday")[rows]
    rows, born = rows[~np.isnat(born)], born[~np.isnat(born)]
    customers, days = [], []
    offset = (born - born.astype("M8[Y]")).astype("m8[D]")
    for year in range(scene.when.first.year, scene.when.first.year + 4):
        day = (np.datetime64(f"{year}-01-01") + offset - np.datetime64(scene.when.first, "D")).astype(
            np.int64
        )
        there = (day >= 0) & (day < DAYS) & (scene.people.join[rows] < day)
        there &= scene.known.last[rows] > day - 500
        there &= scene.rng.random(len(rows)) < 0.8
        customers.append(rows[there])
        days.append(day[there])
    customer = np.concatenate(customers)
    at = moments(scene.rng, scene.when, np.concatenate(days), HOURS["work"])
    return [
        Batch("sms", "out", wording.BIRTHDAY, customer, at, np.full(len(customer), scene.team.marketing[0]))
    ]


def greetings(scene: Scene) -> list[Batch]:
    """Greetings by WeCom of the owner before the three great festivals."""
    rows = _reachable(scene, "wecom_id")
    rows = rows[scene.owner[rows] >= 0]
    out = []
    for name, share in (("spring", 0.85), ("autumn", 0.7), ("dragon", 0.35)):
        away: Ints = getattr(scene.when.festivals, name)
        days = {at: int(day) for at, day in enumerate(np.flatnonzero(away == -2))}
        customer, day = _years(scene, days, rows, share)
        at = moments(scene.rng, scene.when, day, HOURS["work"])
        out.append(Batch("wecom", "out", wording.FESTIVAL[name], customer, at, scene.owner[customer]))
    return out


def promotions(scene: Scene) -> list[Batch]:
    """Mass messages before the great sales, newsletters, and the campaigns to win back the lost."""
    phones, mails = _reachable(scene, "phone"), _reachable(scene, "email")
    mails = mails[~scene.people.company[mails]]
    boss = scene.team.marketing[0]
    out = []
    for away, talk in (
        (scene.when.festivals.midyear, wording.MIDYEAR),
        (scene.when.festivals.singles, wording.SINGLES),
    ):
        days = {at: int(day) for at, day in enumerate(np.flatnonzero(away == -6))}
        customer, day = _years(scene, days, phones, 0.24)
        at = moments(scene.rng, scene.when, day, HOURS["work"])
        out.append(Batch("sms", "out", talk, customer, at, np.full(len(customer), boss)))
    firsts = np.flatnonzero(
        np.r_[False, scene.when.month[1:] != scene.when.month[:-1]] & (scene.when.month % 3 == 0)
    )
    customer, day = _years(scene, {at: int(d) for at, d in enumerate(firsts)}, mails, 0.2)
    at = moments(scene.rng, scene.when, day, HOURS["work"])
    out.append(Batch("mail", "out", wording.NEWSLETTER, customer, at, np.full(len(customer), boss)))
    for campaign in scene.bought.campaigns:
        rows = np.intersect1d(campaign.addressed, phones)
        at = moments(scene.rng, scene.when, np.full(len(rows), campaign.day), HOURS["work"])
        out.append(Batch("sms", "out", wording.WINBACK, rows, at, np.full(len(rows), boss)))
    return out


def _poisson(scene: Scene, rows: Ints, rate: float, *, trail: int = 20) -> tuple[Ints, Ints]:
    """(customer, day): so many a 30 days of being a customer."""
    start = np.maximum(scene.people.join[rows], 0)
    stop = np.minimum(np.maximum(scene.people.end[rows], start + 1) + trail, DAYS)
    length = np.maximum(stop - start, 1)
    each = scene.rng.poisson(rate * length / 30)
    day = np.repeat(start, each) + (scene.rng.random(int(each.sum())) * np.repeat(length, each)).astype(
        np.int64
    )
    # nobody works on weekends with business customers
    return np.repeat(rows, each), day - np.maximum(scene.when.weekday[np.minimum(day, DAYS - 1)] - 4, 0)


def business(scene: Scene) -> list[Batch]:
    """Calls, visits, letters and notes about company customers."""
    rows = np.flatnonzero(scene.people.company & (scene.owner >= 0) & (scene.people.end > 0))
    out = []
    for channel, direction, talk, rate, minutes, outcome in (
        ("call", "out", wording.B2B_CALL, 0.42, 7.0, "reached"), ("visit", "out", wording.B2B_VISIT, 0.16, 55.0, ""),
        ("mail", "out", wording.B2B_MAIL, 0.2, 0.0, ""), ("note", "none", wording.B2B_NOTE, 0.16, 0.0, ""),
        ("call", "in", wording.B2B_CALL, 0.12, 5.0, "reached"), ("call", "out", wording.MISSED, 0.08, 0.0, "missed"),
    ):  # fmt: skip
        customer, day = _poisson(scene, rows, rate)
        at = moments(scene.rng, scene.when, day, HOURS["work"])
        out.append(Batch(channel, direction, talk, customer, at, scene.owner[customer], outcome, minutes))
    return out


def care(scene: Scene) -> list[Batch]:
    """WeCom talks with the best persons."""
    recent = np.where(scene.people.company | (scene.owner < 0), 0.0, scene.known.recent)
    best = np.argsort(-recent)[: max(3, len(recent) // 22)]
    best = best[recent[best] > 0]
    out = []
    for direction, rate in (("out", 0.32), ("in", 0.18)):
        customer, day = _poisson(scene, best, rate)
        at = moments(scene.rng, scene.when, day, HOURS["phone"])
        out.append(Batch("wecom", direction, wording.VIP, customer, at, scene.owner[customer]))
    return out


def arrivals(scene: Scene) -> list[Batch]:
    """How customers became known: forms and first calls, and the move from the old system."""
    source = np.array(scene.known.customers.texts("source"))
    created = scene.known.customers.times("created_at")
    area = [scene.team.sales[name] for name in AREAS]
    asked = np.flatnonzero(np.isin(source, ["website", "questionnaire", "social", "exhibition"]))
    asked = scene.some(asked[~scene.people.old[asked]], 0.8)
    desk = scene.served(asked)
    form = Batch("form", "in", wording.FORM, asked, created[asked], desk)
    called = scene.some(asked, 0.6)
    first = created[called] + (scene.rng.integers(2, 60, len(called)) * 3600).astype("m8[s]")
    seller = np.array([area[a][0] for a in AREA_OF[scene.people.city[called]].tolist()])
    seller = np.where(scene.owner[called] >= 0, scene.owner[called], seller)
    call = Batch("call", "out", wording.FIRST, called, first, seller, "reached", 4.0)
    moved = scene.some(np.flatnonzero(source == "import"), 0.6)
    note = Batch("system", "none", wording.IMPORTED, moved, created[moved], np.full(len(moved), NONE))
    return [form, call, note]


def showcase(scene: Scene, already: int) -> list[Batch]:
    """One customer with whom there was something every day: 5,000 touches in all."""
    row = scene.known.showcase.touches
    total = max(0, min(SHOWCASE, len(scene.people) // 4) - already)
    out = []
    for channel, direction, talk, share, minutes in (
        ("wecom", "out", wording.VIP, 0.3, 0.0), ("wecom", "in", wording.VIP, 0.3, 0.0),
        ("call", "out", wording.B2B_CALL, 0.2, 6.0), ("mail", "out", wording.B2B_MAIL, 0.12, 0.0),
        ("note", "none", wording.B2B_NOTE, 0.05, 0.0), ("visit", "out", wording.B2B_VISIT, 0.03, 60.0),
    ):  # fmt: skip
        count = round(total * share)
        day = scene.rng.integers(0, DAYS - 1, count)
        day = np.maximum(day - np.maximum(scene.when.weekday[day] - 4, 0), 0)
        at = moments(scene.rng, scene.when, day, HOURS["work"])
        customer = np.full(count, row)
        out.append(Batch(channel, direction, talk, customer, at, scene.owner[customer], "", minutes))
    return out


def batches(scene: Scene) -> list[Batch]:
    """All kinds, nothing later than `as_of` nor before the customer was known."""
    made = [
        *callbacks(scene), *inquiries(scene), *complaints(scene), *birthdays(scene), *greetings(scene),
        *promotions(scene), *business(scene), *care(scene), *arrivals(scene),
    ]  # fmt: skip
    row = scene.known.showcase.touches
    made += showcase(scene, sum(int((batch.customer == row).sum()) for batch in made))
    created, end = scene.known.customers.times("created_at"), now(scene.when)
    kept = (batch.sliced((batch.at <= end) & (batch.at >= created[batch.customer])) for batch in made)
    return [batch for batch in kept if len(batch)]
