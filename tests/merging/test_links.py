"""Relations between records: both ends see them, nobody else does."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client

from kemai.platform import access, records
from kemai.platform.access import SYSTEM
from kemai.platform.models import Link
from kemai.platform.records import FieldErrors, Refused
from tests.factory import make
from tests.people import Person

pytestmark = [pytest.mark.django_db, pytest.mark.row(18)]


def words(person: Person, key: int) -> list[tuple[str, str]]:
    return [(str(one.word), one.title) for one in records.links_of("customer", key, by=person.actor)]


def test_a_directed_relation_reads_from_both_ends_and_leaves_history(people: dict[str, Person]) -> None:
    boss = people["boss"]
    parent, child = (
        make("customer", name="华兴集团", kind="company"),
        make("customer", name="华兴科技", kind="company"),
    )
    records.link(
        "parent", ("customer", parent.pk), ("customer", child.pk), by=boss.actor, since=date(2020, 1, 1)
    )
    assert words(boss, parent.pk) == [("子公司", "华兴科技")]
    assert words(boss, child.pk) == [("母公司", "华兴集团")]
    client = Client()
    client.force_login(boss.user)
    assert "子公司：华兴科技" in client.get(f"/o/customer/{parent.pk}/history").content.decode()
    assert "母公司：华兴集团" in client.get(f"/o/customer/{child.pk}/history").content.decode()
    page = client.get(f"/o/customer/{child.pk}/links").content.decode()
    assert "华兴集团" in page
    assert "2020-01-01" in page


def test_a_symmetric_relation_is_stored_once_whoever_says_it(people: dict[str, Person]) -> None:
    boss = people["boss"].actor
    one, two = make("customer", kind="person"), make("customer", kind="person")
    records.link("household", ("customer", two.pk), ("customer", one.pk), by=boss)
    with pytest.raises(Refused, match="已经有这种关系"):
        records.link("household", ("customer", one.pk), ("customer", two.pk), by=boss)
    assert Link.objects.count() == 1


def test_what_makes_no_sense_is_refused(people: dict[str, Person]) -> None:
    boss = people["boss"].actor
    one, two = ("customer", make("customer").pk), ("customer", make("customer").pk)
    product = ("product", make("product").pk)
    for kind, a, b, more in (
        ("parent", one, one, {}),
        ("nonsense", one, two, {}),
        ("parent", one, product, {}),
        ("parent", one, two, {"since": date(2026, 2, 1), "until": date(2026, 1, 1)}),
    ):
        with pytest.raises(FieldErrors):
            records.link(kind, a, b, by=boss, **more)  # type: ignore[arg-type]
    assert not Link.objects.exists()


def test_who_sees_one_end_only_learns_nothing(people: dict[str, Person]) -> None:
    alice, bob, charlie = people["alice"], people["bob"], people["charlie"]
    mine = make("customer", owner=alice.user.pk)
    theirs = make("customer", name="别人的公司", owner=charlie.user.pk)
    made = records.link("partner", ("customer", mine.pk), ("customer", theirs.pk), by=SYSTEM)
    assert words(alice, mine.pk) == []
    client = Client()
    client.force_login(alice.user)
    assert "别人的公司" not in client.get(f"/o/customer/{mine.pk}/links").content.decode()
    assert client.post(f"/o/customer/{mine.pk}/links/{made.pk}/remove").status_code == 404
    with pytest.raises(access.NotVisible):
        records.link("parent", ("customer", mine.pk), ("customer", theirs.pk), by=alice.actor)
    answer = client.post(
        f"/o/customer/{mine.pk}/links", {"kind": "parent:a", "other": f"customer:{theirs.pk}"}
    )
    assert answer.status_code == 422
    assert "请选择另一条记录" in answer.content.decode()
    with pytest.raises(access.NotVisible):
        records.links_of("customer", theirs.pk, by=alice.actor)
    his = make("customer", owner=alice.user.pk)
    with pytest.raises(access.Denied):  # bob sees his team's, and edits neither end
        records.link("partner", ("customer", mine.pk), ("customer", his.pk), by=bob.actor)


def test_the_form_adds_and_removes(people: dict[str, Person]) -> None:
    boss = people["boss"]
    one, two = make("customer", name="介绍的人"), make("customer", name="被介绍的人")
    client = Client()
    client.force_login(boss.user)
    items = client.get(f"/o/customer/{one.pk}/links/options?q=被介绍&kind=referral:a").json()["items"]
    assert [item["value"] for item in items] == [f"customer:{two.pk}"]
    sent = {"kind": "referral:b", "other": f"customer:{two.pk}", "since": "2026-01-05", "note": "老乡"}
    assert client.post(f"/o/customer/{one.pk}/links", sent).status_code == 200
    assert words(boss, one.pk) == [("介绍人", "被介绍的人")]
    assert client.post(f"/o/customer/{one.pk}/links", sent | {"since": "昨天"}).status_code == 422
    made = Link.objects.get()
    assert client.post(f"/o/customer/{two.pk}/links/{made.pk}/remove").status_code == 200
    assert not Link.objects.exists()
