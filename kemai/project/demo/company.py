"""The demo company 云栖良品: three years of a made-up retailer, the same for the same seed and moment."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from kemai.project.demo import agenda, deals, labels, people, prospects, purchases, rounds, telling
from kemai.project.demo.catalogue import catalogue
from kemai.project.demo.crowd import Crowd, Ints, crowd
from kemai.project.demo.people import Showcase
from kemai.project.demo.purchases import WinBack
from kemai.project.demo.season import Season, season
from kemai.project.demo.staff import Staff, staff
from kemai.project.demo.table import Table, generator
from kemai.project.demo.touches import Scene

SEED = 2026


@dataclass(frozen=True)
class Company:
    """All records of the company, one table an object type under the product's own keys. What is not loaded but
    true of the simulated world (what kind of buyer somebody is, who complained, whom a campaign reached) is there
    for tests and for judging analyses."""

    as_of: dt.datetime
    seed: int
    staff: Staff
    tables: dict[str, Table]
    """category, product, shop, department, user, customer, contact, identifier, consent, order, order_line,
    interaction, tag, tagging, task, competitor, lead, lead_follow_up, deal, stage_event, visit."""
    crowd: Crowd
    season: Season
    showcase: Showcase
    campaigns: list[WinBack]
    complained: Ints

    def __getitem__(self, key: str) -> Table:
        return self.tables[key]


def small_company(scale: float = 0.02, seed: int = SEED, as_of: dt.datetime | None = None) -> Company:
    """A company of `scale` × (20,000 customers, 200,000 orders, 140,000 interactions); 1.0 takes about four seconds.

    `as_of` (aware; now, to the minute, if left out) is the moment at which its three years of history end."""
    as_of = as_of or dt.datetime.now(dt.UTC).replace(second=0, microsecond=0)
    when = season(as_of)
    team = staff(generator(seed, "staff"))
    shelf = catalogue(generator(seed, "catalogue"))
    folk = crowd(generator(seed, "crowd"), when, scale)
    bought = purchases.purchases(generator(seed, "purchases"), folk, when, shelf, scale)
    known = people.known(generator(seed, "people"), folk, when, team, bought)
    scene = Scene(generator(seed, "touches"), folk, when, team, bought, known, shelf)
    interactions, complained = telling.interactions(scene)
    tagged = labels.labels(scene._replace(rng=generator(seed, "labels")), complained)
    came = prospects.prospects(scene._replace(rng=generator(seed, "leads")), scale)
    sold = deals.selling(scene._replace(rng=generator(seed, "deals")), scale, came.converted)
    tables = {
        "category": shelf.categories,
        "product": shelf.products,
        "shop": shelf.shops,
        "department": team.departments,
        "user": team.users,
        "customer": known.customers,
        "contact": known.contacts,
        "identifier": known.identifiers,
        "consent": known.consents,
        "order": bought.orders,
        "order_line": bought.lines,
        "interaction": interactions,
        "tag": tagged.tags,
        "tagging": tagged.taggings,
        "task": agenda.tasks(scene._replace(rng=generator(seed, "tasks")), scale),
        "competitor": sold.competitors,
        "lead": came.leads,
        "lead_follow_up": came.follow_ups,
        "deal": sold.deals,
        "stage_event": sold.events,
        "visit": rounds.visits(scene._replace(rng=generator(seed, "visits")), scale),
    }
    return Company(
        as_of, seed, team, tables, folk, when, known.showcase, bought.campaigns, np.unique(complained)
    )


def company(seed: int = SEED, as_of: dt.datetime | None = None) -> Company:
    """The whole company."""
    return small_company(1.0, seed, as_of)
