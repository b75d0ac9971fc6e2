"""The set-based analyses give every customer what the plain rules of kemai/customers give one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
from django.utils import timezone

from kemai.customers import rules
from kemai.customers.models import Customer, CustomerFacts, Order, Product
from tests.analytics.conftest import NOW, TODAY, Till

Bought = list[tuple[int, int, str, Product]]
"""(days ago, yuan, channel, product) of each paid order."""


def shop(till: Till, rng: Random, size: int) -> dict[int, Bought]:
    """Buyers of many habits: regular ones with a rhythm, with breaks, occasional ones, one-time ones."""
    bought: dict[int, Bought] = {}
    for index in range(size):
        one = till.customer(
            f"客{index}",
            kind=rng.choice(["person", "company"]),
            phone=rng.choice(["", "+8613800138000"]),
            region=rng.choice(["", "310000"]),
            source=rng.choice(["store", "other"]),
            birthday=rng.choice([None, TODAY]),
        )
        rhythm = rng.choice([3, 7, 20, 45, 90, 200, 360])
        day, mine = rng.randrange(1200), []
        for _ in range(rng.choice([0, 1, 2, 4, 8, 15])):
            mine.append((day, rng.choice([10, 20, 50, 80, 300]), rng.choice(["store", "online"]), till.rice))
            day -= max(0, round(rng.gauss(rhythm, rhythm / 3))) + rng.choice([0, 0, 0, 0, 250])
            if day < 0:
                break
        for days_ago, yuan, channel, product in mine:
            till.order(one, days_ago, yuan, channel=channel, product=product)
        if rng.random() < 0.2:
            till.order(one, 1, 5000, state="cancelled")
        if rng.random() < 0.2:
            till.touch(one, rng.randrange(200), rng.choice(["in", "out"]))
        bought[one.pk] = mine
    rich = till.customer("一单大客", kind="company")
    till.order(rich, 60, 9000)
    bought[rich.pk] = [(60, 9000, "store", till.rice)]
    return bought


def test_every_value_is_what_the_rules_say(till: Till, nightly: Callable[..., Any]) -> None:
    bought = shop(till, Random(7), 90)
    run = nightly()
    year = [
        (sum(yuan for ago, yuan, *_ in mine if ago < 365) * 100, sum(1 for ago, *_ in mine if ago < 365))
        for mine in bought.values()
    ]
    base = [(amount, count) for amount, count in year if count]
    basis = run.basis
    assert basis["value_class"]["amount"] == np.quantile([amount for amount, _ in base], 0.8)
    assert basis["value_class"]["orders"] == np.quantile([count for _, count in base], 0.6)
    assert basis["rfm"]["m"] == list(np.quantile([amount for amount, _ in base], [0.2, 0.4, 0.6, 0.8]))
    seen: Counter[str] = Counter()
    for customer in Customer.objects.select_related("facts").prefetch_related("interactions"):
        check(customer, bought[customer.pk], basis)
        seen[customer.facts.activity] += 1
        seen[customer.facts.value_class] += 1
    assert set(seen) >= {
        "prospect",
        "active",
        "dormant",
        "lost",
        "recovered",
        "high",
        "potential",
        "regular",
        "none",
    }


def check(customer: Customer, mine: Bought, basis: dict[str, Any]) -> None:
    facts: CustomerFacts = customer.facts
    amount = sum(yuan for ago, yuan, *_ in mine if ago < 365)
    count = sum(1 for ago, *_ in mine if ago < 365)
    assert (facts.orders_total, facts.orders_12m, facts.amount_12m) == (len(mine), count, amount)
    rule = rules.RhythmRule()
    days = sorted({-ago for ago, *_ in mine})
    gaps = [later - before for before, later in pairwise(days)]
    assert facts.gap_median_days == (rules.median(gaps) if gaps else None)
    limit = rules.silence_limit(rule, gaps)
    assert facts.silence_limit_days == limit
    came_back = rules.comeback(rule, days, 0)
    assert facts.comeback_on == (None if came_back is None else TODAY + timedelta(days=came_back))
    inbound = [(NOW - one.at).days for one in customer.interactions.all() if one.direction == "in"]
    ours = [
        one.at for one in customer.interactions.all() if one.direction == "out" and one.channel != "system"
    ]
    assert facts.last_outbound_at == max(ours, default=None)
    activity = rules.activity(
        rule,
        silence=-days[-1] if days else None,
        age=-days[0] if days else None,
        limit=limit,
        contact=min(inbound) if inbound else None,
        since_comeback=None if came_back is None else -came_back,
    )
    assert facts.activity == activity.value
    line = rules.ClassRule(basis["value_class"]["amount"], basis["value_class"]["orders"])
    verdict = rules.value_class(line, amount_12m=amount * 100, orders_12m=count, orders_total=len(mine))
    assert facts.value_class == verdict.value
    known = {name: getattr(customer, name) for name in rules.COMPLETENESS[customer.kind]}
    assert facts.completeness == rules.completeness(customer.kind, known)
    if days:
        scores = rules.rfm_scores(basis["rfm"], days=-days[-1], orders=count, amount=amount * 100)
        assert (facts.r_score, facts.f_score, facts.m_score) == scores
        assert facts.rfm_cell == rules.rfm_cell(scores)
    else:
        assert facts.rfm_cell == ""


def test_runs_day_by_day_end_where_one_run_ends(till: Till, nightly: Callable[..., Any]) -> None:
    """Kept facts, renewed for the touched customers only, are the same as facts computed from the ground up."""
    shop(till, Random(11), 40)
    for days_ago in (40, 20, 3):
        nightly(NOW - timedelta(days=days_ago))
    moved = Order.objects.order_by("pk")[3]
    Order.objects.filter(pk=moved.pk).update(state="refunded", updated_at=timezone.now())
    nightly()
    steps = {row["customer_id"]: row for row in CustomerFacts.objects.values()}
    assert nightly(NOW + timedelta(seconds=1), full=True).rows_written == 0
    for row in CustomerFacts.objects.values():
        assert row == steps[row["customer_id"]]
