"""One of several and several of one again: nothing is lost, everything leads to the one, and back."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.core import serializers
from django.utils import timezone

from kemai.collab.models import Task
from kemai.customers.models import (
    Contact,
    Customer,
    CustomerFacts,
    Identifier,
    Interaction,
    Order,
    Segment,
    SegmentMember,
)
from kemai.platform import access, query, records, search
from kemai.platform.access import SYSTEM
from kemai.platform.models import Alias, Link, Merge, StoredFile, Tagging
from kemai.platform.objects import get
from kemai.platform.records import Refused
from tests.factory import make
from tests.people import Person

pytestmark = [pytest.mark.django_db]
TABLES = (
    Contact,
    Order,
    Interaction,
    Identifier,
    Task,
    Tagging,
    StoredFile,
    SegmentMember,
    Link,
    CustomerFacts,
)
STAMPS = ("updated_at", "version")


def shown() -> list[dict[str, Any]]:
    """All that an export would show of the customers, stamps aside."""
    customer = get("customer")
    specs = [spec for spec in customer.fields.values() if spec.key != "updated_at"]
    rows = query.fetch(access.scope(SYSTEM, customer).order_by("pk"), customer, specs)
    for row in rows:
        del row["version"]
        row["tags"] = sorted(tag.title for tag in row["tags"])
    return rows


def stored() -> dict[str, list[dict[str, Any]]]:
    """Every row that belongs to a customer, stamps aside."""
    found = {}
    for model in TABLES:
        rows = serializers.serialize("python", model._base_manager.order_by("pk"))
        for row in rows:
            for stamp in STAMPS:
                row["fields"].pop(stamp, None)
        found[model.__name__] = rows
    return found


def belongings(rng: Random, customer: Customer, others: list[Customer]) -> None:
    """Random things that a customer has."""
    for _n in range(rng.randrange(3)):
        make("contact", customer=customer.pk)
    for _n in range(rng.randrange(3)):
        make("order", customer=customer.pk, state="paid", amount="12.50", ordered_at="2026-10-01 10:00")
    if rng.random() < 0.7:
        make("interaction", customer=customer.pk)
    if rng.random() < 0.5:
        make("identifier", customer=customer.pk)
    if rng.random() < 0.7:
        records.update("customer", customer.pk, {"tags": rng.sample(["甲", "乙", "丙"], k=2)}, by=SYSTEM)
    now = timezone.now()
    Task.objects.create(
        title="回访", type_key="customer", object_id=customer.pk, created_at=now, updated_at=now
    )
    StoredFile.objects.create(
        name="合同.pdf",
        path="ab/ab",
        size=1,
        sha256="ab",
        type_key="customer",
        object_id=customer.pk,
        created_at=now,
    )
    for segment in Segment.objects.all():
        if rng.random() < 0.6:
            SegmentMember.objects.create(segment=segment, customer=customer, since=now)
    other = rng.choice(others)
    if other.pk != customer.pk:
        Link.objects.get_or_create(
            kind="parent",
            a_type="customer",
            a_id=customer.pk,
            b_type="customer",
            b_id=other.pk,
            defaults={"created_at": now},
        )


@pytest.mark.row(12)
@pytest.mark.row(13)
@pytest.mark.parametrize("seed", range(8))
def test_merged_and_parted_again_everything_is_as_it_was(seed: int) -> None:
    rng = Random(seed)
    customers = [make("customer", full=True, rng=rng, kind="company") for _n in range(4)]
    for _n in range(2):
        make("segment")
    for customer in customers:
        belongings(rng, customer, customers)
    before, rows = shown(), stored()
    keep, *gone = rng.sample([one.pk for one in customers], k=rng.choice((2, 3)))
    merged = records.merge("customer", keep, gone, by=SYSTEM)
    assert {row["id"] for row in shown()} == {row["id"] for row in before} - set(gone)
    for model in (Contact, Order, Interaction, Identifier):
        assert not model._default_manager.filter(customer__in=gone).exists()
    assert not Task.objects.filter(object_id__in=gone).exists()
    assert not Link.objects.filter(a_id=keep, b_id=keep).exists()
    report = records.undo(merged.pk, by=SYSTEM)
    assert report.kept == []
    assert shown() == before
    assert stored() == rows


@pytest.mark.row(12)
def test_fuller_and_confirmed_values_win_and_what_was_chosen_wins_over_both() -> None:
    one = make(
        "customer", name="杭州华兴科技", kind="company", phone="0571-88888888", address="文三路", region=""
    )
    two = make(
        "customer",
        name="杭州华兴科技有限公司",
        kind="company",
        phone="13812345678",
        region="330106",
        address="文三路90号",
    )
    proposal = records.propose(get("customer"), [one, two])
    assert proposal.best["name"] == two.pk
    assert proposal.best["region"] == two.pk
    records.merge("customer", one.pk, [two.pk], {"phone": one.pk, "name": one.pk}, by=SYSTEM)
    one.refresh_from_db()
    assert (one.name, one.region, one.address) == ("杭州华兴科技", "330106", "文三路90号")
    assert one.phone == "+8657188888888"
    assert Identifier.objects.get(customer=one, kind="phone").value == "+8613812345678"


@pytest.mark.row(12)
def test_the_old_number_name_and_address_lead_to_the_survivor(people: dict[str, Person], client: Any) -> None:
    one, two = (
        make("customer", name="留下的公司", kind="company"),
        make("customer", name="消失的公司", kind="company"),
    )
    three = make("customer", name="第三家", kind="company")
    records.merge("customer", one.pk, [two.pk], by=SYSTEM)
    records.merge("customer", three.pk, [one.pk], by=SYSTEM)
    boss = people["boss"]
    assert records.survivor_of("customer", two.pk) == three.pk
    for text in (two.number, "消失的公司", one.number):
        assert search.search_type(boss.actor, get("customer"), text) == [three.pk]
    client.force_login(boss.user)
    answer = client.get(f"/o/customer/{two.pk}")
    assert (answer.status_code, answer["Location"]) == (302, f"/o/customer/{three.pk}")
    assert not access.binned(boss.actor, "customer").filter(pk=two.pk).exists()
    client.force_login(people["charlie"].user)
    assert client.get(f"/o/customer/{two.pk}").status_code == 404


def refused(code: str, keep: int, gone: list[int], by: Any = SYSTEM, **more: Any) -> None:
    with pytest.raises(Refused) as error:
        records.merge("customer", keep, gone, by=by, **more)
    assert error.value.code == code
    assert error.value.message


@pytest.mark.row(12)
def test_what_cannot_be_merged_is_refused_with_a_reason_and_leaves_no_trace(
    people: dict[str, Person],
) -> None:
    alice, bob = people["alice"], people["bob"]
    mine = make("customer", owner=alice.user.pk, kind="person", name="张伟")
    also = make("customer", owner=alice.user.pk, kind="person", name="章伟")
    firm = make("customer", owner=alice.user.pk, kind="company", name="伟业公司")
    his = make("customer", owner=bob.user.pk, kind="person", name="张玮")
    before = shown()
    refused("merge_self", mine.pk, [mine.pk])
    refused("merge_count", mine.pk, [])
    refused("other_kind", mine.pk, [firm.pk])
    refused("not_editable", his.pk, [mine.pk], bob.actor)  # bob sees his team's and may edit his own
    refused("conflict", mine.pk, [also.pk], versions={mine.pk: 99})
    refused("bad_choice", mine.pk, [also.pk], choices={"name": 999})
    refused("bad_choice", mine.pk, [also.pk], choices={"created_at": mine.pk})
    with pytest.raises(access.NotVisible):
        records.merge("customer", mine.pk, [his.pk], by=alice.actor)
    assert shown() == before
    assert not Merge.objects.exists()
    records.merge("customer", mine.pk, [also.pk], by=alice.actor)
    refused("merged_already", mine.pk, [also.pk], alice.actor)


@pytest.mark.row(13)
def test_parting_keeps_later_edits_and_lists_them_and_happens_once() -> None:
    one = make("customer", name="甲", kind="company", note="")
    two = make("customer", name="乙二三", kind="company", note="旧备注", industry="机械")
    order = make("order", customer=two.pk)
    merged = records.merge("customer", one.pk, [two.pk], by=SYSTEM)
    records.update("customer", one.pk, {"note": "后来写的"}, by=SYSTEM)
    later = make("order", customer=one.pk)
    report = records.undo(merged.pk, by=SYSTEM)
    assert [kept[:3] for kept in report.kept] == [("customer", one.pk, "note")]
    one.refresh_from_db()
    assert (one.note, one.industry) == ("后来写的", "")
    order.refresh_from_db()
    later.refresh_from_db()
    assert (order.customer_id, later.customer_id) == (two.pk, one.pk)
    assert not Alias.objects.exists()
    with pytest.raises(Refused, match="已经撤销"):
        records.undo(merged.pk, by=SYSTEM)
    assert search.search_type(SYSTEM, get("customer"), "乙二三") == [two.pk]


@pytest.mark.row(13)
def test_parting_is_refused_after_thirty_days_and_while_the_survivor_is_merged_itself() -> None:
    one, two, three = (make("customer", kind="company") for _n in range(3))
    first = records.merge("customer", one.pk, [two.pk], by=SYSTEM)
    second = records.merge("customer", three.pk, [one.pk], by=SYSTEM)
    with pytest.raises(Refused, match="先撤销那一次合并"):
        records.undo(first.pk, by=SYSTEM)
    records.undo(second.pk, by=SYSTEM)
    Merge.objects.filter(changeset=first).update(at=timezone.now() - timedelta(days=31))
    with pytest.raises(Refused, match="超过 30 天"):
        records.undo(first.pk, by=SYSTEM)


@pytest.mark.row(12)
def test_contacts_merge_within_one_customer_only() -> None:
    customer, other = make("customer"), make("customer")
    one = make("contact", customer=customer.pk, name="李娜", title="经理")
    two = make("contact", customer=customer.pk, name="李娜", phone="13812345678")
    three = make("contact", customer=other.pk, name="李娜")
    with pytest.raises(Refused, match="不同的客户"):
        records.merge("contact", one.pk, [three.pk], by=SYSTEM)
    made = make("interaction", customer=customer.pk, contact=two.pk)
    merged = records.merge("contact", one.pk, [two.pk], by=SYSTEM)
    one.refresh_from_db()
    made.refresh_from_db()
    assert (one.phone, one.title, made.contact_id) == ("+8613812345678", "经理", one.pk)
    records.undo(merged.pk, by=SYSTEM)
    made.refresh_from_db()
    assert made.contact_id == two.pk
