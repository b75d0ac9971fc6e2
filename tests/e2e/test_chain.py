"""The customer chain sheet, segments and the dashboard: understanding that leads to something being done."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

from playwright.sync_api import Page, expect

from tests.e2e.browsing import agree, go, rows
from tests.e2e.conftest import Entrance


def first_number(text: str) -> int:
    found = re.search(r"[\d,]+", text)
    assert found, text
    return int(found[0].replace(",", ""))


def test_a_strategy_is_edited_where_it_stands(enter: Entrance) -> None:
    page = enter(path="/chain")
    cell = page.locator("#chain-sheet tr[data-id=regular] td.wide-col")
    cell.dblclick()
    cell.locator("textarea").fill("会员日群发，次月回访一次")
    cell.locator("form").evaluate("form => form.requestSubmit()")  # its button is for who sees no screen
    expect(cell).to_have_text("会员日群发，次月回访一次")
    page.reload()
    expect(page.locator("#chain-sheet tr[data-id=regular] td.wide-col")).to_have_text(
        "会员日群发，次月回访一次"
    )


def test_a_play_is_previewed_started_and_taken_back(enter: Entrance) -> None:
    page = enter(path="/chain?class=regular")
    before = tasks_called(page, "演练专用步骤")
    go(page, "/chain?class=regular")
    page.locator("#customers").get_by_role("button", name="启动动作").click()
    form = page.locator("#play-form")
    form.locator("[name=title]").first.fill("演练专用步骤")
    for n in range(1, form.locator("[name=title]").count()):
        form.locator("[name=title]").nth(n).fill("")
    form.locator("[name=first]").fill("5")
    form.get_by_role("button", name="预览").click()
    expect(form.locator(".play-preview h3")).to_have_text("将给 5 位客户建立 5 个任务")
    assert tasks_called(enter("demo"), "演练专用步骤") == before, "a preview writes nothing"
    form.get_by_role("button", name="开始", exact=True).click()
    play = page.locator("#chain-plays .todo-item").first
    expect(play).to_contain_text(re.compile(r"(?<!\d)5 位客户"))
    assert tasks_called(enter("demo"), "演练专用步骤") == before + 5
    play.get_by_role("button", name="撤销").click()
    agree(page)
    expect(page.locator("#chain-plays .todo-item").first).to_contain_text("已撤销")
    assert tasks_called(enter("demo"), "演练专用步骤") == before


def tasks_called(page: Page, title: str) -> int:
    # by a condition and not by the search, whose index follows what is written in bulk a moment later
    condition = json.dumps({"field": "title", "op": "contains", "value": title})
    go(page, f"/o/task/?where={quote(condition)}")
    return rows(page).count()


def test_the_sheet_opens_a_class_and_its_customers(enter: Entrance) -> None:
    page = enter(path="/chain")
    page.locator("#chain-sheet tr[data-id=potential] a").first.click()
    expect(page.locator("#customers h2")).to_have_text("潜在客户")
    count = first_number(page.locator("#chain-sheet tr[data-id=potential] strong").first.inner_text())
    expect(page.locator("#chain-customers tr[data-row]")).to_have_count(min(count, 50))
    expect(page.locator("#chain-customers svg.spark").first).to_be_visible()


def test_the_sheet_goes_to_excel(enter: Entrance) -> None:
    page = enter(path="/chain")
    with page.expect_download() as caught:
        page.get_by_role("link", name="导出 Excel").click()
    assert caught.value.suggested_filename.endswith(".xlsx")


def test_the_dashboard_draws_and_leads_to_records(enter: Entrance) -> None:
    page = enter(path="/dashboard")
    charts = page.locator("main [data-island=chart]")
    assert charts.count() >= 8
    for n in range(charts.count()):
        charts.nth(n).scroll_into_view_if_needed()
        expect(charts.nth(n).locator("canvas, .empty, .chart-empty").first).to_be_visible()
    cell = page.locator("a").filter(has_text="重要价值").first
    wanted = first_number(re.sub(r"^\D+", "", cell.inner_text()))
    cell.click()
    expect(page.locator(".list-foot")).to_contain_text(f"{wanted}")


def test_a_segment_previews_while_its_rule_changes(enter: Entrance) -> None:
    page = enter(path="/o/segment/")
    page.locator("tr[data-row]").filter(has_text="高价值，30 天未联系").locator("a").first.click()
    preview = page.locator("#segment-preview")
    told = preview.locator("strong").first.inner_text()
    before = first_number(told)
    page.locator("#segment-rule").get_by_role("button", name="去掉条件").last.click()
    expect(preview.locator("strong").first).not_to_have_text(told)
    assert first_number(preview.locator("strong").first.inner_text()) > before
    page.reload()
    assert first_number(preview.locator("strong").first.inner_text()) == before, "a preview saves nothing"


def test_today_is_worked_off(enter: Entrance) -> None:
    page = enter("alice", "/")
    todo = page.locator(".todo-item").filter(has=page.get_by_role("button", name="完成"))
    expect(todo.first).to_be_visible()
    title = todo.first.locator(".t").inner_text()
    left = page.locator(".todo-item").filter(has_text=title).count()
    todo.first.get_by_role("button", name="完成").click()
    expect(
        page.locator(".todo-item").filter(has_text=title).filter(has=page.get_by_role("button", name="完成"))
    ).to_have_count(left - 1)
    expect(page.locator("#today-numbers .kpi").first).to_be_visible()
