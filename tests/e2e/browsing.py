"""What people do with their hands, said once: open, choose, confirm, wait for the answer."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, expect

PATIENCE = 30_000
"""Milliseconds; generous, because tests may share the machine. Nothing sleeps: a wait ends when its event comes."""
expect.set_options(timeout=PATIENCE)
LATE = "[data-island]:not([data-ready], [data-island=chart], [data-island=palette])"


def go(page: Page, path: str) -> None:
    """Open an address and wait until the scripts listen."""
    page.goto(path)
    listening(page)


def listening(page: Page) -> None:
    """Wait until the page's scripts are there (charts come when they are seen, the palette when it is called)."""
    page.wait_for_selector("html[data-js=ready]", state="attached")
    expect(page.locator(LATE)).to_have_count(0)


def settled(page: Page) -> None:
    """Wait until what a page fetches after itself stands in it. Not for the network to be idle: the live connection
    never is, and on a busy machine something always is under way."""
    listening(page)
    expect(page.locator(".htmx-request, .skel")).to_have_count(0)


def confirmed(page: Page, password: str, after: Locator) -> None:
    """What touches the account's safety asks for the password once more, unless it was given just now: wait for that
    question or for what comes after it, and answer."""
    asked = page.get_by_role("button", name="继续")
    expect(after.or_(asked).first).to_be_visible()
    if asked.is_visible():
        page.fill("[name=password]", password)
        asked.click()
        expect(after.first).to_be_visible()


def create(page: Page, type_key: str, /, **values: str) -> int:
    """A new record through its form's address; returns its key."""
    form: dict[str, str | float | bool] = {**values}
    answer = page.request.post(
        f"/o/{type_key}/new",
        form=form,
        headers={"X-CSRFToken": csrf(page), "Referer": page.url},
        max_redirects=0,
    )
    place = answer.headers.get("location", "")
    assert answer.status == 302, f"{answer.status} {answer.text()[:3000]}"
    return int(urlsplit(place).path.rstrip("/").rpartition("/")[2])


def searchable(page: Page, type_key: str, key: int, text: str) -> None:
    """Wait until the search knows a new record: that is the worker's doing, a moment after it was made."""
    until = time.monotonic() + PATIENCE / 1000
    while f"/o/{type_key}/{key}" not in page.request.get(f"/o/{type_key}/?q={text}").text():
        assert time.monotonic() < until, f"the search does not find {text}"


def csrf(page: Page) -> str:
    return next(cookie["value"] for cookie in page.context.cookies() if cookie.get("name") == "csrftoken")


def pick(scope: Page | Locator, label: str, option: str) -> None:
    """Choose in a searchable list, found by its label. What is clicked is its input: the plain list that stands there
    until the script has come is called the same."""
    box = scope.get_by_role("combobox", name=label, exact=True).and_(scope.locator("input"))
    box.click()
    box.fill(option)
    scope.get_by_role("option", name=option).first.click()


def toast(page: Page, text: str = "") -> Locator:
    """The message that has just appeared."""
    found = page.locator(".toast").filter(has_text=text).last
    expect(found).to_be_visible()
    return found


def agree(page: Page) -> None:
    """Say yes to the question asked."""
    page.locator("dialog:modal button[value=yes]").click()


def rows(page: Page) -> Locator:
    return page.locator("#list tr[data-row]")
