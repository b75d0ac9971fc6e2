"""Selling at size: the board, a deal that moves on, and the pages of figures over a million deals."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test import Client

from bench.measure import Table, measure
from bench.seed import insert
from kemai.platform import records
from kemai.platform.access import SYSTEM
from kemai.platform.records import sql
from kemai.sales.models import Contract, Deal, ReceiptPlan, StageEvent

OPEN, ALL = 10_000, 1_000_000
CONTRACTS = 200_000
SELLER = "u0"
"""Sees what is his own, a fortieth of everything."""
PLANS = 3
"""Instalments of each contract."""
STAGES = ("initial", "needs", "proposal", "negotiation")
COLUMNS = (
    "id", "created_at", "updated_at", "version", "number", "name", "customer_id", "pipeline", "stage", "state", "amount",
    "win_rate", "weighted", "category", "expected_on", "source", "next_step", "stage_since", "closed_at", "owner_id",
)  # fmt: skip
CONTRACT_COLUMNS = (
    "id", "created_at", "updated_at", "version", "number", "name", "customer_id", "state", "amount", "amount_base",
    "signed_on", "owner_id",
)  # fmt: skip
PLAN_COLUMNS = (
    "created_at", "updated_at", "version", "contract_id", "customer_id", "currency", "number", "due_on", "amount",
    "received", "open",
)  # fmt: skip
FIGURES = ("/sales/analysis", "/sales/analysis/rest", "/sales/targets", "/sales/forecast")


def run(label: str, size: int) -> None:
    table = Table(f"Selling · {label}", head=("", "wall", "CPU", "rate", "queries", ""))
    clients = {name: Client() for name in ("boss", SELLER)}
    users = get_user_model().objects.in_bulk(clients, field_name="username")
    for name, client in clients.items():
        client.force_login(users[name])
    sellers = get_user_model().objects.filter(username__startswith="u").values_list("pk", flat=True)
    people = [users["boss"].pk, *sellers]
    fill(OPEN, people, is_open=True)
    board(table, clients["boss"])
    many = min(size, ALL)
    fill(many, people, is_open=False)
    beside = f"of {OPEN:,} open deals beside {many:,} ended"
    page(table, f"the sales board {beside}", clients["boss"], "/o/deal/?view=board")
    page(table, f"the board of all stages {beside}", clients["boss"], "/o/deal/?display=board")
    page(table, f"its figures {beside}", clients["boss"], "/o/deal/board/sums?display=board&by=stage")
    pages(table, clients, FIGURES, f"over {many:,} deals")
    contracts = min(size, CONTRACTS)
    fill_contracts(contracts, people)
    pages(table, clients, ("/ageing",), f"over {contracts:,} contracts, {contracts * PLANS:,} instalments")
    table.print()


def pages(table: Table, clients: Mapping[str, Client], addresses: Sequence[str], over: str) -> None:
    """As somebody who sees everything sees them, and as SELLER."""
    for address in addresses:
        for who, client in clients.items():
            if client.get(address).status_code == 200:
                page(table, f"{address} {over}{', his own' if who == SELLER else ''}", client, address)


def fill(count: int, people: Sequence[int], *, is_open: bool) -> None:
    """Deals with their way through the stages, written past the door."""
    rows = deal_rows(count, people, is_open=is_open)
    with transaction.atomic():
        keys = sql.new_ids(Deal, count)
        first = keys[0]
        insert(Deal, COLUMNS, ((key, *row) for key, row in zip(keys, rows, strict=True)))
        insert(StageEvent, EVENT_COLUMNS, event_rows(first, count, is_open=is_open))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


EVENT_COLUMNS = ("deal_id", "old", "new", "at", "seconds")


def deal_rows(count: int, people: Sequence[int], *, is_open: bool) -> Iterator[tuple[Any, ...]]:
    """Nothing is asked in between: on PostgreSQL the connection is busy with the rows that go in."""
    now = datetime(2026, 11, 20, tzinfo=UTC)
    for n in range(count):
        at = now - timedelta(hours=n % 26_000)
        stage = STAGES[n % 4] if is_open else ("won", "lost", "lost")[n % 3]
        state = "open" if is_open else stage
        yield (
            at, at, 1, f"BD{'O' if is_open else 'C'}{n}", f"商机{n}", n * 37 % 90_000 + 1, "standard", stage, state,
            1000.5 + n % 9999, 0.2, 200.1, "pipeline", (at + timedelta(days=40)).date(), "web", "", at,
            None if is_open else at + timedelta(days=30), people[n % len(people)],
        )  # fmt: skip


def event_rows(first: int, count: int, *, is_open: bool) -> Iterator[tuple[Any, ...]]:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    for n in range(count):
        at = now - timedelta(hours=n % 26_000)
        way = ("", *STAGES[: n % 4 + 1], *(() if is_open else (("won", "lost", "lost")[n % 3],)))
        for place, (old, new) in enumerate(itertools.pairwise(way)):
            yield first + n, old, new, at + timedelta(days=7 * place), 604_800 if place else 0


def fill_contracts(count: int, people: Sequence[int]) -> None:
    """In force, each with three instalments: one that was paid, one that is or will be due."""
    now, day = datetime(2026, 11, 20, tzinfo=UTC), date(2026, 11, 20)
    with transaction.atomic():
        keys = list(sql.new_ids(Contract, count))
        signed = [day - timedelta(days=n % 700) for n in range(count)]
        insert(
            Contract,
            CONTRACT_COLUMNS,
            (
                (
                    key,
                    now,
                    now,
                    1,
                    f"HT{n}",
                    f"合同{n}",
                    n * 37 % 90_000 + 1,
                    "effective",
                    3000,
                    3000,
                    signed[n],
                    people[n % len(people)],
                )
                for n, key in enumerate(keys)
            ),
        )
        insert(
            ReceiptPlan,
            PLAN_COLUMNS,
            (
                (
                    now,
                    now,
                    1,
                    key,
                    n * 37 % 90_000 + 1,
                    "USD" if n % 20 == 0 else "CNY",
                    place + 1,
                    signed[n] + timedelta(days=120 * place),
                    1000,
                    0 if place else 1000,
                    1000 if place else 0,
                )
                for n, key in enumerate(keys)
                for place in range(PLANS)
            ),
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def board(table: Table, client: Client) -> None:
    page(table, f"board of {OPEN:,} open deals", client, "/o/deal/?display=board")
    key = Deal.objects.filter(state="open", stage="initial").order_by("pk").values_list("pk", flat=True)[0]

    def drag(n: int) -> Any:
        stage = ("needs", "initial")[n % 2]
        return records.update("deal", key, {"stage": stage}, by=SYSTEM)

    found = measure("drag", drag)
    table.rows.append(
        ["a deal moved on", f"{found.p50:.0f} ms", f"{found.cpu:.0f} ms", "", str(found.queries), ""]
    )


def page(table: Table, name: str, client: Client, address: str) -> None:
    found = measure(name, lambda _n: client.get(address), times=5)
    table.rows.append([name, f"{found.p50:.0f} ms", f"{found.cpu:.0f} ms", "", str(found.queries), ""])
