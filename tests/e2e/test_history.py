"""What was done, taken back, handed over and looked up, by hand in a browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import agree, create, csrf, go, listening, toast
from tests.e2e.conftest import Entrance, company_apart

company = company_apart()


def user_id(page: Page, name: str) -> str:
    """The number of a colleague, out of the list of staff."""
    go(page, f"/settings/users/?q={name}")
    href = page.get_by_role("link", name=name, exact=True).first.get_attribute("href") or ""
    return href.rstrip("/").rpartition("/")[2]


def choose_people(page: Page, label: str, *names: str) -> None:
    box = page.get_by_role("combobox", name=label)
    for name in names:
        box.click()
        box.fill(name)
        page.get_by_role("option", name=re.compile(name)).first.click()
    page.keyboard.press("Escape")


@pytest.mark.row(45)
def test_a_leaver_is_handed_over_and_it_is_taken_back(enter: Entrance) -> None:
    page = enter()
    leaver = user_id(page, "李强")
    for n in range(4):
        create(page, "customer", name=f"交接客户{n}", kind="person", stage="new", owner=leaver)
    go(page, f"/settings/users/{leaver}/")
    page.get_by_role("link", name="离职交接").click()
    listening(page)
    page.get_by_label("轮流分配").check()
    choose_people(page, "接收人", "刘畅", "杨柳")
    preview = page.locator("#handover-preview")
    expect(preview.get_by_role("columnheader", name="刘畅")).to_be_visible()
    expect(preview.get_by_role("columnheader", name="杨柳")).to_be_visible()
    page.get_by_label("原因").fill("李强离职")
    page.get_by_role("button", name="开始交接").click()
    expect(page.get_by_text(re.compile(r"交接完成：\d+ 条已经换了负责人"))).to_be_visible()
    expect(page.get_by_text("账号已停用")).to_be_visible()
    assert "刘畅" in page.locator(".k-table").inner_text()

    page.get_by_role("link", name="查看变更和撤销").click()
    button = page.locator("#undo-preview button[type=submit]")
    expect(button).to_contain_text(re.compile(r"撤销 \d+ 条"))
    button.click()
    agree(page)
    expect(page.get_by_text(re.compile(r"已撤销 \d+ 条")).first).to_be_visible()
    go(page, "/o/customer/?q=交接客户0")
    expect(page.locator("#list tr[data-row]").first).to_contain_text("李强")
    # as it was: the account is taken back on the page of the person
    page.request.post(
        f"/settings/users/{leaver}/activate/", headers={"X-CSRFToken": csrf(page), "Referer": page.url}
    )


@pytest.mark.row(142)
def test_deleted_by_mistake_and_back_out_of_the_bin(enter: Entrance) -> None:
    page = enter()
    pk = create(page, "customer", name="误删的客户", kind="person", stage="new")
    create(page, "contact", name="误删的联系人", customer=str(pk))
    page.request.post(f"/o/customer/{pk}/delete", headers={"X-CSRFToken": csrf(page), "Referer": page.url})
    go(page, "/bin/customer?q=误删")
    row = page.locator("#t-bin tr[data-row]").filter(has_text="误删的客户")
    expect(row).to_contain_text("30 天")
    row.locator("[data-select]").check()
    page.get_by_role("button", name="恢复选中的记录").click()
    expect(toast(page, "已恢复 2 条")).to_be_visible()
    go(page, f"/o/customer/{pk}?tab=related-contact")
    expect(page.get_by_text("误删的联系人").first).to_be_visible()


@pytest.mark.row(46)
def test_a_customer_changes_hands_with_a_reason(enter: Entrance) -> None:
    page = enter()
    pk = create(page, "customer", name="转移的客户", kind="person", stage="new")
    go(page, f"/o/customer/{pk}")
    page.get_by_role("button", name="更多").click()
    page.get_by_role("link", name="转移负责人").or_(page.get_by_role("menuitem", name="转移负责人")).click()
    dialog = page.locator("dialog:modal")
    expect(dialog.locator("[data-island=combo][data-ready]")).to_have_count(1)
    choose_people_in = dialog.locator("input[role=combobox]").first
    choose_people_in.click()
    choose_people_in.fill("陈博文")
    dialog.get_by_role("option", name=re.compile("陈博文")).first.click()
    dialog.get_by_label("原因").fill("就近服务")
    dialog.get_by_role("button", name="转移").click()
    expect(page.locator("#rec-head")).to_contain_text("陈博文")
    go(page, f"/o/customer/{pk}?tab=owners")
    expect(page.get_by_label("历任负责人").last).to_contain_text("就近服务")


@pytest.mark.row(138)
def test_the_audit_finds_who_did_what_from_where(enter: Entrance) -> None:
    page = enter()
    pk = create(page, "customer", name="被审计的客户", kind="person", stage="new")
    go(page, f"/o/customer/{pk}")
    headers = {"X-CSRFToken": csrf(page), "Referer": page.url}
    page.request.post(f"/o/customer/{pk}/field/note", form={"note": "改过的备注"}, headers=headers)
    rows = page.locator("#audit tr[data-row]")

    def sealed() -> None:
        """A moment after the write the worker has sealed it."""
        go(page, f"/audit/?type=customer&record={pk}&field=note")
        expect(rows).to_have_count(1, timeout=3000)

    for attempt in range(10):
        try:
            sealed()
            break
        except AssertionError:
            if attempt == 9:
                raise
    expect(rows.first).to_contain_text("127.0.0.1")
    rows.first.get_by_role("button").first.click()
    expect(page.get_by_text("改过的备注").first).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="校验").click()
    expect(page.get_by_text(re.compile("链条完整"))).to_be_visible()
