"""Leads from every channel, what was said with them, and what became of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kemai.project.demo import naming
from kemai.project.demo.place import AREA_OF, CITIES, SHARE
from kemai.project.demo.season import DAYS, HOURS, moments, now
from kemai.project.demo.staff import AREAS
from kemai.project.demo.table import NONE, Table, texts
from kemai.project.demo.touches import Scene

LEADS = 5200
Ints = NDArray[np.int64]
SOURCES = ("website", "exhibition", "phone", "referral", "wecom", "social", "questionnaire", "store", "other")
SHARES = (0.27, 0.16, 0.12, 0.10, 0.11, 0.10, 0.06, 0.05, 0.03)
REASONS = (
    "no_need",
    "unreachable",
    "dead_number",
    "no_budget",
    "refused",
    "competitor",
    "duplicate",
    "other",
)
WHY = (0.29, 0.25, 0.12, 0.12, 0.08, 0.06, 0.05, 0.03)
NEEDS = (
    "中秋礼盒约 {n} 份，预算每份 200 元左右", "年会礼品 {n} 份，希望印公司标志", "想了解企业福利平台",
    "员工生日礼物，每月约 {n} 人", "酒店客房香氛，{n} 间房", "茶歇物资按月供应", "想先看样品，再定 {n} 份",
    "比较几家供应商，要求开专票", "展会伴手礼 {n} 份，下月要用", "想做门店联名礼盒",
)  # fmt: skip
SAID = {
    "reached": (
        "介绍了产品线，对方要资料，已发邮件。", "谈了需求和数量，约好下周看样。", "对方正在比价，关心交货时间。",
        "加了企业微信，发了案例。", "确认由行政部负责，预算下月批。",
    ),
    "missed": ("无人接听，改天再打。", "响铃后挂断。", "前台转接，负责人不在。"),
    "later": ("在开会，约明天上午再谈。", "说节后再联系。", "出差，下周三以后方便。"),
    "refused": ("说已有固定供应商，暂不考虑。", "表示不需要，请不要再打。"),
}  # fmt: skip


class Prospects(NamedTuple):
    leads: Table
    follow_ups: Table
    converted: dict[int, tuple[int, int]]
    """{customer: (lead, day of conversion)}."""


def prospects(scene: Scene, scale: float) -> Prospects:
    """Those who became customers first by the customer they became, then everybody else; all in the order of time."""
    rng = scene.rng
    joined = np.flatnonzero(scene.people.company & (scene.people.join > 8) & (scene.people.join < DAYS - 3))
    customer = scene.some(joined, 0.6)
    others = max(20, round(LEADS * scale) - len(customer))
    who = np.concatenate([customer, np.full(others, NONE, np.int64)])
    growth = 1.0 + 0.8 * np.arange(DAYS) / DAYS + 1.2 * (np.arange(DAYS) > DAYS - 60)
    day = rng.choice(DAYS, len(who), p=growth / growth.sum()).astype(np.int64)
    known = who >= 0
    met = scene.people.join[np.maximum(who, 0)]
    day = np.where(known, np.maximum(met - rng.integers(2, 30, len(who)), 0), day)
    order = np.argsort(day, kind="stable")
    who, day, known, met = who[order], day[order], known[order], met[order]
    age = DAYS - 1 - day
    fate = rng.random(len(who))
    # what is older than two months is over, but for a few that were left lying
    over = ~known & (fate < np.where(age > 60, 0.965, 0.012 * age))
    state = np.where(known, "converted", np.where(over, "disqualified", ""))
    alive = state == ""
    kind = rng.random(len(who))
    state[alive & (kind < 0.34)] = "new"
    state[alive & (kind >= 0.34) & (kind < 0.82)] = "working"
    state[alive & (kind >= 0.82)] = "qualified"
    ended = np.where(known, met, np.minimum(day + rng.geometric(0.06, len(who)), DAYS - 1))
    table = lead_table(scene, who, day, ended, state)
    touches = follow_ups(scene, table, day, ended, state)
    newest = np.full(len(who), np.datetime64("NaT", "s"))
    for lead, at in zip(touches.ints("lead").tolist(), touches.times("at"), strict=True):
        newest[lead] = at if np.isnat(newest[lead]) or at > newest[lead] else newest[lead]
    table.columns["last_contact_at"] = newest
    converted = {int(c): (at, int(met[at])) for at, c in enumerate(who.tolist()) if c >= 0}
    return Prospects(table, touches, converted)


def owners(scene: Scene, who: Ints, city: Ints) -> Ints:
    teams = [scene.team.sales[name] for name in AREAS]
    found = np.array([
        teams[a][int(u * len(teams[a]))]
        for a, u in zip(AREA_OF[city].tolist(), scene.rng.random(len(who)).tolist(), strict=True)
    ])  # fmt: skip
    mine = scene.owner[np.maximum(who, 0)]
    return np.where((who >= 0) & (mine >= 0), mine, found)


def lead_table(scene: Scene, who: Ints, day: Ints, ended: Ints, state: NDArray[np.str_]) -> Table:
    rng, count, end = scene.rng, len(who), now(scene.when)
    known = who >= 0
    city = np.where(known, scene.people.city[np.maximum(who, 0)], rng.choice(len(CITIES), count, p=SHARE))
    shares = np.array([share for _name, share, _words in naming.INDUSTRIES])
    trade = np.where(
        known, scene.people.industry[np.maximum(who, 0)], rng.choice(len(shares), count, p=shares / shares.sum())
    )  # fmt: skip
    companies, _brands = naming.company_names(rng, city, trade)
    female = rng.random(count) < 0.55
    people = naming.person_names(rng, female, rng.integers(24, 54, count))
    phones, mails = naming.mobiles(rng, count), naming.mails(rng, count)
    contacts = first_contacts(scene)
    customers = scene.known.customers
    for at in np.flatnonzero(known).tolist():
        companies[at] = customers.texts("name")[who[at]]
        contact = contacts.get(int(who[at]))
        if contact is not None:
            people[at] = scene.known.contacts.texts("name")[contact]
            phones[at] = scene.known.contacts.texts("phone")[contact] or phones[at]
    bare = (rng.random(count) < 0.16) & ~known
    draw = rng.random((6, count))
    title = rng.integers(0, len(naming.TITLES), count).tolist()
    need = rng.integers(0, len(NEEDS), count).tolist()
    pieces = (rng.integers(3, 60, count) * 10).tolist()
    owner = owners(scene, who, city)
    fresh = (state == "new") & (draw[5] < 0.45)
    soon = now(scene.when) + (rng.normal(2.5, 4, count) * 86_400).astype(np.int64).astype("m8[s]")
    awaited = np.isin(state, ("working", "qualified")) & (draw[4] < 0.8)
    never = np.datetime64("NaT", "s")
    created = np.minimum(moments(rng, scene.when, day, HOURS["online"]), end - np.timedelta64(60, "s"))
    closed = np.clip(moments(rng, scene.when, ended, HOURS["work"]), created + np.timedelta64(1, "h"), end)
    return Table(
        {
            "name": people,
            "company": ["" if b else c for b, c in zip(bare.tolist(), companies, strict=True)],
            "title": ["" if b or u > 0.7 else naming.TITLES[t][1] for b, u, t in zip(bare.tolist(), draw[0].tolist(), title, strict=True)],
            "phone": [p if u < 0.93 else "" for p, u in zip(phones, draw[1].tolist(), strict=True)],
            "email": [m if u < 0.34 else "" for m, u in zip(mails, draw[2].tolist(), strict=True)],
            "region": [CITIES[c].districts[int(u * len(CITIES[c].districts))] for c, u in zip(city.tolist(), draw[3].tolist(), strict=True)],
            "industry": ["" if b else naming.INDUSTRIES[t][0] for b, t in zip(bare.tolist(), trade.tolist(), strict=True)],
            "source": texts(SOURCES, rng.choice(len(SOURCES), count, p=SHARES)),
            "need": ["" if u > 0.6 else NEEDS[n].format(n=p) for u, n, p in zip(draw[4].tolist(), need, pieces, strict=True)],
            "budget": np.where(draw[0] < 0.4, np.round(rng.lognormal(9.9, 0.8, count), -3).astype(np.int64) * 100, NONE),
            "state": state.tolist(),
            "reason": ["" if s != "disqualified" else REASONS[r] for s, r in zip(state.tolist(), rng.choice(len(REASONS), count, p=WHY).tolist(), strict=True)],
            "next_contact_at": np.where(awaited, soon, never),
            "converted_at": np.where(known, closed, never),
            "ended_at": np.where(np.isin(state, ("converted", "disqualified")), closed, never),
            "customer": who,
            "owner": np.where(fresh, NONE, owner),
            "created_at": created,
        },
        refs={"customer": "customer", "owner": "user"},
        cents=frozenset({"budget"}),
    )  # fmt: skip


def first_contacts(scene: Scene) -> dict[int, int]:
    found: dict[int, int] = {}
    for at, customer in enumerate(scene.known.contacts.ints("customer").tolist()):
        found.setdefault(customer, at)
    return found


def follow_ups(scene: Scene, leads: Table, day: Ints, ended: Ints, state: NDArray[np.str_]) -> Table:
    """Touches between the day a lead came and the day it was over; none with those that still wait."""
    rng = scene.rng
    each = np.where(state == "new", 0, 1 + rng.poisson(np.where(state == "converted", 2.2, 1.2)))
    lead = np.repeat(np.arange(len(day)), each)
    until = np.where(np.isin(state, ("converted", "disqualified")), ended, np.minimum(day + 25, DAYS - 1))
    on = day[lead] + np.floor(rng.random(len(lead)) ** 1.5 * (until[lead] - day[lead] + 1)).astype(np.int64)
    at = moments(rng, scene.when, np.minimum(on, DAYS - 1), HOURS["work"])
    at = np.clip(at, leads.times("created_at")[lead] + np.timedelta64(300, "s"), now(scene.when))
    dead = state[lead] == "disqualified"
    kinds = ("reached", "missed", "later", "refused")
    draw = rng.random(len(lead))
    bounds = np.where(dead[:, None], [0.22, 0.68, 0.80], [0.66, 0.80, 0.98])
    picked = (draw[:, None] > bounds).sum(axis=1)
    outcome = texts(kinds, picked)
    words = rng.random(len(lead)).tolist()
    return Table(
        {
            "lead": lead,
            "channel": texts(("call", "wecom", "visit", "mail"), rng.choice(4, len(lead), p=[0.68, 0.18, 0.08, 0.06])),
            "outcome": outcome,
            "at": at,
            "body": [SAID[o][int(u * len(SAID[o]))] for o, u in zip(outcome, words, strict=True)],
            "created_at": at,
        },
        refs={"lead": "lead"},
    )  # fmt: skip
