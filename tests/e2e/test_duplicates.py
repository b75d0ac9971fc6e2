"""Doubles, as people meet them: warned while typing, found by the run, merged with a choice, parted again."""

from __future__ import annotations

import random
import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import agree, create, go, pick, toast
from tests.e2e.conftest import Entrance

RNG = random.Random(time.time_ns())
"""Names that are new each time: the company may be kept from an earlier run."""
SIMPLE, TRADITIONAL = "鱼龙凤鸿鹏鹤雁鸥", "魚龍鳳鴻鵬鶴雁鷗"


def twins() -> tuple[dict[str, str], dict[str, str]]:
    """One company as two people wrote it down."""
    first, second = RNG.sample(range(len(SIMPLE)), 2)
    number, house = f"88{RNG.randrange(10**6):06}", RNG.randrange(20, 99)
    said = "".join("零一二三四五六七八九"[int(digit)] for digit in str(house))
    one = {
        "name": f"杭州{SIMPLE[first]}{SIMPLE[second]}{house}信息技术有限公司", "kind": "company", "note": "老客户",
        "phone": f"0571-{number}", "region": "330106", "address": f"学院路{house}号",
    }  # fmt: skip
    two = {
        "name": f"杭州{TRADITIONAL[first]}{TRADITIONAL[second]}{house}信息技術有限責任公司", "kind": "company",
        "phone": f"(0571){number}-801", "region": "330106", "address": f"学院路{said}号华星大厦", "industry": "软件",
    }  # fmt: skip
    return one, two


@pytest.mark.row(11)
def test_who_types_a_name_that_sounds_like_a_customer_is_told(enter: Entrance) -> None:
    page = enter()
    create(page, "customer", name="苏州白鹭包装材料有限公司", kind="company", region="320506")
    go(page, "/o/customer/new")
    page.select_option("[name=kind]", "company")
    page.fill("[name=name]", "苏州百鹭包装材料有限公司")
    expect(page.locator("#similar")).to_contain_text("苏州白鹭包装材料有限公司")
    expect(page.locator("#similar")).to_contain_text("字号同音")
    go(page, "/customers/check")
    page.fill("[name=name]", "苏州白鹭包装材料")
    expect(page.locator("#check-found")).to_contain_text("苏州白鹭包装材料有限公司")
    expect(page.locator("#check-found")).to_contain_text("字号相同")


def search_now(page: Page) -> None:
    go(page, "/customers/duplicates")
    page.get_by_role("button", name="现在查找").click()
    expect(page.locator("#dup-job")).to_contain_text("查找完成", timeout=120_000)
    go(page, "/customers/duplicates")


@pytest.mark.row(11)
@pytest.mark.row(12)
@pytest.mark.row(13)
def test_the_queue_finds_them_and_the_keyboard_merges_and_undoes(enter: Entrance) -> None:
    page = enter()
    one, two = twins()
    first, second = create(page, "customer", **one), create(page, "customer", **two)
    search_now(page)
    pair = page.locator(".dup-pair").filter(has_text=one["name"])
    expect(pair).to_contain_text("电话相同")
    expect(pair).to_contain_text("字号相同")
    pair.get_by_role("button", name="合并", exact=True).click()
    expect(pair).to_have_count(0)
    go(page, f"/o/customer/{second}")
    expect(page).to_have_url(re.compile(f"/o/customer/{first}$"))
    go(page, f"/o/customer/{first}?tab=history")
    expect(page.locator("#tab")).to_contain_text("合并了")
    page.locator("#tab").get_by_role("button", name="撤销").first.click()
    agree(page)
    toast(page)
    go(page, f"/o/customer/{second}")
    expect(page.locator("h1")).to_contain_text(two["name"])
    go(page, "/customers/duplicates")
    first_pair = page.locator(".dup-pair").first  # the demo company has doubles of its own
    gone = first_pair.get_attribute("id")
    page.keyboard.press("d")
    expect(page.locator(f"#{gone}")).to_have_count(0)
    toast(page, "不是重复")


@pytest.mark.row(12)
@pytest.mark.row(13)
def test_two_customers_are_merged_field_by_field(enter: Entrance) -> None:
    page = enter()
    mark = f"{RNG.randrange(10**4):04}"
    keep = create(
        page, "customer", name=f"合并{mark}甲", kind="person", phone=f"1390011{mark}", note="甲的备注"
    )
    gone = create(
        page, "customer", name=f"合并{mark}甲乙", kind="person", phone=f"1390012{mark}", industry="餐饮"
    )
    go(page, f"/o/customer/?q=合并{mark}甲")
    for row in page.locator("#list tr[data-row] [data-select]").all():
        row.check()
    page.locator(".bulkbar").get_by_role("button", name="合并").click()
    expect(page).to_have_url(re.compile("/o/customer/merge"))
    table = page.locator(".merge-table")
    expect(table).to_contain_text("甲的备注")
    page.locator(f"[name=f-phone][value='{gone}']").check()
    page.locator(f"[name=f-name][value='{keep}']").check()
    page.get_by_role("button", name="合并 2 条").click()
    expect(page).to_have_url(re.compile(f"/o/customer/{keep}$"))
    facts = page.locator("#rec-facts")
    expect(page.locator("h1")).to_contain_text(f"合并{mark}甲")
    expect(facts).to_contain_text(f"139 0012 {mark}")
    expect(facts).to_contain_text("餐饮")
    go(page, f"/o/customer/merge?ids={keep},{gone}")
    expect(page.locator(".alert")).to_contain_text("请选择至少两条")


@pytest.mark.row(18)
def test_a_subsidiary_is_noted_on_both_pages(enter: Entrance) -> None:
    page = enter()
    parent = create(page, "customer", name="关系测试集团", kind="company", phone="13900120001")
    child = create(page, "customer", name="关系测试子公司", kind="company", phone="13900120002")
    go(page, f"/o/customer/{parent}?tab=links")
    page.locator("#links [name=kind]").select_option("parent:a")
    pick(page.locator("#links"), "另一条记录", "关系测试子公司")
    page.get_by_role("button", name="添加关系").click()
    expect(page.locator("#links .link-list")).to_contain_text("关系测试子公司")
    go(page, f"/o/customer/{child}?tab=links")
    expect(page.locator("#links .link-list")).to_contain_text("母公司")
    expect(page.locator("#links .link-list")).to_contain_text("关系测试集团")
