"""Own fields and own objects beside built-in ones: the same list by either, and what many definitions cost a page."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from bench.measure import Sample, Table, measure
from bench.pages import ask
from kemai.customers.models import Customer
from kemai.platform import jobs, records
from kemai.platform.access.explain import actor_of, explain, explain_field
from kemai.platform.models import FieldDef, ObjectDef
from kemai.platform.objects import VERBS, get, meta_changed

FIELDS, OBJECTS = 200, 50
LETTER = {"money": "c", "text": "t", "date": "d", "number": "n"}


def run(label: str) -> None:
    clear()
    user = get_user_model().objects.get(username="boss")
    client = Client()
    client.force_login(user)
    compare(label, client)
    weigh(label, client)
    why(label)
    clear()


# ── the same list by an own field and by a built-in column ──


def compare(label: str, client: Client) -> None:
    table = Table(f"Lists by own fields beside built-in columns · {label}")
    table.head = ("", "CPU ms", "p50 ms", "p95 ms", "queries", "own / built-in")
    define("customer", "bench_amount", "money", indexed=True)
    define("customer", "bench_day", "date", indexed=True)
    fill()
    build = measure("both indexes built", lambda _n: sync(), times=1, warm=0)
    table.add(build)
    middle = Customer.objects.order_by("pk").values_list("created_at", flat=True)[
        Customer.objects.count() // 2
    ]
    where = {"field": "created_at", "op": "after", "value": middle.date().isoformat()}
    own = {"field": "bench_day", "op": "after", "value": middle.date().isoformat()}
    few = {"field": "bench_amount", "op": "between", "value": ["1000", "1010"]}
    many = {"field": "amount_12m", "op": "between", "value": ["1000", "1010"]}
    pairs = [
        ("sorted", "?sort=-bench_amount", "?sort=-amount_12m"),
        ("half of them, sorted", list_of(own, "bench_amount"), list_of(where, "amount_12m")),
        ("half of them, by their day", list_of(own, "bench_day"), list_of(where, "created_at")),
        ("a few, sorted", list_of(few, "bench_amount"), list_of(many, "amount_12m")),
        ("a few, by name", list_of(few, "name"), list_of(many, "name")),
    ]
    for name, own_url, built_in_url in pairs:
        both = [
            measure(f"{name}: {kind}", lambda _n, u=url: ask(client, f"/o/customer/{u}"))  # type: ignore[misc]
            for kind, url in (("own", own_url), ("built-in", built_in_url))
        ]
        table.add(both[0], ratio(both[0], both[1]))
        table.add(both[1])
    table.print()


def list_of(where: dict[str, Any], sort: str) -> str:
    return f"?where={quote(json.dumps(where))}&sort=-{sort}"


def ratio(one: Sample, other: Sample) -> str:
    return f"{one.p50 / other.p50:.2f}" if other.p50 else ""


def fill() -> None:
    """The own values are those of the built-in columns, so that both lists are alike."""
    facts = "(SELECT f.amount_12m FROM customers_customerfacts f WHERE f.customer_id = customers_customer.id)"
    if connection.vendor == "postgresql":
        value = f"jsonb_build_object('bench_amount', {facts}, 'bench_day', to_char(created_at, 'YYYY-MM-DD'))"
    else:
        value = f"json_object('bench_amount', {facts}, 'bench_day', substr(created_at, 1, 10))"
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE customers_customer SET extra = {value}")


def sync() -> None:
    records.index_soon()
    jobs.run_all()


# ── what many definitions cost ──


def weigh(label: str, client: Client) -> None:
    """Every page with no definition, then with many."""
    key = Customer.objects.order_by("pk").values_list("pk", flat=True)[7]
    pages = {
        "list": "/o/customer/", "list with filter": list_url(), "record": f"/o/customer/{key}",
        "form": f"/o/customer/{key}/edit", "new": "/o/customer/new", "orders": "/o/order/", "today": "/",
        "another object's record": "/o/product/1", "another object's form": "/o/product/1/edit",
        "settings: objects": "/settings/objects/", "settings: an object's fields": "/settings/objects/product/",
        "settings: rules": "/settings/objects/product/rules", "settings: a layout": "/settings/objects/product/layouts/form/",
    }  # fmt: skip
    clear()
    before = {name: measure(name, lambda _n, u=url: ask(client, u)) for name, url in pages.items()}  # type: ignore[misc]
    with transaction.atomic():
        for number in range(OBJECTS):
            one = f"bench_object_{number}"
            ObjectDef.objects.create(
                key=one, label=f"对象{number}", nav="customers", created_at=timezone.now()
            )
            define(one, "of", "reference", settings={"ref": "product"})
            define(one, "size", "number")
        for number in range(FIELDS):
            kind = ("text", "number", "money", "date")[number % 4]
            define("customer", f"bench_{number}", kind)
    table = Table(f"Pages with {FIELDS} own fields of customers and {OBJECTS} own objects · {label}")
    table.head = ("", "CPU ms", "p50 ms", "p95 ms", "queries", "CPU against none")
    for name, url in pages.items():
        after = measure(name, lambda _n, u=url: ask(client, u))  # type: ignore[misc]
        table.add(after, f"{after.cpu - before[name].cpu:+.1f} ms, {after.cpu / before[name].cpu - 1:+.0%}")
    table.print()


def why(label: str) -> None:
    """Why somebody sees a record or a field, or does not, among the many definitions."""
    actors = [actor_of(one) for one in get_user_model().objects.filter(is_active=True).order_by("pk")[:20]]
    keys = list(Customer.objects.filter(deleted_at=None).order_by("pk").values_list("pk", flat=True)[:20])
    customer = get("customer")
    table = Table(f"Why somebody sees · {label}")

    def record(n: int) -> None:
        explain(actors[n % len(actors)], customer, keys[n % len(keys)], VERBS)

    def field(n: int) -> None:
        explain_field(actors[n % len(actors)], customer, "phone")

    table.add(measure("a record, every verb", record), "target 50 ms")
    table.add(measure("a field", field), "target 50 ms")
    table.print()


def list_url() -> str:
    return "/o/customer/" + list_of({"field": "value_class", "op": "in", "value": ["high"]}, "created_at")


# ── definitions ──


def define(
    type_key: str, key: str, kind: str, settings: dict[str, Any] | None = None, *, indexed: bool = False
) -> None:
    FieldDef.objects.create(
        type_key=type_key, key=key, label=f"字段 {key}", kind=kind, settings=settings or {}, indexed=indexed,
        created_at=timezone.now(),
    )  # fmt: skip
    with transaction.atomic():
        meta_changed()


def clear() -> None:
    FieldDef.objects.filter(key__startswith="bench_").delete()
    FieldDef.objects.filter(type_key__startswith="bench_").delete()
    ObjectDef.objects.filter(key__startswith="bench_").delete()
    with transaction.atomic():
        meta_changed()
    sync()
