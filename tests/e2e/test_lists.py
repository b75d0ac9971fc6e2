"""The list of customers: find, filter, sort, page, choose columns, change one and many, take it with you."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import openpyxl
from playwright.sync_api import Page, expect

from tests.e2e.browsing import create, go, pick, rows, toast
from tests.e2e.conftest import Entrance

LIST = "/o/customer/"


def total(page: Page) -> int:
    """The count at the foot of the list."""
    foot = page.locator(".list-foot")
    expect(foot).to_contain_text(re.compile(r"\d"))
    found = re.search(r"[\d,]+", foot.inner_text())
    assert found
    return int(found[0].replace(",", ""))


def column(page: Page, key: str) -> list[str]:
    return [text.strip() for text in page.locator(f"#list td[data-key={key}]").all_inner_texts()]


def test_a_saved_view_shows_its_records(enter: Entrance) -> None:
    page = enter(path=LIST)
    everybody = total(page)
    page.locator(".list-tabs").get_by_role("link", name="高价值按最近联系").click()
    expect(page).to_have_url(re.compile("view="))
    expect(page.locator(".list-tabs [aria-current=page]")).to_contain_text("高价值")
    expect(page.locator("#list td[data-key=value_class]").filter(has_not_text="高价值")).to_have_count(0)
    assert set(column(page, "value_class")) == {"高价值"}
    assert 0 < total(page) < everybody
    page.reload()
    assert set(column(page, "value_class")) == {"高价值"}, "a link shows what I see"


def test_a_filter_is_built_and_reads_as_a_sentence(enter: Entrance) -> None:
    page = enter(path=LIST)
    page.locator("[data-key='/']").first.click()
    builder = page.locator(".fb-pop")
    pick(builder, "字段", "价值类别")
    operators = builder.locator(".fb-row select[aria-label=条件]")
    operators.select_option("in")
    pick(builder, "值", "高价值")
    page.keyboard.press("Escape")
    builder.get_by_role("button", name="应用").click()
    chip = page.locator("#list .chip")
    expect(chip).to_contain_text("价值类别")
    expect(chip).to_contain_text("高价值")
    expect(page).to_have_url(re.compile("asked="))
    expect(page.locator("#list td[data-key=value_class]").filter(has_text="普通")).to_have_count(0)
    assert set(column(page, "value_class")) == {"高价值"}
    page.locator("#list .chip .x").click()
    expect(page.locator("#list .chip")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("asked=|where="))


def test_a_filter_can_be_kept_as_a_view(enter: Entrance) -> None:
    page = enter("yanhong", f"{LIST}?sort=-amount_12m")
    page.get_by_role("button", name="保存视图").click()
    page.locator("#modal [name=name]").fill("大客户在前")
    page.locator("#modal").get_by_role("button", name="保存", exact=True).click()
    tab = page.locator(".list-tabs").get_by_role("link", name="大客户在前")
    expect(tab).to_be_visible()
    go(page, LIST)
    page.locator(".list-tabs").get_by_role("link", name="大客户在前").click()
    expect(page.locator("th[data-col=amount_12m]")).to_have_attribute("aria-sort", "descending")
    stranger = enter("charlie", LIST)
    assert stranger.locator(".list-tabs").get_by_role("link", name="大客户在前").count() == 0


def test_sorting_and_paging(enter: Entrance) -> None:
    page = enter(path=LIST)
    header = page.locator("th[data-col=amount_12m] a")
    header.click()
    expect(page.locator("th[data-col=amount_12m]")).to_have_attribute("aria-sort", re.compile("."))
    if page.locator("th[data-col=amount_12m]").get_attribute("aria-sort") == "ascending":
        page.locator("th[data-col=amount_12m] a").click()
        expect(page.locator("th[data-col=amount_12m]")).to_have_attribute("aria-sort", "descending")
    amounts = [
        float(text.replace("¥", "").replace(",", "")) for text in column(page, "amount_12m") if text != "—"
    ]
    assert amounts == sorted(amounts, reverse=True)
    first = column(page, "name")
    page.get_by_role("link", name="下一页").click()
    expect(page.locator("#list td[data-key=name]").first).not_to_have_text(first[0])
    second = column(page, "name")
    assert not set(first) & set(second) or len(second) == 50
    page.get_by_role("link", name="上一页").click()
    expect(page.locator("#list td[data-key=name]").first).to_have_text(first[0])
    assert column(page, "name") == first


def test_columns_are_chosen(enter: Entrance) -> None:
    page = enter(path=LIST)
    page.locator("[data-modal-url*='/columns']").click()
    dialog = page.locator("#modal")
    dialog.locator("li[data-key=email] input").check()
    dialog.locator("li[data-key=region] input").uncheck()
    dialog.get_by_role("button", name="应用").click()
    expect(page.locator("th[data-col=email]")).to_be_visible()
    expect(page.locator("th[data-col=region]")).to_have_count(0)
    expect(dialog).to_be_hidden()


def test_a_cell_is_changed_in_place_and_refuses_nonsense(enter: Entrance) -> None:
    page = enter(path=LIST)
    create(page, "customer", name="列表改格测试", phone="13900010001")
    go(page, f"{LIST}?q=列表改格测试")
    cell = page.locator("#list td[data-key=phone]").first
    edge = cell.bounding_box()
    assert edge
    cell.dblclick(position={"x": edge["width"] - 6, "y": 8})  # beside the number, which is a link that dials
    box = cell.locator("input[name=phone]")
    box.fill("12")
    box.press("Enter")
    expect(cell.locator(".err")).to_be_visible()
    box = cell.locator("input[name=phone]")
    expect(box).to_have_value("12")
    box.fill("13900010002")
    box.press("Enter")
    toast(page)
    expect(cell).to_contain_text("139 0001 0002")
    page.reload()
    expect(page.locator("#list td[data-key=phone]").first).to_contain_text("139 0001 0002")


def test_many_are_tagged_and_it_is_taken_back(enter: Entrance) -> None:
    page = enter(path=LIST)
    create(page, "tag", name="批量测试标签", color="red")
    for n in range(3):
        create(page, "customer", name=f"批量测试{n}号", phone=f"1390002000{n}")
    go(page, f"{LIST}?q=批量测试")
    expect(rows(page)).to_have_count(3)
    page.locator("[data-select-all]").check()
    expect(page.locator("[data-bulk-count]")).to_contain_text("3")
    page.get_by_role("button", name="打标签").click()
    form = page.locator("#modal form")
    expect(form).to_contain_text("将处理 3 条客户")
    box = form.get_by_role("combobox").first
    box.click()
    box.fill("批量测试标签")
    page.get_by_role("option", name="批量测试标签").first.click()
    page.keyboard.press("Escape")
    form.locator("[type=submit]").click()
    done = toast(page)
    done.hover()  # it stays while the pointer is on it
    expect(page.locator("#list td[data-key=tags]").filter(has_text="批量测试标签")).to_have_count(3)
    done.get_by_role("button", name="撤销").click()
    expect(page.locator("#list td[data-key=tags]").filter(has_text="批量测试标签")).to_have_count(0)
    expect(rows(page)).to_have_count(3)
    page.set_viewport_size({"width": 390, "height": 844})  # on the phone a tap on a card chooses it
    page.get_by_role("button", name="选择多条").click()
    rows(page).nth(0).click()
    rows(page).nth(2).click()
    expect(page.locator("[data-bulk-count]")).to_contain_text("2")
    expect(page.get_by_role("button", name="打标签")).to_be_visible()
    page.get_by_role("button", name="选择多条").click()
    expect(page.locator("[data-bulk-for]")).to_be_hidden()
    rows(page).nth(0).click()
    expect(page).to_have_url(re.compile(r"/o/customer/\d+"))


def test_the_export_holds_what_the_list_shows(enter: Entrance, tmp_path: Path) -> None:
    page = enter(path=f"{LIST}?q=公司")
    shown = total(page)
    names = column(page, "name")
    page.get_by_role("button", name="导出", exact=True).click()
    page.locator("#modal form [type=submit]").click()
    with page.expect_download() as caught:
        page.get_by_role("link", name="下载文件").click()
    file = tmp_path / caught.value.suggested_filename
    caught.value.save_as(file)
    sheet = openpyxl.load_workbook(file, read_only=True).worksheets[0]
    lines = list(sheet.iter_rows(values_only=True))
    assert len(lines) - 1 == shown
    assert set(names) <= {str(line[lines[0].index("名称")]) for line in lines[1:]}


def test_board_calendar_and_chart_show_the_same_records(enter: Entrance) -> None:
    page = enter(path=LIST)
    page.locator(".list-tabs .seg").get_by_role("link", name="看板", exact=True).click()
    expect(page.locator("[data-column] [data-list] > *").first).to_be_visible()
    page.locator(".list-tabs .seg").get_by_role("link", name="日历", exact=True).click()
    expect(page).to_have_url(re.compile("display=calendar"))
    page.locator(".list-tabs .seg").get_by_role("link", name="图表", exact=True).click()
    expect(page.locator("#list canvas").first).to_be_visible()


def test_a_card_is_moved_by_keyboard(enter: Entrance) -> None:
    page = enter(path=LIST)
    create(page, "customer", name="看板移动测试", phone="13900030001")
    go(page, f"{LIST}?q=看板移动测试&display=board")
    card = page.locator("[data-list] > *").filter(has_text="看板移动测试")
    origin = card.locator("xpath=ancestor::*[@data-column][1]").get_attribute("data-column")
    card.focus()
    expect(card).to_be_focused()
    with page.expect_response(re.compile("/board/move")) as moved:
        page.keyboard.press("Alt+ArrowRight")
    assert moved.value.ok, moved.value.text()
    expect(page.locator(f"[data-column='{origin}']").get_by_text("看板移动测试")).to_have_count(0)
    page.reload()
    expect(page.locator(f"[data-column='{origin}']").get_by_text("看板移动测试")).to_have_count(0)
    expect(page.locator("[data-list]").get_by_text("看板移动测试")).to_have_count(1)


def test_an_empty_list_says_what_to_do(enter: Entrance) -> None:
    page = enter(path=f"{LIST}?q=查无此人甲乙丙丁")
    expect(page.locator("#list .empty")).to_be_visible()
    expect(rows(page)).to_have_count(0)


def test_an_unknown_filter_field_is_refused_in_words(enter: Entrance) -> None:
    page = enter(path=LIST)
    answer = page.goto(LIST + '?where={"field":"owner__password","op":"is","value":"x"}')
    assert answer is not None
    assert answer.status in {200, 422}
    assert "owner__password" not in page.locator("#list tbody").all_inner_texts()


def test_what_is_typed_stands_in_no_address(enter: Entrance) -> None:
    """Searching, going back, reloading, the form's look for doubles and a form of the kind GET: no address shows it."""
    page = enter(path=LIST)
    create(page, "customer", name="地址栏测试", phone="13900077001")
    asked: list[str] = []
    page.on("request", lambda one: asked.append(unquote(one.url)))
    page.locator("#list-q").fill("地址栏测试")
    expect(page).to_have_url(re.compile("asked="))
    expect(rows(page)).to_have_count(1)
    page.reload()
    expect(rows(page)).to_have_count(1)
    expect(page.locator("#list-q")).to_have_value("地址栏测试")
    page.locator("#list").get_by_role("link", name="图表").click()
    expect(page).to_have_url(re.compile("display=chart"))
    page.go_back()
    expect(rows(page)).to_have_count(1)

    go(page, "/o/customer/new")
    page.locator("[name=name]").fill("地址栏测试")
    page.locator("[name=phone]").fill("13900077001")
    expect(page.locator("#similar")).to_contain_text("可能已经有了")
    go(page, "/bin/customer")
    page.get_by_role("searchbox", name="查找已删除的客户").fill("地址栏测试")
    page.get_by_role("searchbox", name="查找已删除的客户").press("Enter")
    expect(page).to_have_url(re.compile("asked="))
    expect(page.get_by_role("searchbox", name="查找已删除的客户")).to_have_value("地址栏测试")
    go(page, f"{LIST}?q=%E5%9C%B0%E5%9D%80%E6%A0%8F%E6%B5%8B%E8%AF%95")
    asked.pop(
        next(place for place, one in enumerate(asked) if one.endswith("q=地址栏测试"))
    )  # an address of old
    expect(page).to_have_url(re.compile("asked="))
    expect(rows(page)).to_have_count(1)
    for one in (page.url, *asked):
        assert "地址栏测试" not in unquote(one), one
        assert "13900077001" not in one, one
    assert any("/similar" in one for one in asked)
