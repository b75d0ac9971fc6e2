"""Pools: the night's return run with ten rules over all customers, its rehearsal, and claims by sixteen people at once."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone

from bench import claimers, load
from bench.claimers import CLIENTS
from bench.idle import free_port, wait_for
from bench.measure import Table, percentile
from bench.undo import timed
from kemai.customers.models import Customer
from kemai.platform.access import SYSTEM
from kemai.platform.records import sql
from kemai.sales.models import CustomerKeeping, Pool, PoolMove, PoolRule
from kemai.sales.services.pools import rehearsal, returns, settings
from kemai.sales.services.pools.kinds import KINDS, today

EACH = int(os.environ.get("KEMAI_BENCH_CLAIMS", "250"))
"""Claims of each person."""
SAME = 400
LOT = 20
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
               "contract_until", "given_basis", "open_deals", "open_work")  # fmt: skip
    day = today()

    def rows() -> Iterator[list[Any]]:
        past = [day - dt.timedelta(days=n) for n in range(YEAR)]
        half = dt.timedelta(days=YEAR // 2)
        for start in range(0, len(keys), 10_000):
            part = keys[start : start + 10_000]
            for key, ago in zip(part, rng.integers(0, YEAR, (len(part), 6)).tolist(), strict=True):
                two, follow, deal, won = (past[n] if n % 3 else None for n in ago[1:5])
                contract = past[ago[5]] + half if ago[5] % 5 == 0 else None
                yield [
                    key, "", past[ago[0]], two, follow, deal, won, contract, {}, int(ago[0] % 9 == 0),
                    int(ago[1] % 20 == 0),
                ]  # fmt: skip

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
    """Each after records of his own, all after the same, twenty in one go; and what the bare rows cost."""
    sessions = load.people(CLIENTS)
    names = [f"load{number}" for number in range(CLIENTS)]
    model = get_user_model()
    people = list(
        model._default_manager.filter(username__in=names).order_by("pk").values_list("pk", flat=True)
    )
    keys = fill(pool, CLIENTS * EACH * 4 + SAME)
    connection.close()
    mine, keys = keys[: CLIENTS * EACH], keys[CLIENTS * EACH :]
    own = [(person, mine[number::CLIENTS]) for number, person in enumerate(people)]
    floor, keys = keys[: CLIENTS * EACH], keys[CLIENTS * EACH :]
    bare = [(person, floor[number::CLIENTS]) for number, person in enumerate(people)]
    many, keys = keys[: CLIENTS * EACH], keys[CLIENTS * EACH :]
    clicked, keys = keys[: CLIENTS * EACH], keys[CLIENTS * EACH :]
    lots = [many[start : start + LOT] for start in range(0, len(many), LOT)]
    rate = told(table, pool, "claim", f"{CLIENTS} people after records of their own", own)
    least = told(table, pool, "bare", "the bare rows of it, no question asked", bare)
    table.rows[-2][4] = f"{rate / least:.0%} of the bare rows"
    told(table, pool, "claim", f"{CLIENTS} people after the same records", [(one, keys) for one in people])
    told(
        table,
        pool,
        "claim",
        f"{LOT} in one go",
        [(one, lots[number::CLIENTS]) for number, one in enumerate(people)],
    )
    by_http(table, pool, sessions, clicked)
    moves = PoolMove.objects.filter(pool=pool, move="claim")
    twice = moves.count() - moves.values("object_id").distinct().count()
    table.rows.append(["claimed twice", str(twice), "", "", ""])


def by_http(table: Table, pool: Pool, sessions: Sequence[str], keys: Sequence[int]) -> None:
    """The button in a row of the pool's page, against `kemai serve`; the browsers are threads of this process and take
    their part of the two cores."""
    port = free_port()
    command = [sys.executable, "-m", "kemai.project.cli", "serve", "--port", str(port)]
    server = subprocess.Popen(
        command, env={**os.environ, "KEMAI_LOG_LEVEL": "ERROR"}, stdout=subprocess.DEVNULL
    )
    seen = load.Seen()
    try:
        wait_for(port)
        people = [load.Person(n, port, key, [], seen, 0) for n, key in enumerate(sessions)]
        for one in people:
            one.get(f"/pools/{pool.pk}")
        before, began = moves_of(pool), time.monotonic()

        def work(number: int) -> None:
            for key in keys[number :: len(people)]:
                begun = time.monotonic()
                problem = people[number].post(f"/pools/claim/customer/{key}", {})
                seen.note("claim", time.monotonic() - begun, problem)

        with ThreadPoolExecutor(len(people)) as threads:
            list(threads.map(work, range(len(people))))
        seconds = time.monotonic() - began
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)
    taken, waits = moves_of(pool) - before, seen.seconds["claim"]
    figures = f"p50 {percentile(waits, 0.5) * 1000:.0f} ms, p95 {percentile(waits, 0.95) * 1000:.0f} ms"
    wrong = sum(seen.wrong.values())
    table.rows.append(
        [
            "the same through HTTP",
            f"{seconds:.1f} s",
            "",
            f"{taken / seconds:,.0f}/s taken",
            f"{figures}, {wrong} errors",
        ]
    )


def moves_of(pool: Pool) -> int:
    found = PoolMove.objects.filter(pool=pool, move="claim").count()
    connection.close()
    return found


def told(table: Table, pool: Pool, act: str, name: str, work: Sequence[claimers.Work]) -> float:
    before = os.getloadavg()[0]
    taken, asked, seconds = claimers.together(act, work)
    rate = f"{taken / seconds:,.0f}/s taken" + (f", {asked / seconds:,.0f}/s asked" if asked > taken else "")
    table.rows.append([name, f"{seconds:.1f} s", "", rate, f"{taken:,} taken, load before {before:.1f}"])
    return taken / seconds


def fill(pool: Pool, count: int) -> list[int]:
    """Customers that lie in the pool."""
    keys = list(Customer.objects.filter(deleted_at=None).order_by("-pk").values_list("pk", flat=True)[:count])
    for start in range(0, len(keys), 2000):
        part = keys[start : start + 2000]
        Customer.objects.filter(pk__in=part).update(owner=None)
        CustomerKeeping.objects.filter(pk__in=part).update(
            pool=pool, pooled_at=timezone.now() - dt.timedelta(days=1), return_due_on=None, return_rule=None,
            former_owner=None,
        )  # fmt: skip
    return keys
