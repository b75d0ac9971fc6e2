"""From the products of a deal to the money for them, in a browser: quote, approval, the customer's page, contract,
plan, receipt, invoice."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browsing import create, go, toast
from tests.e2e.conftest import Entrance


def act(page: Page, name: str) -> Locator:
    """Press an action of the record's header; the dialogue it opens."""
    page.locator("#rec-head .acts").get_by_text(name, exact=True).first.click()
    return page.locator("dialog:modal")


@pytest.mark.row(54)
@pytest.mark.row(57)
def test_from_the_lines_of_a_deal_to_the_receipt(enter: Entrance) -> None:
    page = enter()
    customer = create(page, "customer", name="苏州远帆机械有限公司", kind="company", phone="13900092001")
    create(page, "product", name="离心泵 LX-80", price="1234.50", unit="台")
    deal = create(page, "deal", name="远帆 8 台水泵", customer=str(customer))
    go(page, f"/o/deal/{deal}")
    page.locator("#lines").get_by_role("button", name="添加产品").click()
    lines = page.locator("form#lines")
    first = lines.locator(".line-row .combo input").first
    first.fill("离心泵")
    lines.get_by_role("option", name="离心泵 LX-80").first.click()
    expect(lines.locator("[name=price]").first).to_have_value("1234.50")
    lines.locator(".line-row [name=quantity]").first.fill("8")
    lines.locator(".line-row [name=discount]").first.fill("12.5")
    lines.locator(".line-row [name=discount]").first.press("Enter")
    box = lines.locator(".line-row").nth(1).locator(".combo input")
    expect(box).to_be_focused()
    box.fill("上门安装")
    expect(lines.get_by_role("option", name=re.compile("上门安装"))).to_be_visible()
    box.press("Enter")
    lines.locator(".line-row [name=price]").nth(1).fill("300.005")
    expect(lines.locator(".line-row .line-amount").nth(1)).to_contain_text("—")
    lines.locator(".line-row [name=price]").nth(1).fill("300")
    expect(lines.locator("[data-sum=amount]")).to_have_text("¥ 8,941.50")
    lines.locator(".line-row [name=price]").nth(1).press("Control+Enter")
    toast(page, "已保存明细")
    expect(page.locator("#lines-total")).to_have_text("¥ 8,941.50")
    expect(page.locator("#fact-amount")).to_contain_text("8,941.50")

    quote = create(page, "quote", customer=str(customer), deal=str(deal))
    go(page, f"/o/quote/{quote}")
    expect(page.locator("#lines-total")).to_have_text("¥ 8,941.50")
    act(page, "发给客户")
    toast(page, "12.5%")
    dialog = act(page, "提交审批")
    expect(dialog).to_contain_text("超过允许的 10%")
    dialog.get_by_label("为什么给这个价格").fill("首单让利")
    dialog.get_by_role("button", name="提交审批").click()
    expect(page.locator("#side-document")).to_contain_text("首单让利")
    dialog = act(page, "审批")
    dialog.get_by_role("button", name="同意").click()
    toast(page, "可以发给客户了")
    act(page, "发给客户")
    toast(page, "已定稿发出")
    link = page.locator("#side-document").get_by_role("link", name="客户页面").get_attribute("href")
    assert link

    customers = enter(None, link, width=390, height=844)
    expect(customers.locator("h1")).to_have_text("报价单")
    expect(customers.locator(".offer")).to_contain_text("8,941.50")
    customers.get_by_label("您的姓名").fill("周经理")
    customers.get_by_role("button", name="接受报价").click()
    expect(customers.locator(".offer")).to_contain_text("周经理 已于")

    go(page, f"/o/quote/{quote}")
    expect(page.locator("#rec-head .pill", has_text="已接受").first).to_be_visible()
    go(page, f"/o/customer/{customer}?tab=related-contract")
    page.locator("#related").get_by_role("link", name="远帆 8 台水泵").click()
    expect(page.locator("#lines-total")).to_have_text("¥ 8,941.50")
    act(page, "提交审批").get_by_role("button", name="提交审批").click()
    toast(page, "已提交审批")
    act(page, "审批").get_by_role("button", name="同意").click()
    toast(page, "合同生效")
    act(page, "排回款计划").get_by_role("button", name="排计划").click()
    toast(page, "已排 3 期回款计划")
    dialog = act(page, "登记回款")
    dialog.get_by_label("金额").fill("8941.51")
    dialog.get_by_role("button", name="登记回款").click()
    expect(dialog).to_contain_text("超过还没有回款的 8,941.50")
    dialog.get_by_label("金额").fill("3000")
    dialog.get_by_role("button", name="登记回款").click()
    expect(page.locator("#contract-open")).to_have_text(re.compile(r"5,941\.50"))
    dialog = act(page, "申请开票")
    dialog.get_by_label("新抬头的税号").fill("91320500MA1XXXXX0P")
    dialog.get_by_label("金额").fill("3000")
    dialog.get_by_role("button", name="申请开票").click()
    toast(page, "已申请开票")
    go(page, f"/o/customer/{customer}")
    for words in ("接受了报价", "合同生效", "回款 R"):
        expect(page.locator("#timeline")).to_contain_text(words)
    go(page, f"/o/deal/{deal}")
    expect(page.locator("#deal-way")).to_be_visible()
