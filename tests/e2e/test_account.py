"""Coming in: passwords, two steps, a new colleague, one's own language and colours."""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib
import hmac
import re
import struct
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope
from playwright.sync_api import Page, expect

from tests.e2e.browsing import PATIENCE, agree, confirmed, go, toast
from tests.e2e.company import free_port
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


@pytest.fixture
def post(enter: Entrance) -> Iterator[list[str]]:
    """The texts of mails that the product sends, through a mail server of ours."""
    got: list[str] = []

    class Keep:
        async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:
            assert isinstance(envelope.content, bytes)
            mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
            got.append(mail.get_body(("plain",)).get_content())  # type: ignore[union-attr]
            return "250 OK"

    server = Controller(Keep(), hostname="127.0.0.1", port=free_port())
    server.start()
    page = enter("demo", "/settings/collab/")
    form = page.locator("form").filter(has=page.locator("[name=host]"))
    values = {"host": "127.0.0.1", "port": str(server.port), "sender": "crm@example.com"}
    for name, value in values.items():
        form.locator(f"[name={name}]").fill(value)
    form.locator("[name=security]").select_option("none")
    form.get_by_role("button", name="保存").click()
    toast(page, "已保存")
    yield got
    form.locator("[name=host]").fill("")
    form.get_by_role("button", name="保存").click()
    toast(page, "已保存")
    server.stop()


def second_step(page: Page, code: str) -> None:
    page.fill("[name=code]", code)
    page.get_by_role("button", name="登录").click()


def test_a_second_step_a_lost_phone_and_a_forgotten_password(enter: Entrance, post: list[str]) -> None:
    page = enter("store14", "/me/two-step/", fresh=True)
    page.get_by_role("link", name="启用两步验证").click()
    confirmed(page, enter.company.password, page.locator("[name=code]"))
    page.fill("[name=code]", "000000")
    page.get_by_role("button", name="启用").click()
    expect(page.locator(".err").first).to_be_visible()
    secret = page.locator("main code").inner_text().strip()
    page.fill("[name=code]", six_digits(secret, time.time()))
    page.get_by_role("button", name="启用").click()
    expect(page.locator(".codes code")).to_have_count(10)
    codes = page.locator(".codes code").all_inner_texts()
    page.get_by_role("link", name="我已经保存好了").click()
    expect(page.locator("main")).to_contain_text("还有 10 个可用")
    assert codes[0] not in page.content()

    # without the phone: the first step alone opens nothing, a recovery code does, once
    other = enter(None, "/login/")
    attempt(other, "store14", enter.company.password)
    expect(other.locator("h1")).to_have_text("两步验证")
    other.goto("/o/customer/")
    assert "/login/" in other.url
    go(other, "/login/two-step/")
    second_step(other, "111111")
    expect(other.locator(".err, .alert-danger").first).to_be_visible()
    second_step(other, codes[0])
    expect(other.locator("#nav")).to_be_attached()

    # both places are listed here, and the other is ended from here
    go(page, "/me/sessions/")
    expect(page.locator("main tbody tr").first).to_contain_text("本机")
    rows_before = page.locator("main tbody tr").count()
    assert rows_before >= 2
    page.get_by_role("button", name="退出其他所有设备").click()
    agree(page)
    expect(page.locator("main tbody tr")).to_have_count(1)
    other.goto("/me/")
    assert "/login/" in other.url

    # a forgotten password: by mail, then the second step as ever; the old password is no more, nor is this session
    go(other, "/login/forgot/")
    other.fill("[name=login]", "store14")
    other.get_by_role("button", name="发送链接").click()
    expect(other.locator("main")).to_contain_text("如果有这个账号")
    until = time.monotonic() + PATIENCE / 1000
    while not post and time.monotonic() < until:
        other.wait_for_timeout(100)
    path = urlsplit(re.search(r"https?://\S+/welcome/\S+", post[0])[0]).path  # type: ignore[index]
    go(other, path)
    other.fill("[name=password]", "store14-2026")
    other.fill("[name=again]", "store14-2026")
    other.get_by_role("button", name="保存").click()
    expect(other.locator(".err").first).to_be_visible()
    other.fill("[name=password]", "换了新的-密码-88")
    other.fill("[name=again]", "换了新的-密码-88")
    other.get_by_role("button", name="保存").click()
    other.wait_for_url("**/login/")
    attempt(other, "store14", "换了新的-密码-88")
    second_step(other, codes[1])
    expect(other.locator("#nav")).to_be_attached()
    assert other.goto(path).status == 404  # type: ignore[union-attr]
    page.goto("/me/")
    assert "/login/" in page.url


def test_a_new_colleague_sets_a_password_and_works(enter: Entrance) -> None:
    page = enter("demo", "/settings/users/new/")
    page.fill("[name=username]", "xinren")
    page.fill("[name=name]", "新人甲")
    page.locator("label.check").filter(has_text="查看和处理自己负责的客户").locator("input").check()
    page.get_by_role("button", name="保存").click()
    shown = page.get_by_text("/welcome/")
    expect(shown).to_be_visible()
    stranger = enter(None, "/login/")
    stranger.goto(shown.inner_text().strip())
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


def test_an_emergency_shows_itself_until_it_is_ended(enter: Entrance) -> None:
    page = enter("demo", "/settings/emergency/", fresh=True)
    page.fill("[name=reason]", "客户投诉单据金额不对，负责人联系不上")
    page.get_by_role("button", name="开始应急访问").click()
    banner = page.locator(".alert.emergency")
    confirmed(page, enter.company.password, banner)
    go(page, "/o/customer/")
    expect(banner).to_contain_text("应急访问进行中")
    banner.get_by_role("button", name="立即结束").click()
    expect(page).to_have_url(re.compile("/settings/emergency/$"))
    expect(banner).to_have_count(0)
    expect(page.locator("#emergencies tbody tr").first).to_contain_text("已结束")
