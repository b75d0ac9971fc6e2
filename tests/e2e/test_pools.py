"""A pool in a browser: set up, looked into, claimed from, refused with reasons, returned to, a rule rehearsed."""

from __future__ import annotations

import re
import uuid

import pytest
from playwright.sync_api import expect

from tests.e2e.browsing import agree, create, go, listening, toast
from tests.e2e.conftest import Entrance


@pytest.mark.row(37)
@pytest.mark.row(38)
@pytest.mark.row(39)
def test_a_pool_from_its_first_rule_to_a_claim(enter: Entrance) -> None:
    page = enter()
    name = f"公海{uuid.uuid4().hex[:6]}"
    go(page, "/pools/manage/new?kind=lead")
    page.get_by_label("名称").fill(name)
    page.get_by_label("每人每天最多领取").fill("1")
    page.get_by_label("前负责人几天内不能领取").fill("3")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator("h1")).to_have_text(name)
    listening(page)

    first = create(page, "lead", name="公海线索甲", phone="13900092001")
    second = create(page, "lead", name="公海线索乙", phone="13900092002")
    for key in (first, second):  # one's own lead goes back with a reason
        go(page, f"/o/lead/{key}")
        page.locator("#rec-head").get_by_role("link", name="退回公海").click()
        dialog = page.locator("dialog:modal")
        dialog.get_by_label("退回到").select_option(label=name)
        dialog.get_by_role("button", name="退回公海").click()
        expect(dialog.locator(".err")).to_contain_text("请填写退回的原因")
        dialog.get_by_label("退回原因").fill("不是我的行业")
        dialog.get_by_role("button", name="退回公海").click()
        expect(page.locator(".rec-heads")).to_contain_text(f"在公海：{name}")

    go(page, "/pools")
    page.get_by_role("link", name=re.compile(name)).click()
    row = page.locator("tr", has_text="公海线索甲")
    expect(row).to_contain_text("不是我的行业")
    row.locator("summary").click()  # the former owner: both reasons, each with its moment
    expect(row).to_contain_text("您是它的前负责人")
    expect(row).to_contain_text("起可以领取")

    # the pool's terms are made milder; the day's limit still holds
    page.get_by_role("link", name="管理这个公海").click()
    listening(page)
    page.get_by_role("link", name="设置", exact=True).last.click()
    page.get_by_label("前负责人几天内不能领取").fill("0")
    page.get_by_label("放手后几小时内不能再领").fill("0")
    page.get_by_role("button", name="保存", exact=True).click()
    page.get_by_role("link", name="打开公海").click()
    listening(page)
    page.locator("tr", has_text="公海线索甲").get_by_role("button", name=re.compile("领取")).click()
    expect(page.locator("tr", has_text="公海线索甲")).to_contain_text("已领取")
    page.locator("tr", has_text="公海线索乙").get_by_role("button", name=re.compile("领取")).click()
    expect(page.locator("tr", has_text="公海线索乙")).to_contain_text("每天最多 1 个")

    page.go_back()
    page.get_by_role("link", name="新建规则").click()
    expect(page.locator("#rehearsal")).to_contain_text("今晚退回")
    listening(page)
    page.get_by_label("多少天").fill("14")
    page.get_by_role("button", name="预演").click()
    expect(page.locator("#rehearsal")).to_contain_text("14 天没有跟进")
    expect(page.locator("#rehearsal")).to_contain_text("如果过去十二个月就有这条规则")
    page.get_by_role("button", name="保存", exact=True).click()
    toast(page, "规则已保存")
    expect(page.locator("main")).to_contain_text("14 天没有跟进")
    page.get_by_role("link", name="14 天没有跟进").click()
    page.get_by_role("button", name="删除规则").click()
    agree(page)
    expect(page.locator("main")).to_contain_text("还没有规则")
