"""Personal data and data health, as an officer and a seller meet them."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import expect

from tests.e2e.browsing import agree, create, go, toast
from tests.e2e.conftest import Entrance


@pytest.mark.row(141)
def test_a_person_is_erased_on_request(enter: Entrance) -> None:
    page = enter()
    phone = f"139{time.time_ns() // 1000 % 10**8:08d}"  # nobody who was erased before comes back
    person = create(page, "customer", name="要求删除的人", phone=phone, email=f"{phone}@example.com")
    # what they asked to see before: the package is at hand, and goes with them
    asked = create(page, "privacy_request", customer=str(person), kind="access")
    go(page, f"/o/privacy_request/{asked}")
    page.fill("#desk-identity", "回拨登记电话，报出最近一笔订单")
    page.get_by_role("button", name="身份已核验").click()
    page.get_by_role("button", name="生成资料包并办结").click()
    package = page.get_by_role("link", name="下载资料包").get_attribute("href") or ""
    assert page.request.get(package).body().startswith(b"PK")
    request = create(page, "privacy_request", customer=str(person), kind="erase")
    go(page, "/privacy")
    page.get_by_role("link", name="要求删除的人").last.click()
    expect(page).to_have_url(re.compile(f"/o/privacy_request/{request}$"))
    page.fill("#desk-identity", "回拨登记电话，报出最近一笔订单")
    page.get_by_role("button", name="身份已核验").click()
    expect(page.locator("#privacy-desk")).to_contain_text("不能撤销")
    page.get_by_role("button", name="删除个人信息").click()
    agree(page)
    expect(page.locator("#privacy-desk")).to_contain_text("已经办结")
    assert page.request.get(package).status == 404
    go(page, f"/o/customer/{person}")
    expect(page.locator("h1")).to_contain_text("已删除的客户")
    expect(page.locator("main")).not_to_contain_text(f"{phone}@example.com")
    again = page.request.post(
        "/api/v1/customer", data={"name": "又来了", "phone": phone},
        headers={"X-CSRFToken": "", "Referer": page.url},
    )  # fmt: skip
    assert again.status in {401, 403, 422}


@pytest.mark.row(141)
def test_consent_is_withdrawn_in_one_click(enter: Entrance) -> None:
    page = enter()
    person = create(page, "customer", name="不想被打扰的人", phone="13900090010")
    go(page, f"/o/customer/{person}")
    side = page.locator("#side-care")
    side.get_by_role("button", name="记录同意").first.click()
    expect(side).to_contain_text("已同意")
    side.get_by_role("button", name="客户要求不再打扰").click()
    toast(page, "已经停下")
    expect(side.get_by_text("已撤回", exact=True)).to_have_count(3)


@pytest.mark.row(19)
def test_a_record_is_confirmed_and_counted(enter: Entrance) -> None:
    page = enter()
    person = create(page, "customer", name="资料核对的人", phone="13900090011")
    go(page, f"/o/customer/{person}")
    page.locator("#side-care").get_by_role("button", name="资料无误").click()
    expect(page.locator("#side-care")).not_to_contain_text("还没有核实过")
    expect(page.locator("#rec-head")).to_contain_text("有效")
    go(page, "/insight/health")
    with page.expect_navigation():  # followed to its end, however quick that is, the page comes anew
        page.get_by_role("button", name=re.compile("现在统计|重新统计")).first.click()
    expect(page.locator("#counting .progress-box")).to_have_count(0)
    expect(page.locator(".health-line").first).to_be_visible()


@pytest.mark.row(141)
def test_a_retention_rule_is_rehearsed_before_it_may_run(enter: Entrance) -> None:
    page = enter()
    rule = create(page, "retention_rule", name="三年无往来", type_key="customer", days="1095", act="bin")
    go(page, f"/o/retention_rule/{rule}")
    expect(page.locator("#retention").get_by_role("button", name="启用")).to_have_attribute(
        "aria-disabled", "true"
    )
    page.locator("#retention").get_by_role("button", name="预演", exact=True).click()
    expect(page.locator("#retention")).to_contain_text("今天执行会处理")
    page.locator("#retention").get_by_role("button", name="启用", exact=True).click()
    expect(page.locator("#retention")).to_contain_text("已启用")
    page.locator("#retention").get_by_role("button", name="停用", exact=True).click()
    expect(page.locator("#retention")).to_contain_text("未启用")
