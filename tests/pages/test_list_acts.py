"""What is done with many records at once, saved lists, the recycle bin, the palette."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from kemai.customers.models import Customer
from kemai.platform import records
from kemai.platform.access import rights_changed
from kemai.platform.jobs import run_all
from kemai.platform.models import ChangeSet, Grant, Job, Role, SavedView, Tagging
from kemai.platform.ui.lists import bulk
from tests.people import Person, browser, customer

FRAGMENT = {"HX-Request": "true"}
JSON = {"Accept": "application/json"}


@pytest.fixture
def mates_may_bulk(people: dict[str, Person]) -> None:
    """bob's role may also change many records, his own."""
    Grant.objects.create(role=Role.objects.get(key="t_mate"), type_key="*", verb="bulk", scope="own")
    rights_changed()


def bulk_url(act: str) -> str:
    return f"/o/customer/bulk/{act}"


def stages() -> list[str]:
    return list(Customer.objects.order_by("pk").values_list("stage", flat=True))


def undo_url(response: Any) -> str:
    return str(json.loads(response.headers["HX-Trigger"])["toast"]["undo"]["url"])


def test_many_are_edited_looked_at_first_and_taken_back(people: dict[str, Person]) -> None:
    chosen = [customer(name=f"客户{n}", stage="new").pk for n in range(3)]
    client = browser(people["boss"])
    preview = client.post(bulk_url("edit"), {"ids": chosen[:2]}, headers=FRAGMENT).content.decode()
    assert "将处理 2 条客户" in preview
    assert "客户0" in preview
    assert stages() == ["new"] * 3, "looking changes nothing"
    run = {"ids": chosen[:2], "step": "run", "field": "stage", "stage": "interested"}
    done = client.post(bulk_url("edit"), run, headers=FRAGMENT)
    assert done.status_code == 200
    assert stages() == ["interested", "interested", "new"]
    assert client.post(undo_url(done), headers=JSON).status_code == 200
    assert stages() == ["new"] * 3


def test_a_browser_may_send_the_keys_in_one_word(people: dict[str, Person]) -> None:
    chosen = [customer(name=f"客户{n}").pk for n in range(2)]
    sent = {"ids": ",".join(map(str, chosen))}
    assert "将处理 2 条客户" in browser(people["boss"]).post(bulk_url("delete"), sent).content.decode()


def test_what_one_may_not_change_is_left_out_and_said(
    people: dict[str, Person], mates_may_bulk: None
) -> None:
    """bob sees his team's customers, but may change his own only."""
    foreign, own = customer(people["alice"], stage="new"), customer(people["bob"], stage="new")
    client = browser(people["bob"])
    sent = {"ids": [foreign.pk, own.pk]}
    preview = client.post(bulk_url("edit"), sent, headers=FRAGMENT).content.decode()
    assert "将处理 1 条客户" in preview
    assert "另有 1 条您没有权限" in preview
    client.post(
        bulk_url("edit"), sent | {"step": "run", "field": "stage", "stage": "paused"}, headers=FRAGMENT
    )
    assert stages() == ["new", "paused"]
    assert browser(people["alice"]).post(bulk_url("edit"), sent, headers=JSON).status_code == 403


def test_a_bad_value_is_said_before_anything_happens(people: dict[str, Person]) -> None:
    chosen = customer(stage="new").pk
    client = browser(people["boss"])
    for wrong in (
        {"field": "stage", "stage": "nix"},
        {"field": ""},
        {"field": "value_class", "value_class": "high"},
    ):
        answer = client.post(bulk_url("edit"), {"ids": chosen, "step": "run", **wrong}, headers=FRAGMENT)
        assert answer.status_code == 422, wrong
    assert ChangeSet.objects.filter(kind="bulk").count() == 0


