"""Without code, further: layouts for a role, formulas in the editor, a field that a state locks."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.browsing import agree, create, go, listening, toast
from tests.e2e.conftest import Entrance, company_apart

company = company_apart()


@pytest.mark.row(119)
def test_a_role_gets_its_own_layout_and_the_others_keep_theirs(enter: Entrance) -> None:
    admin = enter("demo", "/settings/objects/contact/layouts/", height=1800)
    admin.locator("#roles li").filter(has_text="销售").filter(has_not_text="经理").get_by_role(
        "link", name="列表"
    ).click()
    expect(admin.get_by_text("“销售”还没有单独的布局")).to_be_visible()
    listening(admin)
    admin.locator("[data-sections] [data-piece]").filter(has_text="电话").get_by_role(
        "button", name="不显示"
    ).click()
    admin.get_by_role("button", name="预览").click()
    expect(admin.get_by_text("字段按“销售”的权限显示")).to_be_visible()
    expect(admin.get_by_role("columnheader", name="电话")).to_have_count(0)
    listening(admin)
    admin.get_by_role("button", name="发布").click()
    toast(admin, "“销售”现在看到新的布局")
    seller = enter("alice", "/o/contact/")
    expect(seller.get_by_role("columnheader", name="姓名")).to_be_visible()
    expect(seller.get_by_role("columnheader", name="电话")).to_have_count(0)
    text = admin.request.get("/settings/configuration/file").text()
    assert "list@sales" in text
    admin.get_by_role("button", name="不再单独布局").click()
    agree(admin)
    toast(admin, "已退回")
    go(seller, "/o/contact/")
    expect(seller.get_by_role("columnheader", name="电话")).to_be_visible()


@pytest.mark.row(117)
def test_a_formula_is_written_with_help_and_a_state_locks_a_field(enter: Entrance) -> None:
    page = enter("demo", "/settings/objects/product/fields/new/formula", height=1400)
    listening(page)
    page.fill("#f-label", "提示价")
    area = page.locator("#f-formula")
    area.press_sequentially("四舍")
    menu = page.get_by_role("listbox")
    expect(menu.get_by_text("四舍五入到指定的小数位数")).to_be_visible()
    area.press("Enter")
    area.press_sequentially("[标")
    expect(menu.get_by_role("option")).to_have_count(1)
    area.press("Tab")
    area.press("End")
    area.press_sequentially(" + [没有这个")
    expect(page.locator(".fx-back mark")).to_contain_text("[没有这个")
    for _letter in " + [没有这个":
        area.press("Backspace")
    expect(page.get_by_text("结果是数字")).to_be_visible()
    expect(page.locator(".fx-says strong")).to_contain_text("记录“")
    expect(page.locator(".fx-back mark")).to_have_count(0)
    page.locator("#f-result").select_option("money")
    page.get_by_role("button", name="保存", exact=True).click()
    toast(page, "已添加字段“提示价”")

    # the address of important customers may only be read by sellers
    seller = enter("alice")
    key = create(seller, "customer", name="锁定测试有限公司", important="1", address="原来的地址")
    go(page, "/settings/objects/customer/fields/address/")
    page.get_by_text("满足条件时只读").click()
    page.locator("input[name=locked_where]").evaluate(
        "(node) => { node.value = JSON.stringify({field: 'important', op: 'eq', value: true}); }"
    )
    page.get_by_label("销售", exact=True).last.check()
    page.get_by_role("button", name="保存权限").click()
    toast(page, "权限已保存")
    go(seller, f"/o/customer/{key}/edit")
    expect(seller.locator("[name=name]")).to_be_visible()
    expect(seller.locator("[name=address]")).not_to_be_editable()
