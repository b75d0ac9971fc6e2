"""Two people at once: what one does, the other sees without touching the page."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.e2e.browsing import create, go, listening, pick, rows, toast
from tests.e2e.conftest import Entrance


def on_line(page: Page) -> None:
    """Wait until the open line stands."""
    page.wait_for_selector("html[data-live=open]", state="attached")


def comment_box(page: Page) -> Locator:
    """The composer turned to comments, as soon as it offers colleagues."""
    page.locator("#composer .tabs").get_by_role("button", name="评论").click()
    area = page.locator("#composer .at-box textarea")
    expect(area).to_have_attribute("aria-autocomplete", "list")
    return area


def badge(page: Page) -> str:
    return page.locator(".topbar [data-unread]").text_content() or "0"


@pytest.mark.row(127)
def test_a_mention_reaches_the_other_at_once_and_only_who_may_see(enter: Entrance) -> None:
    alice, chief, bob = enter("alice"), enter("demo"), enter("bob")
    key = create(alice, "customer", name="海天贸易有限公司")
    for page in (chief, bob):
        on_line(page)
    before = int(badge(chief) or 0)
    go(alice, f"/o/customer/{key}")
    area = comment_box(alice)
    area.press_sequentially("请 @lzy")
    expect(alice.locator(".mention-menu [role=option]").first).to_contain_text("林知远")
    area.press("Enter")
    area.press_sequentially("和 @陈博文 看一下报价")
    alice.get_by_role("button", name="发表评论").click()
    toast(alice, "陈博文 看不到这条记录，没有收到通知")
    thread = alice.locator("#timeline .said").first
    expect(thread).to_contain_text("看一下报价")
    expect(thread.locator(".at")).to_have_count(2)
    expect(chief.locator(".topbar [data-unread]")).to_have_text(str(before + 1))
    toast(chief, "提到了您").get_by_role("link", name="查看").click()
    expect(chief).to_have_url(re.compile(f"/o/customer/{key}"))
    expect(chief.locator("#timeline .said").first).to_contain_text("看一下报价")
    expect(bob.locator(".toast")).to_have_count(0)
    go(bob, "/notices/")
    expect(bob.locator(".notices")).not_to_contain_text("海天贸易")


@pytest.mark.row(127)
def test_a_thread_is_answered_edited_and_deleted(enter: Entrance) -> None:
    page = enter("alice")
    key = create(page, "customer", name="讨论客户")
    go(page, f"/o/customer/{key}")
    comment_box(page).fill("第一条 <b>粗</b>")
    page.locator("#composer input[type=file]").set_input_files(
        FilePayload(name="报价.txt", mimeType="text/plain", buffer=b"1")
    )
    page.get_by_role("button", name="发表评论").click()
    thread = page.locator("#timeline .thread").first
    expect(thread).to_contain_text("第一条 <b>粗</b>")
    expect(thread.get_by_role("link", name="报价.txt")).to_be_visible()
    thread.get_by_role("button", name="回复").click()
    thread.locator("textarea").fill("回答")
    thread.get_by_role("button", name="回复").last.click()
    expect(page.locator("#timeline .answers")).to_contain_text("回答")
    thread = page.locator("#timeline .thread").first
    thread.get_by_role("button", name="编辑").first.click()
    thread.locator("textarea").fill("改过的第一条")
    thread.get_by_role("button", name="保存").click()
    expect(page.locator("#timeline .thread").first).to_contain_text("改过的第一条")
    page.locator("#timeline .thread").first.get_by_role("button", name="删除").first.click()
    page.locator("dialog:modal button[value=yes]").click()
    expect(page.locator("#timeline")).to_contain_text("评论已删除")
    expect(page.locator("#timeline")).to_contain_text("回答")


@pytest.mark.row(126)
def test_who_else_is_looking_is_shown_and_a_change_is_heard(enter: Entrance) -> None:
    demo = enter("demo")
    alice = enter("alice")
    key = create(alice, "customer", name="两个人都在看")
    go(alice, f"/o/customer/{key}")
    on_line(alice)
    go(demo, f"/o/customer/{key}")
    on_line(demo)
    expect(alice.locator("[data-live-presence] .avatar")).to_have_count(1)
    expect(demo.locator("[data-live-presence] .avatar")).to_have_count(1)
    expect(alice.locator("[data-live-presence]")).to_contain_text("也在看")
    fact = demo.locator("#fact-address")
    fact.hover()
    fact.get_by_role("button", name="编辑").click()
    fact.get_by_role("textbox").fill("人民路 1 号")
    fact.get_by_role("textbox").press("Enter")
    expect(alice.locator("#fact-address")).to_contain_text("人民路 1 号")
    toast(alice, "刚修改了这条记录")
    demo.goto("/")
    expect(alice.locator("[data-live-presence]")).to_be_hidden()


@pytest.mark.row(126)
def test_following_is_one_tap(enter: Entrance) -> None:
    page = enter("alice")
    key = create(page, "customer", name="关注一下")
    go(page, f"/o/customer/{key}")
    button = page.locator("#follow").get_by_role("button", name="已关注")
    button.click()
    expect(page.locator("#follow").get_by_role("button", name="关注", exact=True)).to_be_visible()
    page.locator("#follow").get_by_role("button", name="关注", exact=True).click()
    expect(page.locator("#follow").get_by_role("button", name="已关注")).to_be_visible()
    page.locator("#follow").get_by_role("button", name="谁在关注").click()
    expect(page.locator("#peek-body .person")).to_have_count(1)


@pytest.mark.row(130)
def test_a_task_is_put_off_handed_on_and_found_in_the_calendar(enter: Entrance) -> None:
    page = enter("demo")
    title = f"周会 {uuid4().hex[:8]}"
    key = create(page, "task", title=title, due_at="2030-05-15T10:00", repeat="weekly")
    go(page, "/calendar/?view=month&day=2030-05-01")
    entry = page.locator("[data-day='2030-05-15'] .cal-event").filter(has_text=title)
    expect(entry).to_be_visible()
    entry.drag_to(page.locator("[data-day='2030-05-17']"))
    toast(page, "已移到 2030-05-17")
    go(page, f"/o/task/{key}")
    expect(page.locator("#fact-due_at")).to_contain_text("2030-05-17 10:00")
    page.locator("#side-handle").get_by_role("button", name="转给同事").click()
    expect(page.locator("#modal [data-island=combo]")).to_have_attribute("data-ready", "true")
    pick(page.locator("#modal"), "转给谁", "苏晓琳")
    page.locator("#modal").get_by_role("button", name="转交").click()
    toast(page, "已转给苏晓琳")
    page.locator(".rec-head").get_by_role("button", name="完成").click()
    expect(page.locator(".rec-head .pill").filter(has_text="已完成")).to_be_visible()
    go(page, "/o/task/")
    expect(
        page.locator("[aria-current=page], [aria-current=true]").filter(has_text="未完成").first
    ).to_be_visible()
    go(page, f"/o/task/?view=open&q={title}")
    expect(rows(page)).to_have_count(1)
    expect(rows(page).first).to_contain_text("2030-05-24")


@pytest.mark.row(130)
def test_a_task_is_made_from_any_record_and_leads_back_to_it(enter: Entrance) -> None:
    page = enter("demo")
    key = create(page, "product", name=f"样品 {uuid4().hex[:6]}", sku=uuid4().hex[:8])
    go(page, f"/o/product/{key}")
    for _again in range(2):
        page.get_by_role("button", name="安排任务").click()
        modal = page.locator("#modal")
        expect(modal.locator("[data-island=combo]")).to_have_attribute("data-ready", "true")
        modal.get_by_label("要做什么").fill("寄样品给客户")
        modal.get_by_label("截止时间").fill("2030-03-04T09:00")
        if _again:
            expect(modal.get_by_role("link", name="寄样品给客户")).to_be_visible()
            modal.get_by_role("link", name="寄样品给客户").click()
        else:
            modal.get_by_role("button", name="安排", exact=True).click()
            toast(page, "已安排任务：寄样品给客户")
    expect(page.locator("h1")).to_contain_text("寄样品给客户")
    expect(page.get_by_role("link", name=re.compile("样品 "))).to_be_visible()


@pytest.mark.row(130)
def test_a_calendar_address_is_made_read_and_revoked(enter: Entrance) -> None:
    page = enter("alice", "/calendar/feeds/")
    page.get_by_label("名称").fill("我的手机")
    page.get_by_role("button", name="生成地址").click()
    address = page.locator("#feed-url").inner_text()
    path = "/calendar/feed/" + address.split("/calendar/feed/")[1]
    stranger = enter(None, "/login/")
    answer = stranger.request.get(path)
    assert answer.status == 200
    assert "BEGIN:VTIMEZONE" in answer.text()
    page.get_by_role("button", name="停用").click()
    expect(page.get_by_role("button", name="停用")).to_have_count(0)
    assert stranger.request.get(path).status == 404


@pytest.mark.row(149)
def test_on_the_phone_a_comment_and_a_task_take_two_taps(enter: Entrance) -> None:
    page = enter("alice", width=390, height=844)
    key = create(page, "customer", name="手机上的客户")
    go(page, f"/o/customer/{key}")
    comment_box(page).fill("路上写的")
    page.get_by_role("button", name="发表评论").click()
    expect(page.locator("#timeline .said").first).to_contain_text("路上写的")
    for path in (f"/o/customer/{key}", "/calendar/", "/notices/", "/me/notices/", "/calendar/feeds/"):
        go(page, path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    go(page, "/calendar/")
    expect(page.locator(".calx-agenda")).to_be_visible()


def test_without_the_line_the_number_is_asked_for(enter: Entrance) -> None:
    page = enter("alice")
    on_line(page)
    enter.cut = "/live/stream"
    page.route(re.compile(enter.cut), lambda route: route.abort())
    page.reload()
    listening(page)
    with page.expect_response(re.compile("/notices/unread/")):
        page.evaluate("document.body.dispatchEvent(new CustomEvent('unread', {bubbles: true}))")
