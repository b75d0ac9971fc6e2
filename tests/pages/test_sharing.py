"""Grants beyond scope: members of a record, rules that share, and what they never give."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from kemai.platform import access, records
from kemai.platform.access import SYSTEM, Denied, NotVisible, actor_for
from kemai.platform.models import Member, OutboxEvent, Setting
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors, Invitation, sharing
from tests.factory import make
from tests.people import Person, role

pytestmark = pytest.mark.row(126)


@pytest.fixture
def world(people: dict[str, Person]) -> dict[str, Any]:
    """A customer of dora's with a contact and a visit; charlie works elsewhere."""
    customer = make("customer", owner=people["dora"].user.pk, name="海蓝商贸")
    contact = make("contact", customer=customer.pk)
    visit = make("interaction", customer=customer.pk, owner=people["dora"].user.pk)
    return {**people, "customer": customer.pk, "contact": contact.pk, "visit": visit.pk}


def sees(person: Person, type_key: str, key: int, verb: str = "view") -> bool:
    return access.scope(actor_for(person.user), type_key, verb).filter(pk=key).exists()


def why_not(person: Person, key: int) -> str:
    told = access.explain(actor_for(person.user), get("customer"), key, ("view",))
    assert told is not None
    return told.refusals.get("view", "")


def invite(world: dict[str, Any], **wanted: Any) -> Member:
    return records.add_member(
        "customer", world["customer"], Invitation(**wanted), by=actor_for(world["dora"].user)
    )


def test_a_read_only_member_sees_and_nothing_more(world: dict[str, Any]) -> None:
    charlie = world["charlie"]
    assert not sees(charlie, "customer", world["customer"])
    invite(world, user=charlie.user.pk)
    assert sees(charlie, "customer", world["customer"])
    for verb in ("edit", "delete", "export", "transfer", "share", "print", "reveal"):
        assert not sees(charlie, "customer", world["customer"], verb), verb
    assert not sees(charlie, "contact", world["contact"])
    assert not sees(charlie, "interaction", world["visit"])


def test_children_come_along_only_where_named(world: dict[str, Any]) -> None:
    charlie = world["charlie"]
    invite(world, user=charlie.user.pk, level="edit", children=("contact",))
    assert sees(charlie, "contact", world["contact"], "edit")
    assert not sees(charlie, "interaction", world["visit"])
    by = actor_for(charlie.user)
    made = records.create("contact", {"customer": world["customer"], "name": "李雷"}, by=by)
    assert sees(charlie, "contact", made.pk)
    records.update("customer", world["customer"], {"note": "改"}, by=by)
    with pytest.raises(FieldErrors):
        records.update("customer", world["customer"], {"owner": charlie.user.pk}, by=by)


def test_until_its_day_and_no_longer(world: dict[str, Any]) -> None:
    charlie = world["charlie"]
    member = invite(world, user=charlie.user.pk, until=sharing.today())
    assert sees(charlie, "customer", world["customer"])
    Member.objects.filter(pk=member.pk).update(until=sharing.today() - timedelta(days=1))
    assert not sees(charlie, "customer", world["customer"])
    day = (sharing.today() - timedelta(days=1)).isoformat()
    assert f"曾是这条记录的成员，到 {day}，已到期" in why_not(charlie, world["customer"])
    assert sharing.expire(lambda *a, **k: None) == 1
    assert f"曾是这条记录的成员，到 {day}，已到期" in why_not(charlie, world["customer"]), (
        "and still afterwards"
    )
    assert "曾是" not in why_not(world["bob"], world["customer"])
    assert not Member.objects.exists()
    assert OutboxEvent.objects.filter(name="customer.member_expired").exists()


def test_a_department_with_those_below_it(world: dict[str, Any]) -> None:
    above = world["charlie"].user.department.parent
    member = invite(world, department=above.pk)
    assert sees(world["charlie"], "customer", world["customer"])
    assert not sees(world["nobody"], "customer", world["customer"])  # no role allows seeing customers at all
    records.remove_member(member.pk, by=actor_for(world["dora"].user))
    assert not sees(world["charlie"], "customer", world["customer"])