def test_all_matching_means_the_list_as_its_address_says(people: dict[str, Person]) -> None:
    for n in range(4):
        customer(name=f"客户{n}", stage="new" if n < 3 else "customer")
    where = json.dumps({"field": "stage", "op": "in", "value": ["new"]})
    sent = {"all": "1", "query": urlencode({"where": where})}
    client = browser(people["boss"])
    assert "将处理 3 条客户" in client.post(bulk_url("edit"), sent, headers=FRAGMENT).content.decode()
    client.post(
        bulk_url("edit"), sent | {"step": "run", "field": "stage", "stage": "paused"}, headers=FRAGMENT
    )
    assert stages() == ["paused"] * 3 + ["customer"]


def test_more_than_some_run_in_the_background(
    people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 1)
    chosen = [customer(stage="new").pk for _n in range(3)]
    client = browser(people["boss"])
    run = {"ids": chosen, "step": "run", "field": "stage", "stage": "paused"}
    started = client.post(bulk_url("edit"), run, headers=FRAGMENT)
    job = Job.objects.get()
    assert f"/jobs/{job.pk}/progress.json" in started.content.decode()
    assert stages() == ["new"] * 3
    assert browser(people["dora"]).get(f"/jobs/{job.pk}/progress.json", headers=JSON).status_code == 404
    run_all()
    assert client.get(f"/jobs/{job.pk}/progress.json", headers=JSON).json()["state"] == "done"
    assert stages() == ["paused"] * 3
    result = client.get(f"/jobs/{job.pk}", headers=FRAGMENT)
    assert "已处理 3 条" in result.content.decode()
    assert client.post(undo_url(result), headers=JSON).status_code == 200
    assert stages() == ["new"] * 3
    assert client.get("/jobs/").status_code == 200


def test_work_in_the_background_has_the_rights_of_its_moment(
    people: dict[str, Person], monkeypatch: pytest.MonkeyPatch, mates_may_bulk: None
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 0)
    own = customer(people["bob"], stage="new")
    run = {"ids": [own.pk], "step": "run", "field": "stage", "stage": "paused"}
    browser(people["bob"]).post(bulk_url("edit"), run, headers=FRAGMENT)
    people["bob"].user.roles.clear()
    run_all()
    assert stages() == ["new"]
    assert Job.objects.get().state == "failed"


def test_tags_are_set_taken_and_given_back(people: dict[str, Person]) -> None:
    first, second = customer(tags=["旧"]), customer()
    client = browser(people["boss"])

    def tags(one: Customer) -> list[str]:
        return records.names_of("customer", one.pk)

    sent = {"ids": [first.pk, second.pk], "step": "run"}
    set_now = client.post(bulk_url("tag"), sent | {"tags": ["重点", "展会·春"]}, headers=FRAGMENT)
    assert tags(first) == ["展会·春", "旧", "重点"]
    assert tags(second) == ["展会·春", "重点"]
    client.post(undo_url(set_now), headers=JSON)
    assert (tags(first), tags(second)) == (["旧"], [])
    client.post(bulk_url("untag"), sent | {"tags": ["旧", "没有这个"]}, headers=FRAGMENT)
    assert tags(first) == []
    assert not Tagging.objects.exists()
    assert client.post(bulk_url("tag"), sent, headers=FRAGMENT).status_code == 422


def test_deleted_records_wait_in_the_bin(people: dict[str, Person]) -> None:
    mine, other = customer(people["alice"], name="被删的"), customer(people["charlie"], name="别人的")
    client = browser(people["boss"])
    client.post(bulk_url("delete"), {"ids": [mine.pk, other.pk], "step": "run"}, headers=FRAGMENT)
    assert not Customer.objects.filter(deleted_at=None).exists()
    alice = browser(people["alice"])
    shown = alice.get("/bin/customer").content.decode()
    assert "被删的" in shown
    assert "别人的" not in shown
    alice.post("/bin/customer/restore", {"ids": [mine.pk, other.pk]})
    assert list(Customer.objects.filter(deleted_at=None).values_list("pk", flat=True)) == [mine.pk]
    assert alice.get("/o/customer/?q=被删的").content.decode().count("data-row ") == 1, (
        "found by search again"
    )
    assert browser(people["bob"]).get("/bin/customer", headers=JSON).status_code == 403


