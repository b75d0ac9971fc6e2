"""From the products of a deal to the money for them, in a browser: quote, approval, the customer's page, contract,
plan, receipt, invoice."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browsing import PATIENCE, create, csrf, go, listening, toast
from tests.e2e.conftest import Entrance


def act(page: Page, name: str) -> Locator:
    """Press an action of the record's header; the dialogue it opens. What a test waited for before may be the server's
    text alone: a button pressed before the scripts of a new page listen does nothing."""
    listening(page)
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


def holds_draft(page: Page, words: str) -> None:
    """Wait until a draft with these words is kept; asked from outside, because the page's policy allows no eval."""
    drafts = "Object.entries(localStorage).filter(one => one[0].startsWith('k-draft:lines-'))"
    ask = f"words => {drafts}.some(one => JSON.stringify(kemai.draft.keptSealed(one[0])).includes(words))"
    for _try in range(PATIENCE // 100):
        if page.evaluate(ask, words):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"no draft holds {words}")


def holds_none(page: Page) -> None:
    """Wait until no draft of lines is left in this browser."""
    for _try in range(PATIENCE // 100):
        if page.evaluate("!Object.keys(localStorage).some(key => key.startsWith('k-draft:lines-'))"):
            return
        page.wait_for_timeout(100)
    raise AssertionError("a draft is left")


def write_line(page: Page, words: str, price: str) -> None:
    """Opens the editor of a deal without lines and types one, without saving."""
    page.locator("#lines").get_by_role("button", name="添加产品").click()
    lines = page.locator("form#lines")
    box = lines.locator(".line-row .combo input").first
    box.fill(words)
    expect(lines.get_by_role("option", name=re.compile(words))).to_be_visible()
    box.press("Enter")
    lines.locator("[name=price]").first.fill(price)
    holds_draft(page, f'"price":"{price}"')


@pytest.mark.row(54)
def test_lines_that_were_not_saved_wait_for_whoever_typed_them(enter: Entrance) -> None:
    page = enter(fresh=True)
    customer = create(page, "customer", name="无锡晴川电气有限公司", kind="company")
    deal = create(page, "deal", name="晴川安装", customer=str(customer))
    go(page, f"/o/deal/{deal}")
    write_line(page, "上门安装调试", "300")
    go(page, "/")  # by mistake
    go(page, f"/o/deal/{deal}")
    page.locator("#lines").get_by_role("button", name="继续编辑").click()
    lines = page.locator("form#lines")
    expect(lines.locator("[data-line-draft-text]")).to_have_text("已恢复你上次没有保存的明细。")
    expect(lines.locator("[name=price]").first).to_have_value("300")
    expect(lines.locator("[data-sum=amount]")).to_have_text("¥ 300.00")

    # the session ends while the lines are open
    lines.locator("[name=price]").first.fill("320")
    holds_draft(page, '"price":"320"')
    page.context.clear_cookies(name="sessionid")
    lines.get_by_role("button", name="保存明细").click()
    page.wait_for_selector("[name=password]")
    page.fill("[name=login]", "demo")
    page.fill("[name=password]", enter.company.password)
    page.click("form [type=submit]")
    page.wait_for_selector("#lines")
    listening(page)
    page.locator("#lines").get_by_role("button", name="继续编辑").click()
    expect(lines.locator("[name=price]").first).to_have_value("320")

    # somebody else saves other lines meanwhile: nothing is put over them unasked
    answer = page.request.post(
        f"/lines/deal/{deal}/edit",
        form={"product": "运输", "quantity": "1", "price": "50", "discount": "", "tax_rate": "13"},
        headers={"X-CSRFToken": csrf(page), "Referer": page.url},
    )
    assert answer.status == 200, answer.text()
    go(page, f"/o/deal/{deal}")
    page.locator("#lines").get_by_role("button", name="继续编辑").click()
    expect(lines.locator("[name=price]").first).to_have_value("50.00")
    expect(lines.locator("[data-line-draft-text]")).to_contain_text("有人改过明细")
    lines.get_by_role("button", name="恢复我的内容").click()
    expect(lines.locator("[name=price]").first).to_have_value("320")
    lines.get_by_role("button", name="保存明细").click()
    toast(page, "已保存明细")
    expect(page.locator("#lines-total")).to_have_text("¥ 320.00")
    holds_none(page)

    other = create(page, "deal", name="晴川保养", customer=str(customer))
    go(page, f"/o/deal/{other}")
    write_line(page, "年度保养", "900")
    page.locator("form#lines").get_by_role("button", name="取消").click()
    expect(page.locator("#lines").get_by_role("button", name="添加产品")).to_be_visible()
    holds_none(page)
    write_line(page, "年度保养", "900")
    page.locator("form[data-forget]").evaluate("form => form.requestSubmit()")
    page.wait_for_selector("[name=password]")
    holds_none(page)  # nothing of the person's stays after a log-out