def test_who_may_share(world: dict[str, Any]) -> None:
    alice, charlie = world["alice"], world["charlie"]
    wish = Invitation(user=alice.user.pk)
    with pytest.raises(NotVisible):
        records.add_member("customer", world["customer"], wish, by=charlie.actor)
    invite(world, user=charlie.user.pk, level="edit")
    with pytest.raises(Denied):
        records.add_member("customer", world["customer"], wish, by=actor_for(charlie.user))
    with pytest.raises(FieldErrors) as error:
        invite(world, user=None)
    assert "who" in error.value.errors
    for bad, field in (
        ({"user": world["dora"].user.pk}, "who"),
        ({"user": alice.user.pk, "until": sharing.today() - timedelta(days=1)}, "until"),
        ({"user": alice.user.pk, "children": ("product",)}, "children"),
        ({"user": alice.user.pk, "level": "owner"}, "level"),
        ({"user": 10**12}, "who"),
    ):
        with pytest.raises(FieldErrors) as error:
            invite(world, **bad)
        assert field in error.value.errors
    assert Member.objects.count() == 1


def test_nobody_gives_more_than_he_has(world: dict[str, Any]) -> None:
    sharer = role("t_sharer", {"view": "all", "share": "all"})
    world["bob"].user.roles.set([sharer])
    access.rights_changed()
    by = actor_for(world["bob"].user)
    with pytest.raises(FieldErrors) as error:
        records.add_member(
            "customer", world["customer"], Invitation(user=world["charlie"].user.pk, level="edit"), by=by
        )
    assert "level" in error.value.errors
    records.add_member("customer", world["customer"], Invitation(user=world["charlie"].user.pk), by=by)


def test_rules_share_by_what_records_are(world: dict[str, Any]) -> None:
    charlie, boss = world["charlie"], world["boss"]
    values = {
        "name": "企业客户共享", "type_key": "customer", "where": {"field": "kind", "op": "eq", "value": "company"},
        "target": f"user:{charlie.user.pk}", "level": "read",
    }  # fmt: skip
    with pytest.raises(Denied):
        records.save_rule(None, values, by=charlie.actor)
    rule = records.save_rule(None, values, by=boss.actor)
    records.update("customer", world["customer"], {"kind": "company"}, by=SYSTEM)
    assert sees(charlie, "customer", world["customer"])
    records.update("customer", world["customer"], {"kind": "person"}, by=SYSTEM)
    assert not sees(charlie, "customer", world["customer"])
    records.update("customer", world["customer"], {"kind": "company"}, by=SYSTEM)
    records.delete_rule(rule, by=boss.actor)
    assert not sees(charlie, "customer", world["customer"])
    with pytest.raises(FieldErrors) as error:
        records.save_rule(None, {"where": {"field": "nix"}, "type_key": "customer"}, by=boss.actor)
    assert set(error.value.errors) == {"name", "where", "target", "level"}


def test_managers_see_what_their_people_own(world: dict[str, Any]) -> None:
    charlie = world["charlie"].user
    world["dora"].user.manager = charlie
    world["dora"].user.save()
    assert not sees(world["charlie"], "customer", world["customer"])
    Setting.objects.create(key="access.manager_sees", value=True)
    access.rights_changed()
    assert sees(world["charlie"], "customer", world["customer"])
    assert not sees(world["charlie"], "customer", world["customer"], "edit")


def test_members_on_screen(world: dict[str, Any]) -> None:
    dora, charlie = Client(), Client()
    dora.force_login(world["dora"].user)
    charlie.force_login(world["charlie"].user)
    page = f"/o/customer/{world['customer']}"
    assert charlie.get(f"{page}/members").status_code == 404
    refused = dora.post(
        f"{page}/members", {"who": "", "level": "read", "until": "morgen"}, headers={"HX-Request": "true"}
    )
    assert refused.status_code == 422
    assert "请填写日期" in refused.content.decode()
    day = (timezone.localdate() + timedelta(days=3)).isoformat()
    wish = {"who": f"user:{world['charlie'].user.pk}", "level": "read", "until": day}
    assert dora.post(f"{page}/members", wish).status_code == 302
    text = dora.get(f"{page}/members", headers={"HX-Request": "true"}).content.decode()
    assert "Charlie" in text
    assert day in text
    assert charlie.get(page).status_code == 200
    why = charlie.get(f"{page}/access", headers={"HX-Request": "true"}).content.decode()
    assert "是这条记录的成员" in why
    member = Member.objects.get()
    assert charlie.post(f"{page}/members", wish).status_code == 403
    assert charlie.post(f"/o/customer/{world['customer'] + 1}/members/{member.pk}/remove").status_code == 404
    assert charlie.post(f"{page}/members/{member.pk}/remove").status_code == 302  # one may leave
    assert charlie.get(page).status_code == 404
