"""An administrator builds what the company needs: an object, fields, layouts, the configuration file."""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browsing import PATIENCE, agree, create, csrf, go, listening, pick, rows, toast
from tests.e2e.conftest import Entrance, company_apart


def post(page: Page, path: str, **form: str) -> None:
    values: dict[str, str | float | bool] = {**form}
    answer = page.request.post(
        path, form=values, headers={"X-CSRFToken": csrf(page), "Referer": page.url}, max_redirects=0
    )
    assert answer.status in {204, 302}, f"{answer.status} {answer.text()[:2000]}"


def gone(page: Page, type_key: str) -> None:
    """The company is as it was, whatever a test before this one left."""
    page.request.post(
        f"/settings/objects/{type_key}/delete", headers={"X-CSRFToken": csrf(page), "Referer": page.url}
    )


def settled(page: Page, path: str, word: str, *, there: bool) -> None:
    """Wait until a page knows of a definition: what is made by a job is there a moment later."""
    until = time.monotonic() + PATIENCE / 1000
    while (word in page.request.get(path).text()) != there:
        assert time.monotonic() < until, f"{word} {'never came to' if there else 'never left'} {path}"


def piece(page: Page, label: str) -> Locator:
    return page.locator("[data-piece]").filter(has_text=re.compile(f"^{label}"))


company = company_apart()


def drag(page: Page, what: Locator, where: Locator) -> None:
    """With the mouse, as a hand does it: in steps, and it lets go when the piece lies where it should."""
    start, end = what.bounding_box(), where.bounding_box()
    assert start
    assert end
    page.mouse.move(start["x"] + 60, start["y"] + 15)
    page.mouse.down()
    page.mouse.move(start["x"] + 64, start["y"] + 30, steps=3)
    x, y = end["x"] + 60, end["y"] + end["height"] / 2
    page.mouse.move(x, y, steps=12)
    for n in range(50):  # what lies between makes room on the way, and the list sees only a mouse that moves
        if where.locator("[data-piece]").count():
            break
        page.mouse.move(x + 2 * (n % 3), y + n % 2)
    page.mouse.up()


