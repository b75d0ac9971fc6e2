"""From a lead to a won deal, in a browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.browsing import create, go, toast
from tests.e2e.conftest import Entrance


@pytest.mark.row(36)
def test_a_lead_becomes_a_customer_with_a_deal(enter: Entrance) -> None:
    page = enter()
    lead = create(
        page, "lead", name="钱经理", company="苏州远景机械有限公司", phone="13900091001", source="exhibition"
    )
    go(page, f"/o/lead/{lead}")
    page.fill("#composer-body", "想看 30 台的报价")
    page.locator("#composer").get_by_role("button", name="已接通").click()
    toast(page, "已记录跟进")
    expect(page.locator("#side-score")).to_contain_text("电话接通")
    page.locator("#rec-head").get_by_role("link", name="转为客户").click()
    dialog = page.locator("dialog:modal")
    dialog.get_by_label("商机名称").fill("远景 30 台")
    dialog.get_by_label("金额").fill("300000")
    dialog.get_by_role("button", name="转为客户").click()
    expect(page).to_have_url(re.compile(r"/o/customer/\d+$"))
    expect(page.locator("h1")).to_contain_text("苏州远景机械有限公司")
    expect(page.locator("#timeline")).to_contain_text("30 台的报价")


@pytest.mark.row(49)
def test_a_deal_passes_its_gates_and_is_won(enter: Entrance) -> None:
    page = enter()
    customer = create(page, "customer", name="闸口测试客户", phone="13900091002")
    deal = create(
        page, "deal", name="闸口测试商机", customer=str(customer), amount="50000", expected_on="2027-01-31"
    )
    go(page, f"/o/deal/{deal}")
    way = page.locator("#deal-way")
    way.get_by_role("button", name=re.compile("需求确认")).click()
    expect(way.locator("[aria-current=step]")).to_contain_text("需求确认")
    way.get_by_role("checkbox", name="知道谁做决定").click()
    expect(way.get_by_role("checkbox", name="知道谁做决定")).to_have_attribute("aria-checked", "true")
    way.get_by_role("button", name=re.compile("方案报价")).click()
    asked = page.locator("dialog:modal")  # the stage asks for what is missing, and for nothing else
    expect(asked.locator("input[type=checkbox]")).to_have_count(1)
    asked.get_by_role("button", name="进入“方案报价”").click()
    expect(asked).to_contain_text("清单：需求已和客户确认")
    asked.get_by_label("需求已和客户确认").check()
    asked.get_by_role("button", name="进入“方案报价”").click()
    toast(page, "已进入“方案报价”")
    expect(way.locator("[aria-current=step]")).to_contain_text("方案报价")
    page.locator("#rec-head").get_by_text("赢单", exact=True).last.click()
    asked.get_by_label("价格和付款方式已谈妥").check()  # the list of the stage that is passed over
    asked.get_by_role("button", name="确认赢单").click()
    toast(page, "恭喜赢单")
    expect(page.locator("#rec-head .pill", has_text="赢单").first).to_be_visible()
    # a board has columns where something is still open: the deal just won is on it no more
    create(page, "deal", name="看板测试商机", customer=str(customer), amount="80000")
    go(page, "/o/deal/?view=board")
    board = page.locator(".board")
    expect(board.locator(".kcard", has_text="看板测试商机").first).to_be_visible()
    expect(board.locator(".kcard", has_text="闸口测试商机")).to_have_count(0)
