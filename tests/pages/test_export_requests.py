"""An export over the limit: asked, seen by those who may let it go, used once, refused with a word."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from kemai.collab.models import Notice
from kemai.platform import access, exports
from kemai.platform.events import drain_all
from kemai.platform.exports import Order, approval
from kemai.platform.models import ChangeSet, ExportRequest, Grant, Setting
from kemai.platform.records import FieldErrors, Refused
from tests.factory import make
from tests.people import Person, crowd

WISH = Order("customer", ("name", "kind"), {"field": "kind", "op": "eq", "value": "person"}, format="csv")


@pytest.fixture
def people(db: None) -> dict[str, Person]:
    found = crowd()
    for role in found["alice"].actor.role_ids:
        Grant.objects.get_or_create(role_id=role, type_key="*", verb="export", defaults={"scope": "own"})
    Setting.objects.create(key="access.limits", value={"export_rows": 2})
    access.rights_changed()
    for number in range(3):
        make("customer", owner=found["alice"].user.pk, name=f"客户{number}", kind="person")
    return found


def browser(person: Person) -> Client:
    client = Client()
    client.force_login(person.user, backend="kemai.staff.adapter.Backend")
    return client


@pytest.mark.row(138)
def test_it_is_let_go_once_by_somebody_else_who_sees_what_and_how_many(people: dict[str, Person]) -> None:
    alice, boss = people["alice"], people["boss"]
    with pytest.raises(Refused):
        exports.write(alice.actor, WISH)
    with pytest.raises(FieldErrors):
        approval.ask(alice.actor, WISH, reason=" ")
    made = approval.ask(alice.actor, WISH, reason="给审计师核对")
    drain_all()
    notice = Notice.objects.get(user=boss.user.pk)
    assert "3" in notice.title
    shown = browser(boss).get(reverse("export_requests")).content.decode()
    assert "给审计师核对" in shown
    assert "个人" in shown.split("给审计师核对")[0].split("3 条客户")[1], "what was asked for, in words"
    for other in ("alice", "bob", "nobody"):
        answer = browser(people[other]).post(reverse("export_decide", args=[made.pk]), {"act": "approve"})
        assert answer.status_code == 404, other
    assert "给审计师核对" not in browser(people["bob"]).get(reverse("export_requests")).content.decode()
    with pytest.raises(Refused):
        exports.write_approved(alice.actor, made.pk)
    approval.decide(made.pk, approve=True, by=boss.actor)
    drain_all()
    assert Notice.objects.filter(user=alice.user.pk, level="success").exists()
    with pytest.raises(access.NotVisible):
        exports.write_approved(boss.actor, made.pk)
    assert exports.write_approved(alice.actor, made.pk).rows == 3
    with pytest.raises(Refused):
        exports.write_approved(alice.actor, made.pk)
    told = ChangeSet.objects.filter(kind="export").order_by("pk").values_list("type_key", flat=True)
    assert list(told) == ["export_request", "export_request", "customer", "customer"]


@pytest.mark.row(138)
def test_refusals_need_a_word_and_approvals_run_out(people: dict[str, Person]) -> None:
    alice, boss = people["alice"], people["boss"]
    made = approval.ask(alice.actor, WISH, reason="给审计师核对")
    with pytest.raises(FieldErrors):
        approval.decide(made.pk, approve=False, by=boss.actor)
    approval.decide(made.pk, approve=False, note="太多了", by=boss.actor)
    with pytest.raises(Refused):
        approval.decide(made.pk, approve=True, by=boss.actor)
    late = approval.ask(alice.actor, WISH, reason="再来一次")
    approval.decide(late.pk, approve=True, by=boss.actor)
    ExportRequest.objects.filter(pk=late.pk).update(valid_until=timezone.now() - timedelta(minutes=1))
    with pytest.raises(Refused):
        exports.write_approved(alice.actor, late.pk)
    grown = approval.ask(alice.actor, WISH, reason="第三次申请")
    approval.decide(grown.pk, approve=True, by=boss.actor)
    for number in range(3):
        make("customer", owner=alice.user.pk, name=f"新客户{number}", kind="person")
    with pytest.raises(Refused):
        exports.write_approved(alice.actor, grown.pk)
    assert approval.usable(alice.actor, grown.pk), "no file came of it: the approval holds"


@pytest.mark.row(138)
def test_many_small_files_are_a_large_one(people: dict[str, Person]) -> None:
    Setting.objects.filter(key="access.limits").update(value={"export_rows": 4, "export_day": 5})
    access.rights_changed()
    alice = people["alice"]
    exports.write(alice.actor, WISH)
    assert exports.needs_approval(alice.actor, 3)
    for _again in range(2):
        with pytest.raises(Refused) as caught:
            exports.write(alice.actor, WISH)
        assert caught.value.code == "too_many_today"
    assert not exports.needs_approval(alice.actor, 2), "what was refused is not counted"
    dialog = browser(alice).get("/o/customer/export?q=", headers={"HX-Request": "true"}).content.decode()
    assert "每人每天 5 行" in dialog
    made = approval.ask(alice.actor, WISH, reason="给审计师核对")
    approval.decide(made.pk, approve=True, by=people["boss"].actor)
    assert exports.write_approved(alice.actor, made.pk).rows == 3
