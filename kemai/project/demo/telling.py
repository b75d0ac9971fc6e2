"""Puts interactions into words and into one table."""

from __future__ import annotations

import numpy as np

from kemai.project.demo.catalogue import SHOPS
from kemai.project.demo.crowd import Ints
from kemai.project.demo.people import city_names
from kemai.project.demo.season import now
from kemai.project.demo.staff import PEOPLE
from kemai.project.demo.table import NONE, Table
from kemai.project.demo.touches import Batch, Scene, batches


def _address(name: str, gender: str) -> str:
    surname = name[:2] if name[:2] in {"欧阳", "司马", "上官", "诸葛", "慕容"} else name[:1]
    return surname + ("女士" if gender == "female" else "先生" if gender == "male" else "客户")


class _Words:
    """What the slots of the texts stand for."""

    def __init__(self, scene: Scene) -> None:
        customers, contacts = scene.known.customers, scene.known.contacts
        self.calls = [
            _address(n, g) for n, g in zip(customers.texts("name"), customers.texts("gender"), strict=True)
        ]
        self.contact = np.full(len(customers), NONE)
        first = contacts.ints("customer")
        self.contact[first[::-1]] = np.arange(len(contacts))[::-1]
        for row, (customer, name, title) in enumerate(
            zip(first.tolist(), contacts.texts("name"), contacts.texts("title"), strict=True)
        ):
            if self.contact[customer] == row:
                short = "总" if title.startswith("总经理") and "助理" not in title else title[-2:]
                self.calls[customer] = _address(name, "x")[:-2] + short
        self.products = scene.shelf.products.texts("name")
        lines = scene.bought.lines.ints("product")
        self.first = lines[scene.bought.first_line] if len(lines) else lines
        self.usual = scene.rng.integers(0, len(self.products), len(customers))
        self.usual[scene.bought.customer] = self.first
        self.cities = city_names(scene.people)
        self.shops = [SHOPS[s][0] if s >= 0 else "门店" for s in scene.people.shop.tolist()]
        self.numbers = scene.bought.orders.texts("number")
        self.days = scene.when.dates


def _tell(scene: Scene, words: _Words, batch: Batch) -> tuple[list[str], list[str]]:
    rng, talk = scene.rng, batch.talk
    count = len(batch)
    order = np.full(count, NONE) if batch.order is None else batch.order
    product = np.where(order >= 0, words.first[order], words.usual[batch.customer])
    second = rng.integers(0, len(words.products), count)
    pick = rng.random((len(talk.parts) + 1, count))
    if talk.paired:
        pick[0] = pick[1]
    year = (batch.at + np.timedelta64(8, "h")).astype("M8[Y]").astype(np.int64) + 1970
    refund = (rng.integers(5, 60, count)).tolist()
    columns = (batch.customer, batch.staff, order, product, second, year)
    subjects, bodies = [], []
    for at, (c, staff, o, p, s, y) in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
        slots = {
            "call": words.calls[c], "product": words.products[p], "second": words.products[s], "year": y,
            "order": words.numbers[o] if o >= 0 else "", "city": words.cities[c], "shop": words.shops[c],
            "staff": PEOPLE[staff][1] if staff >= 0 else "", "amount": refund[at],
        }  # fmt: skip
        subject = talk.subjects[int(pick[0, at] * len(talk.subjects))]
        body = "".join(part[int(pick[n + 1, at] * len(part))] for n, part in enumerate(talk.parts))
        subjects.append(subject.format_map(slots))
        bodies.append(body.format_map(slots))
    return subjects, bodies


def _minutes(scene: Scene, made: list[Batch]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    mean = np.concatenate([np.full(len(batch), batch.minutes) for batch in made])
    drawn = np.round(mean * scene.rng.lognormal(-0.1, 0.5, len(mean)) + 0.1, 1)
    return np.where(mean > 0, drawn, np.nan)


def _contacts(scene: Scene, words: _Words, customer: Ints, channel: list[str]) -> Ints:
    """In calls and visits it was mostly noted that the first contact of the company was spoken to."""
    named = np.isin(np.array(channel), ["call", "visit"]) & (scene.rng.random(len(customer)) < 0.7)
    return np.where(named, words.contact[customer], NONE)


def interactions(scene: Scene) -> tuple[Table, Ints]:
    """All interactions sorted by time, and the customers who complained."""
    made = batches(scene)
    words = _Words(scene)
    told = [_tell(scene, words, batch) for batch in made]
    at = np.concatenate([batch.at for batch in made])
    order = np.argsort(at, kind="stable")
    customer = np.concatenate([batch.customer for batch in made])
    subjects = [text for subject, _ in told for text in subject]
    bodies = [text for _, body in told for text in body]
    channel = [batch.channel for batch in made for _ in range(len(batch))]
    direction = [batch.direction for batch in made for _ in range(len(batch))]
    outcome = [batch.outcome for batch in made for _ in range(len(batch))]
    rows = order.tolist()
    at = np.minimum(at[order], now(scene.when))
    table = Table(
        {
            "customer": customer[order],
            "contact": _contacts(scene, words, customer, channel)[order],
            "channel": [channel[i] for i in rows],
            "direction": [direction[i] for i in rows],
            "at": at,
            "subject": [subjects[i] for i in rows],
            "body": [bodies[i] for i in rows],
            "outcome": [outcome[i] for i in rows],
            "minutes": _minutes(scene, made)[order],
            "owner": np.concatenate([batch.staff for batch in made])[order],
            "created_at": at,
        },
        refs={"customer": "customer", "contact": "contact", "owner": "user"},
    )
    complained = np.unique(
        np.concatenate([b.customer for b in made if b.kind == "complaint"] or [np.array([], np.int64)])
    )
    return table, complained