# ── saved lists ──


def save(client: Client, name: str, share: str = "mine", query: str = "sort=name") -> Any:
    return client.post(f"/o/customer/views/new?{query}", {"name": name, "share": share}, headers=FRAGMENT)


def labels(client: Client) -> str:
    text = client.get("/o/customer/").content.decode()
    return text.partition('class="tabs"')[2].partition("</nav>")[0]


def test_a_list_is_saved_shared_renamed_and_deleted(people: dict[str, Person]) -> None:
    alice, bob, charlie = (browser(people[name]) for name in ("alice", "bob", "charlie"))
    where = json.dumps({"field": "stage", "op": "in", "value": ["new"]})
    response = save(alice, "新的", "mine", urlencode({"where": where, "sort": "name"}))
    address = response.headers["HX-Redirect"]
    view = SavedView.objects.get()
    assert view.state == {"where": json.loads(where), "sort": "name", "display": "table"}
    wanted = customer(people["alice"], stage="new")
    customer(people["alice"], stage="paused")
    text = alice.get(address).content.decode()
    assert text.count("data-row ") == 1
    assert f'data-id="{wanted.pk}"' in text
    assert "新的" in labels(alice)
    assert "新的" not in labels(bob)
    alice.post(f"/views/{view.pk}", {"name": "新来的", "share": "team"}, headers=FRAGMENT)
    assert "新来的" in labels(bob)
    assert "新来的" not in labels(charlie)
    assert bob.post(f"/views/{view.pk}/delete", headers=JSON).status_code == 403
    assert charlie.post(f"/views/{view.pk}/delete", headers=JSON).status_code == 404
    alice.post(f"/o/customer/views/update?view=v{view.pk}&sort=-name", headers=FRAGMENT)
    view.refresh_from_db()
    assert view.state["sort"] == "-name"
    assert alice.post(f"/views/{view.pk}/delete", headers=FRAGMENT).status_code == 200
    assert "新来的" not in labels(alice)


def test_a_private_view_does_not_exist_for_others(people: dict[str, Person]) -> None:
    save(browser(people["alice"]), "我的")
    view = SavedView.objects.get()
    for act in ("", "/delete"):
        assert (
            browser(people["bob"]).post(f"/views/{view.pk}{act}", {"name": "x"}, headers=JSON).status_code
            == 404
        )
    assert save(browser(people["alice"]), "给大家", "all").status_code == 403
    assert save(browser(people["alice"]), "").status_code == 422
    assert save(browser(people["boss"]), "给大家", "all").headers["HX-Redirect"]
    assert "给大家" in labels(browser(people["charlie"]))


# ── the palette ──


def palette(client: Client, text: str = "") -> dict[str, list[str]]:
    groups = client.post("/palette.json", {"q": text}).json()["groups"]
    return {group["label"]: [item["label"] for item in group["items"]] for group in groups}


def test_the_palette_finds_records_actions_and_pages(people: dict[str, Person]) -> None:
    customer(people["alice"], name="张伟", phone="13800138000")
    boss, charlie = browser(people["boss"]), browser(people["charlie"])
    for asked in ("张伟", "zw", "zhangwei", "8000"):
        assert "张伟" in palette(boss, asked)["找到的记录"], asked
        assert "找到的记录" not in palette(charlie, asked), asked
    assert "新建客户" in palette(boss, "xinjian")["操作"]
    assert "客户" in palette(boss, "kh")["页面"]
    assert "高价值" in palette(boss, "gjz")["视图"]
    assert "找到的记录" not in palette(boss), "nothing asked, nothing searched"
    assert palette(browser(people["nobody"]), "kehu").get("页面", []) == []
