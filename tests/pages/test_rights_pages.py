"""Settings of rights on screen, writes within a condition, quotas of revealing, exporting and reading, printing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from kemai.platform import access, records
from kemai.platform.access import SYSTEM, Denied, actor, actor_for, quota
from kemai.platform.exports import Order, write
from kemai.platform.models import ChangeSet, FieldRule, Grant, OutboxEvent, Role, Setting, ShareRule
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors, Refused
from kemai.staff.models import Department
from tests.factory import make
from tests.people import Person, browser

FRAGMENT = {"HX-Request": "true"}
NEW = {"field": "stage", "op": "eq", "value": "new"}


def grant(person: Person, verb: str, scope: str, **more: Any) -> None:
    """What the person's role may do, in place of what it could."""
    role = person.user.roles.get()
    Grant.objects.filter(role=role, verb=verb).delete()
    Grant.objects.create(role=role, type_key="customer", verb=verb, scope=scope, **more)
    access.rights_changed()


def test_chosen_departments_and_the_reporting_line(people: dict[str, Person]) -> None:
    east = make("customer", owner=people["alice"].user.pk).pk
    south = make("customer", owner=people["charlie"].user.pk).pk
    bob = people["bob"]

    def seen() -> set[int]:
        return set(access.scope(actor_for(bob.user), "customer").values_list("pk", flat=True))

    grant(bob, "view", "chosen", departments=[Department.objects.get(name="South").pk])
    assert seen() == {south}
    grant(bob, "view", "reports")
    assert seen() == set()
    people["alice"].user.manager = bob.user
    people["alice"].user.save()
    assert seen() == {east}


@pytest.mark.row(134)
def test_nobody_edits_a_record_out_of_his_reach_unnoticed(people: dict[str, Person]) -> None:
    alice = people["alice"]
    for verb in ("view", "edit", "create"):
        grant(alice, verb, "all", where=NEW)
    by = actor_for(alice.user)
    mine = make("customer", stage="new").pk
    other = make("customer", stage="contacted").pk
    assert list(access.scope(by, "customer").values_list("pk", flat=True)) == [mine]
    with pytest.raises(access.NotVisible):
        records.update("customer", other, {"note": "x"}, by=by)
    records.update("customer", mine, {"note": "x"}, by=by)
    with pytest.raises(FieldErrors) as error:
        records.update("customer", mine, {"stage": "contacted"}, by=by)
    assert "权限范围" in error.value.errors["stage"]
    with pytest.raises(FieldErrors):
        records.bulk_update("customer", {mine: {"stage": "contacted"}}, by=by)
    with pytest.raises(FieldErrors):
        records.create("customer", {"name": "x", "stage": "contacted"}, by=by)
    assert records.row_of(get("customer"), mine, by=SYSTEM)["stage"] == "new"


def test_refusals_say_why(people: dict[str, Person]) -> None:
    key = make("customer", owner=people["alice"].user.pk).pk
    with pytest.raises(Denied) as error:
        records.update("customer", key, {"note": "x"}, by=people["bob"].actor)
    assert "t_mate" in str(error.value)
    assert "仅本人" in str(error.value)
    assert "负责人是 Alice" in str(error.value)


def test_handing_over_is_a_right_of_its_own(people: dict[str, Person]) -> None:
    alice = people["alice"]
    key = make("customer", owner=alice.user.pk).pk
    with pytest.raises(FieldErrors) as error:
        records.update("customer", key, {"owner": people["bob"].user.pk}, by=alice.actor)
    assert "转移负责人" in error.value.errors["owner"]
    grant(alice, "transfer", "own")
    records.update("customer", key, {"owner": people["bob"].user.pk}, by=actor_for(alice.user))
    assert not access.scope(actor_for(alice.user), "customer").filter(pk=key).exists()


