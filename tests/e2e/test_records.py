"""A customer's page: what was said, what it means, why, and two people at once."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import create, go, listening, rows, toast
from tests.e2e.conftest import Entrance


def best_customer(page: Page) -> str:
    """The address of the customer who bought most."""
    go(page, "/o/customer/?sort=-amount_12m")
    address = rows(page).first.get_attribute("data-href")
    assert address
    return address


def test_a_note_appears_on_the_timeline(enter: Entrance) -> None:
    page = enter()
    key = create(page, "customer", name="跟进测试客户", phone="13900040001")
    go(page, f"/o/customer/{key}")
    page.fill("#composer-body", "客户想要中秋礼盒 200 份的报价")
    page.locator("#composer").get_by_role("button", name="保存").click()
    expect(page.locator("#timeline")).to_contain_text("中秋礼盒 200 份")
    expect(page.locator("#composer-body")).to_have_value("")
    page.locator("#composer .tabs").get_by_role("button", name="电话").click()
    page.locator("#composer [name=outcome]").first.click()
    expect(page.locator("#timeline .tl-item").filter(has_text="电话")).not_to_have_count(0)
    page.reload()
    expect(page.locator("#timeline")).to_contain_text("中秋礼盒 200 份")


def test_the_portrait_draws_its_charts(enter: Entrance) -> None:
    page = enter()
    go(page, best_customer(page))
    page.locator("#rec-body .tabs").get_by_role("link", name="画像").click()
    charts = page.locator("#tab [data-island=chart]")
    expect(charts.first).to_be_visible()
    assert charts.count() >= 4
    for n in range(charts.count()):
        charts.nth(n).scroll_into_view_if_needed()
        expect(charts.nth(n).locator("canvas").first).to_be_visible()
    page.locator("#tab").get_by_role("button", name="显示为表格").first.click()
    expect(page.locator("#tab table").first).to_be_visible()


def test_why_shows_the_arithmetic(enter: Entrance) -> None:
    page = enter()
    go(page, best_customer(page))
    page.locator("#rec-sides .why").first.click()
    peek = page.locator("#peek-body")
    expect(peek).to_contain_text("依据")
    page.keyboard.press("Escape")
    page.locator("#rec-facts [data-key=gap_median_days] .why, #fact-gap_median_days .why").first.click()
    expect(peek.locator(".steps-list li").first).to_be_visible()
    assert re.search(r"\d", peek.locator(".steps-list").inner_text())


def test_two_people_edit_one_customer_and_lose_nothing(enter: Entrance) -> None:
    page = enter()
    key = create(page, "customer", name="冲突测试客户", phone="13900050001", note="原来的备注")
    mine = enter("demo", f"/o/customer/{key}/edit")
    theirs = enter("zhaomin", f"/o/customer/{key}/edit")
    theirs.fill("[name=note]", "对方写的备注")
    theirs.get_by_role("button", name="保存", exact=True).click()
    expect(theirs).to_have_url(re.compile(f"/o/customer/{key}$"))
    mine.fill("[name=note]", "我写的备注")
    mine.fill("[name=address]", "南京西路 1 号")
    mine.get_by_role("button", name="保存", exact=True).click()
    conflict = mine.locator(".conflict")
    expect(conflict).to_contain_text("我写的备注")
    expect(conflict).to_contain_text("对方写的备注")
    assert mine.input_value("[name=address]") == "南京西路 1 号"
    conflict.locator("input[value=theirs]").check()
    mine.get_by_role("button", name="保存", exact=True).click()
    expect(mine).to_have_url(re.compile(f"/o/customer/{key}$"))
    expect(mine.locator("#rec-facts")).to_contain_text("对方写的备注")
    expect(mine.locator("#rec-facts")).to_contain_text("南京西路 1 号")


def test_a_new_customer_is_checked_while_it_is_typed(enter: Entrance) -> None:
    page = enter()
    create(page, "customer", name="重复提示测试", phone="13900060001")
    go(page, "/o/customer/new")
    page.fill("[name=name]", "重复提示测试二")
    page.fill("[name=phone]", "13900060001")
    expect(page.locator("#similar")).to_contain_text("可能已经有了")
    expect(page.locator("#similar")).to_contain_text("重复提示测试")
    page.fill("[name=phone]", "1390006")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator("[data-field=phone] .err")).to_be_visible()
    assert page.input_value("[name=name]") == "重复提示测试二"
    assert page.input_value("[name=phone]") == "1390006"
    page.fill("[name=phone]", "13900060002")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator("h1")).to_contain_text("重复提示测试二")


def test_typed_text_survives_leaving_the_form(enter: Entrance) -> None:
    page = enter(path="/o/customer/new")
    page.fill("[name=name]", "没有保存的客户")
    expect(page.locator("[data-draft-bar]")).to_be_hidden()
    go(page, "/o/customer/new")
    expect(page.locator("[data-draft-bar]")).to_be_visible()
    assert page.input_value("[name=name]") == "没有保存的客户"


def test_a_fact_is_changed_in_place_and_undone_from_the_history(enter: Entrance) -> None:
    page = enter()
    key = create(page, "customer", name="历史测试客户", phone="13900070001", note="第一版")
    go(page, f"/o/customer/{key}")
    fact = page.locator(
        "#fact-note [data-edit-url], #fact-note[data-edit-url], [data-key=note][data-edit-url]"
    ).first
    fact.click()
    page.locator("#rec-facts textarea[name=note]").fill("第二版")
    page.locator("#rec-facts form").get_by_role("button", name="保存").click()
    toast(page)
    expect(page.locator("#rec-facts")).to_contain_text("第二版")
    go(page, f"/o/customer/{key}?tab=history")
    expect(page.locator("#tab")).to_contain_text("第一版")
    page.locator("#tab").get_by_role("button", name="撤销").first.click()
    page.locator("dialog:modal button[value=yes]").click()
    expect(page.locator("#rec-facts")).to_contain_text("第一版")


def test_a_file_is_kept_and_never_run(enter: Entrance) -> None:
    page = enter()
    key = create(page, "customer", name="文件测试客户", phone="13900080001")
    go(page, f"/o/customer/{key}?tab=files")
    hostile = b"<script>parent.document.title='run'</script>"
    page.locator("#files input[type=file]").set_input_files(
        {"name": '<img src=x onerror="alert(1)">.html', "mimeType": "text/html", "buffer": hostile}
    )
    link = page.locator("#files a[download]").first
    expect(link).to_be_visible()
    answer = page.request.get(link.get_attribute("href") or "")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.body() == hostile


def test_a_deleted_customer_comes_back_from_the_bin(enter: Entrance) -> None:
    page = enter()
    key = create(page, "customer", name="回收站测试客户", phone="13900090001")
    go(page, f"/o/customer/{key}/delete")
    page.locator("main form").get_by_role("button", name="删除").click()
    expect(page).not_to_have_url(re.compile("/delete"))
    go(page, "/bin/customer?q=回收站测试")
    row = page.locator("tr[data-row]").filter(has_text="回收站测试客户")
    row.locator("[data-select]").check()
    page.get_by_role("button", name="恢复选中的记录").click()
    toast(page, "已恢复")
    go(page, f"/o/customer/{key}")
    expect(page.locator("h1")).to_contain_text("回收站测试客户")


def test_a_refused_form_keeps_its_choosers(enter: Entrance) -> None:
    """What a script made of the answer's fields stays: a chooser was shown beside the bare list it stands for."""
    page = enter("demo", "/o/customer/new")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator("[name=name][aria-invalid=true]")).to_be_visible()
    listening(page)
    expect(page.locator("select[name=owner].combo-src")).to_have_count(1)


@pytest.mark.row(9)
def test_a_value_brought_against_a_verified_one_waits_for_a_decision_that_can_be_taken_back(
    enter: Entrance,
) -> None:
    page = enter("demo")
    where = quote(json.dumps({"field": "conflicts", "op": "gt", "value": 0}))
    go(page, f"/o/customer/?where={where}")
    go(page, rows(page).first.get_attribute("data-href") or "")
    card = page.locator("section:has(> .card-head > #clashes)")
    line = card.locator("li").first
    brought = line.locator("ins").inner_text()
    name = line.locator("b").inner_text()
    line.get_by_role("button", name="采用").click()
    expect(toast(page, f"已采用：{name}")).to_be_visible()
    fact = page.locator("#rec-facts .fact").filter(has_text=brought)
    expect(fact).to_have_count(1)
    expect(card.get_by_text(brought)).to_have_count(0)
    fact.hover()
    fact.get_by_role("button", name="来源：").click()
    drawer = page.get_by_role("dialog")
    expect(drawer).to_contain_text("在核实过的资料上手工修改")
    drawer.get_by_role("button", name="撤销这个决定").first.click()
    expect(card.locator("ins").filter(has_text=brought)).to_have_count(1)
    expect(fact).to_have_count(0)
