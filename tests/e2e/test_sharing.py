"""Members of a record, rules that share, and why somebody sees or does not see: on screen, in both directions."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import agree, create, csrf, go, pick, rows, toast
from tests.e2e.conftest import Entrance, company_apart

company = company_apart()


def own_customer(page: Page, **values: str) -> tuple[int, str]:
    name = values.pop("name", "共享试验商贸")
    return create(page, "customer", name=name, **values), name


def open_more(page: Page, label: str) -> None:
    page.locator("#rec-head").get_by_role("button", name="更多").click()
    page.get_by_role("menuitem", name=label).or_(page.locator(".menu-item", has_text=label)).first.click()


@pytest.mark.row(126)
def test_a_member_is_added_sees_and_is_removed(enter: Entrance) -> None:
    alice, charlie = enter("alice"), enter("charlie")
    key, name = own_customer(alice)
    assert charlie.request.get(f"/o/customer/{key}").status == 404
    go(alice, f"/o/customer/{key}")
    open_more(alice, "成员与共享")
    dialog = alice.locator("dialog:modal")
    expect(dialog.locator("[data-island=combo][data-ready]").first).to_be_attached()
    pick(dialog, "添加员工或部门", "何俊杰")
    dialog.get_by_role("button", name="添加成员").click()
    expect(dialog.locator("#members li", has_text="何俊杰")).to_be_visible()
    go(charlie, f"/o/customer/{key}")
    expect(charlie.locator("h1")).to_contain_text(name)
    expect(charlie.get_by_role("link", name="编辑", exact=True)).to_have_count(0)
    head = {"X-CSRFToken": csrf(charlie), "Referer": charlie.url}
    refused = charlie.request.post(
        f"/o/customer/{key}/members", form={"who": "user:1", "level": "read"}, headers=head
    )
    assert refused.status == 403
    assert charlie.request.get(f"/o/customer/{key}/print").status == 403
    go(alice, f"/o/customer/{key}?tab=members")
    alice.locator("#members li", has_text="何俊杰").get_by_role("button").click()
    agree(alice)
    expect(alice.locator("#members li", has_text="何俊杰")).to_have_count(0)
    assert charlie.request.get(f"/o/customer/{key}").status == 404


@pytest.mark.row(134)
def test_a_rule_shares_by_what_records_are(enter: Entrance) -> None:
    demo, alice, charlie = enter("demo"), enter("alice"), enter("charlie")
    key, _name = own_customer(alice, name="共享规则试验", industry="共享规则行业")
    go(demo, "/settings/sharing/new/?type=customer")
    demo.get_by_label("名称").fill("规则：试验行业给何俊杰")
    where = {"field": "industry", "op": "eq", "value": "共享规则行业"}
    demo.locator("input[name=where]").evaluate("(input, value) => { input.value = value }", json.dumps(where))
    pick(demo, "员工、部门或角色", "何俊杰")
    demo.get_by_role("button", name="保存").click()
    expect(demo.get_by_role("link", name="规则：试验行业给何俊杰")).to_be_visible()
    assert charlie.request.get(f"/o/customer/{key}").status == 200
    go(charlie, f"/o/customer/{key}/access")
    expect(charlie.locator(".seers")).to_contain_text("共享规则“规则：试验行业给何俊杰”")
    demo.get_by_role("link", name="规则：试验行业给何俊杰").click()
    demo.get_by_role("button", name="删除规则").click()
    agree(demo)
    toast(demo, "已删除")
    assert charlie.request.get(f"/o/customer/{key}").status == 404


@pytest.mark.row(137)
def test_why_somebody_does_not_see(enter: Entrance) -> None:
    demo, alice = enter("demo"), enter("alice")
    key, _name = own_customer(alice, name="为什么看不到")
    go(demo, "/settings/access/")
    pick(demo, "员工", "何俊杰")
    demo.get_by_label("对象").select_option("customer")
    demo.get_by_label("记录编号").fill(str(key))
    demo.get_by_role("button", name="查询").click()
    expect(demo.locator("main")).to_contain_text("看不到")
    expect(demo.locator("main")).to_contain_text("角色“销售”对所有对象“查看”的范围是“仅本人”")
    expect(demo.locator("main")).to_contain_text("负责人是 苏晓琳")
    go(alice, f"/o/customer/{key}")
    open_more(alice, "谁能看到")
    seers = alice.locator("dialog:modal .seers")
    expect(seers).to_contain_text("苏晓琳")
    expect(seers).to_contain_text("顾辰")
    expect(seers).not_to_contain_text("何俊杰")


@pytest.mark.row(136)
@pytest.mark.row(139)
def test_masks_hold_on_screen_and_in_exports(enter: Entrance) -> None:
    alice, service, demo = enter("alice"), enter("kefu1"), enter("demo")
    key, name = own_customer(alice, name="脱敏试验客户", phone="13711112222")
    go(service, f"/o/customer/{key}")
    expect(service.locator("#rec-facts")).to_contain_text("137****2222")
    for path in (
        f"/o/customer/?q={name}",
        f"/o/customer/{key}/edit",
        f"/o/customer/{key}/history",
        f"/o/customer/{key}/peek",
    ):
        assert "13711112222" not in service.request.get(path).text().replace(" ", "")
    assert service.request.get("/o/customer/export").status == 403
    go(demo, f"/o/customer/?q={name}")
    expect(rows(demo)).to_have_count(1)
    demo.get_by_role("button", name="导出").first.click()
    dialog = demo.locator("dialog:modal")
    expect(dialog.get_by_label("完整导出电话、邮箱等个人信息")).not_to_be_checked()


@pytest.mark.row(135)
def test_a_field_hidden_from_a_role_is_gone(enter: Entrance) -> None:
    demo, service = enter("demo"), enter("kefu2")
    go(demo, "/settings/roles/")
    demo.get_by_role("link", name="客服").first.click()
    demo.locator("tr", has=demo.get_by_role("rowheader", name="客户", exact=True)).get_by_role(
        "link", name="设置"
    ).click()
    demo.locator("#level-industry").select_option("hidden")
    demo.get_by_role("button", name="保存").click()
    toast(demo, "已保存")
    try:
        first = service.request.get("/api/v1/customer?size=1").json()["rows"][0]
        assert "industry" not in first
        assert (
            service.request.get('/api/v1/customer?where={"field":"industry","op":"not_empty"}').status == 422
        )
    finally:
        demo.locator("#level-industry").select_option("")
        demo.get_by_role("button", name="保存").click()
        toast(demo, "已保存")
