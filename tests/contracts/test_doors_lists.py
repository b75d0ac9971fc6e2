"""The attack matrix: lists and what is below them, the API and exports, for every object type and everybody."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from django.test import Client

from kemai.platform import access, exports
from kemai.platform.exports import Order
from kemai.platform.exports.rows import specs_of
from kemai.platform.objects import get
from tests.contracts.matrix import (
    BELOW_LIST,
    CLOSED,
    FRAGMENT,
    KEYS,
    Report,
    digits,
    fill,
    leads_somewhere,
    text_of,
)
from tests.contracts.world import OWN_PARENTS, PEOPLE, PHONE, Seen, World, owned
from tests.factory import values_for

pytestmark = [pytest.mark.django_db, pytest.mark.row(139)]
WITH_PARENT = [
    key
    for key in KEYS
    if OWN_PARENTS.get(key) or (key not in OWN_PARENTS and get(key).parent and owned(get(key)))
]


def condition(one: Seen) -> str:
    op = "eq" if "eq" in one.type.fields[one.type.title].type.operators else "contains"
    return f'{{"field":"{one.type.title}","op":"{op}","value":"{one.marker}"}}'


@pytest.mark.parametrize("key", KEYS)
def test_lists(key: str, world: World) -> None:
    one, report, where = world.records[key], Report(key), condition(world.records[key])
    addresses = [
        *(fill(path, key=key, type_key=key) for path in BELOW_LIST),
        *(f"/o/{key}/?display={display}" for display in ("board", "calendar", "chart")),
        f"/o/{key}/?q={one.marker}", f"/o/{key}/?where={where}", f"/o/{key}/options?q={one.marker[:6]}",
        f"/o/{key}/count?where={where}", f"/o/{key}/similar?{one.type.title}={one.marker}&phone={PHONE}",
    ]  # fmt: skip
    assert all(map(leads_somewhere, addresses))
    for who in PEOPLE:
        report.who, client, sees = who, world.client(who), world.sees(who, key)
        for address in (
            list(addresses) if who != "noexport" else ()
        ):  # sees all and reveals all, as alice does here
            answer = client.get(address, headers=FRAGMENT)
            if answer.status_code == 405:
                addresses.remove(address)
            body = report.page(answer, f"GET {address}")
            asks = one.marker in address  # a page repeats what was asked of it
            report.check(sees or asks or one.marker[:20] not in body, f"GET {address} tells")
            if PHONE not in address:
                report.hides_phone(body, f"GET {address}")
        body = report.page(client.post("/palette.json", {"q": one.marker[:6]}), "the palette")
        report.check(sees or one.marker[:20] not in body, "the palette tells")
        report.hides_phone(body, "the palette")
        body = report.page(client.get(f"/o/{key}/"), "the list as a page")
        report.check(sees or one.marker[:20] not in body, "the list as a page tells")
    report.done()


@pytest.mark.parametrize("key", KEYS)
def test_the_api(key: str, world: World) -> None:
    one, report, where = world.records[key], Report(key), condition(world.records[key])
    base, client = f"/api/v1/{key}", Client()
    for who in PEOPLE:
        report.who, sees = who, world.sees(who, key)
        api = {"Authorization": f"Bearer {world.people[who].key}"}
        for address, body in (
            (base, None),
            (f"{base}?q={one.marker}", None),
            (f"{base}?where={where}&count=1", None),
            (f"{base}/search", {"q": one.marker}),
            (f"{base}/search", {"where": orjson.loads(where), "count": True}),
        ):
            answer = (
                client.get(address, headers=api)
                if body is None
                else client.post(address, body, content_type="application/json", headers=api)
            )
            told = [row["id"] for row in answer.json().get("rows", [])]
            named = one.marker in address or body is not None
            if one.titled or not (sees and named):
                report.check((one.id in told) is sees, f"GET {address} {answer.status_code}")
            if not sees and answer.status_code == 200:
                report.check(not answer.json().get("count"), f"GET {address} counts it")
            report.hides_phone(text_of(answer), f"GET {address}")
        for address in (f"{base}/{one.id}", f"{base}/{one.id}/history", f"{base}/{one.id}/access"):
            answer = client.get(address, headers=api)
            report.check((answer.status_code == 200) is sees, f"GET {address} {answer.status_code}")
            report.check(sees or one.marker[:20] not in text_of(answer), f"GET {address} tells")
            report.hides_phone(text_of(answer), f"GET {address}")
    report.done()


def test_the_description_of_the_api_names_what_one_may_see(world: World) -> None:
    report, client = Report("openapi"), Client()
    for who in PEOPLE:
        report.who = who
        api = {"Authorization": f"Bearer {world.people[who].key}"}
        schemas = client.get("/api/v1/openapi.json", headers=api).json()["components"]["schemas"]
        for key in KEYS:
            report.check((key in schemas) is (who not in {"admin", "nobody"}), key)
    report.done()


@pytest.mark.parametrize("key", KEYS)
def test_exports(key: str, world: World) -> None:
    one, report = world.records[key], Report(key)
    order = Order(key, tuple(s for s in one.type.fields if not one.type.fields[s].private))
    for who in PEOPLE:
        report.who, actor = who, access.actor_for(world.people[who].user)
        cells: list[Any] = []
        denied = False
        try:
            cells = list(exports.rows(actor, order, specs_of(actor, order)))
        except access.Denied:
            denied = True
        exporter = who in {"alice", "charlie", "member", "masked"}
        # a member of a record does not take it out
        takes = exporter and (who in {"alice", "masked"} or not owned(one.type))
        report.check(denied is not exporter, "denied")
        report.check((one.marker[:12] in repr(cells)) is (takes and bool(one.text)), "rows")
        report.check(PHONE not in digits(repr(cells)), "masked by default")
        for door in ("bulk/export", "bulk/print"):
            answer = world.client(who).post(f"/o/{key}/{door}", {"ids": str(one.id)}, headers=FRAGMENT)
            report.check(answer.status_code < 500, f"{door} {answer.status_code}")
            report.check(exporter or answer.status_code in {403, 404, 422}, f"{door} {answer.status_code}")
        printed = world.client(who).get(f"/o/{key}/{one.id}/print")
        report.check(exporter or printed.status_code in {403, 404}, f"print {printed.status_code}")
    report.done()


@pytest.mark.parametrize("key", KEYS)
def test_reports_of_every_object(key: str, world: World) -> None:
    """Grouped by its names, counted by a condition, exported, printed: a report tells what a list would."""
    one, report, where = world.records[key], Report(key), condition(world.records[key])
    texts = [s.key for s in one.type.fields.values() if s.type.key == "text" and not s.private]
    by_name = [
        f"type={key}&row1={name}&measure=count:" for name in dict.fromkeys((one.type.title, *texts[:3]))
    ]
    counted = f"type={key}&where={where}&measure=count:"
    for who in PEOPLE:
        report.who, client, sees = who, world.client(who), world.sees(who, key)
        for query in (*by_name, counted):
            for tail in ("result", "print", "drill", "new"):
                answer = client.get(f"/reports/{tail}?{query}", headers=FRAGMENT, follow=True)
                body = report.page(answer, f"GET {tail}?{query}")
                tells = one.marker[:20] in body and one.marker not in query
                report.check(sees or not tells, f"GET {tail}?{query} tells")
                report.check(sees or PHONE not in digits(body), f"{tail} phone")
                counts = tail == "result" and query == counted and "rp-table" in body
                report.check(sees or not counts, "counts it")
            answer = client.post(f"/reports/export?{query}", headers=FRAGMENT)
            exporter = who in {"alice", "charlie", "member", "masked"}
            report.check(answer.status_code < 500, f"export {answer.status_code}")
            report.check(exporter or answer.status_code in CLOSED | {422}, f"export {answer.status_code}")
    report.done()


@pytest.mark.parametrize("key", WITH_PARENT)
def test_children_under_a_parent_of_somebody_elses(key: str, world: World) -> None:
    """Made where one sees the parent and may make such records there; refused, and nothing made, where not."""
    one, report, client = world.records[key], Report(key), Client()
    parent = one.type.fields[one.type.parent].ref
    for who in PEOPLE:
        report.who = who
        values = {
            k: v if isinstance(v, str | int | bool) else str(v) for k, v in values_for(one.type).items()
        }
        values[one.type.parent] = world.records[parent].id
        count = one.type.records().count()
        api = {"Authorization": f"Bearer {world.people[who].key}"}
        body, kind = orjson.dumps(values), "application/json"
        answer = client.post(f"/api/v1/{key}", body, content_type=kind, headers=api)
        made = one.type.records().count() - count
        if who in {"alice", "masked", "noexport"}:
            report.check(answer.status_code == 201, f"{answer.status_code} {text_of(answer)[:300]}")
        else:
            report.check(answer.status_code in {403, 404, 422}, f"{answer.status_code}")
            report.check(made == 0, "made one")
    report.done()