@pytest.mark.row(136)
def test_revealing_is_counted_and_ends(people: dict[str, Person]) -> None:
    Setting.objects.create(key="access.limits", value={"reveal_day": 3, "reveal_warn": 2})
    alice = people["alice"]
    grant(alice, "reveal", "own")
    mate = make("customer", owner=people["bob"].user.pk).pk
    key = make("customer", owner=alice.user.pk, phone="13800138000").pk
    grant(alice, "view", "team")  # she sees more than she may see in full: masked at large
    by = actor_for(alice.user)
    page = browser(alice)
    for n in range(3):
        answer = page.post(f"/o/customer/{key}/reveal/phone", headers=FRAGMENT)
        assert "8000" in answer.content.decode()
        assert (f"今天第 {n + 1} 个" in answer.content.decode()) is (n >= 1)
    assert page.post(f"/o/customer/{key}/reveal/phone", headers=FRAGMENT).status_code == 409
    assert OutboxEvent.objects.filter(name="reveal.many").count() == 1
    assert ChangeSet.objects.filter(kind="reveal").count() == 3
    with pytest.raises(Denied):
        records.reveal("customer", mate, "phone", by=by)


@pytest.mark.row(136)
def test_masked_values_cannot_be_found_piece_by_piece(people: dict[str, Person]) -> None:
    make("customer", owner=people["alice"].user.pk, phone="13800138000", industry="医药")
    grant(people["bob"], "view", "all")
    role = people["bob"].user.roles.get()
    FieldRule.objects.create(role=role, type_key="customer", field="industry", level="masked")
    access.rights_changed()
    api = {"Authorization": f"Bearer {people['bob'].key}"}

    def asked(query: str) -> Any:
        return Client().get(f"/api/v1/customer?{query}", headers=api)

    where = json.dumps({"field": "phone", "op": "starts", "value": "138"})
    assert asked(f"where={where}").status_code == 422
    where = json.dumps({"field": "industry", "op": "contains", "value": "医"})
    assert asked(f"where={where}").status_code == 422
    assert asked("q=13800138").json()["rows"] == []
    assert asked("sort=industry").status_code == 422
    assert asked("").json()["rows"][0]["industry"] == "医*"
    page = browser(people["bob"])
    assert page.get("/o/customer/?display=chart&by=industry").status_code == 422
    assert page.get("/o/customer/?display=board&by=industry").status_code == 422


@pytest.mark.row(139)
def test_exports_end_at_their_limit_and_say_what_to_do(people: dict[str, Person]) -> None:
    Setting.objects.create(key="access.limits", value={"export_rows": 2})
    access.rights_changed()
    for _n in range(3):
        make("customer")
    boss = actor_for(people["boss"].user)
    with pytest.raises(Refused) as error:
        write(boss, Order("customer"))
    assert "缩小筛选范围" in error.value.message
    stored = write(
        boss, Order("customer", ids=tuple(access.scope(boss, "customer").values_list("pk", flat=True)[:2]))
    )
    told = json.loads(ChangeSet.objects.get(kind="export").reason)
    assert (stored.rows, told["ids"], len(told["sha256"])) == (2, 2, 64)


def test_reading_through_the_api_has_a_quota(people: dict[str, Person]) -> None:
    Setting.objects.create(key="access.limits", value={"api_rows_hour": 5})
    access.rights_changed()
    for _n in range(3):
        make("customer")
    api = {"Authorization": f"Bearer {people['boss'].key}"}
    assert Client().get("/api/v1/customer", headers=api).status_code == 200
    refused = Client().get("/api/v1/customer", headers=api)
    assert refused.status_code == 429
    assert "整点" in refused.json()["message"]
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    assert OutboxEvent.objects.filter(name="api.quota_reached").count() == 1
    assert ChangeSet.objects.filter(kind="limit", actor=people["boss"].user).count() == 1
    quota.forget()
    assert Client().get("/api/v1/customer", headers=api).status_code == 429  # another process knows as well
    # a write is done and says so, but nothing is read by it
    made = Client().post("/api/v1/customer", {"name": "新客户"}, content_type="application/json", headers=api)
    key = made.json()["id"]
    assert (made.status_code, made.json()) == (201, {"id": key})
    for body in ({"note": "x"}, {}):
        one = Client().patch(f"/api/v1/customer/{key}", body, content_type="application/json", headers=api)
        assert (one.status_code, one.json()) == (200, {"id": key})
    assert records.row_of(get("customer"), key, by=people["boss"].actor)["note"] == "x"
    assert Client().get(f"/api/v1/customer/{key}/history", headers=api).status_code == 429


