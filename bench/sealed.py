"""What the key of docs/adr/061 costs: the same pages, writes and imports without it and with it, on one database, and how
long `kemai columns encrypt` takes for what was there before."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client

from bench.imports import make_file
from bench.measure import Cost, Sample, Table, measure
from bench.pages import Ask, ask
from kemai.customers.models import Customer
from kemai.kit.columnseal import make_key
from kemai.platform import imports
from kemai.platform.access import SYSTEM
from kemai.platform.access.tokens import issue
from kemai.platform.records import encrypting

HEAD = ("", "CPU ms", "with the key", "p50 ms", "with the key", "p95 ms", "with the key", "× CPU")
IMPORTED = 50_000
TIMES = 60


def run(label: str) -> None:
    user = get_user_model().objects.get(username="boss")
    settings.COLUMN_KEYS = []
    bare, imported = sampled(user, 0), brought(0)
    settings.COLUMN_KEYS = [make_key()]
    with Cost() as cost:
        rows = encrypting.encrypt()
    keyed, imported_keyed = sampled(user, 1), brought(1)
    table = Table(f"With a key · {label}, load {os.getloadavg()[0]:.1f}", head=HEAD)
    for one, other in zip(bare, keyed, strict=True):
        pairs = ((one.cpu, other.cpu), (one.p50, other.p50), (one.p95, other.p95))
        figures = [f"{value:.1f}" for pair in pairs for value in pair]
        table.rows.append([one.name, *figures, f"{other.cpu / one.cpu:.2f}"])
    table.print()
    for name, found in (("without", imported), ("with", imported_keyed)):
        print(
            f"import of {IMPORTED:,} {name} the key: {IMPORTED / found.seconds:,.0f} rows/s, CPU {found.cpu:.1f} s",
            flush=True,
        )
    print(f"columns encrypt: {rows:,} rows in {cost.seconds:.0f} s, CPU {cost.cpu:.0f} s", flush=True)
    connection.close()


def sampled(user: object, turn: int) -> list[Sample]:
    """The second turn makes other records than the first."""
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]
    headers = {"Authorization": f"Bearer {issue(user, f'sealed {turn}')[1]}"}
    found = Customer.objects.order_by("-pk").exclude(phone="").values_list("pk", "phone")[: TIMES + 4]
    keys, phones = zip(*found, strict=True)

    def create(n: int) -> None:
        number = 5_000_000 + turn * 1000 + n
        body = {"name": f"新客户{number}", "phone": f"138{number:08d}", "email": f"n{number}@example.com"}
        answer = Client().post(
            "/api/v1/customer", body, content_type="application/json", headers=headers
        )  # fmt: skip
        if answer.status_code != 201:
            raise RuntimeError(str(answer.content[:300]))

    def change(n: int) -> None:
        body = {"note": f"改{turn}-{n}"}
        answer = Client().patch(
            f"/api/v1/customer/{keys[n]}", body, content_type="application/json", headers=headers
        )
        if answer.status_code != 200:
            raise RuntimeError(str(answer.content[:300]))

    acts: dict[str, Ask] = {
        "record page": lambda n: ask(client, f"/o/customer/{keys[n]}"),
        "history of a record": lambda n: ask(client, f"/o/customer/{keys[n]}/history"),
        "list of 50": lambda _n: ask(client, "/o/customer/?sort=-created_at"),
        "list found by a telephone": lambda n: ask(client, f"/o/customer/?q={quote(phones[n])}"),
        "create (API)": create,
        "change (API)": change,
    }
    return [measure(name, act, times=TIMES) for name, act in acts.items()]


def brought(turn: int) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "customers.csv")
        make_file(path, IMPORTED, start=turn * IMPORTED)
        with Cost() as cost:
            found = imports.upload(path, path.name, "customer", by=SYSTEM)
            imports.configure(found, by=SYSTEM)
            done = imports.execute(found)
    if done.counts.get("create") != IMPORTED:
        raise RuntimeError(str(done.counts))
    return cost
