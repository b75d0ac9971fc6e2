"""With a key (docs/adr/061) telephones, addresses and further identifiers of customers lie nowhere in the open, and
everything that looks them up works as ever."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from kemai.customers.models import Customer, DuplicatePair
from kemai.customers.services import duplicate_runs, similar
from kemai.customers.tests.test_duplicates import crowd_of_customers
from kemai.platform import exports, imports, jobs, query, records, search
from kemai.platform.audit.seal import seal_all
from kemai.platform.audit.verify import verify
from kemai.platform.events.delivery import drain_all
from kemai.platform.imports.tests.conftest import counts, opened
from kemai.platform.models.sealed import seal_value
from kemai.platform.objects import get
from kemai.platform.query.rows import Order
from kemai.platform.records import encrypting
from tests.cells import COLUMN_KEY, in_plain
from tests.people import Person

pytestmark = pytest.mark.django_db
NUMBERS = (
    "13861720001",
    "13861720002",
    "13861720003",
    "13861720004",
    "13861720005",
    "86720006",
    "13861720007",
)
MAILS = ("fang.wang@huaxing.cn", "lei.li@huaxing.cn", "new.address@huaxing.cn")
BARE = ("6172000", "86720006", *(mail.partition("@")[0] for mail in MAILS))
"""What all of them have in common: no part of one may be found."""


@pytest.fixture
def keyed(settings: Any) -> None:
    settings.COLUMN_KEYS = [COLUMN_KEY]
    encrypting.note()


@pytest.fixture
def wide() -> None:
    """Before any row: PostgreSQL makes no room in a transaction that has written."""
    encrypting.widen()


def api(person: Person, path: str, body: dict[str, Any]) -> Any:
    headers = {"Authorization": f"Bearer {person.key}"}
    answer = Client().post(f"/api/v1/{path}", body, content_type="application/json", headers=headers)
    assert answer.status_code in {200, 201}, answer.content
    return answer.json()


@pytest.mark.usefixtures("keyed")
def test_no_door_leaves_a_number_in_the_open(people: dict[str, Person], tmp_path: Path) -> None:
    boss = people["boss"]
    browser = Client()
    browser.force_login(boss.user)
    form = {"name": "王芳", "kind": "person", "phone": NUMBERS[0], "email": MAILS[0]}
    assert browser.post("/o/customer/new", form).status_code in {200, 204, 302}
    one = Customer.objects.get(name="王芳")
    assert (one.phone, one.email) == (f"+86{NUMBERS[0]}", MAILS[0])
    two = api(boss, "customer", {"name": "李雷", "kind": "person", "phone": NUMBERS[1], "email": MAILS[1]})[
        "id"
    ]
    path = tmp_path / "customers.csv"
    path.write_text(
        f"名称,电话,详细地址\n韩梅,{NUMBERS[2]},\n王芳,{NUMBERS[0]},人民路1号\n", encoding="utf-8"
    )
    run = opened(path)
    imports.rehearse(run)
    imports.execute(run)
    assert counts(run)[:2] == (1, 1), "the one who is there is known by the telephone"
    assert Customer.objects.get(phone=f"+86{NUMBERS[0]}").address == "人民路1号"
    records.update("customer", one.pk, {"phone": NUMBERS[3], "email": MAILS[2]}, by=boss.actor)
    company = records.create(
        "customer", {"name": "华兴科技有限公司", "kind": "company", "phone": "0571-86720006"}, by=boss.actor
    )
    records.create("contact", {"customer": company.pk, "name": "赵敏", "phone": NUMBERS[4]}, by=boss.actor)
    records.create("identifier", {"customer": one.pk, "kind": "phone", "raw": NUMBERS[6]}, by=boss.actor)
    records.create(
        "lead", {"name": "线索", "company": "华兴", "phone": NUMBERS[4], "email": MAILS[1]}, by=boss.actor
    )
    merged = records.merge("customer", one.pk, [two], by=boss.actor)
    drain_all()
    jobs.run_all()
    duplicate_runs.run(full=True, folder=tmp_path)
    seal_all()

    for text in (NUMBERS[3], NUMBERS[1], MAILS[2], "0003"):
        assert search.search_type(boss.actor, get("customer"), text), text
    assert browser.get("/o/customer/", {"q": NUMBERS[3]}).content.decode().count("王芳")
    where = {"field": "phone", "op": "eq", "value": NUMBERS[3]}
    node = query.parse(where, get("customer"), boss.actor.moment())
    assert get("customer").records().filter(query.compile_q(node, get("customer"))).get().pk == one.pk
    assert MAILS[0] in browser.get(f"/o/customer/{one.pk}/history").content.decode()
    written = exports.write(
        boss.actor, exports.Order("customer", ("name", "phone"), format="csv", unmasked=True)
    )
    assert NUMBERS[3] in re.sub(r"\D", "", written.path.read_text("utf-8-sig"))
    records.undo(merged.pk, by=boss.actor)
    assert records.row_of(get("customer"), two, by=boss.actor)["phone"] == f"+86{NUMBERS[1]}"

    assert in_plain(*BARE) == set()
    assert not any(word.encode() in (tmp_path / "duplicates.duckdb").read_bytes() for word in BARE)
    assert verify().ok


@pytest.mark.usefixtures("keyed")
@pytest.mark.parametrize(("op", "value"), [("starts", "1386"), ("contains", "6172")])
def test_a_part_of_a_number_is_not_asked_for(people: dict[str, Person], op: str, value: str) -> None:
    with pytest.raises(query.QueryError) as caught:
        query.parse(
            {"field": "phone", "op": op, "value": value}, get("customer"), people["boss"].actor.moment()
        )
    assert caught.value.code == "unknown_operator"
    with pytest.raises(query.QueryError):
        Order.parse("phone", get("customer"))


@pytest.mark.usefixtures("keyed")
def test_doubles_are_found_by_a_telephone_that_nobody_can_read(
    people: dict[str, Person], tmp_path: Path
) -> None:
    similar._weights.clear()
    crowd_of_customers(Random(3))
    made = [
        records.create(
            "customer",
            {"name": name, "kind": "company", "phone": phone, "region": "330106"},
            by=people["boss"].actor,
        ).pk
        for name, phone in (
            ("杭州蓝海信息技术有限公司", "0571-88123456"),
            ("杭州藍海信息技術有限責任公司", "(0571)88123456-801"),
        )
    ]
    duplicate_runs.run(full=True, folder=tmp_path)
    pair = DuplicatePair.objects.get(first=made[0], second=made[1])
    assert pair.levels["phone"][0] == 1
    found = similar.find_similar(
        people["boss"].actor, {"name": "蓝海信息", "kind": "company", "phone": "0571-88123456"}
    )
    assert made[0] in {one.id for one in found}


@pytest.mark.usefixtures("wide")
def test_a_company_gets_a_key_loses_it_and_goes_back(
    people: dict[str, Person], settings: Any, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path
    boss = people["boss"].actor
    keys = [
        records.create(
            "customer",
            {"name": f"客户{n}", "phone": f"1386172{n:04d}", "email": f"fang.wang{n}@huaxing.cn"},
            by=boss,
        ).pk
        for n in range(7)
    ]
    records.update("customer", keys[0], {"phone": "13861729999"}, by=boss)
    seal_all()
    before = told(keys)
    cells = in_plain("1386172", "fang.wang")

    settings.COLUMN_KEYS = [COLUMN_KEY]
    encrypting.note()
    assert told(keys) == before, "readable before anything was done"
    assert Customer.objects.get(phone="+8613861720003").pk == keys[3], "and found"
    assert keys[3] in search.search_type(boss, get("customer"), "13861720003")
    encrypting.batch(Customer, dict(encrypting.columns())[Customer], keys[:3], encrypting.anew)
    assert told(keys) == before, "half way"
    assert encrypting.unfinished()
    encrypting.encrypt()
    assert not encrypting.unfinished()
    assert told(keys) == before
    assert in_plain("1386172", "fang.wang") == set()
    assert keys[3] in search.search_type(boss, get("customer"), "13861720003")
    assert verify().ok

    encrypting.decrypt()
    settings.COLUMN_KEYS = []
    assert told(keys) == before
    assert in_plain("1386172", "fang.wang") == cells
    assert keys[3] in search.search_type(boss, get("customer"), "138617200")
    assert verify().ok


def told(keys: list[int]) -> list[tuple[Any, ...]]:
    return list(
        Customer.objects.filter(pk__in=keys)
        .order_by("pk")
        .values_list("pk", "name", "phone", "email", "version")
    )


@pytest.mark.usefixtures("keyed")
def test_a_number_that_was_altered_does_not_stop_the_page(people: dict[str, Person]) -> None:
    boss = people["boss"]
    one = records.create("customer", {"name": "王芳", "phone": NUMBERS[0]}, by=boss.actor)
    records.create("customer", {"name": "李雷", "phone": NUMBERS[1]}, by=boss.actor)
    spoilt = seal_value(f"+86{NUMBERS[0]}")[:-8] + "AAAAAAA="
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {Customer._meta.db_table} SET phone = %s WHERE id = %s", [spoilt, one.pk])
    browser = Client()
    browser.force_login(boss.user)
    page = browser.get("/o/customer/").content.decode()
    assert "无法读取" in page
    assert NUMBERS[1][-4:] in page
    assert browser.get(f"/o/customer/{one.pk}").status_code == 200
    records.update("customer", one.pk, {"name": "王芳芳"}, by=boss.actor)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT phone FROM {Customer._meta.db_table} WHERE id = %s", [one.pk])
        assert cursor.fetchone()[0] == spoilt, "what cannot be read is not written over"
