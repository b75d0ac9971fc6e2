"""Lists, search, records and the API, as a browser would ask for them, in this process."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from django.contrib.auth import get_user_model
from django.test import Client

from bench.measure import Table, measure
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


def run(label: str) -> None:
    table = Table(f"Pages and API · {label}")
    client = Client()
    user = get_user_model().objects.get(username="boss")
    client.force_login(user)
    customer = get("customer")
    sorts = [key for key in customer.columns if customer.fields[key].sortable]
    for sort in sorts:
        table.add(measure(f"list by {sort}", lambda _n, s=sort: ask(client, f"/o/customer/?sort=-{s}")))  # type: ignore[misc]
    deep = deep_cursor(user)
    table.add(
        measure("list, deep page", lambda _n: ask(client, f"/o/customer/?sort=-amount_12m&cursor={deep}"))
    )
    for name, where in FILTERS.items():
        text = quote(json.dumps(where))
        for sort in ("created_at", "amount_12m", "name"):
            address = f"/o/customer/?where={text}&sort=-{sort}"
            table.add(measure(f"filter {name}, by {sort}", lambda _n, a=address: ask(client, a)))  # type: ignore[misc]
    for text in ("张伟", "zhangwei", "zw", "有限公司", "0042"):
        table.add(measure(f"search {text}", lambda _n, t=text: ask(client, f"/o/customer/?q={quote(t)}")))  # type: ignore[misc]
    keys = list(Customer.objects.order_by("-pk").values_list("pk", flat=True)[:40])
    table.add(measure("record page", lambda n: ask(client, f"/o/customer/{keys[n]}")))
    table.add(measure("record page, 5,000 interactions", lambda _n: ask(client, "/o/customer/1")))
    api(table, user)
    scoped(table)
    table.print()


def ask(client: Client, address: str) -> Any:
    response = client.get(address)
    if response.status_code != 200:
        raise RuntimeError(f"{address}: {response.status_code} {response.content[:300]!r}")
    return response


def deep_cursor(user: Any) -> str:
    """The cursor of a page in the middle of the list."""
    from kemai.platform.query.rows import Position

    actor = access.actor_for(user)
    count = Customer.objects.count()
    row = (
        access.scope(actor, "customer")
        .filter(facts__isnull=False)
        .order_by("-facts__amount_12m", "-pk")
        .values_list("pk", "facts__amount_12m")[count // 2]
    )
    return Position(row[1], row[0], backwards=False).encode()


def api(table: Table, user: Any) -> None:
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

    table.add(measure("API create", create, times=100))
    table.add(measure("API list 50", lambda _n: client.get("/api/v1/customer", headers=headers)))
    table.add(measure("API one record", lambda _n: client.get("/api/v1/customer/77", headers=headers)))


def scoped(table: Table) -> None:
    """A salesperson who sees only what is theirs."""
    client = Client()
    client.force_login(get_user_model().objects.get(username="u0"))
    for sort in ("created_at", "amount_12m", "name"):
        table.add(measure(f"own list by {sort}", lambda _n, s=sort: ask(client, f"/o/customer/?sort=-{s}")))  # type: ignore[misc]
    table.add(measure("own search 有限公司", lambda _n: ask(client, "/o/customer/?q=" + quote("有限公司"))))
