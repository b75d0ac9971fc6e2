"""What stands around every page: palette, keyboard, the phone's width, and access for everybody (axe)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import create, go, listening, rows, searchable, settled
from tests.e2e.conftest import Entrance

AXE = Path(__file__).resolve().parents[2] / "frontend/node_modules/axe-core/axe.min.js"
MAIN = ("/", "/o/customer/", "/o/customer/{customer}", "/o/customer/{customer}?tab=portrait", "/chain", "/dashboard",
        "/o/customer/new", "/o/task/", "/imports/", "/imports/new/customer", "/o/segment/{segment}", "/settings/",
        "/settings/users/",
        "/me/", "/notices/", "/jobs/", "/o/customer/?display=board")  # fmt: skip
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SPARING = {"resultTypes": ["violations"], "selectors": False}
"""What passed is not described node by node: that took most of the time."""
LIGHT = {"runOnly": STANDARDS, **SPARING}
DARK = {"runOnly": ["color-contrast", "link-in-text-block"], **SPARING}
"""The rest does not depend on colours."""


def fill_in(page: Page, path: str) -> str:
    """The address with the keys of a customer and a segment that are there."""
    for name in ("customer", "segment"):
        if f"{{{name}}}" in path:
            go(page, f"/o/{name}/?sort=-amount_12m" if name == "customer" else f"/o/{name}/")
            path = path.replace(f"{{{name}}}", rows(page).first.get_attribute("data-id") or "")
    return path


def test_the_palette_finds_by_initials_and_phone_tail(enter: Entrance) -> None:
    page = enter()
    key = create(page, "customer", name="张伟东", phone="13900117788")
    searchable(page, "customer", key, "7788")
    for typed in ("zwd", "zhangweidong", "7788", "伟东"):
        page.keyboard.press("Control+k")
        box = page.locator("#palette input")
        box.fill(typed)
        hit = page.locator("#palette [role=option]").filter(has_text="张伟东").first
        expect(hit).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#palette")).to_be_hidden()
    page.locator("[data-action=palette]").click()
    page.locator("#palette input").fill("张伟东")
    expect(page.locator("#palette [role=option]").first).to_contain_text("张伟东")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/o/customer/{key}$"))


def test_the_palette_starts_actions(enter: Entrance) -> None:
    page = enter()
    page.keyboard.press("Control+k")
    page.locator("#palette input").fill("xjkh")
    page.locator("#palette [role=option]").filter(has_text="新建客户").first.click()
    expect(page).to_have_url(re.compile("/o/customer/new"))


def test_a_day_without_the_mouse(enter: Entrance) -> None:
    page = enter()
    page.keyboard.press("g")
    page.keyboard.press("c")
    expect(page).to_have_url(re.compile("/o/customer/$"))
    listening(page)
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(rows(page).first).to_have_class(re.compile("cursor"))
    page.keyboard.press("x")
    expect(page.locator("[data-bulk-count]")).to_contain_text("1")
    page.keyboard.press("Space")
    expect(page.locator("#peek-body [data-title], #peek-body h2, #peek-body dl").first).to_be_attached()
    page.keyboard.press("Escape")
    expect(page.locator("#peek")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.locator(".fb-pop")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("body").press("n")
    expect(page).to_have_url(re.compile("/o/customer/new"))


def test_a_phone_never_scrolls_sideways(enter: Entrance) -> None:
    page = enter(width=390, height=844)
    wide: list[str] = []
    for path in MAIN:
        go(page, fill_in(page, path))
        settled(page)
        expect(page.locator(".bottombar")).to_be_visible()
        width = page.evaluate("document.documentElement.scrollWidth")
        wide += [f"{path} {width}"] if width > 390 else []
    assert not wide


def test_the_phones_bottom_bar(enter: Entrance) -> None:
    page = enter("alice", width=390, height=844)
    bar = page.locator(".bottombar")
    bar.get_by_role("link", name="客户").click()
    expect(page).to_have_url(re.compile("/o/customer/"))
    listening(page)
    page.locator("#list tr[data-row] a").first.click()
    expect(page.locator("#composer")).to_be_visible()
    go(page, "/o/customer/")
    bar.get_by_role("button", name="新建").click()
    expect(page.locator("#quick-create")).to_be_visible()
    page.locator("#quick-create").get_by_role("link", name="客户", exact=True).click()
    expect(page).to_have_url(re.compile("/o/customer/new"))
    listening(page)
    bar.get_by_role("link", name="消息").click()
    expect(page.locator("h1")).to_have_text("消息")
    listening(page)
    bar.get_by_role("button", name="我").click()
    expect(page.locator("#nav")).to_be_in_viewport()


def test_settings_have_a_side_bar_of_their_own(enter: Entrance) -> None:
    page = enter("demo", "/o/customer/")
    side = page.locator("#nav")
    expect(side.get_by_role("link", name="销售阶段")).to_have_count(0)
    side.get_by_role("link", name="设置", exact=True).click()
    expect(page.locator("h1")).to_have_text("设置")
    expect(side.get_by_role("link", name="客户", exact=True)).to_have_count(0)
    page.locator("main").get_by_role("link", name="角色").click()
    expect(side.locator("[aria-current=page]")).to_have_text("角色")
    listening(page)
    page.keyboard.press("g")
    page.keyboard.press("c")
    expect(page).to_have_url(re.compile("/o/customer/$"))


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed (cd frontend && npm ci)")
def test_axe_finds_nothing(enter: Entrance) -> None:
    """Every page is opened once and looked at in both themes, which change where they stand."""
    page = enter("demo", fresh=True)
    source = AXE.read_text(encoding="utf-8")
    found: list[str] = []
    for path in MAIN:
        wear(page, "light")
        go(page, fill_in(page, path))
        settled(page)
        page.evaluate(source)
        found += violations(page, f"{path} light", LIGHT)
        wear(page, "dark")
        expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
        page.evaluate(STILL)
        found += violations(page, f"{path} dark", DARK)
    assert not found, "\n".join(found)


STILL = """new Promise(go => requestAnimationFrame(() => requestAnimationFrame(go))).then(() => Promise.all(
    document.getAnimations().filter(one => one instanceof CSSTransition).map(one => one.finished.catch(() => 0))))"""
"""Two frames on, every change of colour has begun; then it is waited for."""


def wear(page: Page, theme: Literal["light", "dark"]) -> None:
    """Without motion, so that no colour is caught half-way."""
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")


def violations(page: Page, where: str, options: dict[str, Any]) -> list[str]:
    answer: dict[str, Any] = page.evaluate("(options) => axe.run(options)", options)
    return [
        f"{where} {one['id']}: {node['html'][:160]}"
        for one in answer["violations"]
        for node in one["nodes"][:3]
    ]


def test_an_unknown_address_is_said_in_the_product(enter: Entrance) -> None:
    page = enter()
    for path in ("/no/such/page", "/o/nothing/", "/o/customer/99999999"):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 404
        expect(page.locator(".errorpage h1")).to_be_visible()