@pytest.mark.row(116)
@pytest.mark.row(118)
def test_equipment_is_built_in_the_browser_and_behaves_like_everything_else(enter: Entrance) -> None:
    page = enter("demo", "/settings/objects/")
    page.get_by_role("link", name="新建对象").first.click()
    listening(page)
    page.fill("#f-label", "检测设备")
    expect(page.locator("#f-key")).to_have_value("jiance_shebei")
    key = f"equipment_{int(time.time())}"  # a key is never given out twice
    page.fill("#f-key", key)
    page.locator(".iconpick:has([value=engine])").click()
    first = page.locator(".first-row")
    first.nth(0).get_by_label("字段名称").fill("型号")
    first.nth(1).get_by_label("字段名称").fill("状态")
    first.nth(1).get_by_label("选项，用逗号隔开").fill("在用，维修中")
    first.nth(2).get_by_label("字段名称").fill("装机日期")
    page.get_by_role("button", name="加一个字段").click()
    first.nth(3).get_by_label("字段名称").fill("价格")
    first.nth(3).get_by_label("种类").select_option("money")
    page.get_by_role("button", name="建好并打开").click()
    expect(page.get_by_text("还没有检测设备")).to_be_visible()
    expect(page.locator("#nav").get_by_text("检测设备")).to_be_attached()

    # a field that appears only under a condition, made in the editor
    go(page, f"/settings/objects/{key}/fields/new")
    page.get_by_role("link", name="多行文字").click()
    listening(page)
    page.fill("#f-label", "维修说明")
    show = page.locator("[data-field], .field").filter(has_text="只在满足这些条件时显示").locator(".fb-root")
    show.get_by_role("button", name="添加条件", exact=True).click()
    listening(page)
    pick(show, "字段", "状态")
    listening(page)
    show.locator(".fb-row select[aria-label='条件']").last.select_option("in")
    listening(page)
    pick(show, "值", "维修中")
    page.get_by_role("button", name="保存", exact=True).click()
    toast(page, "维修说明")

    # the form
    go(page, f"/o/{key}/new")
    page.fill("[name=name]", "一号检测台")
    pick(page, "客户", page.request.get("/o/customer/options?q=").json()["items"][0]["label"])
    page.fill("[name=xinghao]", "X-100")
    expect(page.locator("[name=weixiu_shuoming]")).to_be_hidden()
    page.locator("[name=zhuangtai]").select_option("weixiu_zhong")
    expect(page.locator("[name=weixiu_shuoming]")).to_be_visible()
    page.fill("[name=weixiu_shuoming]", "更换轴承")
    page.fill("[name=jiage]", "12800")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator("h1")).to_contain_text("一号检测台")
    expect(page.locator("#rec-facts")).to_contain_text("X-100")

    # the list, filtered by an own field
    where = quote('{"field":"zhuangtai","op":"in","value":["weixiu_zhong"]}')
    go(page, f"/o/{key}/?where={where}")
    expect(rows(page)).to_have_count(1)
    expect(page.locator(".chips")).to_contain_text("维修中")

    # import
    go(page, f"/imports/new/{key}")
    owner = page.request.get("/o/customer/options?q=").json()["items"][0]["label"]
    lines = f"名称,客户,型号,状态\n二号检测台,{owner},X-200,在用\n三号检测台,{owner},X-300,坏了\n"
    page.locator("input[type=file]").set_input_files(
        {"name": "设备.csv", "mimeType": "text/csv", "buffer": lines.encode("utf-8-sig")}
    )
    page.get_by_role("button", name="上传并查看").click()
    page.get_by_role("button", name="预演").click()
    expect(page.get_by_role("heading", name="如果现在导入")).to_be_visible()
    listening(page)
    page.get_by_role("button", name="开始导入").click()
    agree(page)
    expect(page.get_by_role("link", name="查看导入的记录")).to_be_visible()
    page.get_by_role(
        "link", name="查看导入的记录"
    ).click()  # the search hears of what came in bulk a moment later
    expect(page.locator("main").get_by_role("link", name="二号检测台")).to_be_visible()

    # customers by what their equipment is: one condition on records that were thought of this morning
    go(page, "/o/customer/")
    page.locator(".chips").get_by_role("button", name="筛选").click()
    builder = page.locator(".fb-pop")
    pick(builder, "字段", "检测设备数")
    builder.get_by_label("值", exact=True).fill("2")
    builder.get_by_role("button", name="只算符合条件的").click()
    inner = builder.locator(".fb-group .fb-group")
    pick(inner, "字段", "型号")
    inner.get_by_label("值", exact=True).fill("X-200")
    inner.get_by_role("button", name="添加条件", exact=True).click()
    builder.locator(".fb-head select").nth(1).select_option("any")
    pick(inner.locator(".fb-row").last, "字段", "型号")
    inner.get_by_label("值", exact=True).last.fill("X-100")
    builder.get_by_role("button", name="应用").click()
    expect(rows(page)).to_have_count(1)
    expect(page.locator(".chips")).to_contain_text("检测设备数（型号 是 X-200 或 型号 是 X-100）")

    # what tells doubles: chosen, warned of while typing, found by the run, merged
    go(page, f"/settings/objects/{key}/rules")
    page.get_by_label("名称", exact=True).select_option("thing")
    page.get_by_label("型号", exact=True).select_option("same")
    page.get_by_role("button", name="保存", exact=True).click()
    toast(page, "已保存")
    settled(page, f"/o/{key}/new", "hx-trigger='input delay:400ms", there=True)
    go(page, f"/o/{key}/new")
    page.fill("[name=name]", "二號检测台")
    expect(page.locator("#similar")).to_contain_text("二号检测台")
    pick(page, "客户", owner)
    page.fill("[name=xinghao]", "x200")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator("h1")).to_contain_text("二號检测台")
    go(page, f"/customers/duplicates?type={key}")
    page.get_by_role("button", name="现在查找").click()
    expect(page.locator("#dup-job")).to_contain_text("查找完成", timeout=120_000)
    gone(page, key)


