"""What is left in a browser when a session is over: nothing that anybody can read."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.browsing import PATIENCE, listening, settled
from tests.e2e.conftest import Entrance

pytestmark = pytest.mark.e2e
WORDS = "欧阳春晓 13812345678"
KEPT = "JSON.stringify(Object.entries(localStorage))"


def test_drafts_are_sealed_and_pages_empty_themselves(enter: Entrance) -> None:
    page = enter("demo", "/o/customer/new", fresh=True)
    settled(page)
    page.fill("[name=name]", WORDS)
    for _try in range(PATIENCE // 100):
        if "k-draft:" in page.evaluate(KEPT):
            break
        page.wait_for_timeout(100)
    kept = page.evaluate(KEPT)
    assert "k-draft:" in kept
    assert not any(word in kept for word in WORDS.split())
    page.reload()
    expect(page.locator("[name=name]")).to_have_value(WORDS)

    # nobody gives all objects a property
    assert page.evaluate(
        "(() => { try { Object.prototype.foreign = 1 } catch {} return ({}).foreign === undefined })()"
    )

    # the server cannot be asked, and nobody has done anything for as long as the session lasts
    second = page.context.new_page()
    second.goto(page.url.partition("/o/")[0] + "/o/customer/")
    listening(second)
    enter.cut = "net::ERR_INTERNET_DISCONNECTED"
    page.context.set_offline(True)
    second.evaluate(
        "() => { document.querySelector('meta[name=session-idle]').content = '0.001';"
        "setTimeout(() => document.dispatchEvent(new Event('visibilitychange')), 50) }"
    )
    expect(second.locator("#nav")).to_have_count(0)
    expect(second.locator("body")).to_contain_text("登录已过期")
    page.context.set_offline(False)
    second.reload()
    listening(second)

    # a log-out in one tab empties the others, and what was typed is gone
    page.locator("form[data-forget]").evaluate("form => form.requestSubmit()")
    page.wait_for_url("**/login/**")
    expect(second.locator("#nav")).to_have_count(0)
    second.wait_for_url("**/login/**")
    assert "k-draft:" not in page.evaluate(KEPT)
