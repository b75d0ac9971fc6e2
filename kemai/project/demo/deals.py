"""Deals with business customers: each walks through the stages of its pipeline as its seller, its size and the season
let it; what is not over by the end of the calendar stands open where it has got to."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kemai.kit.names import split_company
from kemai.project.demo.place import AREA_OF
from kemai.project.demo.season import DAYS, HOURS, moments, now
from kemai.project.demo.staff import AREAS
from kemai.project.demo.table import NONE, Table, texts
from kemai.project.demo.touches import Scene

DEALS = 4200
Ints = NDArray[np.int64]
Days = NDArray[np.float64]


class Leg(NamedTuple):
    """A stage on the way: the days spent in it (median of a lognormal) and the share that gets past it."""

    stage: str
    days: float
    passed: float


COURSES: dict[str, tuple[tuple[Leg, ...], str, str]] = {
    "standard": (
        (Leg("initial", 7, 0.80), Leg("needs", 10, 0.78), Leg("proposal", 11, 0.70), Leg("negotiation", 8, 0.80)),
        "won", "lost",
    ),
    "renewal": ((Leg("renewal_due", 12, 0.92), Leg("renewal_talk", 10, 0.84)), "renewal_won", "renewal_lost"),
}  # fmt: skip
SPREAD = 0.65
STUCK = 0.06
"""Share of the deals of the last year that nobody looks after any more."""
PLAN = {"standard": 42.0, "renewal": 26.0}
TOPICS = {
    "standard": (
        "办公礼品首批采购", "员工生日福利合作", "客户伴手礼定制", "茶歇物资供应", "新店开业礼盒", "会议用品采购",
        "客房香氛与布草", "员工入职礼包", "展会赠品定制", "办公室茶饮角",
    ),
    "spring": ("年货礼盒团购", "年会礼品定制", "新春员工福利", "答谢客户礼盒"),
    "autumn": ("中秋礼盒团购", "中秋员工福利", "国庆双节礼品"),
    "renewal": ("年度框架续约", "季度补货", "福利平台续费", "办公用品年度续签"),
}  # fmt: skip
NEXT = (
    "发正式报价", "寄送样品", "约采购经理见面", "确认预算审批进度", "核对交付时间", "跟进合同盖章", "准备对比方案",
    "电话确认收到方案", "邀请到门店看样", "等对方领导签字",
)  # fmt: skip
COMPETITORS = (
    ("礼优选", "价格低，交货快", "包装普通，售后弱"), ("福满堂企业购", "全国门店多，可刷卡消费", "定制能力弱"),
    ("汇礼网", "平台选品多", "没有专人服务"), ("尚品福利", "系统好用，员工可自选", "起订量高"),
    ("本地批发商", "账期长，关系熟", "质量不稳定，无法开专票"),
)  # fmt: skip
REASONS = 7
"""How many reasons every installation begins with; deals lost to somebody cheaper or better are the commonest."""
CHANCE = (0.27, 0.24, 0.17, 0.12, 0.07, 0.08, 0.05)


class Selling(NamedTuple):
    competitors: Table
    deals: Table
    events: Table


def sellers(scene: Scene, customer: Ints) -> Ints:
    """Who looks after these customers: the owner, else somebody who sells in their area."""
    owner = scene.owner[customer]
    teams = [scene.team.sales[name] for name in AREAS]
    area = AREA_OF[scene.people.city[customer]]
    draw = scene.rng.random(len(customer))
    found = [teams[a][int(u * len(teams[a]))] for a, u in zip(area.tolist(), draw.tolist(), strict=True)]
    return np.where(owner >= 0, owner, np.array(found, np.int64))


def skills(scene: Scene) -> tuple[Days, Days]:
    """How well and how fast each user sells; 1 is the ordinary."""
    count = len(scene.team.users)
    return scene.rng.uniform(0.55, 1.5, count), scene.rng.uniform(0.75, 1.35, count)


def starts(scene: Scene, customer: Ints) -> Ints:
    """The day on which each deal begins: more before the festivals, never before the customer is known."""
    growth = 1.0 + 0.5 * np.arange(DAYS) / DAYS
    weight = growth * np.roll(scene.when.demand["office"] * 0.6 + scene.when.demand["office_gift"] * 0.4, -30)
    weight = np.where(scene.when.weekday < 5, weight + 0.05, 0.0)
    day: Ints = scene.rng.choice(DAYS, len(customer), p=weight / weight.sum()).astype(np.int64)
    known = np.maximum(scene.people.join[customer], 0) + 1
    late = day < known
    day[late] = known[late] + (scene.rng.random(int(late.sum())) * (DAYS - 1 - known[late])).astype(np.int64)
    return np.minimum(day, DAYS - 1)


class Walk(NamedTuple):
    """One deal's way: (stage, day as a fraction) of every step, and how it stands."""

    steps: list[tuple[str, float]]
    state: str


