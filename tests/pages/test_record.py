"""The record page and what it fetches: who sees what, what it costs, what it says."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from kemai.collab.models import Task
from kemai.customers.models import Customer, Interaction
from kemai.platform import jobs, records
from kemai.platform.access import SYSTEM, rights_changed
from kemai.platform.define import fields, objects
from kemai.platform.models import Change, FieldRule, Grant, Job, Role
from kemai.platform.objects import all_types
from kemai.platform.ui.records import related
from tests.equipment import define_field
from tests.factory import make
from tests.people import Person

FRAGMENT = {"HX-Request": "true"}


def browser(person: Person) -> Client:
    client = Client()
    client.force_login(person.user)
    return client


def customer_of(person: Person, **values: Any) -> Customer:
    given = {"name": "张伟", "phone": "13800138000", "owner": person.user.pk, **values}
    made = records.create("customer", given, by=SYSTEM)
    assert isinstance(made, Customer)
    return made


def url_of(obj: Any, key: str = "customer", tail: str = "") -> str:
    return f"/o/{key}/{obj.pk}{tail}"


COUNTS: dict[str, int] = json.loads((Path(__file__).parent.parent / "query_counts_record.json").read_text())
CREATABLE = [one.key for one in all_types() if one.creatable]


@pytest.mark.parametrize("key", CREATABLE)
def test_every_type_has_its_pages(key: str, people: dict[str, Person]) -> None:
    """Page, forms, history, related lists and files of every registered type open for those who may see all."""
    client = browser(people["boss"])
    obj = make(key, full=True)
    for tail in ("", "/edit", "/peek", "/timeline", "/history", "/files", "/delete"):
        response = client.get(url_of(obj, key, tail))
        assert response.status_code == 200, (tail, response.status_code)
    assert client.get(f"/o/{key}/new").status_code == 200
    assert client.get(f"/o/{key}/options?q=a").status_code == 200


def test_a_record_is_a_404_for_those_who_do_not_see_it(people: dict[str, Person]) -> None:
    customer = customer_of(people["alice"])
    for name, status in {"alice": 200, "bob": 200, "charlie": 404, "dora": 200, "nobody": 404}.items():
        client = browser(people[name])
        for tail in (
            "",
            "/timeline",
            "/history",
            "/files",
            "/related/order",
            "/panel/summary",
            "/why/activity",
        ):
            assert client.get(url_of(customer, tail=tail)).status_code == status, (name, tail)
    stranger = Client().get(url_of(customer))
    assert stranger.status_code == 302


def test_masked_values_do_not_reach_the_page(people: dict[str, Person]) -> None:
    customer = customer_of(people["alice"], email="zhangwei@example.com")
    records.update("customer", customer.pk, {"phone": "13900139000"}, by=SYSTEM)
    client = browser(people["bob"])
    for tail in ("", "/edit", "/history", "/timeline", "/peek"):
        text = client.get(url_of(customer, tail=tail)).content.decode()
        assert "13900139000" not in text.replace(" ", ""), tail
        assert "13800138000" not in text.replace(" ", ""), tail
        assert "zhangwei@" not in text, tail


def test_revealing_needs_a_right_and_leaves_a_trace(people: dict[str, Person]) -> None:
    customer = customer_of(people["alice"])
    role = Role.objects.get(key="t_sales")
    FieldRule.objects.create(role=role, type_key="customer", field="phone", level="masked")
    rights_changed()
    alice = browser(people["alice"])
    url = url_of(customer, tail="/reveal/phone")
    assert alice.post(url).status_code == 403
    assert "/reveal/phone" not in alice.get(url_of(customer)).content.decode()
    Grant.objects.create(role=role, type_key="customer", verb="reveal", scope="own")
    rights_changed()
    assert "/reveal/phone" in alice.get(url_of(customer)).content.decode()
    answer = alice.post(url)
    assert answer.status_code == 200
    assert "13800138000" in answer.content.decode().replace(" ", "")
    trace = Change.objects.get(action="reveal")
    assert (trace.object_id, trace.changeset.actor, list(trace.diff or {})) == (
        customer.pk,
        people["alice"].user,
        ["phone"],
    )
    assert alice.get(url).status_code == 405
    assert browser(people["charlie"]).post(url).status_code == 404


@pytest.mark.row(16)
def test_timeline_walks_every_touch_once(people: dict[str, Person]) -> None:
    customer = customer_of(people["alice"])
    now = timezone.now()
    for index in range(70):
        at = now - timedelta(days=index // 3)
        if index % 7 == 0:
            make("order", customer=customer.pk, ordered_at=at, number=f"SO-{index}", amount="12.50")
        else:
            make(
                "interaction",
                customer=customer.pk,
                at=at,
                subject=f"第 {index} 次",
                channel="call",
                contact=None,
            )
    client = browser(people["alice"])
    text, url, pages = "", url_of(customer, tail="/timeline"), 0
    while True:
        body = client.get(url, headers=FRAGMENT).content.decode()
        text += body
        pages += 1
        more = re.search(r'hx-get="([^"]*asked=[^"]*)"', body)
        if more is None:
            break
        url = html.unescape(more[1])
    assert pages == 3
    for index in range(70):
        mark = f"SO-{index} " if index % 7 == 0 else f"第 {index} 次"
        assert text.count(mark) == 1, mark
    only_orders = client.get(url_of(customer, tail="/timeline?kind=order")).content.decode()
    assert "SO-0" in only_orders
    assert "第 1 次" not in only_orders
    calls = client.get(url_of(customer, tail="/timeline?kind=interaction:call")).content.decode()
    assert "第 1 次" in calls
    assert client.get(url_of(customer, tail="/timeline?kind=nonsense")).status_code == 422
    assert client.get(url_of(customer, tail="/timeline?cursor=nonsense")).status_code == 422


def test_history_says_old_and_new_and_can_be_undone(people: dict[str, Person]) -> None:
    customer = customer_of(people["alice"], industry="机械")
    alice = browser(people["alice"])
    records.update("customer", customer.pk, {"industry": "电子"}, by=people["alice"].actor)
    page = alice.get(url_of(customer, tail="/history")).content.decode()
    assert "机械" in page
    assert "电子" in page
    changeset = Change.objects.get(object_id=customer.pk, action="update").changeset_id
    assert f"/undo/{changeset}" in page
    assert browser(people["charlie"]).post(f"/undo/{changeset}").status_code == 403
    answer = alice.post(f"/undo/{changeset}", headers={"Accept": "application/json"})
    assert answer.json()["undone"] == 1
    customer.refresh_from_db()
    assert customer.industry == "机械"
    again = alice.post(f"/undo/{changeset}", headers={"Accept": "application/json"})
    assert again.status_code == 409


@pytest.mark.parametrize("tail", list(COUNTS))
def test_pages_ask_no_more_than_they_did(
    tail: str, people: dict[str, Person], django_assert_max_num_queries: Any
) -> None:
    """The baseline is tests/query_counts_record.json; a customer with 5,000 touches costs what any other does."""
    customer = customer_of(people["boss"])
    make("order", customer=customer.pk)
    now = timezone.now()
    stamps: dict[str, Any] = {"created_at": now, "updated_at": now}
    Interaction.objects.bulk_create(
        Interaction(
            customer=customer, channel="call", at=now - timedelta(hours=n), body=f"第 {n} 次", **stamps
        )
        for n in range(5000)
    )
    client = browser(people["boss"])
    client.get(url_of(customer, tail=tail))
    cache.clear()
    with django_assert_max_num_queries(COUNTS[tail]):
        assert client.get(url_of(customer, tail=tail)).status_code == 200


def test_the_timeline_of_the_page_leaves_out_only_what_is_not_there(people: dict[str, Person]) -> None:
    """Sources whose related list is empty are not asked; all others are, for each person by what he sees."""
    customer = customer_of(people["boss"])
    page = browser(people["boss"]).get(url_of(customer)).content.decode()
    assert "下单" not in page
    order = make("order", customer=customer.pk)
    touch = make("interaction", customer=customer.pk)
    page = browser(people["boss"]).get(url_of(customer)).content.decode()
    assert f"/o/order/{order.pk}" in page
    assert f"/o/interaction/{touch.pk}" in page


def test_deleted_records_say_so_and_come_back(people: dict[str, Person]) -> None:
    customer = customer_of(people["alice"])
    alice = browser(people["alice"])
    asked = alice.get(url_of(customer, tail="/delete")).content.decode()
    assert "张伟" in asked
    assert alice.post(url_of(customer, tail="/delete")).status_code == 302
    gone = alice.get(url_of(customer))
    assert "回收站" in gone.content.decode()
    assert browser(people["charlie"]).get(url_of(customer)).status_code == 404
    assert browser(people["bob"]).post(url_of(customer, tail="/restore")).status_code == 404
    assert alice.post(url_of(customer, tail="/restore")).status_code == 302
    assert "张伟" in alice.get(url_of(customer)).content.decode()


def test_actions_run_from_the_page(people: dict[str, Person]) -> None:
    customer = customer_of(people["alice"])
    alice = browser(people["alice"])
    alice.post(f"/customers/{customer.pk}/log?mode=task", {"title": "寄样品"}, headers=FRAGMENT)
    task = Task.objects.get()
    page = alice.get(url_of(task, "task")).content.decode()
    assert f"/o/task/{task.pk}/act/done" in page
    assert "张伟" in alice.get(url_of(task, "task", "/panel/about")).content.decode()
    assert browser(people["charlie"]).post(url_of(task, "task", "/act/done")).status_code == 404
    assert alice.post(url_of(task, "task", "/act/nonsense")).status_code == 422
    assert alice.post(url_of(task, "task", "/act/done")).status_code == 302
    task.refresh_from_db()
    assert task.state == "done"
    assert alice.post(url_of(task, "task", "/act/done")).status_code == 409


def test_what_is_not_allowed_says_why(people: dict[str, Person]) -> None:
    customer = customer_of(people["alice"])
    page = browser(people["bob"]).get(url_of(customer)).content.decode()
    assert "您只能查看这条记录" in page
    assert "data-edit-url" not in page
    assert f'href="{url_of(customer, tail="/edit")}"' not in page
    assert browser(people["bob"]).get(url_of(customer, tail="/edit")).status_code == 403
    assert browser(people["bob"]).post(url_of(customer, tail="/delete")).status_code == 403


def test_of_many_own_objects_that_point_here_the_last_stand_in_one_list(people: dict[str, Person]) -> None:
    for number in range(related.TABS + 2):
        own = objects.create_object({"label": f"对象{number}"}, by=SYSTEM, key=f"own_{number}")
        link = {"label": "商品", "ref": "product"}
        fields.create_field(own.key, "reference", link, by=SYSTEM, key="of")
    product = make("product")
    last = f"own_{related.TABS + 1}"
    records.create(last, {"name": "指到这里", "of": product.pk}, by=SYSTEM)
    boss, url = browser(people["boss"]), url_of(product, "product")
    page = boss.get(url).content.decode()
    assert f"tab=related-{last}" not in page
    assert "tab=other-lists" in page
    others = boss.get(f"{url}/related/other-lists").content.decode()
    assert f'href="{url}?tab=related-{last}"' in others
    assert '<span class="num muted">1</span>' in others
    chosen = boss.get(f"{url}?tab=related-{last}").content.decode()
    assert f'{url}/related/{last}"' in chosen
    assert "指到这里" in boss.get(f"{url}/related/{last}").content.decode()
    assert f"对象{related.TABS + 1}" in boss.get(f"{url}/delete").content.decode(), (
        "deleting tells all of them"
    )


def test_the_page_of_all_objects_asks_as_much_for_sixty_as_for_ten(
    people: dict[str, Person], django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        objects.create_object({"label": f"对象{number}"}, by=SYSTEM, key=f"own_{number}")
    boss = browser(people["boss"])
    boss.get("/settings/objects/")
    with django_assert_max_num_queries(7):
        first = boss.get("/settings/objects/").content.decode()
    tiles = first.count('class="objtile"')
    assert tiles == 36, "and it draws no more of them than without own ones"
    assert "对象19" in first
    assert "/settings/objects/customer/" not in boss.get("/settings/objects/?kind=own").content.decode()
    second = boss.get("/settings/objects/?page=2").content.decode()
    assert second.count('class="objtile"') > 12
    found = boss.get("/settings/objects/?q=对象1").content.decode()
    assert found.count('class="objtile"') == 11
    assert "没有找到“&lt;b&gt;”" in boss.get("/settings/objects/", {"q": "<b>"}).content.decode()


def test_many_own_fields_are_folded_found_by_a_word_and_ordered_without_losing_the_rest(
    people: dict[str, Person],
) -> None:
    for number in range(60):
        define_field("product", f"own_{number}", f"自有{number:02}", "text")
    boss, page = browser(people["boss"]), "/settings/objects/product/"
    short = boss.get(page).content.decode()
    assert 'data-key="own_49"' in short
    assert 'data-key="own_50"' not in short
    assert "显示其余 10 个字段" in short
    assert 'data-key="own_59"' in boss.get(page, {"all": "1"}).content.decode()
    found = boss.get(page, {"q": "自有57"}).content.decode()
    assert 'data-key="own_57"' in found
    assert 'data-key="own_1"' not in found
    assert "data-move" not in found, "the order of a few found ones says nothing of the others"
    assert "没有找到“&lt;b&gt;”" in boss.get(page, {"q": "<b>"}).content.decode()
    shown = [f"own_{number}" for number in range(50)]
    boss.post(f"{page}order", {"key": [*shown[1:], shown[0]]})
    assert [row.key for row in fields.own_fields("product")][48:51] == ["own_49", "own_0", "own_50"]


def test_a_job_that_only_counted_says_how_many(people: dict[str, Person]) -> None:
    boss = people["boss"]
    job = jobs.enqueue("kemai.platform.define.jobs.convert", {"field": 0}, user=boss.user.pk, title="转换")
    Job.objects.filter(pk=job.pk).update(state="done", result=6)
    assert "已处理 6 条" in browser(boss).get(f"/jobs/{job.pk}").content.decode()


def test_a_formula_whose_field_is_gone_is_told_in_the_list_of_fields(people: dict[str, Person]) -> None:
    boss, page = browser(people["boss"]), "/settings/objects/product/"
    source = define_field("product", "source", "来源", "text")
    define_field("product", "long", "来源长度", "formula", {"formula": "LEN({source})", "kind": "number"})
    assert "定义有误" not in boss.get(page).content.decode()
    fields.remove_field("product", source.key, by=SYSTEM)
    assert "定义有误" in boss.get(page).content.decode()
