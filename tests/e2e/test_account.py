"""Coming in: passwords, two steps, a new colleague, one's own language and colours."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
import time

from playwright.sync_api import Page, expect

from tests.e2e.browsing import go, toast
from tests.e2e.conftest import Entrance

CHINESE = re.compile("[\u4e00-\u9fff]")


def six_digits(secret: str, at: float) -> str:
    """RFC 6238 with the usual 30 seconds and SHA-1."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(at) // 30), hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def attempt(page: Page, user: str, password: str) -> None:
    page.fill("[name=login]", user)
    page.fill("[name=password]", password)
    page.click("form [type=submit]")


def test_a_wrong_password_does_not_tell_who_exists(enter: Entrance) -> None:
    page = enter(None, "/o/customer/")
    assert "/login/" in page.url
    said = []
    for user in ("mengfei", "nobody-here"):
        attempt(page, user, "not the password")
        alert = page.locator(".alert-danger")
        expect(alert).to_be_visible()
        said.append(alert.inner_text())
        assert page.input_value("[name=login]") == user
    assert said[0] == said[1]
    attempt(page, "mengfei", enter.company.password)
    expect(page).to_have_url(re.compile("/o/customer/$"))


def test_logging_out_ends_the_session(enter: Entrance) -> None:
    page = enter("baiyang", fresh=True)
    page.locator(".topbar [data-dropdown]").last.click()
    page.get_by_role("menuitem", name="退出登录").click()
    expect(page).to_have_url(re.compile("/login/"))
    page.goto("/o/customer/")
    assert "/login/" in page.url


def test_two_step_log_in(enter: Entrance) -> None:
    page = enter("store14", "/me/two-step/", fresh=True)
    page.get_by_role("link", name="启用两步验证").click()
    page.wait_for_load_state()
    if "/again/" in page.url:  # a step that touches the account's safety asks once more
        page.fill("[name=password]", enter.company.password)
        page.get_by_role("button", name="继续").click()
    secret = page.locator("main code").inner_text().strip()
    page.fill("[name=code]", "000000")
    page.get_by_role("button", name="启用").click()
    expect(page.locator(".err").first).to_be_visible()
    secret = page.locator("main code").inner_text().strip() or secret
    page.fill("[name=code]", six_digits(secret, time.time()))
    page.get_by_role("button", name="启用").click()
    expect(page.locator("main")).to_contain_text("恢复码")
    go(page, "/me/two-step/codes/")
    codes = re.findall(r"\b[0-9a-z]{8,}\b", page.locator("main").inner_text())
    assert len(codes) >= 8

    other = enter(None, "/login/")
    attempt(other, "store14", enter.company.password)
    expect(other.locator("h1")).to_have_text("两步验证")
    other.goto("/o/customer/")
    assert "/login/" in other.url, "the first step alone opens nothing"
    go(other, "/login/two-step/")
    other.fill("[name=code]", "111111")
    other.get_by_role("button", name="登录").click()
    expect(other.locator(".err, .alert-danger").first).to_be_visible()
    other.fill("[name=code]", codes[0])
    other.get_by_role("button", name="登录").click()
    expect(other.locator("#nav")).to_be_attached()


def test_a_new_colleague_sets_a_password_and_works(enter: Entrance) -> None:
    page = enter("demo", "/settings/users/new/")
    page.fill("[name=username]", "xinren")
    page.fill("[name=name]", "新人甲")
    page.locator("label.check").filter(has_text="查看和处理自己负责的客户").locator("input").check()
    page.get_by_role("button", name="保存").click()
    link = re.search(r"https?://[^\s\"<]+/welcome/[^\s\"<]+", page.content())
    assert link, "the one-time link is shown once"
    stranger = enter(None, "/login/")
    stranger.goto(link[0])
    stranger.fill("[name=password]", "12345678")
    stranger.fill("[name=again]", "12345678")
    stranger.get_by_role("button", name="保存").click()
    expect(stranger.locator(".err").first).to_be_visible()
    stranger.fill("[name=password]", "yunqi-Xinren-2026")
    stranger.fill("[name=again]", "yunqi-Xinren-2026")
    stranger.get_by_role("button", name="保存").click()
    expect(stranger).not_to_have_url(re.compile("/welcome/"))
    if "/login/" in stranger.url:
        attempt(stranger, "xinren", "yunqi-Xinren-2026")
    expect(stranger.locator("#nav")).to_be_attached()
    expect(stranger.locator("h1")).to_contain_text("新人甲")
    stranger.goto("/settings/users/")
    assert stranger.locator(".errorpage").count(), "a salesperson has no business in the settings"


def test_a_person_without_the_right_sees_no_settings(enter: Entrance) -> None:
    page = enter("alice")
    assert page.locator("#nav a[href^='/settings/']").count() == 0
    assert page.goto("/settings/users/new/").status in {403, 404}  # type: ignore[union-attr]


def test_english_has_no_chinese_around_the_data(enter: Entrance) -> None:
    page = enter("duanxue", fresh=True)
    page.locator(".topbar [data-dropdown]").last.click()
    page.get_by_role("menuitemradio", name="English").or_(
        page.get_by_role("menuitem", name="English")
    ).first.click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    left: list[str] = []
    for path in (
        "/",
        "/o/customer/",
        "/chain",
        "/dashboard",
        "/o/task/",
        "/o/customer/new",
        "/me/",
        "/o/segment/",
    ):
        go(page, path)
        chrome = page.locator(
            "#nav a, #nav summary, h1, h2, .btn, label, legend, thead th, .tabs a, .kpi .label"
        )
        views = page.locator(
            ".list-tabs a:has(svg), .nav-views a"
        ).all_inner_texts()  # lists that people have named
        for text in chrome.all_inner_texts():
            rest = text.replace("段雪", "").strip()
            if CHINESE.search(rest) and rest not in {view.strip() for view in views}:
                left.append(f"{path}: {rest}")
    assert not left, "\n".join(left)


def test_the_dark_theme_stays(enter: Entrance) -> None:
    page = enter("raoming", fresh=True)
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator(".topbar [data-dropdown]").last.click()
    with page.expect_response("**/me/prefs/"):
        page.locator("[data-theme-set=dark]").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    go(page, "/o/customer/")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


def test_preferences_are_saved(enter: Entrance) -> None:
    page = enter("luochuan", "/me/", fresh=True)
    page.fill("[name=name]", "罗川（西南）")
    page.get_by_role("button", name="保存").click()
    toast(page, "已保存")
    assert page.input_value("[name=name]") == "罗川（西南）"
