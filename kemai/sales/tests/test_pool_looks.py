"""How many records of a pool somebody may open in full on a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from kemai.platform import access, records
from kemai.platform.access import SYSTEM
from kemai.platform.models import Grant
from kemai.platform.objects import get
from kemai.platform.records import Refused
from kemai.sales.models import PoolLook
from kemai.sales.services.pools import looks
from kemai.sales.tests.test_pools import lying, make_pool
from tests.people import Person, browser

pytestmark = [pytest.mark.django_db, pytest.mark.row(38)]
READ: dict[str, Callable[[Person, int], int]] = {
    "page": lambda who, pk: browser(who).get(f"/o/customer/{pk}").status_code,
    "peek": lambda who, pk: browser(who).get(f"/o/customer/{pk}/peek").status_code,
    "panel": lambda who, pk: browser(who).get(f"/o/customer/{pk}/panel/portrait").status_code,
    "timeline": lambda who, pk: browser(who).get(f"/o/customer/{pk}/timeline").status_code,
    "api": lambda who, pk: (
        browser(who).get(f"/api/v1/customer/{pk}", headers={"Authorization": f"Bearer {who.key}"}).status_code
    ),
}


def test_the_limit_holds_at_every_door_and_says_when_it_lifts(people: dict[str, Person]) -> None:
    pool = make_pool(view_most="2")
    rows = [lying(pool, name=f"公海客户 {n}") for n in range(3)]
    alice, boss = people["alice"], people["boss"]
    assert READ["page"](alice, rows[0].pk) == 200
    assert READ["api"](alice, rows[1].pk) == 200
    for door in READ.values():  # what was opened today stays open, the third does not open
        assert door(alice, rows[0].pk) == 200
        assert door(alice, rows[2].pk) == 409
    with pytest.raises(Refused) as refused:
        records.row_of(get("customer"), rows[2].pk, by=alice.actor)
    assert "2 条" in refused.value.message
    assert "00:00 起可以再打开" in refused.value.message
    assert PoolLook.objects.count() == 2
    shelf = browser(alice).get(f"/pools/{pool.pk}").content.decode()
    assert "今天已看详情 2 / 2" in shelf
    assert "公海客户 2" in shelf
    # whoever may change them is no visitor; a claimed one is one's own
    assert READ["page"](boss, rows[2].pk) == 200
    records.update("customer", rows[2].pk, {"owner": alice.user.pk}, by=SYSTEM)
    assert READ["page"](alice, rows[2].pk) == 200
    # tomorrow counts anew
    PoolLook.objects.update(day=dt.date(2026, 1, 1))
    records.update("customer", rows[2].pk, {"owner": None}, by=SYSTEM)
    assert READ["page"](alice, rows[2].pk) == 200
    assert looks.sweep() == 2


def test_a_list_does_not_go_around_the_limit(people: dict[str, Person]) -> None:
    """A pool that shows telephones shows them on the record that was opened: a list of all would be the whole pool."""
    pool = make_pool(view_most="2", shut=[], shown=["phone"])
    rows = [lying(pool, name=f"公海客户 {n}", phone=f"1380013800{n}") for n in range(3)]
    alice = people["alice"]
    for role in alice.user.roles.all():
        Grant.objects.update_or_create(role=role, type_key="*", verb="reveal", defaults={"scope": "all"})
    access.rights_changed()

    def listed() -> list[str]:
        answer = browser(alice).get(
            "/api/v1/customer?fields=name,phone&sort=name", headers={"Authorization": f"Bearer {alice.key}"}
        )
        return [
            one for one in ("13800138000", "13800138001", "13800138002") if one in answer.content.decode()
        ]

    assert listed() == []
    assert READ["page"](alice, rows[1].pk) == 200
    assert listed() == ["13800138001"]