@pytest.mark.row(119)
def test_a_form_is_laid_out_previewed_published_and_taken_back(enter: Entrance) -> None:
    page = enter("demo", "/settings/objects/contact/layouts/form/", height=1800)
    sections = page.locator("[data-section]")
    page.get_by_role("button", name="加一个分组").click()
    fresh = sections.last
    fresh.get_by_label("分组名称").fill("先问的")
    moved = page.locator("[data-piece=title]")
    drag(page, moved, fresh.locator("[data-list]"))
    expect(fresh.locator("[data-piece=title]")).to_be_visible()
    hidden = page.locator("[data-piece=email]")
    hidden.hover()
    hidden.get_by_role("button", name="不显示").click()
    expect(page.locator("[data-tray] [data-piece=email]")).to_be_visible()
    before = enter("demo", "/o/contact/new")
    expect(before.locator("[name=email]")).to_be_visible()
    page.get_by_role("button", name="预览").click()
    expect(page.get_by_role("heading", name="先问的")).to_be_visible()
    listening(page)
    page.get_by_role("button", name="发布").click()
    toast(page, "已发布")
    after = enter("demo", "/o/contact/new")
    expect(after.locator("[name=email]")).to_have_count(0)
    expect(after.get_by_text("先问的")).to_be_visible()
    page.get_by_role("button", name="恢复默认").click()
    agree(page)
    toast(page, "已退回")
    back = enter("demo", "/o/contact/new")
    expect(back.locator("[name=email]")).to_be_visible()


def test_two_administrators_change_one_field_and_nothing_is_lost(enter: Entrance) -> None:
    one, two = enter("demo", "/settings/objects/product/"), enter("demo")
    key = "wuliu_beizhu"
    if one.request.get(f"/settings/objects/product/fields/{key}/").status == 404:
        post(one, "/settings/objects/product/fields/new/text", label="物流备注", key=key)
    place = f"/settings/objects/product/fields/{key}/"
    go(one, place)
    go(two, place)
    one.fill("#f-help", "甲写的提示")
    one.get_by_role("button", name="保存", exact=True).click()
    toast(one, "已保存")
    two.fill("#f-help", "乙写的提示")
    two.fill("#f-label_en", "Shipping note")
    two.get_by_role("button", name="保存", exact=True).click()
    clash = two.locator(".conflict")
    expect(clash).to_contain_text("甲写的提示")
    expect(clash).to_contain_text("乙写的提示")
    clash.locator("input[value=theirs]").check()
    two.get_by_role("button", name="保存", exact=True).click()
    toast(two, "已保存")
    expect(two.locator("#f-help")).to_have_value("甲写的提示")
    expect(two.locator("#f-label_en")).to_have_value("Shipping note")
    post(one, f"{place}delete")


@pytest.mark.row(124)
def test_the_configuration_goes_out_is_changed_rehearsed_and_comes_back(enter: Entrance) -> None:
    page = enter("demo", "/settings/configuration/")
    text = page.request.get("/settings/configuration/file").text()
    assert text == page.request.get("/settings/configuration/file").text()
    told = yaml.safe_load(text)
    told["fields"] = {"product": {"baoxiu": {"kind": "date", "label": "保修到期"}}}
    page.get_by_text("或者粘贴内容").click()
    page.locator("textarea[name=text]").last.fill(yaml.safe_dump(told, allow_unicode=True))
    page.get_by_role("button", name="预演").click()
    expect(page.get_by_text("新增 1")).to_be_visible()
    expect(page.locator(".changes")).to_contain_text("保修到期")
    assert "baoxiu" not in page.request.get("/o/product/new").text()
    listening(page)
    page.get_by_role("button", name="导入", exact=True).click()
    agree(page)
    toast(page, "已导入 1 处修改")
    settled(page, "/o/product/new", "baoxiu", there=True)
    page.get_by_role("button", name="退回").first.click()
    agree(page)
    toast(page, "已退回")
    settled(page, "/o/product/new", "baoxiu", there=False)


