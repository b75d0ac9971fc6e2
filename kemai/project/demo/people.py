"""Customers as the product knows them, and what identifies them: contacts, further keys, consents."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kemai.project.demo import naming
from kemai.project.demo.crowd import Bools, Crowd, Floats, Ints
from kemai.project.demo.place import AREA_OF, CITIES, districts, homes, offices
from kemai.project.demo.purchases import Purchases
from kemai.project.demo.season import DAYS, HOURS, Season, moments, now
from kemai.project.demo.staff import AREAS, Staff
from kemai.project.demo.table import NONE, Table, texts

Times = NDArray[np.datetime64]
SOURCES = {
    "store": (("store", 0.74), ("wecom", 0.12), ("referral", 0.07), ("exhibition", 0.02), ("other", 0.05)),
    "online": (("online", 0.58), ("social", 0.24), ("referral", 0.05), ("website", 0.08), ("wecom", 0.05)),
    "prospect": (
        ("website", 0.3),
        ("questionnaire", 0.2),
        ("social", 0.2),
        ("wecom", 0.2),
        ("exhibition", 0.1),
    ),
    "company": (("exhibition", 0.27), ("referral", 0.2), ("phone", 0.2), ("website", 0.18), ("other", 0.15)),
}
INVALID = ("dead_number", "suspended", "not_target", "refused", "duplicate")


class Showcase(NamedTuple):
    """Customers that are out of the ordinary on purpose (positions)."""

    touches: int
    """Has 5,000 interactions."""
    tags: int
    """Has about 200 tags."""
    long_names: list[int]
    duplicates: list[tuple[int, int]]
    """Pairs of records of one customer: (first, second)."""


class People(NamedTuple):
    customers: Table
    contacts: Table
    identifiers: Table
    consents: Table
    showcase: Showcase
    orders: Ints
    """Number of orders of each customer."""
    recent: Floats
    """Amount of the last 365 days in cents."""
    last: Ints
    """Day of the last order, -1 if none."""


def _totals(people: Crowd, bought: Purchases) -> tuple[Ints, Floats, Ints]:
    count = len(people)
    amount = bought.orders.ints("amount").astype(float) * (bought.day > DAYS - 366)
    last: Ints = np.full(count, -1, np.int64)
    np.maximum.at(last, bought.customer, bought.day)
    orders: Ints = np.bincount(bought.customer, minlength=count).astype(np.int64)
    recent: Floats = np.bincount(bought.customer, amount, count).astype(np.float64)
    return orders, recent, last


def _names(rng: np.random.Generator, people: Crowd) -> list[str]:
    names = naming.person_names(rng, people.female, people.age)
    rows = np.flatnonzero(people.company)
    companies, _ = naming.company_names(rng, people.city[rows], people.industry[rows])
    for row, name in zip(rows.tolist(), companies, strict=True):
        names[row] = name
    return names


def _showcase(rng: np.random.Generator, people: Crowd, orders: Ints, names: list[str]) -> Showcase:
    faithful = orders * (people.end >= DAYS - 30)
    best_company = int(np.argmax(np.where(people.company & (people.join < 30), faithful + 1, 0)))
    best_person = int(np.argmax(np.where(~people.company, faithful + 1, 0)))
    free = [i for i in np.flatnonzero(people.company).tolist() if i != best_company]
    long_names = free[:: max(1, len(free) // 3)][: len(naming.LONG_NAMES)]
    for row, name in zip(long_names, naming.LONG_NAMES, strict=False):
        names[row] = name
    seconds = rng.permutation(np.flatnonzero((orders <= 2) & (people.join > 0)))
    pairs: list[tuple[int, int]] = []
    for second in seconds[: max(2, len(people) // 350)].tolist():
        firsts = np.flatnonzero(
            (people.company == people.company[second]) & (orders > 2) & (people.join < people.join[second])
        )
        first = int(firsts[second % len(firsts)]) if len(firsts) else NONE
        if first != NONE and first not in (*long_names, *(a for a, _ in pairs)) and second not in long_names:
            pairs.append((first, second))
    return Showcase(best_company, best_person, long_names, pairs)


def _copy_names(names: list[str], people: Crowd, pairs: list[tuple[int, int]]) -> None:
    """The second record of a pair is written a little differently, as people do."""
    for at, (first, second) in enumerate(pairs):
        name = names[first]
        if people.company[first]:
            if name.endswith("有限责任公司"):
                name = name.replace("有限责任公司", "有限公司")
            else:
                name = (
                    name.replace("有限公司", "有限责任公司")
                    if at % 2
                    else name.replace("（", "(").replace("）", ")") + " "
                )
        names[second] = name.strip() if at % 3 else name.strip().replace("股份", "")
        people.city[second] = people.city[first]


def _sources(rng: np.random.Generator, people: Crowd) -> list[str]:
    out = np.full(len(people), "import", "U16")
    prospect = people.of("prospect")
    groups = {
        "company": people.company,
        "prospect": prospect,
        "store": ~people.company & ~prospect & (people.channel[:, 0] > 0.4),
        "online": ~people.company & ~prospect & (people.channel[:, 0] <= 0.4),
    }
    for key, mask in groups.items():
        names, shares = [name for name, _ in SOURCES[key]], [share for _, share in SOURCES[key]]
        out[mask] = rng.choice(np.array(names), int(mask.sum()), p=shares)
    moved = people.old & (rng.random(len(people)) < 0.62)
    out[moved] = "import"
    texts_: list[str] = out.tolist()
    return texts_


def _owners(rng: np.random.Generator, people: Crowd, team: Staff, recent: Floats) -> Ints:
    """Companies and the best persons belong to sales of their area, customers of a shop to its manager, the
    dozen largest companies to the director of sales."""
    draw = rng.random((2, len(people)))
    area = AREA_OF[people.city]
    sales = [team.sales[name] for name in AREAS]
    # those who lead a group look after few customers themselves
    pick = np.array([s[0] if u < 0.04 else s[1 + int(u * 997) % (len(s) - 1)] for s, u in zip(
        [sales[a] for a in area.tolist()], draw[0].tolist(), strict=True)])  # fmt: skip
    shop = np.array([team.shop.get(s, NONE) for s in people.shop.tolist()])
    service = np.array(team.service)[rng.integers(1, len(team.service), len(people))]
    floor = np.quantile(recent[~people.company], 0.97)
    owner = np.where((people.channel[:, 0] > 0.35) & (draw[1] < 0.68), shop, NONE)
    owner = np.where((people.channel[:, 0] <= 0.35) & (draw[1] < 0.14), service, owner)
    owner = np.where(~people.company & (recent >= max(floor, 1)), pick, owner)
    owner = np.where(people.company, np.where(draw[1] < 0.93, pick, NONE), owner)
    owner[np.argsort(np.where(people.company, -recent, 0.0), kind="stable")[: min(12, len(owner) // 50)]] = 0
    return owner


def _birthdays(rng: np.random.Generator, people: Crowd, when: Season) -> Times:
    days = (people.age * 365.25 + rng.integers(0, 365, len(people))).astype(np.int64)
    born: Times = np.repeat(when.dates[-1:], len(people)) - days.astype("m8[D]")
    born[people.company | (rng.random(len(people)) >= 0.64)] = np.datetime64("NaT")
    return born


def _stage(rng: np.random.Generator, people: Crowd, orders: Ints) -> list[str]:
    draw = rng.choice(4, len(people), p=[0.35, 0.3, 0.2, 0.15])
    return texts(("new", "contacted", "interested", "paused", "customer"), np.where(orders > 0, 4, draw))


def _keep(values: list[str], mask: Bools) -> list[str]:
    return [value if kept else "" for value, kept in zip(values, mask.tolist(), strict=True)]


def _notes(rng: np.random.Generator, people: Crowd, names: list[str], source: list[str]) -> list[str]:
    """Who was referred says by whom: somebody who was there before."""
    draw = rng.random(len(people))
    out = []
    for at, (where, u) in enumerate(zip(source, draw.tolist(), strict=True)):
        out.append(f"由 {names[int(u * at)]} 推荐" if where == "referral" and at else "")
    return out


def _customers(
    rng: np.random.Generator, people: Crowd, when: Season, team: Staff, bought: Purchases, names: list[str],
    totals: tuple[Ints, Floats, Ints], pairs: list[tuple[int, int]],
) -> Table:  # fmt: skip
    count, company = len(people), people.company
    orders, recent, _ = totals
    phone = naming.mobiles(rng, count)
    lines = naming.landlines(rng, people.city)
    phone = [
        b if c else a
        for a, b, c in zip(phone, lines, (company & (rng.random(count) < 0.5)).tolist(), strict=True)
    ]
    for first, second in pairs[::2]:
        phone[second] = phone[first]
    region = districts(rng, people.city)
    codes = iter(naming.credit_codes(rng, [region[i] for i in np.flatnonzero(company).tolist()]))
    house, office = homes(rng, count), offices(rng, count)
    address = [b if c else a for a, b, c in zip(house, office, company.tolist(), strict=True)]
    bad = rng.random(count) < np.where((people.end < DAYS - 400) | (orders == 0), 0.09, 0.006)
    checked = rng.random(count) < np.where(orders > 1, 0.86, 0.45)
    created = moments(rng, when, people.join, HOURS["work"])
    earliest: Times = np.full(count, now(when))
    np.minimum.at(earliest, bought.customer, bought.orders.times("ordered_at"))
    created = np.minimum(created, np.minimum(earliest, now(when)))
    source = _sources(rng, people)
    private_mail, member = naming.mails(rng, count), rng.random(count) < 0.44
    industry = [
        naming.INDUSTRIES[i][0] if c else ""
        for i, c in zip(people.industry.tolist(), company.tolist(), strict=True)
    ]
    floor = np.quantile(recent[~company], 0.985)
    important = (recent > max(floor, 1)) & ~company | company & (recent > np.quantile(recent[company], 0.85))
    gender = [
        ("" if c else "female" if f else "male")
        for f, c in zip(people.female.tolist(), company.tolist(), strict=True)
    ]
    return Table(
        {
            "number": [f"K{at + 1:06d}" for at in range(count)],
            "name": names,
            "kind": ["company" if c else "person" for c in company.tolist()],
            "stage": _stage(rng, people, orders),
            "important": important,
            "phone": _keep(phone, rng.random(count) < 0.965),
            "email": [
                f"office@c{at:05d}.example" if c else mail
                for at, (c, mail) in enumerate(zip(company.tolist(), _keep(private_mail, rng.random(count) < 0.33), strict=True))
            ],
            "wecom_id": [f"wm{n:014x}" if m else "" for n, m in zip(rng.integers(0, 2**55, count).tolist(), member.tolist(), strict=True)],
            "credit_code": [next(codes) if c else "" for c in company.tolist()],
            "region": region,
            "address": _keep(address, rng.random(count) < np.where(people.channel[:, 1] > 0.3, 0.8, 0.45)),
            "source": source,
            "validity": ["invalid" if b else "valid" if v else "unverified" for b, v in zip(bad.tolist(), checked.tolist(), strict=True)],
            "invalid_reason": _keep(texts(INVALID, rng.integers(0, len(INVALID), count)), bad),
            "gender": _keep(gender, rng.random(count) < 0.88),
            "birthday": _birthdays(rng, people, when),
            "industry": industry,
            "website": [
                f"https://www.{int(u * 10**7):07d}.example" if c and u < 0.35 else ""
                for u, c in zip(rng.random(count).tolist(), company.tolist(), strict=True)
            ],
            "note": _notes(rng, people, names, source),
            "owner": _owners(rng, people, team, recent),
            "created_at": created,
        },
        refs={"owner": "user"},
    )  # fmt: skip


def _contacts(rng: np.random.Generator, people: Crowd, created: Times) -> Table:
    rows = np.flatnonzero(people.company)
    each = 1 + rng.choice(4, len(rows), p=[0.38, 0.34, 0.18, 0.10])
    customer = np.repeat(rows, each)
    count = len(customer)
    female = rng.random(count) < 0.56
    title = rng.integers(0, len(naming.TITLES), count).tolist()
    names = naming.person_names(rng, female, rng.integers(24, 56, count))
    first = np.r_[True, customer[1:] != customer[:-1]]
    phones = _keep(naming.mobiles(rng, count), rng.random(count) < 0.94)
    mails = [f"{naming.SURNAMES.index(n[0]) if n[0] in naming.SURNAMES else 0:03d}{c}@corp{i}.example"
             for c, (n, i) in enumerate(zip(names, customer.tolist(), strict=True))]  # fmt: skip
    return Table(
        {
            "customer": customer,
            "name": names,
            "title": [naming.TITLES[t][1] for t in title],
            "role": [naming.TITLES[t][0] for t in title],
            "phone": phones,
            "email": _keep(mails, rng.random(count) < 0.62),
            "gender": ["female" if f else "male" for f in female.tolist()],
            "primary": first,
            "created_at": created[customer],
        },
        refs={"customer": "customer"},
    )


def _identifiers(rng: np.random.Generator, people: Crowd, customers: Table) -> Table:
    count = len(people)
    draw = rng.random((3, count))
    person = ~people.company
    chosen = {
        "member": np.flatnonzero(person & (draw[0] < 0.42)),
        "openid": np.flatnonzero(person & (draw[1] < people.channel[:, 2])),
        "phone": np.flatnonzero(draw[2] < 0.055),
    }
    numbers = (rng.integers(0, 10**8) + np.arange(len(chosen["member"])) * 38_196_601) % 10**8
    keys = {
        "member": [f"V{n:08d}" for n in numbers.tolist()],
        "openid": [f"oY{n:026x}" for n in rng.integers(0, 2**60, len(chosen["openid"])).tolist()],
        "phone": naming.mobiles(rng, len(chosen["phone"])),
    }
    taken = set(customers.texts("phone"))
    usable = {kind: [v not in taken for v in values] for kind, values in keys.items()}
    rows = np.concatenate([chosen[kind][np.array(usable[kind], bool)] for kind in keys])
    raw = [v for kind, values in keys.items() for v, ok in zip(values, usable[kind], strict=True) if ok]
    kinds = [kind for kind in keys for ok in usable[kind] if ok]
    state = texts(
        ("valid", "unverified", "invalid", "opted_out"), rng.choice(4, len(rows), p=[0.7, 0.24, 0.03, 0.03])
    )
    return Table(
        {
            "customer": rows,
            "kind": kinds,
            "raw": raw,
            "state": state,
            "created_at": customers.times("created_at")[rows],
        },
        refs={"customer": "customer"},
    )


def _consents(rng: np.random.Generator, people: Crowd, when: Season, customers: Table) -> Table:
    count = len(people)
    created = customers.times("created_at")
    parts = []
    for purpose, channel, share, version in (
        ("marketing", "any", 0.58, "隐私政策 2.1"), ("marketing", "sms", 0.1, "短信授权 1.0"),
        ("service", "any", 0.62, "服务条款 3.0"), ("profiling", "any", 0.27, "个性化推荐说明 1.2"),
    ):  # fmt: skip
        rows = np.flatnonzero(rng.random(count) < share)
        parts.append((rows, purpose, channel, "granted", version, created[rows]))
        gone = rows[rng.random(len(rows)) < (0.07 if purpose == "marketing" else 0.01)]
        later = created[gone] + (rng.random(len(gone)) * (now(when) - created[gone]).astype(np.int64)).astype(
            "m8[s]"
        )
        parts.append((gone, purpose, channel, "withdrawn", version, later))
    proofs = ("会员注册页勾选", "门店 POS 签名", "小程序授权弹窗", "电话录音", "企业微信确认消息")
    rows = np.concatenate([part[0] for part in parts])
    at = np.concatenate([part[5] for part in parts])
    return Table(
        {
            "customer": rows,
            "purpose": [part[1] for part in parts for _ in part[0]],
            "channel": [part[2] for part in parts for _ in part[0]],
            "state": [part[3] for part in parts for _ in part[0]],
            "text_version": [part[4] for part in parts for _ in part[0]],
            "proof": texts(proofs, rng.integers(0, len(proofs), len(rows))),
            "at": at,
            "created_at": at,
        },
        refs={"customer": "customer"},
    )


def known(rng: np.random.Generator, people: Crowd, when: Season, team: Staff, bought: Purchases) -> People:
    """The customers of the crowd as records."""
    totals = _totals(people, bought)
    names = _names(rng, people)
    showcase = _showcase(rng, people, totals[0], names)
    _copy_names(names, people, showcase.duplicates)
    customers = _customers(rng, people, when, team, bought, names, totals, showcase.duplicates)
    contacts = _contacts(rng, people, customers.times("created_at"))
    identifiers = _identifiers(rng, people, customers)
    consents = _consents(rng, people, when, customers)
    return People(customers, contacts, identifiers, consents, showcase, *totals)


def city_names(people: Crowd) -> list[str]:
    """The city of each customer in words."""
    return [CITIES[c].name for c in people.city.tolist()]
