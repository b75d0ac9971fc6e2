"""What names a field that was taken away shows as broken, says which it was, and refuses to run until it is back."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import translation

from kemai.customers.models import Segment
from kemai.customers.services import segments
from kemai.platform import access, query, records
from kemai.platform.access import SYSTEM
from kemai.platform.define import fields, objects
from kemai.platform.objects import get
from kemai.platform.query.formula import plan_of
from kemai.platform.records import Refused, saved_views
from kemai.platform.reports import Definition, resolve
from kemai.platform.ui.lists import views_of_lists
from tests.factory import make
from tests.people import Person, browser

pytestmark = [pytest.mark.django_db, pytest.mark.row(116)]
WHERE = {"field": "budget", "op": "gte", "value": 100}


@pytest.fixture
def boss(people: dict[str, Person]) -> Client:
    fields.create_field("customer", "number", {"label": "预算"}, by=SYSTEM, key="budget")
    return browser(people["boss"])


def test_a_saved_view(boss: Client, people: dict[str, Person]) -> None:
    view = saved_views.save_view(people["boss"].actor, "customer", "大预算", "mine", {"where": WHERE})
    views_of_lists.forget()
    address = f"/o/customer/?view=v{view.pk}"
    assert boss.get(address).status_code == 200
    fields.remove_field("customer", "budget", by=SYSTEM)
    shown = boss.get(address)
    page = shown.content.decode()
    assert shown.status_code == 422
    assert "视图“大预算”已失效：字段“预算”已被删除" in page
    assert "改名或删除这个视图" in page
    assert "打开全部客户" in page
    typed = boss.get(f"/o/customer/?where={quote(json.dumps(WHERE))}")
    assert typed.status_code == 422
    assert "字段“预算”已被删除" in typed.content.decode()
    fields.restore_field("customer", "budget", by=SYSTEM)
    assert boss.get(address).status_code == 200


def test_a_segment(boss: Client) -> None:
    held = records.create("customer", {"name": "甲", "budget": "200"}, by=SYSTEM)
    segment = records.create("segment", {"name": "大预算"}, by=SYSTEM)
    Segment.objects.filter(pk=segment.pk).update(where=WHERE)
    segments.refresh_all()
    fields.remove_field("customer", "budget", by=SYSTEM)
    page = boss.get(f"/o/segment/{segment.pk}").content.decode()
    assert "这个分群已失效" in page
    assert "字段“预算”已被删除" in page
    segments.refresh_all()
    members = Segment.objects.get(pk=segment.pk).members.values_list("customer", flat=True)
    assert list(members) == [held.pk], "nobody is thrown out by a rule that cannot be asked"


def test_a_formula_says_why_in_the_readers_language_and_with_names(boss: Client) -> None:
    fields.create_field(
        "customer",
        "formula",
        {"label": "一半", "kind": "number", "formula": "[预算] / 2"},
        by=SYSTEM,
        key="half",
    )
    assert "= [预算] / 2" in boss.get("/settings/objects/customer/").content.decode()
    fields.remove_field("customer", "budget", by=SYSTEM)
    page = boss.get("/settings/objects/customer/").content.decode()
    assert "字段“budget”已经不在了" in page
    with translation.override("en"):
        said = str(plan_of(get("customer")).broken["half"])
    assert said.startswith("The field “budget” is gone")


def test_a_name_that_never_was(boss: Client) -> None:
    with pytest.raises(query.QueryError, match="没有可用于筛选的字段“nonsense”"):
        access.condition(SYSTEM, get("customer"), {"field": "nonsense", "op": "empty"})


@pytest.mark.row(12)
def test_a_record_with_itself_is_refused_in_words(boss: Client) -> None:
    one = make("customer")
    for answer in (
        boss.get(f"/o/customer/merge?ids={one.pk},{one.pk}"),
        boss.post("/o/customer/merge", {"ids": f"{one.pk},{one.pk}", "keep": one.pk}),
    ):
        assert "不能把一条记录和它自己合并" in answer.content.decode()


def test_an_object_that_records_of_others_are_counted_by(boss: Client) -> None:
    objects.create_object({"label": "车间"}, by=SYSTEM, key="hall")
    objects.create_object({"label": "机台"}, by=SYSTEM, key="bench_tool")
    for key, ref in (("customer", "customer"), ("hall", "hall")):
        fields.create_field("bench_tool", "reference", {"label": key, "ref": ref}, by=SYSTEM, key=key)
    counted = {"object": "bench_tool", "field": "customer", "agg": "count"}
    told = {
        "label": "机台数量",
        "result": "number",
        "object": "bench_tool",
        "via": "customer",
        "agg": "count",
    }
    fields.create_field("customer", "rollup", {**told, "rollup": counted}, by=SYSTEM, key="tools")
    owner = make("customer")
    records.create("bench_tool", {"name": "一号", "customer": owner.pk}, by=SYSTEM)
    segment = records.create("segment", {"name": "有机台"}, by=SYSTEM)
    Segment.objects.filter(pk=segment.pk).update(
        where={"related": "bench_tool.customer", "op": "gte", "value": 1}
    )
    asked = boss.get("/settings/objects/bench_tool/delete").content.decode()
    assert "机台数量" in asked, "what will stop working is told before"
    assert "有机台" in asked
    with pytest.raises(Refused):
        objects.remove_object("hall", by=SYSTEM)
    assert boss.post("/settings/objects/bench_tool/delete").status_code == 302
    for address in (f"/o/customer/{owner.pk}", f"/o/customer/{owner.pk}/edit", f"/o/segment/{segment.pk}"):
        assert boss.get(address).status_code == 200, address
    fact = boss.get(f"/o/customer/{owner.pk}").content.decode().partition('id="fact-tools"')[2][:400]
    assert "定义有误" in fact, "the last figure is of then"
    assert "1" not in fact.partition("定义有误")[2].partition("</dd>")[0]
    refused_everywhere(boss, owner.pk)
    objects.remove_object("hall", by=SYSTEM)
    objects.restore_object("hall", by=SYSTEM)
    objects.restore_object("bench_tool", by=SYSTEM)
    fact = boss.get(f"/o/customer/{owner.pk}").content.decode().partition('id="fact-tools"')[2][:400]
    assert "定义有误" not in fact
    assert records.row_of(get("customer"), owner.pk, by=SYSTEM)["tools"] == 1
    assert access.condition(SYSTEM, get("customer"), COUNTED)


COUNTED = {"field": "tools", "op": "gte", "value": 0}


def refused_everywhere(boss: Client, owner: int) -> None:
    """A figure that nobody works out any more: no list, export or report gives it, and nothing is asked by it."""
    customer, why = get("customer"), "字段“机台数量”的定义有误：请选择要汇总的对象；原来的对象可能已经删除"
    assert customer.records().get(pk=owner).extra["tools"] == 1, "it is kept, for when the object comes back"
    assert records.row_of(customer, owner, by=SYSTEM)["tools"] is None
    many = list(customer.fields.values())
    assert [row["tools"] for row in query.fetch(customer.records(), customer, many)] == [None]
    assert boss.get("/settings/objects/customer/fields/tools/").status_code == 200
    shown = boss.get("/o/customer/?columns=name,tools").content.decode()
    assert "定义有误" in shown
    for asked in (f"where={quote(json.dumps(COUNTED))}", "sort=-tools", "display=chart&by=tools"):
        page = boss.get(f"/o/customer/?columns=name,tools&{asked}")
        assert (page.status_code, why in page.content.decode()) == (422, True), asked
    for told in ({"rows": [["tools", ""]], "measures": [["count", ""]]}, {"measures": [["sum", "tools"]]}):
        with pytest.raises(query.QueryError, match=why):
            resolve(SYSTEM, Definition.of("customer", told))