def test_a_long_form_is_folded_opened_filled_and_saved(enter: Entrance) -> None:
    page = enter()
    own: dict[str, dict[str, Any]] = {
        f"extra_{n}": {"kind": "text", "label": f"附加{n:02}"} for n in range(45)
    }
    own["extra_need"] = {"kind": "text", "label": "必须写", "required": True}
    told = yaml.safe_load(page.request.get("/settings/configuration/file").text())
    told["fields"] = {"competitor": own}
    post(page, "/settings/configuration/apply", text=yaml.safe_dump(told, allow_unicode=True))
    settled(page, "/o/competitor/new", "extra_need", there=True)
    go(page, "/o/competitor/new")
    page.fill("[name=name]", "长表单对手")
    expect(page.locator("[name=extra_need]")).to_be_visible()
    expect(page.locator("[name=extra_25]")).to_have_count(0)
    page.locator("[data-rest]").click()
    expect(page.locator("[name=extra_25]")).to_be_visible()
    expect(page.locator("[data-rest]")).to_have_count(0)
    assert page.evaluate("document.activeElement.name").startswith("extra_"), (
        "whoever opened it goes on in it"
    )
    page.fill("[name=extra_25]", "写在折起的一段里")
    go(page, "/o/competitor/new")
    expect(page.locator("[name=extra_25]")).to_have_value("写在折起的一段里")  # the draft opens it
    expect(page.locator("[name=name]")).to_have_value("长表单对手")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator(".errors")).to_contain_text("必须写")
    expect(page.locator("[name=extra_25]")).to_have_value("写在折起的一段里")
    page.fill("[name=extra_need]", "有")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page).to_have_url(re.compile(r"/o/competitor/\d+$"))
    go(page, f"{page.url}/edit")
    expect(page.locator("[name=extra_25]")).to_have_count(0)
    page.fill("[name=extra_need]", "改过")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator("#rec-facts")).to_contain_text("改过")
    expect(page.locator("#rec-facts")).to_contain_text("写在折起的一段里")


@pytest.mark.row(116)
def test_a_field_changes_its_kind_with_a_preview_and_back(enter: Entrance) -> None:
    page = enter()
    size = {"kind": "text", "label": "员工人数"}
    length = {
        "kind": "formula",
        "label": "人数位数",
        "settings": {"formula": "LEN({w_size})", "kind": "number"},
    }
    told = {"kemai": 1, "fields": {"product": {"w_size": size, "w_length": length}}}
    post(page, "/settings/configuration/apply", text=yaml.safe_dump(told, allow_unicode=True))
    settled(page, "/o/product/new", "w_size", there=True)
    keys = [
        create(page, "product", name=f"规模{text}", sku=f"W{n}", w_size=text)
        for n, text in enumerate(("12", "约三百", "1,200"))
    ]
    go(page, "/settings/objects/product/fields/w_size/")
    page.get_by_role("link", name="转换种类").click()
    page.get_by_role("link", name=re.compile("^数字")).click()
    card = page.get_by_role("region", name="会发生什么")
    expect(card.locator(".kpi").filter(has_text="转不了，会清空")).to_contain_text("1")
    expect(card).to_contain_text("“约三百”不是数字")
    expect(card).to_contain_text("产品 · 人数位数")
    listening(page)
    page.get_by_role("button", name="开始转换").click()
    expect(page.locator(".job-result")).to_contain_text("已处理 3 条")
    go(page, f"/o/product/{keys[2]}")
    expect(page.locator("#fact-w_size")).to_contain_text("1,200")
    go(page, f"/o/product/{keys[1]}")
    expect(page.locator("#fact-w_size")).to_contain_text("未填")
    go(page, "/settings/objects/product/fields/w_size/convert")
    page.get_by_role("button", name="撤销转换").click()
    agree(page)
    toast(page, "已撤销转换")
    go(page, f"/o/product/{keys[1]}")
    expect(page.locator("#fact-w_size")).to_contain_text("约三百")
    go(page, "/settings/objects/product/fields/w_size/delete")
    expect(page.get_by_text("3 条记录在这个字段里有值")).to_be_visible()
    expect(page.get_by_role("link", name="产品 · 人数位数")).to_be_visible()
    page.get_by_role("button", name="删除字段").click()
    toast(page, "30 天内可以恢复")
    go(page, f"/o/product/{keys[0]}")
    expect(page.locator("#fact-w_length")).to_contain_text("定义有误")


def test_only_administrators_come_here(enter: Entrance) -> None:
    page = enter("alice")
    for path in (
        "objects/", "objects/new", "objects/customer/", "objects/customer/fields/new", "objects/customer/layouts/form/",
        "objects/customer/uses", "objects/customer/rules", "objects/customer/history", "configuration/",
        "configuration/file", "configuration/history/",
    ):  # fmt: skip
        assert page.request.get(f"/settings/{path}").status == 403, path
    assert create(page, "customer", name="普通客户") > 0