def walk(rng: np.random.Generator, course: str, start: float, skill: float, pace: float, stuck: bool) -> Walk:
    legs, won, lost = COURSES[course]
    steps, at = [(legs[0].stage, start)], start
    for place, leg in enumerate(legs):
        if stuck and (place == len(legs) - 1 or rng.random() < 0.45):
            return Walk(steps, "open")
        at += float(leg.days * pace * rng.lognormal(0, SPREAD))
        if at >= DAYS - 1:
            return Walk(steps, "open")
        if rng.random() > leg.passed ** (1 / skill):
            invalid = course == "standard" and place == 0 and rng.random() < 0.3
            return Walk([*steps, ("invalid" if invalid else lost, at)], "invalid" if invalid else "lost")
        steps.append((legs[place + 1].stage if place + 1 < len(legs) else won, at))
    return Walk(steps, "won")


def topics(scene: Scene, pipeline: list[str], day: Ints) -> list[str]:
    """What each deal is about, by the season in which it would be delivered."""
    soon = np.minimum(day + 45, DAYS - 1)
    year = (scene.when.dates[soon].astype("M8[Y]").astype(np.int64) + 1970).tolist()
    spring = np.abs(scene.when.festivals.spring[soon]) < 35
    autumn = np.abs(scene.when.festivals.autumn[soon]) < 30
    out = []
    for at, name in enumerate(pipeline):
        kind = name if name == "renewal" else "spring" if spring[at] else "autumn" if autumn[at] else name
        pool = TOPICS[kind]
        text = pool[int(scene.rng.random() * len(pool))]
        out.append(f"{year[at]} {text}" if kind in {"renewal", "spring", "autumn"} else text)
    return out


def selling(scene: Scene, scale: float, first: dict[int, tuple[int, int]]) -> Selling:
    """`first`: {customer: (lead, day)} of those who came as leads: their first deal begins with the conversion."""
    rng = scene.rng
    companies = np.flatnonzero(scene.people.company & (scene.people.join < DAYS - 2))
    count = max(24, round(DEALS * scale))
    weight = scene.people.size[companies] ** 0.5
    customer = np.concatenate(
        [np.array(sorted(first), np.int64), rng.choice(companies, count, p=weight / weight.sum())]
    )
    day = starts(scene, customer)
    for at, key in enumerate(sorted(first)):
        day[at] = first[key][1]
    order = np.argsort(day, kind="stable")
    lead = np.concatenate(
        [np.array([first[key][0] for key in sorted(first)], np.int64), np.full(count, NONE)]
    )
    customer, day, lead = customer[order], day[order], lead[order]
    owner = sellers(scene, customer)
    again = np.array(
        [scene.people.join[c] < d - 300 for c, d in zip(customer.tolist(), day.tolist(), strict=True)]
    )
    renewal = again & (rng.random(len(day)) < 0.42) & (lead < 0)
    pipeline = texts(("standard", "renewal"), renewal.astype(np.int64))
    skill, pace = skills(scene)
    stuck = (day > DAYS - 330) & (rng.random(len(day)) < STUCK)
    begin = day + rng.choice(48, len(day), p=HOURS["work"]) / 48
    walks = [
        walk(rng, name, float(b), float(skill[o]), float(pace[o]), bool(s))
        for name, b, o, s in zip(pipeline, begin.tolist(), owner.tolist(), stuck.tolist(), strict=True)
    ]
    events, moved = course_table(scene, walks, owner)
    return Selling(
        Table({"name": [one[0] for one in COMPETITORS], "strengths": [one[1] for one in COMPETITORS],
               "weaknesses": [one[2] for one in COMPETITORS]}),
        deal_table(scene, walks, moved, customer, day, lead, owner, pipeline),
        events,
    )  # fmt: skip


