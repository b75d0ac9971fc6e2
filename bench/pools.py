"""Pools: the night's return run with ten rules over all customers, its rehearsal, and claims by sixteen people at once."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from django.contrib.auth import get_user_model
from django.db import connection, connections

from bench.measure import Table
from bench.undo import timed
from kemai.customers.models import Customer
from kemai.platform.access import SYSTEM, actor_for
from kemai.platform.records import sql
from kemai.sales.models import CustomerKeeping, Pool, PoolMove, PoolRule
from kemai.sales.services.pools import claims, rehearsal, returns, settings
from kemai.sales.services.pools.kinds import KINDS, today

CLIENTS = 16
CLAIMS = 100
YEAR = 365
CUSTOMER = KINDS["customer"]


def run(label: str) -> None:
    table = Table(f"Pools · {label}", head=("", "wall", "CPU", "rate", ""))
    size = keepings()
    pools = make_pools()
    day = today()
    timed(table, "all dates, first time", lambda: returns.refresh_all(CUSTOMER, day), size, "ten rules")
    timed(table, "all dates, nothing changed", lambda: returns.refresh_all(CUSTOMER, day), size)
    rule = PoolRule.objects.filter(pool=pools[0]).order_by("pk").first()
    assert rule is not None
    timed(table, "rehearsal of tonight", lambda: rehearsal.tonight(rule, by=SYSTEM), size)
    timed(table, "rehearsal of the past year", lambda: rehearsal.past_year(rule), size)
    done = timed(table, "return of what is due", lambda: returns.return_due(CUSTOMER, day), 0)
    count = sum(one.count for one in done)
    table.rows[-1][3] = f"{count:,} returned"
    claim_all(table, pools[0])
    table.print()


def keepings() -> int:
    """The seeded customers were written past the doors: their keepings are made here, with days of the past year."""
    rng = np.random.default_rng(3)
    CustomerKeeping.objects.all().delete()
    keys = list(Customer.objects.order_by("pk").values_list("pk", flat=True))
    columns = ("customer_id", "pool_reason", "received_on", "two_way_on", "follow_up_on", "deal_on", "won_on",
               "contract_until", "given_basis", "open_deals")  # fmt: skip
    day = today()

    def rows() -> Iterator[list[Any]]:
        for key in keys:
            ago = rng.integers(0, YEAR, 6).tolist()
            days = [day - dt.timedelta(days=n) for n in ago]
            two, follow, deal, won = (
                one if n % 3 else None for one, n in zip(days[1:5], ago[1:5], strict=True)
            )
            contract = days[5] + dt.timedelta(days=YEAR // 2) if ago[5] % 5 == 0 else None
            yield [key, "", days[0], two, follow, deal, won, contract, {}, int(ago[0] % 9 == 0)]

    sql.insert(CustomerKeeping, columns, rows())
    return len(keys)


def make_pools() -> list[Pool]:
    since = (today() - dt.timedelta(days=YEAR)).isoformat()
    found = []
    for number in range(2):
        given = {"name": f"P{number}", "kind": "customer", "active": True, "claimable": True, "former_days": 0,
                 "reclaim_hours": 0, "spare_contracts": True, "spare_deals": True}  # fmt: skip
        pool = settings.save_pool(None, given, by=SYSTEM)
        found.append(pool)
        for place, event in enumerate(CUSTOMER.events):
            where = {"field": "stage", "op": "in", "value": ["new", "contacted"]} if number else {}
            rule = {"event": event, "days": 240 + 10 * place, "active": True, "since": since, "where": where}
            draft = settings.draft_rule(pool, None, {**rule, "workdays": place == 1}, by=SYSTEM)
            settings.save_rule(draft, by=SYSTEM)
    return found


def claim_all(table: Table, pool: Pool) -> None:
    """Everybody reaches for the same records in the same order: the worst there is."""
    people = [actor_for(user) for user in get_user_model()._default_manager.filter(is_active=True)[:CLIENTS]]
    keys = list(CUSTOMER.keepings.filter(pool=pool).order_by("pk").values_list("pk", flat=True)[:CLAIMS])

    def reach(actor: Any) -> int:
        try:
            return sum(claims.claim("customer", [key], by=actor)[0].taken for key in keys)
        finally:
            connections.close_all()

    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as threads:
        taken = sum(threads.map(reach, (people * CLIENTS)[:CLIENTS]))
    seconds = time.perf_counter() - began
    moves = PoolMove.objects.filter(pool=pool, move="claim").count()
    twice = moves - len(
        set(PoolMove.objects.filter(pool=pool, move="claim").values_list("object_id", flat=True))
    )
    rate = f"{taken / seconds:,.0f}/s taken, {len(keys) * CLIENTS / seconds:,.0f}/s asked"
    table.rows.append(
        [f"{CLIENTS} people after {len(keys):,} records", f"{seconds:.1f} s", "", rate, f"{twice} twice"]
    )
    connection.close()
