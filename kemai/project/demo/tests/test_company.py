"""The made-up company hangs together and behaves like one."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import lru_cache

import numpy as np
import pytest

from kemai.kit import regions
from kemai.kit.credit_code import is_credit_code
from kemai.kit.phone import parse_phone
from kemai.project.demo.company import Company, small_company
from kemai.project.demo.deals import REASONS
from kemai.project.demo.season import DAYS, now
from kemai.project.demo.table import NONE, Table

AS_OF = dt.datetime(2026, 11, 20, 10, 30, tzinfo=dt.UTC)


@lru_cache(maxsize=4)
def company(scale: float = 0.1, seed: int = 2026) -> Company:
    return small_company(scale, seed, AS_OF)


def same(a: Table, b: Table) -> bool:
    return list(a.rows()) == list(b.rows())


def test_same_seed_and_moment_give_the_same_company() -> None:
    one, two, other = (small_company(0.01, seed, AS_OF) for seed in (7, 7, 8))
    assert all(same(one[key], two[key]) for key in one.tables)
    assert not same(one["customer"], other["customer"])


@pytest.mark.parametrize("scale", [0.001, 0.02])
def test_every_size_is_whole(scale: float) -> None:
    made = small_company(scale, 3, AS_OF)
    sizes = {"department": 15, "lost_reason": REASONS, **{key: len(made[key]) for key in made.tables}}
    for key, table in made.tables.items():
        assert {len(column) for column in table.columns.values()} == {len(table)}, key
        for column, target in table.refs.items():
            values = table.ints(column)
            assert values.min(initial=0) >= NONE, (key, column)
            assert values.max(initial=-1) < sizes[target], (key, column)


def test_orders_are_the_sums_of_their_lines() -> None:
    orders, lines = company()["order"], company()["order_line"]
    amounts = np.zeros(len(orders), np.int64)
    np.add.at(amounts, lines.ints("order"), lines.ints("amount"))
    assert (amounts == orders.ints("amount")).all()
    assert amounts.min() > 0
    assert (lines.ints("amount") <= lines.ints("price") * np.asarray(lines.columns["quantity"])).all()
    row = next(orders.rows(stop=1))
    assert isinstance(row["amount"], Decimal)
    assert row["amount"] * 100 == int(amounts[0])


def test_what_must_be_unique_is() -> None:
    made = company()
    for key, column in (("customer", "number"), ("order", "number"), ("product", "number"), ("shop", "name"),
                        ("category", "name"), ("user", "username")):  # fmt: skip
        values = made[key].texts(column)
        assert len(set(values)) == len(values), (key, column)
    keys = list(zip(made["identifier"].texts("kind"), made["identifier"].texts("raw"), strict=True))
    assert len(set(keys)) == len(keys)
    tagged = list(
        zip(made["tagging"].ints("object_id").tolist(), made["tagging"].ints("tag").tolist(), strict=True)
    )
    assert len(set(tagged)) == len(tagged)


def test_numbers_and_codes_are_valid() -> None:
    made = company()
    phones = {
        *made["customer"].texts("phone"),
        *made["contact"].texts("phone"),
        *made["user"].texts("phone"),
    } - {""}
    for phone in phones:
        parsed = parse_phone(phone)
        assert phone == (f"{parsed.e164};{parsed.ext}" if parsed.ext else parsed.e164)
    codes = [code for code in made["customer"].texts("credit_code") if code]
    assert len(set(codes)) == len(codes) > 100
    assert all(is_credit_code(code) for code in codes)
    assert all(
        regions.is_known(code)
        for code in {*made["customer"].texts("region"), *made["shop"].texts("region")} - {""}
    )


def test_nothing_happens_in_the_future_or_before_the_customer_is_known() -> None:
    made, end = company(), now(company().season)
    created = made["customer"].times("created_at")
    for key, column in (("order", "ordered_at"), ("interaction", "at"), ("consent", "at")):
        at = made[key].times(column)
        assert (at <= end).all(), key
        assert (at >= created[made[key].ints("customer")]).all(), key
    assert made["order"].times("ordered_at").min() < end - np.timedelta64(1050, "D")


def test_contacts_belong_to_the_company_that_was_spoken_to() -> None:
    talks, contacts = company()["interaction"], company()["contact"]
    named = np.flatnonzero(talks.ints("contact") >= 0)
    assert len(named) > 1000
    assert (contacts.ints("customer")[talks.ints("contact")[named]] == talks.ints("customer")[named]).all()


def test_sales_have_seasons_and_grow() -> None:
    made = company()
    day = made.season.dates[
        np.searchsorted(made.season.dates, made["order"].times("ordered_at").astype("M8[D]"))
    ]
    per_day = np.bincount((day - made.season.dates[0]).astype(int), minlength=DAYS)
    f = made.season.festivals
    assert per_day[f.singles == 0].mean() > 2.5 * np.median(per_day)
    assert per_day[(f.spring >= -24) & (f.spring <= -3)].mean() > 1.5 * np.median(per_day)
    assert per_day[-365:].sum() > 1.15 * per_day[:365].sum()
    boxes = made["product"].texts("name").index("五仁广式月饼铁盒")
    months = made.season.month[(day - made.season.dates[0]).astype(int)][
        made["order_line"].ints("order")[made["order_line"].ints("product") == boxes]
    ]
    assert set(months.tolist()) == {8, 9}
    companies = made.crowd.company[made["order"].ints("customer")]
    weekdays = made.season.weekday[(day - made.season.dates[0]).astype(int)]
    assert (weekdays[companies] >= 5).mean() < 0.03 < (weekdays[~companies] >= 5).mean()


def test_spending_is_heavy_tailed_and_the_regular_have_a_rhythm() -> None:
    made = company()
    spent = np.bincount(
        made["order"].ints("customer"), made["order"].ints("amount").astype(float), len(made["customer"])
    )
    spent.sort()
    assert 0.6 < spent[-len(spent) // 5 :].sum() / spent.sum() < 0.9
    customer, at = made["order"].ints("customer"), made["order"].times("ordered_at").astype(float) / 86400
    order = np.lexsort((at, customer))
    gaps, who, follows = np.diff(at[order]), customer[order][1:], np.diff(customer[order]) == 0
    spread = {}
    for key in ("b2b", "regular", "casual"):
        rows = follows & made.crowd.of(key)[who]
        mine = [gaps[rows & (who == one)] for one in np.unique(who[rows])[:60].tolist()]
        spread[key] = np.median([own.std() / own.mean() for own in mine if len(own) >= 6])
    assert spread["b2b"] < spread["regular"] < 0.7 < spread["casual"]


def test_the_out_of_the_ordinary_is_there() -> None:
    made = small_company(0.3, 2026, AS_OF)
    touches = np.bincount(made["interaction"].ints("customer"))
    assert touches[made.showcase.touches] > 1000 > np.partition(touches, -2)[-2]
    tags = np.bincount(made["tagging"].ints("object_id"))
    assert tags[made.showcase.tags] >= 195
    names = made["customer"].texts("name")
    assert max(map(len, names)) > 45
    assert len(made.showcase.duplicates) > 5
    first, second = next(pair for pair in made.showcase.duplicates if not made.crowd.company[pair[0]])
    assert names[first] == names[second]


def test_those_who_leave_complain_more_and_campaigns_bring_some_back() -> None:
    made = small_company(0.5, 2026, AS_OF)
    complained = np.isin(np.arange(len(made.crowd)), made.complained)
    orders = np.bincount(made["order"].ints("customer"), minlength=len(made.crowd))
    few = (orders > 1) & (orders < 8)
    left = made.crowd.end < DAYS - 200
    assert complained[few & left].mean() > 2 * complained[few & ~left].mean()
    ordered = np.searchsorted(made.season.dates, made["order"].times("ordered_at").astype("M8[D]"))
    back = {True: [0, 0], False: [0, 0]}
    for campaign in made.campaigns[1:-1]:
        soon = set(
            made["order"].ints("customer")[(ordered > campaign.day) & (ordered <= campaign.day + 45)].tolist()
        )
        for addressed, group in ((True, campaign.addressed), (False, campaign.held_out)):
            back[addressed][0] += len(soon.intersection(group.tolist()))
            back[addressed][1] += len(group)
    assert back[True][0] / back[True][1] > 1.3 * back[False][0] / back[False][1] > 0


def test_the_named_people_have_work() -> None:
    made = company(0.3)
    names = made["user"].texts("username")
    owner, state = made["task"].ints("owner"), np.array(made["task"].texts("state"))
    customers = made["customer"].ints("owner")
    for name in ("demo", "alice", "bob", "charlie"):
        at = names.index(name)
        assert (customers == at).sum() > 0
        assert ((owner == at) & (state == "open")).sum() >= 5
    assert (customers == NONE).sum() > 0


def test_texts_have_no_empty_slots() -> None:
    talks = company()["interaction"]
    for text in (*talks.texts("subject"), *talks.texts("body"), *company()["task"].texts("title")):
        assert text
        assert "{" not in text
        assert "订单 咨询" not in text


def test_deals_walk_one_way_through_their_stages() -> None:
    made, end = company(), now(company().season)
    deals, events = made["deal"], made["stage_event"]
    of, at = events.ints("deal"), events.times("at")
    same_deal = of[1:] == of[:-1]
    assert (at[1:][same_deal] >= at[:-1][same_deal]).all()
    assert at.max() <= end
    old, new = events.texts("old"), events.texts("new")
    assert all(not here or old[place + 1] == new[place] for place, here in enumerate(same_deal.tolist()))
    last = {deal: place for place, deal in enumerate(of.tolist())}
    assert [new[last[n]] for n in range(len(deals))] == deals.texts("stage")
    known = made["customer"].times("created_at")[deals.ints("customer")]
    assert (deals.times("created_at") >= known.astype("M8[D]")).all()
    stages = set(deals.texts("stage"))
    assert {"initial", "proposal", "won", "lost", "invalid", "renewal_won", "renewal_due"} <= stages


def test_leads_become_the_customers_they_name() -> None:
    leads, customers = company()["lead"], company()["customer"]
    became = np.flatnonzero(leads.ints("customer") >= 0)
    assert len(became) > 20
    names = customers.texts("name")
    assert all(leads.texts("company")[n] == names[leads.ints("customer")[n]] for n in became.tolist())
    assert (leads.times("converted_at")[became] >= leads.times("created_at")[became]).all()
    assert [leads.texts("state")[n] for n in became.tolist()] == ["converted"] * len(became)