def test_the_api_is_a_right_of_its_own(people: dict[str, Person]) -> None:
    Grant.objects.filter(role=Role.objects.get(key="t_sales"), verb="api").delete()
    access.rights_changed()
    api = {"Authorization": f"Bearer {people['alice'].key}"}
    assert Client().get("/api/v1/customer", headers=api).status_code == 403
    assert browser(people["alice"]).get("/api/v1/customer").status_code == 200


def test_a_right_taken_away_is_gone_at_the_next_request(people: dict[str, Person]) -> None:
    page = browser(people["alice"])
    assert page.get("/o/customer/").status_code == 200
    people["alice"].user.roles.clear()
    assert page.get("/o/customer/").status_code == 403


def test_the_roles_pages_keep_departments_and_conditions(people: dict[str, Person]) -> None:
    page = browser(people["boss"])
    role = Role.objects.get(key="t_mate")
    south = Department.objects.get(name="South").pk
    address = f"/settings/roles/{role.pk}/fields/customer/"
    typed = {
        "grant-view": "chosen", "departments": [south], "grant-edit": "own", "where-edit": "1",
        "where": json.dumps(NEW), "level-phone": "masked",
    }  # fmt: skip
    assert page.post(address, typed).status_code == 302
    view, edit = (Grant.objects.get(role=role, type_key="customer", verb=verb) for verb in ("view", "edit"))
    assert (view.scope, view.departments, view.where) == ("chosen", [south], None)
    assert (edit.scope, edit.where) == ("own", NEW)
    key = make("customer", owner=people["alice"].user.pk).pk
    asked = f"/settings/access/?user={people['bob'].user.pk}&type=customer&record={key}"
    assert "只限符合条件的：跟进阶段 是 新客户" in page.get(asked).content.decode()
    matrix = page.get(f"/settings/roles/{role.pk}/")
    assert "指定部门" in matrix.content.decode()
    cells = {"name": role.name, "grant-customer-view": "chosen", "grant-customer-edit": "own"}
    assert page.post(f"/settings/roles/{role.pk}/", cells).status_code == 302
    assert Grant.objects.get(role=role, type_key="customer", verb="view").departments == [south]
    wrong = page.post(address, {"grant-view": "chosen"})
    assert wrong.status_code == 422
    assert "至少一个部门" in wrong.content.decode()
    broken = page.post(
        address, {"grant-view": "all", "where-view": "1", "where": json.dumps({"field": "nix"})}
    )
    assert broken.status_code == 422


def test_sharing_rules_and_limits_on_screen(people: dict[str, Person]) -> None:
    page, charlie = browser(people["boss"]), browser(people["charlie"])
    key = make("customer", owner=people["alice"].user.pk, stage="new").pk
    wish = {
        "type_key": "customer", "name": "新客户给查理", "target": f"user:{people['charlie'].user.pk}", "level": "read",
        "where": json.dumps(NEW), "active": "1",
    }  # fmt: skip
    assert page.post("/settings/sharing/new/", wish).status_code == 302
    assert charlie.get(f"/o/customer/{key}").status_code == 200
    rule = ShareRule.objects.get()
    assert page.get(f"/settings/sharing/{rule.pk}/").status_code == 200
    assert page.post(f"/settings/sharing/{rule.pk}/", {**wish, "active": ""}).status_code == 302
    assert charlie.get(f"/o/customer/{key}").status_code == 404
    assert page.post("/settings/sharing/new/", {**wish, "name": ""}).status_code == 422
    assert page.post("/settings/sharing/", {"reveal_day": "x"}).status_code == 422
    limits = {
        "reveal_day": "9",
        "reveal_warn": "8",
        "export_rows": "7",
        "api_rows_hour": "6",
        "page_rows_hour": "200",
        "export_day": "70",
        "manager_sees": "1",
    }
    assert page.post("/settings/sharing/", limits).status_code == 302
    assert access.limits() == (9, 8, 7, 6, 200, 70)
    assert page.post(f"/settings/sharing/{rule.pk}/delete/").status_code == 302


