"""The segment's page: a rule tried out, kept, saved under another name, and explained."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.utils import timezone

from kemai.customers.models import Customer, Segment, SegmentMember, SegmentMove
from kemai.customers.services import segment_rules, segments
from kemai.customers.tests.conftest import Browsers, Shelf
from kemai.platform import jobs, records
from kemai.platform.access import SYSTEM, rights_changed
from kemai.platform.models import Change, FieldRule, Job, Role
from tests.people import Person

RICH = {"all": [{"field": "amount_12m", "op": "gte", "value": 1000}]}
BUSY = {"field": "~order.customer|count||90", "op": "gte", "value": 2}


@pytest.fixture
def club(shelf: Shelf) -> Segment:
    shelf.customer("甲", "alice", amount_12m=5000)
    shelf.customer("乙", "charlie", amount_12m=1000)
    shelf.customer("丙", "alice", amount_12m=10)
    made: Segment = records.create("segment", {"name": "大客户"}, by=SYSTEM)
    segment_rules.set_rule(SYSTEM, made.pk, RICH)
    made.refresh_from_db()
    return made


def sent(tree: object) -> dict[str, str]:
    return {"where": orjson.dumps(tree).decode()}


def test_the_preview_counts_what_the_person_may_see(club: Segment, browsers: Browsers) -> None:
    text = browsers["boss"].post("/o/segment/preview", sent(RICH)).content.decode()
    assert "<strong>2</strong>" in text
    mine = browsers["alice"].post("/o/segment/preview", sent(RICH)).content.decode()
    assert "<strong>1</strong>" in mine
    assert "乙" not in mine
    everybody = browsers["boss"].post("/o/segment/preview", {"where": ""}).content.decode()
    assert "<strong>3</strong>" in everybody


def test_related_events_are_part_of_the_rule(club: Segment, shelf: Shelf, browsers: Browsers) -> None:
    one = Customer.objects.get(name="丙")
    shelf.order(one, 1, 5)
    shelf.order(one, 1, 50)
    shelf.order(Customer.objects.get(name="甲"), 1, 400)
    text = browsers["boss"].post("/o/segment/preview", sent({"all": [BUSY]})).content.decode()
    assert "<strong>1</strong>" in text
    assert "丙" in text


@pytest.mark.parametrize(
    "where",
    [
        '{"field": "password", "op": "eq", "value": 1}',
        "{not json",
        '{"all": 5}',
        '{"field": "name", "op": "~~"}',
    ],
)
def test_a_rule_that_cannot_be_read_is_told_and_not_kept(
    club: Segment, browsers: Browsers, where: str
) -> None:
    client = browsers["boss"]
    assert "alert" in client.post("/o/segment/preview", {"where": where}).content.decode()
    answer = client.post(f"/o/segment/{club.pk}/rule", {"where": where})
    assert answer.status_code == 409
    assert answer.json()["message"]
    club.refresh_from_db()
    assert club.where == RICH


def test_keeping_a_rule_moves_the_members_and_is_logged(club: Segment, browsers: Browsers) -> None:
    assert club.size == 2
    version = club.rule_version
    poor = {"all": [{"field": "amount_12m", "op": "lt", "value": 100}]}
    assert browsers["boss"].post(f"/o/segment/{club.pk}/rule", sent(poor)).status_code == 302
    club.refresh_from_db()
    assert (club.size, club.rule_version) == (1, version + 1)
    assert [member.customer.name for member in SegmentMember.objects.select_related("customer")] == ["丙"]
    assert SegmentMove.objects.filter(move="out").count() == 2
    change = Change.objects.filter(type_key="segment", object_id=club.pk, action="update").last()
    assert change is not None
    assert change.diff == {"where": [RICH, poor]}
    # the same rule again is no new version
    browsers["boss"].post(f"/o/segment/{club.pk}/rule", sent(poor))
    club.refresh_from_db()
    assert club.rule_version == version + 1


def test_saving_under_another_name_leaves_the_first_alone(club: Segment, browsers: Browsers) -> None:
    answer = browsers["boss"].post(
        f"/o/segment/{club.pk}/rule", {**sent({"all": [BUSY]}), "as": "1", "name": "常买"}
    )
    assert answer.status_code == 302
    made = Segment.objects.get(name="常买")
    assert answer["Location"] == f"/o/segment/{made.pk}"
    assert made.where["all"][0]["related"] == "order.customer"
    club.refresh_from_db()
    assert club.where == RICH


def test_a_large_company_is_evaluated_in_the_background(
    club: Segment, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment_rules, "SMALL", 1)
    job = segment_rules.set_rule(people["boss"].actor, club.pk, {})
    assert isinstance(job, Job)
    assert segment_rules.set_rule(people["boss"].actor, club.pk, {}) == job
    jobs.run_all()
    club.refresh_from_db()
    assert club.size == 3


def test_rights_are_those_of_the_segment_and_of_the_customers(club: Segment, browsers: Browsers) -> None:
    assert browsers["nobody"].get(f"/o/segment/{club.pk}").status_code == 404
    assert browsers["boss"].get(f"/o/segment/{club.pk}").status_code == 200
    Segment.objects.filter(pk=club.pk).update(owner=browsers.people["alice"].user)
    text = browsers["alice"].get(f"/o/segment/{club.pk}").content.decode()
    members = text.split('id="members"')[1]
    assert "甲" in members
    assert "乙" not in members
    assert browsers["charlie"].post(f"/o/segment/{club.pk}/rule", sent({})).status_code in {403, 404}


def test_members_are_paged(club: Segment, browsers: Browsers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment_rules, "PAGE", 1)
    client = browsers["boss"]
    boss = browsers.people["boss"].actor
    first = segment_rules.members(boss, club)
    second = segment_rules.members(boss, club, cursor=first.next)
    assert {one.row["name"] for page in (first, second) for one in page.rows} == {"甲", "乙"}
    part = client.get(
        f"/o/segment/{club.pk}?cursor={first.next}", headers={"HX-Request": "true"}
    ).content.decode()
    assert "<html" not in part
    assert "data-row" in part


def test_why_a_customer_is_in_or_not(club: Segment, browsers: Browsers) -> None:
    client = browsers["boss"]
    inside, outside = Customer.objects.get(name="甲"), Customer.objects.get(name="丙")
    text = client.get(f"/o/segment/{club.pk}/why-in/{inside.pk}").content.decode()
    assert "近 12 个月金额" in text
    assert "5,000.00" in text
    assert "why-mark" in text
    assert "c-red" in client.get(f"/o/segment/{club.pk}/why-in/{outside.pk}").content.decode()
    Segment.objects.filter(pk=club.pk).update(owner=browsers.people["alice"].user)
    other = Customer.objects.get(name="乙")
    assert browsers["alice"].get(f"/o/segment/{club.pk}/why-in/{other.pk}").status_code == 404


def test_why_does_not_tell_hidden_fields(club: Segment, browsers: Browsers) -> None:
    Segment.objects.filter(pk=club.pk).update(owner=browsers.people["alice"].user)
    role = Role.objects.get(key="t_sales")
    FieldRule.objects.create(role=role, type_key="customer", field="amount_12m", level="hidden")
    rights_changed()
    inside = Customer.objects.get(name="甲")
    text = browsers["alice"].get(f"/o/segment/{club.pk}/why-in/{inside.pk}").content.decode()
    assert "5,000" not in text
    assert "看不到的字段" in text
    assert browsers["alice"].get(f"/o/segment/{club.pk}").status_code == 200


def test_history_counts_moves_by_local_day(club: Segment) -> None:
    SegmentMove.objects.all().delete()
    zone = timezone.get_default_timezone()
    today = timezone.localtime(timezone.now(), zone).replace(hour=0, minute=10, second=0)
    one = Customer.objects.get(name="甲")
    for days, move in ((0, "in"), (0, "in"), (3, "out"), (segment_rules.DAYS + 5, "in")):
        SegmentMove.objects.create(
            segment=club, customer=one, move=move, rule_version=1, at=today - timedelta(days=days)
        )
    found = segment_rules.history(club)
    assert len(found.days) == segment_rules.DAYS
    assert (found.came[-1], sum(found.came)) == (2, 2)
    assert (found.left[-4], sum(found.left)) == (1, 1)


def test_refreshing_by_hand(club: Segment, shelf: Shelf, browsers: Browsers) -> None:
    shelf.customer("丁", amount_12m=9000)
    assert browsers["boss"].post(f"/o/segment/{club.pk}/refresh").status_code == 302
    club.refresh_from_db()
    assert club.size == segments.customers_of(club).count() == 3


def test_the_page_asks_little(club: Segment, browsers: Browsers, django_assert_max_num_queries: Any) -> None:
    client = browsers["boss"]
    client.get(f"/o/segment/{club.pk}")
    with django_assert_max_num_queries(17):
        client.get(f"/o/segment/{club.pk}")


def test_the_figure_counts_whom_the_viewer_sees(club: Segment, browsers: Browsers) -> None:
    """Boss sees all of them; alice, whose segment it becomes, only her own customers."""
    Segment.objects.filter(pk=club.pk).update(owner=browsers.people["alice"].user, size=41)
    Customer.objects.filter(segments__segment=club).update(owner=browsers.people["boss"].user)
    assert "41" in browsers["boss"].get(f"/o/segment/{club.pk}").content.decode()
    page = browsers["alice"].get(f"/o/segment/{club.pk}").content.decode()
    assert "您能看到的人数" in page
    assert "全部 41 位" in page
