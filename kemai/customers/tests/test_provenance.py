"""A verified value is not overwritten by what others bring: it waits for a person, who may take it, leave it, and
change their mind."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.test import Client

from kemai.customers.models import Customer, CustomerFacts, Identifier, ValueConflict
from kemai.customers.services import conflicts, health, recheck, roles
from kemai.customers.tests.conftest import Browsers, Shelf
from kemai.platform import access, imports, records
from kemai.platform.access import SYSTEM
from kemai.platform.events import drain_all
from kemai.platform.imports.tests.conftest import IMPORTER
from kemai.platform.models import FieldRule
from kemai.platform.objects import get
from kemai.platform.records import Refused, merging
from tests.people import Person

pytestmark = [pytest.mark.django_db, pytest.mark.row(9)]
FIELDS = ("industry", "address")


def opened(customer: Customer) -> list[tuple[str, Any]]:
    return [(one.field, one.value) for one in conflicts.of(customer.pk)]


# ── the rule, beside a slow account of it ──


class Reference:
    """Reads the whole story anew for every decision."""

    def __init__(self) -> None:
        self.acts: list[tuple[str, str, str]] = []
        self.waiting: list[tuple[str, str]] = []
        self.values = dict.fromkeys(FIELDS, "")

    def verified(self, field: str) -> bool:
        """Somebody made sure after the machines wrote it last, or by hand since; and the record was verified at all."""
        checked = [n for n, act in enumerate(self.acts) if act[0] == "check"]
        mine = [(n, act[0]) for n, act in enumerate(self.acts) if act[1] == field]
        if not checked:
            return False
        return not mine or mine[-1][0] < checked[-1] or mine[-1][1] == "hand"

    def act(self, kind: str, field: str, value: str) -> None:
        if kind == "import" and self.values[field] not in ("", value) and self.verified(field):
            if (field, value) not in self.waiting:
                self.waiting.append((field, value))
            return
        if kind != "check" and self.values[field] == value:
            return
        self.acts.append((kind, field, value))
        if kind != "check":
            self.values[field] = value
        if kind == "hand":
            self.waiting = [pair for pair in self.waiting if pair != (field, value)]


@pytest.mark.parametrize("seed", range(12))
def test_the_newest_verified_value_wins_whatever_happened_before(
    people: dict[str, Person], seed: int
) -> None:
    random, slow = Random(seed), Reference()
    boss = people["boss"].actor
    customer = records.create("customer", {"name": "甲"}, by=boss)
    machines = {"import": IMPORTER, "rule": SYSTEM.through("rule"), "hand": boss}
    for _step in range(14):
        kind = random.choice(["import", "import", "hand", "check", "rule"])
        field, value = (random.choice(FIELDS), random.choice("丙丁戊己")) if kind != "check" else ("", "")
        slow.act(kind, field, value)
        if kind == "check":
            recheck.answer(customer.pk, "confirmed", by=boss)
        elif random.random() < 0.5:
            records.update("customer", customer.pk, {field: value}, by=machines[kind])
        else:
            records.bulk_update("customer", {customer.pk: {field: value}}, by=machines[kind])
            if kind == "hand":
                conflicts.follow([Customer.objects.get(pk=customer.pk)], boss)
    found = Customer.objects.get(pk=customer.pk)
    assert {field: getattr(found, field) for field in FIELDS} == slow.values
    assert sorted(opened(found)) == sorted(slow.waiting)
    assert found.facts.conflicts == len(slow.waiting)


# ── imports ──


def file_of(folder: Path, rows: list[list[str]]) -> Any:
    path = folder / "again.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["客户编号", "名称", "电话", "行业"], *rows])
    run = imports.upload(path, path.name, "customer", "", by=IMPORTER)
    guessed = imports.suggestion(run, by=IMPORTER)
    columns = [imports.ColumnMap(one.column, one.field, one.by) for one in guessed.columns]
    options = imports.Options(**{**vars(guessed.options), "match": ("number",)})
    return imports.configure(run, columns, options, by=IMPORTER)


def test_an_import_leaves_what_is_verified_and_its_undo_takes_the_question_back(
    shelf: Shelf, people: dict[str, Person], tmp_path: Path
) -> None:
    sure, unsure = shelf.customer("甲", "alice"), shelf.customer("乙", "alice")
    for one in (sure, unsure):
        values = {"phone": f"1380013800{one.pk % 10}", "industry": ""}
        records.update("customer", one.pk, values, by=people["boss"].actor)
    recheck.answer(sure.pk, "confirmed", by=people["boss"].actor)
    rows = [
        [sure.number, sure.name, "13900139000", "钢铁"],
        [unsure.number, unsure.name, "13900139001", "钢铁"],
        [sure.number, sure.name, "13900139002", "钢铁"],  # the same one again: refused, as ever
    ]
    run = file_of(tmp_path, rows)
    imports.rehearse(run)
    assert opened(sure) == [], "a rehearsal writes nothing"
    before = Customer.objects.get(pk=sure.pk).phone
    run = imports.execute(run)
    sure, unsure = Customer.objects.get(pk=sure.pk), Customer.objects.get(pk=unsure.pk)
    assert (sure.phone, sure.industry) == (before, "钢铁"), "what was empty is filled in"
    assert unsure.phone == "+8613900139001"
    assert opened(sure) == [("phone", "+8613900139000")]
    assert (sure.facts.conflicts, unsure.facts.conflicts) == (1, 0)
    health.count_all()
    lines = {line.measure.key: (line.good, line.total) for line in health.read(people["boss"].actor).lines}
    assert lines["agreed"] == (0, 1)

    assert run.changeset_id is not None
    undone = records.undo(run.changeset_id, by=SYSTEM).changeset
    drain_all()
    assert opened(sure) == []
    records.undo(undone.pk, by=SYSTEM)
    drain_all()
    assert opened(sure) == [("phone", "+8613900139000")]


# ── what a person decides ──


@pytest.fixture
def clash(people: dict[str, Person]) -> ValueConflict:
    boss = people["boss"].actor
    one = records.create("customer", {"name": "甲", "phone": "13800138000"}, by=boss)
    recheck.answer(one.pk, "confirmed", by=boss)
    records.update("customer", one.pk, {"phone": "13900139000"}, by=people["boss"].actor.through("api"))
    return conflicts.of(one.pk).get()


def test_taking_it_keeps_the_old_number_and_can_be_taken_back(
    clash: ValueConflict, people: dict[str, Person]
) -> None:
    boss, customer = people["boss"].actor, clash.customer_id
    with pytest.raises(access.NotVisible):
        conflicts.take(clash.pk, by=people["charlie"].actor)
    conflicts.take(clash.pk, by=boss)
    assert Customer.objects.get(pk=customer).phone == "+8613900139000"
    assert Identifier.objects.get(customer=customer, deleted_at=None).value == "+8613800138000"
    with pytest.raises(Refused):
        conflicts.keep(clash.pk, by=boss)
    conflicts.reopen(clash.pk, by=boss)
    assert Customer.objects.get(pk=customer).phone == "+8613800138000"
    assert not Identifier.objects.filter(customer=customer, deleted_at=None).exists()
    assert CustomerFacts.objects.get(pk=customer).conflicts == 1


@pytest.mark.parametrize(("owner", "asked"), [("alice", "Alice"), ("dora", "管理员")])
def test_who_sees_it_masked_does_not_decide_and_is_told_who_does(
    clash: ValueConflict, people: dict[str, Person], browsers: Browsers, owner: str, asked: str
) -> None:
    Customer.objects.filter(pk=clash.customer_id).update(owner=people[owner].user)
    people["alice"].user.roles.set([people["boss"].actor.role_ids[0]])
    dora = people["dora"].actor
    FieldRule.objects.create(role_id=dora.role_ids[0], type_key="customer", field="phone", level="masked")
    access.rights_changed()
    page = browsers["dora"].get(f"/o/customer/{clash.customer_id}").content.decode()
    panel = page[page.index('id="clashes"') :].partition("</section>")[0]
    assert "138****8000" in panel
    assert "139****9000" in panel
    assert asked in panel
    assert "/take" not in panel
    assert "13900139000" not in page
    for act in (conflicts.take, conflicts.keep):
        with pytest.raises(access.Denied):
            act(clash.pk, by=people["dora"].actor)


def test_leaving_it_is_not_asked_again_and_a_hand_edit_decides_too(
    clash: ValueConflict, people: dict[str, Person]
) -> None:
    boss, customer, api = people["boss"].actor, clash.customer_id, people["boss"].actor.through("api")
    conflicts.keep(clash.pk, by=boss)
    records.update("customer", customer, {"phone": "13900139000"}, by=api)
    assert not conflicts.of(customer).exists()
    records.update("customer", customer, {"phone": "13900139001"}, by=api)
    assert conflicts.of(customer).count() == 1
    records.update("customer", customer, {"phone": "13900139001"}, by=boss)
    assert not conflicts.of(customer).exists()
    assert CustomerFacts.objects.get(pk=customer).conflicts == 0


def test_the_record_says_where_a_value_comes_from_and_offers_both(
    clash: ValueConflict, browsers: Browsers
) -> None:
    boss, url = browsers["boss"], f"/o/customer/{clash.customer_id}"
    page = boss.get(url).content.decode()
    assert 'id="clashes"' in page
    assert f"{url}/why/phone" in page
    told = boss.get(f"{url}/why/phone", headers={"X-Fragment": "1"}).content.decode()
    for text in ("网页", "Boss", "核对：资料无误", "接口", "采用", "保留"):
        assert text in told, text
    assert boss.post(f"/customers/conflicts/{clash.pk}/keep").status_code == 204
    assert "撤销这个决定" in boss.get(f"{url}/why/phone").content.decode()
    assert 'id="clashes"' not in boss.get(url).content.decode()
    assert browsers["charlie"].post(f"/customers/conflicts/{clash.pk}/reopen").status_code == 404


def test_of_two_records_to_merge_the_latest_verified_speaks_first(shelf: Shelf) -> None:
    old, new = shelf.customer("王二麻子", validity="valid"), shelf.customer("王二", validity="valid")
    CustomerFacts.objects.filter(pk=old.pk).update(verified_at=shelf.now - timedelta(days=90))
    CustomerFacts.objects.filter(pk=new.pk).update(verified_at=shelf.now - timedelta(days=2))
    rows = [Customer.objects.get(pk=one.pk) for one in (old, new)]
    assert merging.propose(get("customer"), rows).best["name"] == new.pk


# ── roles, freshness ──


def test_whoever_buys_is_a_customer_and_stays_what_else_they_are(shelf: Shelf) -> None:
    buyer, both, other = shelf.customer("甲"), shelf.customer("乙"), shelf.customer("丙")
    Customer.objects.filter(pk=both.pk).update(roles=["partner", "prospect"])
    for one in (buyer, both):
        CustomerFacts.objects.filter(pk=one.pk).update(last_order_at=shelf.now)
    assert roles.follow_purchases() == 2
    assert roles.follow_purchases() == 0
    found = dict(Customer.objects.values_list("pk", "roles"))
    assert found == {buyer.pk: ["customer"], both.pk: ["customer", "partner"], other.pk: ["prospect"]}


def test_roles_are_written_and_found_by_every_door(people: dict[str, Person], tmp_path: Path) -> None:
    boss = people["boss"].actor
    records.create("customer", {"name": "甲", "number": "M1", "roles": ["supplier", "customer"]}, by=boss)
    path = tmp_path / "roles.csv"
    path.write_text("客户编号,名称,角色\nM2,乙,合作伙伴、客户\nM3,丙,\n", encoding="utf-8")
    run = imports.upload(path, path.name, "customer", "", by=IMPORTER)
    guessed = imports.suggestion(run, by=IMPORTER)
    columns = [imports.ColumnMap(one.column, one.field, one.by) for one in guessed.columns]
    imports.execute(imports.configure(run, columns, guessed.options, by=IMPORTER))
    found = dict(Customer.objects.values_list("number", "roles"))
    assert found == {"M1": ["customer", "supplier"], "M2": ["customer", "partner"], "M3": ["prospect"]}
    client, url = Client(), "/api/v1/customer"
    headers = {"Authorization": f"Bearer {people['boss'].key}"}
    where = '{"field":"roles","op":"has_any","value":["partner","supplier"]}'
    rows = client.get(url, {"where": where, "sort": "-last_outbound_at"}, headers=headers).json()["rows"]
    assert {row["number"] for row in rows} == {"M1", "M2"}


def test_records_grow_old_by_the_passing_of_days(shelf: Shelf) -> None:
    ages = {0: "fresh", 89: "fresh", 91: "ageing", 181: "stale"}
    made = {days: shelf.customer(str(days)) for days in ages}
    for days, one in made.items():
        at = shelf.now - timedelta(days=days)
        CustomerFacts.objects.filter(pk=one.pk).update(verified_at=at, freshness="fresh")
    never = shelf.customer("无")
    assert recheck.age(shelf.now) == 2
    assert {days: CustomerFacts.objects.get(pk=one.pk).freshness for days, one in made.items()} == ages
    assert CustomerFacts.objects.get(pk=never.pk).freshness == "unchecked"
