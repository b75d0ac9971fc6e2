"""Reports in the browser: of an own object, from choosing it to the records behind a figure and the file."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import agree, csrf, go, listening, toast
from tests.e2e.browsing import settled as drawn
from tests.e2e.conftest import Entrance, company_apart
from tests.e2e.test_define import post, settled

company = company_apart()


def lease(page: Page, **values: object) -> None:
    """A machine by its form, which sends each of several values by itself."""
    headers = {
        "X-CSRFToken": csrf(page),
        "Referer": page.url,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    answer = page.request.post(
        "/o/leased/new", data=urlencode(values, doseq=True), headers=headers, max_redirects=0
    )
    assert answer.status == 302, answer.text()[:2000]


@pytest.mark.row(114)
def test_a_report_of_an_own_object_is_built_drilled_and_exported(enter: Entrance) -> None:
    page = enter("demo", "/settings/objects/new")
    post(page, "/settings/objects/new", label="租赁设备", label_en="Leased machine", key="leased", icon="box")
    post(page, "/settings/objects/leased/fields/new/text", label="车间", key="hall")
    post(page, "/settings/objects/leased/fields/new/money", label="租金", key="rent")
    post(
        page, "/settings/objects/leased/fields/new/multi_reference", label="用户", key="users", ref="customer"
    )
    settled(page, "/o/leased/new", "租金", there=True)
    first, second = [one["value"] for one in page.request.get("/o/customer/options?q=").json()["items"]][:2]
    for name, hall, rent, users in (
        ("甲", "东区", "100", [first, second]), ("乙", "东区", "50.5", [second]), ("丙", "西区", "7", []),
    ):  # fmt: skip
        lease(page, name=f"{name}机", hall=hall, rent=rent, users=users)

    go(page, "/o/leased/")
    page.get_by_label("显示方式").get_by_role("link", name="日历").click()
    expect(page.get_by_role("heading", name="“租赁设备”还没有日期，排不了日历")).to_be_visible()
    expect(page.get_by_role("link", name="添加日期字段")).to_be_visible()
    page.get_by_role("link", name="先按创建时间看").click()
    expect(page.locator(".cal-event").filter(has_text="甲机")).to_be_visible()

    go(page, "/reports/")
    page.get_by_role("link", name="新建报表").first.click()
    page.get_by_role("link", name="租赁设备").click()
    drawn(page)
    result = page.locator("#rp-result")
    page.get_by_label("行", exact=True).select_option(label="车间")
    expect(result.get_by_role("row", name="东区")).to_contain_text("2")
    page.get_by_label("统计值 1").select_option(label="租金 · 合计")
    expect(result.get_by_role("row", name="东区")).to_contain_text("¥ 150.50")
    expect(result.locator("tfoot")).to_contain_text("¥ 157.50")
    page.get_by_label("列", exact=True).select_option(label="创建时间")
    page.get_by_label("列：多细").select_option("year")
    expect(result.locator("thead")).to_contain_text("合计")
    page.get_by_label("列", exact=True).select_option(label="不分")
    expect(result.locator("thead th")).to_have_count(2)
    page.get_by_label("行", exact=True).select_option(label="用户")
    expect(result).to_contain_text("合计里只算一次")
    expect(result.locator("tbody td").filter(has_text="¥ 150.50")).to_have_count(1)
    expect(result.locator("tfoot")).to_contain_text("¥ 157.50")
    page.get_by_label("行", exact=True).select_option(label="车间")
    expect(result.get_by_role("row", name="东区")).to_contain_text("¥ 150.50")
    result.get_by_role("button", name="保存报表").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("名称").fill("设备租金")
    dialog.get_by_role("button", name="保存", exact=True).click()
    toast(page, "已保存报表“设备租金”")

    with page.expect_download() as download:
        page.locator("#rp-result").get_by_role("button", name="导出").click()
        page.get_by_role("menuitem", name="CSV 文件").click()
    text = download.value.path().read_text("utf-8-sig").replace('"', "")
    assert text.splitlines() == ["车间,租金合计", "东区,150.50", "西区,7.00", "合计,157.50"]

    page.locator("#rp-result").get_by_role("link", name="¥ 150.50").click()
    listening(page)
    expect(page.locator("tr[data-row]")).to_have_count(2)
    expect(page.get_by_text("丙机")).to_have_count(0)

    go(page, "/reports/")
    page.get_by_role("link", name="设备租金").click()
    listening(page)
    page.get_by_role("button", name="更多").click()
    page.get_by_role("menuitem", name="删除").click()
    agree(page)
    toast(page, "已删除报表“设备租金”")
    page.get_by_text("最近删除的报表（1）").click()
    page.get_by_role("button", name="恢复").click()
    toast(page, "已恢复报表“设备租金”")
