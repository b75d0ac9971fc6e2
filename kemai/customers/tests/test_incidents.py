"""Something got out: exactly those whom the log names are found, with how; who may not ask is told nothing."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from kemai.customers.models import Customer, Incident
from kemai.customers.services import incident_effects, incidents
from kemai.customers.services.incident_effects import Effects
from kemai.customers.tests.conftest import Browsers, Shelf
from kemai.platform import access, exports, records
from kemai.platform.access import Actor, actor_for, rights_changed
from kemai.platform.access.tokens import issue
from kemai.platform.exports import Order
from kemai.platform.models import ApiToken, ChangeSet, FieldRule, Grant, Role, StoredFile
from kemai.platform.records import FieldErrors
from tests.people import Person

NOW = timezone.now


@pytest.fixture
def thief(people: dict[str, Person], settings: Any, tmp_path: Path) -> Actor:
    """Somebody who sees personal values masked, may reveal and export them."""
    settings.MEDIA_ROOT = tmp_path
    role = Role.objects.create(key="t_thief", name="t_thief")
    for verb in ("view", "edit", "reveal", "export"):
        Grant.objects.create(role=role, type_key="*", verb=verb, scope="all")
    FieldRule.objects.create(role=role, type_key="customer", field="phone", level="masked")
    people["nobody"].user.roles.set([role])
    rights_changed()
    return actor_for(people["nobody"].user)


def text(moment: datetime) -> str:
    return timezone.localtime(moment, timezone.get_default_timezone()).isoformat()[:19]


def opened(boss: Person, thief: Actor, **more: Any) -> Incident:
    asked = {
        "title": "账号被盗", "kind": "account", "who": str(thief.user_id), "reason": "钓鱼邮件",
        "from": text(NOW() - timedelta(hours=1)), "to": text(NOW() + timedelta(hours=1)), **more,
    }  # fmt: skip
    return incidents.open_incident(asked, by=boss.actor)


def labels(effects: Effects, boss: Person, type_key: str = "customer") -> dict[int, set[str]]:
    found = incidents.lines(boss.actor, effects, type_key, effects.page(type_key, 0).keys)
    return {line.key: {how.label.split(" #")[0] for how in line.hows} for line in found}


@pytest.fixture
def stolen(shelf: Shelf, people: dict[str, Person], thief: Actor) -> list[Customer]:
    """Three telephones revealed (0-2), two customers changed (2, 3), ten exported (10-19); others did other things."""
    made = [shelf.customer(f"客户{n}") for n in range(21)]
    Customer.objects.update(phone="+8613900000000")
    for one in made[:3]:
        records.reveal("customer", one.pk, "phone", by=thief)
    for one in made[2:4]:
        records.update("customer", one.pk, {"note": "改"}, by=thief)
    keys = tuple(one.pk for one in made[10:20])
    exports.write(thief, Order("customer", ("name", "phone"), ids=keys, format="csv"))
    records.update("customer", made[5].pk, {"note": "别人改的"}, by=people["boss"].actor)
    return made


def test_those_the_log_names_are_found(
    stolen: list[Customer], thief: Actor, people: dict[str, Person]
) -> None:
    boss = people["boss"]
    effects = Effects(opened(boss, thief))
    pks = [one.pk for one in stolen]
    wanted = {pk: {"查看了完整信息"} for pk in pks[:2]} | {pk: {"导出"} for pk in pks[10:20]}
    wanted |= {pks[2]: {"查看了完整信息", "修改"}, pks[3]: {"修改"}}
    assert labels(effects, boss) == wanted
    assert effects.page("customer", 0).total == 14
    assert effects.page("customer", pks[9]) == (14, pks[10:20])
    assert effects.page("customer", pks[20]) == (14, []), "past the end"
    assert effects.page("contact", 0) == (0, [])
    assert effects.reach("customer") == 21
    assert ("客户", "查看了完整信息", 3) in incidents.tallies(effects)
    before = {"from": text(NOW() - timedelta(hours=9)), "to": text(NOW() - timedelta(hours=8))}
    assert labels(Effects(opened(boss, thief, **before)), boss) == {}
    assert labels(Effects(opened(boss, people["alice"].actor)), boss) == {}


def test_an_export_is_found_by_its_hash(
    stolen: list[Customer], thief: Actor, people: dict[str, Person]
) -> None:
    boss = people["boss"]
    digest = StoredFile.objects.get(type_key="export").sha256
    effects = Effects(opened(boss, thief, kind="export", mark=digest))
    ten = {one.pk: {"导出"} for one in stolen[10:20]}
    assert labels(effects, boss) == ten
    ChangeSet.objects.filter(kind="export").update(outcome=None)  # one from before keys were kept
    assert labels(Effects(effects.incident), boss) == {}, "which they were is not known, and not guessed"
    where = {"field": "name", "op": "eq", "value": "客户20"}
    exports.write(thief, Order("customer", ("name",), where=where, format="csv"))
    last = ChangeSet.objects.filter(kind="export").order_by("-pk")[0]
    ChangeSet.objects.filter(pk=last.pk).update(outcome=None)
    again = Effects(opened(boss, thief, kind="export", mark=str(last.pk)))
    (line,) = incidents.lines(boss.actor, again, "customer", again.page("customer", 0).keys)
    assert (line.key, [how.sure for how in line.hows]) == (stolen[20].pk, [False])
    for mark in ("f" * 64, "kemai:"):
        with pytest.raises(FieldErrors):
            opened(boss, thief, kind="export", mark=mark)


def test_every_export_counts_or_the_page_says_which_do_not(
    stolen: list[Customer], thief: Actor, people: dict[str, Person], browsers: Browsers, monkeypatch: Any
) -> None:
    """Many small ones, told by their keys; and more different filters than are asked again."""
    boss, pks = people["boss"], [one.pk for one in stolen]
    now = NOW()
    ChangeSet.objects.bulk_create(
        ChangeSet(
            kind="export", type_key="customer", actor_id=thief.user_id, actor_name="t", source="page", at=now,
            reason="{}", outcome={"keys": [pks[n % 4 + 4]]},
        )
        for n in range(300)
    )  # fmt: skip
    report = {"report": "csv", "rows": [["region", "province"]]}
    ChangeSet.objects.create(
        kind="export", type_key="customer", actor_id=thief.user_id, actor_name="t", source="page", at=now,
        reason=json.dumps(report),
    )  # fmt: skip
    effects = Effects(opened(boss, thief))
    assert effects.page("customer", 0).total == 18, "the figures of a report name nobody"
    (line,) = incidents.lines(boss.actor, effects, "customer", [pks[4]])
    assert len(line.hows) == incidents.MOST_TOLD + 1
    assert "70" in line.hows[-1].label
    for module in (incidents, incident_effects):
        monkeypatch.setattr(module, "MOST_FILTERS", 2)
    for n in (8, 8, 9, 20):
        where = {"field": "name", "op": "eq", "value": f"客户{n}"}
        exports.write(thief, Order("customer", ("name",), where=where, format="csv"))
    last = list(ChangeSet.objects.filter(kind="export").order_by("-pk")[:4])
    ChangeSet.objects.filter(pk__in=[one.pk for one in last]).update(outcome=None)
    effects = Effects(effects.incident)
    assert effects.page("customer", 0).total == 20, "the two newest of three filters"
    page = browsers["boss"].get(f"/privacy/incidents/{effects.incident.pk}").content.decode()
    assert f"?kind=export&amp;mark={last[2].pk}" in page
    form = browsers["boss"].get(f"/privacy/incidents?kind=export&mark={last[2].pk}").content.decode()
    assert f'value="{last[2].pk}"' in form


def test_customers_of_exported_records_are_affected(
    shelf: Shelf, thief: Actor, people: dict[str, Person]
) -> None:
    one, two = shelf.customer("张三"), shelf.customer("李四")
    orders = [shelf.order(one, 5), shelf.order(two, 5)]
    exports.write(thief, Order("order", ("number", "customer"), ids=(orders[0].pk,), format="csv"))
    assert labels(Effects(opened(people["boss"], thief)), people["boss"]) == {one.pk: {"名下的记录"}}


def test_a_token_and_what_belongs_to_a_customer(
    shelf: Shelf, thief: Actor, people: dict[str, Person], browsers: Browsers
) -> None:
    boss = people["boss"]
    one, two = shelf.customer("张三"), shelf.customer("李四")
    token, _key = issue(people["nobody"].user, "同步")
    through = Actor(**{**vars(thief), "via": f"token {token.pk}", "source": "api"})
    order = shelf.order(one, 5)
    records.update("order", order.pk, {"amount": "6"}, by=through)
    records.update("customer", two.pk, {"note": "在网页上"}, by=thief)
    made = opened(boss, thief, kind="token", token=str(token.pk))
    assert labels(Effects(made), boss) == {one.pk: {"名下的记录"}}
    answer = browsers["boss"].post(f"/privacy/incidents/{made.pk}/revoke")
    assert (answer.status_code, ApiToken.objects.filter(pk=token.pk).exists()) == (302, False)
    assert browsers["boss"].post(f"/privacy/incidents/{made.pk}/revoke").status_code == 409
    assert labels(Effects(made), boss) == {one.pk: {"名下的记录"}}, "the log outlives the token"


def test_the_pages(
    stolen: list[Customer], thief: Actor, people: dict[str, Person], browsers: Browsers
) -> None:
    asked = {
        "title": "账号被盗", "kind": "account", "who": str(thief.user_id), "reason": "钓鱼邮件",
        "from": text(NOW() - timedelta(hours=1))[:16], "to": text(NOW() + timedelta(hours=1))[:16],
    }  # fmt: skip
    boss = browsers["boss"]
    assert boss.post("/privacy/incidents", {**asked, "to": ""}).status_code == 422
    assert boss.post("/privacy/incidents", asked).status_code == 302
    made = Incident.objects.get()
    assert "电话" in made.notice
    assert "钓鱼邮件" in made.notice
    assert "14" in made.report_en
    page = boss.get(f"/privacy/incidents/{made.pk}").content.decode()
    assert page.count("data-person=") == 14
    assert "客户12" in page
    assert "客户5<" not in page
    assert boss.post(f"/privacy/incidents/{made.pk}/notice", {"notice": "改好的"}).status_code == 302
    made.refresh_from_db()
    assert made.notice == "改好的"
    file = boss.post(f"/privacy/incidents/{made.pk}/export", {"type": "customer"})
    assert file.status_code == 302
    assert ChangeSet.objects.filter(kind="export").order_by("-pk")[0].count == 14
    assert ChangeSet.objects.filter(type_key="incident").count() == 3
    for name in ("alice", "nobody"):
        other = browsers[name]
        for path in ("", f"/{made.pk}"):
            assert other.get(f"/privacy/incidents{path}").status_code == 404
        for act in ("export", "notice", "revoke"):
            assert other.post(f"/privacy/incidents/{made.pk}/{act}").status_code == 404
        assert other.post("/privacy/incidents", asked).status_code == 404


def test_an_auditor_sees_numbers_where_no_customers(
    stolen: list[Customer], thief: Actor, people: dict[str, Person]
) -> None:
    made = opened(people["boss"], thief)
    role = Role.objects.create(key="t_auditor", name="t_auditor")
    Grant.objects.create(role=role, type_key="audit", verb="view", scope="all")
    people["alice"].user.roles.set([role])
    rights_changed()
    auditor = actor_for(people["alice"].user)
    effects = Effects(incidents.one(auditor, made.pk))
    lines = incidents.lines(auditor, effects, "customer", effects.page("customer", 0).keys)
    assert len(lines) == 14
    assert {(line.name, line.url) for line in lines} == {("", "")}
    with pytest.raises(access.NotVisible):
        incidents.one(people["bob"].actor, made.pk)