def test_what_is_told_of_others_is_as_new_as_the_page(people: dict[str, Person]) -> None:
    """Another process has made the rule: this one looked up the version of the rights a moment ago."""
    key = make("customer", owner=people["alice"].user.pk, stage="new").pk
    alice, before = browser(people["alice"]), actor.rights_version()
    assert "新客户给查理" not in alice.get(f"/o/customer/{key}/access").content.decode()
    ShareRule.objects.create(
        name="新客户给查理", type_key="customer", where=NEW, target="user", target_id=people["charlie"].user.pk,
        level="read", created_at=timezone.now(),
    )  # fmt: skip
    Setting.objects.filter(key="rights_version").update(value="another process")
    assert actor.rights_version() == before, "looked up once a second: else this test shows nothing"
    assert "新客户给查理" in alice.get(f"/o/customer/{key}/access").content.decode()


@pytest.mark.row(137)
def test_the_simulator_and_the_api_say_why(people: dict[str, Person]) -> None:
    page = browser(people["boss"])
    key = make("customer", owner=people["alice"].user.pk).pk
    charlie = people["charlie"].user.pk
    text = page.get(
        f"/settings/access/?user={charlie}&type=customer&record={key}&field=phone"
    ).content.decode()
    assert "看不到" in text
    assert "负责人是 Alice" in text
    assert "脱敏" in text
    assert (
        "没有这条记录"
        in page.get(f"/settings/access/?user={charlie}&type=customer&record=9999999").content.decode()
    )
    assert "仅本人" in page.get(f"/settings/access/?user={charlie}").content.decode()
    api = {"Authorization": f"Bearer {people['alice'].key}"}
    told = Client().get(f"/api/v1/customer/{key}/access", headers=api).json()
    assert told["verbs"]["view"]["allowed"]
    assert not told["verbs"]["export"]["allowed"]
    assert {one["name"] for one in told["people"]} == {"Alice", "Bob", "Dora", "Boss"}
    api = {"Authorization": f"Bearer {people['charlie'].key}"}
    assert Client().get(f"/api/v1/customer/{key}/access", headers=api).status_code == 404


def test_printing_is_masked_and_noted(people: dict[str, Person]) -> None:
    key = make("customer", owner=people["alice"].user.pk, phone="13800138000", name="打印商贸").pk
    alice, boss = browser(people["alice"]), browser(people["boss"])
    assert alice.get(f"/o/customer/{key}/print").status_code == 403
    assert alice.get("/o/customer/print").status_code == 403
    for address in (f"/o/customer/{key}/print", "/o/customer/print?columns=name,phone"):
        text = boss.get(address).content.decode()
        assert "打印商贸" in text
        assert "13800138000" not in text.replace(" ", "")
    assert ChangeSet.objects.filter(kind="export", reason__contains='"print": true').count() == 2


def test_nobody_widens_his_own_role_while_another_could(people: dict[str, Person]) -> None:
    from kemai.staff.services import roles

    boss = people["boss"]
    role = Role.objects.get(key="t_boss")
    Grant.objects.filter(role=role, verb="export").delete()
    people["dora"].user.roles.add(Role.objects.create(key="second", name="second", is_admin=True))
    wider = {**roles.matrix(role), ("*", "export"): roles.Cell("all")}
    with pytest.raises(Refused):
        roles.save_role(role, {"name": "t_boss", "is_admin": "1"}, wider, by=actor_for(boss.user))
    roles.save_role(role, {"name": "t_boss", "is_admin": "1"}, wider, by=actor_for(people["dora"].user))
