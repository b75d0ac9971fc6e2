"""Doubles of contacts and own objects: chosen fields, the run, the queue, merging and parting, while typing."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.test import Client

from kemai.analytics.store import open_store
from kemai.customers.models import DuplicatePair, DuplicateRun
from kemai.customers.services import (
    duplicate_runs,
    duplicate_sources,
    duplicate_words,
    duplicates,
    record_rows,
    record_similar,
    similar,
)
from kemai.customers.services.duplicates import Ask
from kemai.platform import access, records
from kemai.platform.access import SYSTEM
from kemai.platform.define import config, doubles, fields, history, usage
from kemai.platform.models import ConfigChange, FieldDef
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors
from tests.equipment import define_equipment, define_field
from tests.factory import make
from tests.people import Person

pytestmark = pytest.mark.django_db
TOLD = {"name": "thing", "customer": "same", "hotline": "phone", "made_on": "same", "tag_no": "same"}


@pytest.fixture(autouse=True)
def fresh_weights() -> None:
    similar._weights.clear()


@pytest.fixture
def machines(people: dict[str, Person]) -> dict[str, Person]:
    """设备, told apart by name, customer, hotline, day and a plate number."""
    define_equipment()
    define_field("equipment", "tag_no", "铭牌号", "text", indexed=True, index_state="ready")
    FieldDef.objects.filter(type_key="equipment", key="hotline").update(indexed=True, index_state="ready")
    doubles.set_doubles("equipment", TOLD, by=SYSTEM)
    return people


def machine(name: str, customer: int, **more: Any) -> Any:
    return make("equipment", name=name, customer=customer, **{"hotline": "", "code": "", **more})


def workshop(rng: Random, customer: int) -> None:
    """Many machines that are called alike and are not one."""
    for n in range(200):
        machine(
            f"{rng.choice(('空压机', '数控车床', '激光切割机', '注塑机'))}{n:03}", customer,
            hotline=f"138{rng.randrange(10**8):08d}", tag_no=f"TN{n:05}",
            made_on=f"2020-{n % 12 + 1:02}-{n % 27 + 1:02}",
        )  # fmt: skip


@pytest.mark.row(11)
@pytest.mark.row(118)
def test_a_run_over_an_own_object_finds_the_double_and_not_the_neighbour(
    machines: dict[str, Person], tmp_path: Path
) -> None:
    customer = make("customer").pk
    workshop(Random(7), customer)
    one = machine("螺杆空壓機 A-7", customer, tag_no="ZX 9001", made_on="2021-05-01", hotline="13900001111")
    two = machine("螺杆空压机A7", customer, tag_no="zx9001", made_on="2021-05-01", hotline="")
    neighbour = machine(
        "螺杆空压机A8", customer, tag_no="zx9002", made_on="2021-05-02", hotline="13900001111"
    )
    duplicate_runs.run(full=True, folder=tmp_path, type_key="equipment")
    pair = DuplicatePair.objects.get(type_key="equipment", first=one.pk, second=two.pk)
    assert pair.p > 0.9
    said = {reason.text for reason in duplicate_words.reasons(pair.levels, get("equipment"))}
    assert {"名称相同", "铭牌号相同", "出厂日期相同"} <= said
    assert not DuplicatePair.objects.filter(second=neighbour.pk, p__gte=0.95).exists()
    late = machine("螺杆空压机A7", customer, tag_no="ZX9001", made_on="2021-05-01")
    duplicate_runs.run(full=False, folder=tmp_path, type_key="equipment")
    assert DuplicatePair.objects.filter(type_key="equipment", second=late.pk, first=two.pk).exists()
    assert not DuplicateRun.objects.order_by("-pk")[0].full
    get("equipment").records().filter(pk=late.pk).delete()  # for good, as an erasure does
    duplicate_runs.run(full=False, folder=tmp_path, type_key="equipment")
    with open_store(tmp_path, file="duplicates-equipment.duckdb") as session:
        assert not session.execute(f"SELECT 1 FROM party WHERE id = {late.pk}")
    doubles.set_doubles("equipment", {"name": "thing"}, by=SYSTEM)
    duplicate_runs.run(full=False, folder=tmp_path, type_key="equipment")
    assert DuplicateRun.objects.order_by("-pk")[0].full  # other fields: everything anew
    said = {reason.text for reason in duplicate_words.reasons(pair.levels, get("equipment"))}
    assert "铭牌号相同" in said  # what was found before is told in its own words still


@pytest.mark.row(12)
@pytest.mark.row(13)
def test_the_queue_of_an_own_object_merges_and_parts(machines: dict[str, Person], tmp_path: Path) -> None:
    boss, charlie = machines["boss"], machines["charlie"]
    customer = make("customer").pk
    workshop(Random(8), customer)
    one = machine("离心泵P3", customer, tag_no="PU31", hotline="13900002222")
    two = machine("離心泵P3", customer, tag_no="PU31", hotline="13900002222")
    duplicate_runs.run(full=True, folder=tmp_path, type_key="equipment")
    pair = DuplicatePair.objects.get(type_key="equipment", first=one.pk, second=two.pk)
    page = Client()
    page.force_login(boss.user)
    answer = page.get("/customers/duplicates?type=equipment").content.decode()
    assert "離心泵P3" in answer
    assert "铭牌号相同" in answer
    assert "設備" not in answer
    assert duplicates.find(boss.actor, pair.pk) == pair
    with pytest.raises(access.NotVisible):
        duplicates.find(charlie.actor, pair.pk)
    assert page.post(f"/customers/duplicates/{pair.pk}/merge").status_code == 200
    pair.refresh_from_db()
    assert (
        pair.state,
        get("equipment").records().filter(deleted_at=None, name__contains="心泵P3").count(),
    ) == ("merged", 1)
    assert pair.changeset_id is not None
    records.undo(pair.changeset_id, by=boss.actor)
    duplicates.follow_part("equipment", one.pk, [two.pk])
    assert [
        shown.pair.pk for shown in duplicates.page(boss.actor, Ask(state="later", type_key="equipment"))[0]
    ] == [pair.pk]


@pytest.mark.row(11)
def test_contacts_are_compared_without_anybody_having_to_say_so(
    people: dict[str, Person], tmp_path: Path
) -> None:
    rng = Random(9)
    names = ("王李张刘陈杨黄赵", "伟芳娜敏静丽强磊", "军洋勇艳杰娟涛明")
    firms = [
        make("customer", kind="company", name=f"{chr(0x4E00 + n * 7)}达贸易有限公司").pk for n in range(20)
    ]
    for n in range(300):
        make("contact", name="".join(rng.choice(part) for part in names), customer=firms[n % 20],
             phone=f"138{rng.randrange(10**8):08d}", email="", wecom_id="", birthday=None)  # fmt: skip
    one = make(
        "contact",
        name="欧阳娜娜",
        customer=firms[0],
        phone="13700137000",
        email="nana@lanhai.cn",
        wecom_id="",
        birthday=None,
    )
    two = make(
        "contact",
        name="歐陽娜娜",
        customer=firms[0],
        phone="137 0013 7000",
        email="",
        wecom_id="",
        birthday=None,
    )
    colleague = make(
        "contact", name="欧阳修", customer=firms[0], phone="", email="", wecom_id="", birthday=None
    )
    duplicate_runs.run(full=True, folder=tmp_path, type_key="contact")
    pair = DuplicatePair.objects.get(type_key="contact", first=one.pk, second=two.pk)
    assert pair.p > 0.95
    assert not DuplicatePair.objects.filter(second=colleague.pk).exists()
    assert "contact" in [found.key for found in duplicate_sources.mine(people["boss"].actor)]
    merged = duplicates.merge_pair(people["boss"].actor, pair.pk)
    records.undo(merged.pk, by=people["boss"].actor)


@pytest.mark.row(11)
def test_who_types_a_double_is_told_but_not_what_they_may_not_see(machines: dict[str, Person]) -> None:
    boss, alice, charlie = (machines[name] for name in ("boss", "alice", "charlie"))
    customer = make("customer", owner=alice.user.pk).pk
    one = machine("离心泵P3", customer, tag_no="PU-31", hotline="13900002222", made_on="2021-05-01")
    equipment = get("equipment")
    found = record_similar.find_similar(equipment, boss.actor, {"name": "離心泵P3"}, None)
    assert [answer.id for answer in found] == [one.pk]
    by_plate = record_similar.find_similar(equipment, boss.actor, {"name": "水泵", "tag_no": "PU-31"}, None)
    assert [answer.id for answer in by_plate] == [one.pk]
    assert "铭牌号相同" in by_plate[0].why
    assert record_similar.find_similar(equipment, boss.actor, {"name": "离心泵P3"}, one.pk) == []
    hidden = record_similar.find_similar(equipment, charlie.actor, {"name": "离心泵P3"}, None)
    assert hidden == []
    (known,) = record_similar.find_similar(equipment, charlie.actor, {"hotline": "139 0000 2222"}, None)
    assert (known.id, known.title, known.detail) == (None, "离****", "")
    client = Client()
    client.force_login(boss.user)
    page = client.get("/o/equipment/new").content.decode()
    assert "#f-tag_no" in page
    answer = client.get("/o/equipment/similar", {"name": "离心泵P3"}).content.decode()
    assert "可能已经有了" in answer


@pytest.mark.row(118)
@pytest.mark.row(124)
def test_what_is_compared_is_a_definition_like_others(machines: dict[str, Person]) -> None:
    equipment = get("equipment")
    for wrong in (
        {"name": "thing", "model": "person"},
        {"total": "same"},
        {"hotline": "same"},
        {"gone": "same"},
    ):
        with pytest.raises(FieldErrors):
            doubles.set_doubles("equipment", wrong, by=SYSTEM)
    assert doubles.proposed(equipment) == {
        "name": "thing",
        "hotline": "phone",
        "mail": "email",
        "place": "region",
        "code": "same",
    }
    uses = [one.source.key for one in usage.report("equipment", "tag_no")]
    assert "doubles" in uses
    assert "doubles/equipment" in config.export()
    doubles.set_doubles("equipment", {"name": "thing", "model": "same"}, by=SYSTEM)
    assert FieldDef.objects.get(type_key="equipment", key="model").indexed
    last = ConfigChange.objects.filter(target="doubles/equipment").order_by("-pk")[0]
    history.roll_back(last.pk, by=SYSTEM)
    assert get("equipment").compared == TOLD
    fields.remove_field("equipment", "tag_no", by=SYSTEM)
    assert "tag_no" not in get("equipment").compared
    assert record_rows.shape_of(get("equipment")).plain == 2
    doubles.set_doubles("equipment", {}, by=SYSTEM)
    with pytest.raises(access.NotVisible):
        duplicate_sources.source_of("equipment")
    with pytest.raises(access.NotVisible):
        duplicate_sources.source_of("user")


def test_an_administrator_chooses_on_screen(machines: dict[str, Person]) -> None:
    client = Client()
    client.force_login(machines["boss"].user)
    page = client.get("/settings/objects/equipment/rules").content.decode()
    assert 'name="doubles-tag_no"' in page
    saved = client.post(
        "/settings/objects/equipment/rules", {"doubles-name": "thing", "doubles-hotline": "phone"}
    )
    assert saved.status_code == 302
    assert get("equipment").compared == {"name": "thing", "hotline": "phone"}
    wrong = client.post(
        "/settings/objects/equipment/rules", {"doubles-name": "thing", "doubles-model": "company"}
    )
    assert wrong.status_code == 422
    assert "只能有一个字段作为名称" in wrong.content.decode()
