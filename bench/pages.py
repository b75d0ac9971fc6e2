"""Lists, search, records and the API, as a browser would ask for them, in this process; beside each the bare database
doing the same: the statement of a keyset page, a full-text question, a row by its key, an insert."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client

from bench import bare
from bench.measure import Sample, Table, measure
from kemai.customers.models import Customer
from kemai.platform import access
from kemai.platform.access.tokens import issue
from kemai.platform.objects import get

FILTERS = {
    "class": {"field": "value_class", "op": "in", "value": ["high"]},
    "city": {"field": "region", "op": "within", "value": ["330100"]},
    "class and region": {
        "all": [
            {"field": "value_class", "op": "in", "value": ["high", "potential"]},
            {"field": "region", "op": "within", "value": ["320000", "330000"]},
        ]
    },
    "silent 90 days": {"field": "last_order_at", "op": "older", "value": 90},
}
WORDS = ("张伟", "zhangwei", "zw", "有限公司", "0042")
SORTS = ("created_at", "amount_12m", "name")
HEAD = ("", "CPU ms", "p50 ms", "p95 ms", "queries", "rows", "bare ms", "× bare", "× at 100,000")
TYPED = {"name": ("name",), "telephone": ("phone",), "all of these": ("name", "phone", "region", "address")}
TIMES = 40
Ask = Callable[[int], Any]


Kept = dict[str, tuple[float, int | None]]
LISTS = ("list", "filter", "search", "own")


class Pages:
    """The measurements of one database; `small` are those of the same actions at 100,000 customers: CPU, and how many
    rows were drawn. A page with fewer rows is another page: its figure is no measure of what the size costs."""

    def __init__(self, label: str, small: Kept) -> None:
        self.table = Table(f"Pages and API · {label}", head=HEAD)
        self.small = small
        self.kept: Kept = {}

    def add(self, name: str, act: Ask, same: Ask | None = None, *, times: int = TIMES) -> None:
        found = measure(name, act, times=times)
        rows = drawn(act(times)) if name.startswith(LISTS) else None
        self.kept[name] = found.cpu, rows
        beside: Sample | None = measure(name, same, times=times) if same else None
        before, had = self.small.get(name, (0.0, None))
        self.table.rows.append(
            [
                name,
                f"{found.cpu:.1f}",
                f"{found.p50:.1f}",
                f"{found.p95:.1f}",
                str(found.queries),
                "" if rows is None else str(rows),
                f"{beside.cpu:.2f}" if beside else "",
                f"{found.cpu / max(beside.cpu, 0.01):.0f}" if beside else "",
                f"{found.cpu / before:.2f}" if before and had == rows else f"({had} rows)" if before else "",
            ]
        )


def run(label: str, small: Path, *, first: bool) -> None:
    """`first` says that these are the figures beside which others will be put."""
    before = json.loads(small.read_text()) if not first and small.exists() else {}
    pages = Pages(f"{label}, load {os.getloadavg()[0]:.1f}", before)
    user = get_user_model().objects.get(username="boss")
    client = Client()
    client.force_login(user)
    lists(pages, client, user)
    records(pages, client)
    typing(pages, client)
    api(pages, user)
    scoped(pages)
    pages.table.print()
    if first:
        small.write_text(json.dumps(pages.kept))


def lists(pages: Pages, client: Client, user: Any) -> None:
    customer = get("customer")
    for sort in [key for key in customer.columns if customer.fields[key].sortable]:
        pages.add(f"list by {sort}", page_of(client, f"sort=-{sort}"), bare.page(sort))
    deep, after = deep_cursor(user)
    pages.add(
        "list, deep page",
        page_of(client, f"sort=-amount_12m&cursor={deep}"),
        bare.page("amount_12m", after=after),
    )
    for name, where in FILTERS.items():
        text = quote(json.dumps(where))
        for sort in SORTS:
            pages.add(
                f"filter {name}, by {sort}",
                page_of(client, f"where={text}&sort=-{sort}"),
                bare.page(sort, name),
            )
    for text in WORDS:
        pages.add(f"search {text}", page_of(client, f"q={quote(text)}"), bare.search(text))


def drawn(response: Any) -> int:
    """How many rows a list shows."""
    return int(response.content.count(b"<tr data-row "))


def records(pages: Pages, client: Client) -> None:
    keys = list(Customer.objects.order_by("-pk").values_list("pk", flat=True)[:40])
    pages.add("record page", lambda n: ask(client, f"/o/customer/{keys[n]}"), lambda n: bare.record(keys[n]))
    pages.add(
        "record page, 5,000 interactions", lambda _n: ask(client, "/o/customer/1"), lambda _n: bare.record(1)
    )


def typing(pages: Pages, client: Client) -> None:
    """Who may be there already, asked while somebody fills the form of a new customer."""
    typed = [
        {"name": name, "phone": phone or "", "region": region or "", "address": address or ""}
        for name, phone, region, address in Customer.objects.order_by("-pk").values_list(
            "name", "phone", "region", "address"
        )[: TIMES + 1]
    ]
    for name, keys in TYPED.items():
        pages.add(f"typing: {name}", similar(client, [{key: one[key] for key in keys} for one in typed]))
    pages.add(
        "typing: the first four characters", similar(client, [{"name": one["name"][:4]} for one in typed])
    )


def similar(client: Client, typed: list[dict[str, str]]) -> Ask:
    return lambda n: ask(client, f"/o/customer/similar?{urlencode(typed[n])}")


def page_of(client: Client, query: str) -> Ask:
    address = f"/o/customer/?{query}"
    return lambda _n: ask(client, address)


def ask(client: Client, address: str) -> Any:
    response = client.get(address)
    if response.status_code != 200:
        raise RuntimeError(f"{address}: {response.status_code} {response.content[:300]!r}")
    return response


def deep_cursor(user: Any) -> tuple[str, tuple[int, int]]:
    """The cursor of a page in the middle of the list, and the amount (in cents) and key that it stands for."""
    from kemai.platform.query.rows import Position

    actor = access.actor_for(user)
    count = Customer.objects.count()
    row = (
        access.scope(actor, "customer")
        .filter(facts__isnull=False)
        .order_by("-facts__amount_12m", "-pk")
        .values_list("pk", "facts__amount_12m")[count // 2]
    )
    return Position(row[1], row[0], backwards=False).encode(), (int(row[1] * 100), row[0])


def api(pages: Pages, user: Any) -> None:
    client, key = Client(), issue(user, "bench")[1]
    headers = {"Authorization": f"Bearer {key}"}
    base = Customer.objects.count()

    def create(n: int) -> None:
        body = json.dumps(
            {"name": f"新客户{base + n}", "phone": f"139{(base + n) % 10**8:08d}", "region": "330106"}
        )
        answer = client.post("/api/v1/customer", data=body, content_type="application/json", headers=headers)
        if answer.status_code != 201:
            raise RuntimeError(str(answer.content[:300]))

    pages.add("API create", create, bare.insert, times=100)
    pages.add(
        "API list 50", lambda _n: client.get("/api/v1/customer", headers=headers), bare.page("created_at")
    )
    pages.add(
        "API one record",
        lambda _n: client.get("/api/v1/customer/77", headers=headers),
        lambda _n: bare.record(77),
    )


def scoped(pages: Pages) -> None:
    """A salesperson who sees only what is theirs."""
    client = Client()
    user = get_user_model().objects.get(username="u0")
    client.force_login(user)
    for sort in SORTS:
        pages.add(f"own list by {sort}", page_of(client, f"sort=-{sort}"), bare.page(sort, owner=user.pk))
    text = quote("有限公司")
    pages.add("own search 有限公司", page_of(client, f"q={text}"), bare.search("有限公司", owner=user.pk))
    connection.close()
