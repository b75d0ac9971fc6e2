"""Text that wants to be markup, in a real browser with the content policy switched off: nothing of it may run, and no
page may ask another host. (That it does not even become markup is in tests/contracts/test_stored_markup.py.)"""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page

from tests.contracts.markup import MARK, PAYLOADS, text
from tests.e2e.browsing import create, csrf, go, settled
from tests.e2e.conftest import Entrance, company_apart

company = company_apart()
TRAP = f"window.ran = 0; window.{MARK} = () => {{ window.ran += 1 }}"


def unguarded(enter: Entrance, asked: list[str]) -> Page:
    """A page of demo's on which no policy holds, with a trap for whatever calls it."""
    context = enter.browser.new_context(
        base_url=enter.company.address, storage_state=enter.session("demo"), locale="zh-CN", bypass_csp=True,
        viewport={"width": 1440, "height": 900},
    )  # fmt: skip
    enter.contexts.append(context)
    context.add_init_script(TRAP)
    context.on("request", lambda request: asked.append(request.url))
    context.on("dialog", lambda dialog: asked.append(f"dialog {dialog.message}"))
    return context.new_page()


def ran(page: Page) -> Any:
    return page.evaluate("window.ran")


@pytest.mark.row(139)
def test_nothing_that_people_have_written_runs(enter: Entrance) -> None:
    page = enter()
    customer = create(page, "customer", name=text(90), kind="company", stage="new", note=text(2000, 5))
    headers = {"X-CSRFToken": csrf(page), "Referer": page.url}
    name, content = f"{PAYLOADS[4]}.svg", f"<svg onload='{MARK}()'/>".encode()
    file = FilePayload(name=name, mimeType="image/svg+xml", buffer=content)
    said = page.request.post(f"/o/customer/{customer}/files", multipart={"file": file}, headers=headers)
    assert said.status < 300
    for start in (0, 9, 18):
        told = page.request.post(
            f"/o/customer/{customer}/comments", form={"body": text(600, start)}, headers=headers
        )
        assert told.status < 300
    create(page, "task", title=text(60, 3), kind="call", due_at="2026-12-01T10:00", note=text(300, 11))
    asked: list[str] = []
    bare = unguarded(enter, asked)
    for path in (
        f"/o/customer/{customer}", f"/o/customer/{customer}/edit", "/o/customer/", "/o/customer/?display=board",
        "/o/customer/?display=chart", "/o/task/", "/", "/changes/", "/notices/",
    ):  # fmt: skip
        go(bare, path)
        bare.mouse.move(700, 400)
        settled(bare)
        assert ran(bare) == 0, path
    go(bare, f"/o/customer/{customer}")
    bare.keyboard.press("Control+k")
    bare.keyboard.type("xss")
    settled(bare)
    assert ran(bare) == 0, "the palette"
    paths = [url for url in asked if MARK in url.partition("?")[0] or url.startswith("dialog")]
    assert not paths
    assert not [
        url
        for url in asked
        if not url.startswith((enter.company.address, enter.company.live, "data:", "blob:"))
    ]
    # the trap works: markup that gets in does run here
    bare.evaluate(f"document.body.insertAdjacentHTML('beforeend', '<img src=x onerror={MARK}()>')")
    bare.wait_for_function("window.ran === 1")