def course_table(scene: Scene, walks: list[Walk], owner: Ints) -> tuple[Table, list[NDArray[np.datetime64]]]:
    """Stage events in the order of the deals, and the moments of each deal's."""
    sizes = np.array([len(one.steps) for one in walks])
    deal = np.repeat(np.arange(len(walks)), sizes)
    days = np.array([at for one in walks for _stage, at in one.steps])
    at = moments(scene.rng, scene.when, np.floor(days).astype(np.int64), HOURS["work"])
    at = np.minimum(at, now(scene.when) - np.timedelta64(600, "s"))
    parts = [np.sort(part) for part in np.split(at, np.cumsum(sizes)[:-1])]
    # two steps of one afternoon are still one after the other
    parts = [np.minimum(part + np.arange(len(part)).astype("m8[s]") * 60, now(scene.when)) for part in parts]
    new = [stage for one in walks for stage, _at in one.steps]
    old = ["" if place == 0 else one.steps[place - 1][0] for one in walks for place in range(len(one.steps))]
    flat = np.concatenate(parts)
    spent = np.r_[0, (flat[1:] - flat[:-1]).astype(np.int64)].astype(np.float64)
    spent[[not one for one in old]] = np.nan
    return Table(
        {"deal": deal, "old": old, "new": new, "at": flat, "by": owner[deal], "seconds": spent},
        refs={"deal": "deal", "by": "user"},
    ), parts  # fmt: skip


def deal_table(
    scene: Scene, walks: list[Walk], moved: list[NDArray[np.datetime64]], customer: Ints, day: Ints, lead: Ints,
    owner: Ints, pipeline: list[str],
) -> Table:  # fmt: skip
    rng, count, end = scene.rng, len(walks), now(scene.when)
    state = np.array([one.state for one in walks])
    stage = [one.steps[-1][0] for one in walks]
    since = np.array([part[-1] for part in moved])
    created = np.array([part[0] for part in moved])
    size = scene.people.size[customer] * scene.people.spend[customer]
    amount = (
        np.round(np.clip(rng.lognormal(9.6, 0.75, count) * size**0.6, 2000, 900_000), -2).astype(np.int64)
        * 100
    )
    names = scene.known.customers.texts("name")
    brands = [split_company(names[c]).brand or names[c][:6] for c in customer.tolist()]
    never_day, never = np.datetime64("NaT", "D"), np.datetime64("NaT", "s")
    today = end.astype("M8[D]")
    planned = np.array([PLAN[name] for name in pipeline]) * rng.lognormal(0, 0.35, count)
    expected = created.astype("M8[D]") + planned.astype(np.int64).astype("m8[D]")
    live = state == "open"
    # most open deals have been given a new date since; the forgotten ones still carry the old one
    fresh = live & (expected < today + 3) & (rng.random(count) < 0.8)
    expected = np.where(fresh, today + rng.geometric(0.028, count).astype("m8[D]"), expected)
    expected = np.where(live & (rng.random(count) < 0.07), never_day, expected).astype("M8[D]")
    late = np.isin(stage, ("proposal", "negotiation", "renewal_talk"))
    last = np.isin(stage, ("negotiation", "renewal_talk"))
    draw = rng.random(count)
    category = np.where(last & (draw < 0.55), "commit", np.where(late & (draw < 0.75), "best", "pipeline"))
    against = rng.random(count) < np.where(state == "lost", 0.5, np.where(late, 0.35, 0.05))
    reason = rng.choice(REASONS, count, p=CHANCE)
    follow = np.minimum(since + (rng.exponential(5, count) * 86_400).astype(np.int64).astype("m8[s]"), end)
    follow = np.where(live & (rng.random(count) < 0.75), follow, since)
    call_back = (state == "lost") & (rng.random(count) < 0.3)
    firsts: dict[int, int] = {}
    for at, c in enumerate(scene.known.contacts.ints("customer").tolist()):
        firsts.setdefault(c, at)
    return Table(
        {
            "name": [f"{brand} {topic}" for brand, topic in zip(brands, topics(scene, pipeline, day), strict=True)],
            "customer": customer,
            "contact": np.array([firsts.get(c, NONE) for c in customer.tolist()]),
            "pipeline": pipeline,
            "stage": stage,
            "last_stage": [one.steps[-1 if one.state == "open" else -2][0] for one in walks],
            "amount": amount,
            "category": category.tolist(),
            "expected_on": expected,
            "source": [scene.known.customers.texts("source")[c] for c in customer.tolist()],
            "next_step": ["" if not on or u < 0.15 else NEXT[int(u * len(NEXT))] for on, u in zip(live.tolist(), rng.random(count).tolist(), strict=True)],
            "competitor": np.where(against, rng.integers(0, len(COMPETITORS), count), NONE),
            "lost_reason": np.where(state == "lost", reason, NONE),
            "call_back_on": np.where(call_back, since.astype("M8[D]") + rng.integers(60, 240, count).astype("m8[D]"), never_day),
            "stage_since": since,
            "closed_at": np.where(live, never, since),
            "last_follow_at": follow,
            "lead_id": lead,
            "owner": owner,
            "created_at": created,
        },
        refs={"customer": "customer", "contact": "contact", "competitor": "competitor", "lost_reason": "lost_reason",
              "lead_id": "lead", "owner": "user"},
        cents=frozenset({"amount"}),
    )  # fmt: skip
