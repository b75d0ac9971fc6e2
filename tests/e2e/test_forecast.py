"""A deal goes over the board into the forecast, where a manager says otherwise; a visit is checked in on the phone."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.e2e.browsing import create, go, settled, toast
from tests.e2e.conftest import Entrance


@pytest.mark.row(51, 62)
def test_a_card_is_dragged_through_its_gate_and_counts_in_the_forecast(enter: Entrance) -> None:
    page = enter()
    customer = create(page, "customer", name="看板预测客户", phone="13900092001")
    this = timezone.localdate()
    create(
        page,
        "deal",
        name="看板预测商机",
        customer=str(customer),
        amount="9876543",
        expected_on=this.isoformat(),
    )
    go(page, "/o/deal/?view=board&q=看板预测")
    board = page.locator(".board")
    expect(board.locator("[data-column=renewal_due]")).to_have_count(0)
    card = board.locator(".kcard", has_text="看板预测商机")
    into = board.locator("[data-column=needs] [data-list]")
    card.drag_to(into)
    toast(page, "已移到“需求确认”")
    expect(into.locator(".kcard")).to_have_count(1)
    expect(board.locator("[data-column=needs] [data-also]")).to_contain_text("197.5万")
    settled(page)
    board.locator(".kcard", has_text="看板预测商机").press("Alt+ArrowRight")
    gate = page.locator("dialog:modal")
    expect(gate).to_contain_text("需求已和客户确认")
    page.keyboard.press("Escape")
    expect(gate).to_have_count(0)
    expect(into.locator(".kcard")).to_have_count(1)
    go(page, "/sales/forecast")
    page.locator("select[name=person]").select_option(label="林知远")
    cell = page.get_by_role("button", name=re.compile(rf"调整 {this:%Y-%m} 管道"))
    cell.click()
    dialog = page.locator("dialog:modal")
    dialog.get_by_label("您的判断").fill("50万")
    dialog.get_by_role("button", name="保存调整").click()
    expect(dialog.get_by_text("请说明为什么调整")).to_be_visible()
    dialog.get_by_label("理由").fill("客户要先看样品")
    dialog.get_by_role("button", name="保存调整").click()
    toast(page, "预测已调整")
    expect(page.locator(".fc-cell .said").filter(has_text="50万")).to_be_visible()
    go(page, "/sales/analysis?period=month")
    expect(page.get_by_role("heading", name="业绩排名")).to_be_visible()


@pytest.mark.row(64)
def test_a_visit_is_checked_in_and_reported_on_the_phone(enter: Entrance) -> None:
    page = enter()
    page.set_viewport_size({"width": 390, "height": 844})
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation({"latitude": 30.2741, "longitude": 120.1551, "accuracy": 18})
    customer = create(page, "customer", name="外勤测试客户", phone="13900092002")
    at = timezone.localtime() + timedelta(minutes=5)
    visit = create(
        page, "visit", purpose="外勤看样", customer=str(customer), starts_at=at.strftime("%Y-%m-%dT%H:%M")
    )
    go(page, f"/sales/visits/{visit}")
    page.get_by_role("button", name="定位").click()
    expect(page.locator("[data-status]")).to_contain_text("精度约 18 米")
    page.get_by_label("地点").fill("客户公司前台")
    page.get_by_role("button", name="签到").click()
    toast(page, "已签到")
    expect(page.locator("#visit")).to_contain_text("30.27410, 120.15510，精度约 18 米")
    page.set_input_files("input[type=file]", {"name": "门头.png", "mimeType": "image/png", "buffer": PIXEL})
    toast(page, "照片已上传")
    expect(page.locator("#visit")).to_contain_text("门头.png")
    page.get_by_label("拜访小结").fill("样品满意，下周谈价")
    page.get_by_role("button", name="提交小结").click()
    toast(page, "小结已提交")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    go(page, f"/o/customer/{customer}")
    expect(page.locator("#timeline")).to_contain_text("样品满意，下周谈价")


PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cfc000000301010018dd8db0"
    "0000000049454e44ae426082"
)
