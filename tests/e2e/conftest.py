"""A real browser against a real server with a small demo company, both started once.

A test fails on whatever it asserts, and also on any script error, breach of the content policy, answer of 500 or more,
or request to another host, on any page that it opened. `E2E_COMPANY=folder` keeps the company between runs, and
`E2E_SHOTS=folder` a picture of how each test left its pages. `E2E_SLOW=4` gives each page a processor four times as
slow and a line of a fifth of a second: what is clicked before the page listens, or read before it is there, shows.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    StorageState,
    WebError,
    sync_playwright,
)

from tests.e2e.browsing import PATIENCE, go
from tests.e2e.company import Company, chromium, load, running

HERE = Path(__file__).parent
SCALE = 0.02
SLOW = float(os.environ.get("E2E_SLOW", "1"))
OWN_ADDRESSES = ("data:", "blob:", "about:")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These come first, so that nobody waits for them at the end; one worker takes all (tools/pytest_lane.py)."""
    mine = [item for item in items if HERE in item.path.parents]
    for item in mine:
        item.add_marker(pytest.mark.e2e)
    items[:] = mine + [item for item in items if HERE not in item.path.parents]


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo company that nobody has touched; it is copied, because filling one takes longer than most tests."""
    folder = tmp_path_factory.mktemp("filled")
    load(folder, SCALE)
    return folder


def copy_of(filled: Path, folder: Path) -> Path:
    return Path(shutil.copytree(filled, folder, dirs_exist_ok=True))


@pytest.fixture(scope="package")
def company(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    kept = os.environ.get("E2E_COMPANY", "")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("company")
    if not kept:
        copy_of(request.getfixturevalue("filled"), folder)
    with running(folder, SCALE) as started:
        yield started


def company_apart() -> Any:
    """`company = company_apart()` in a module: a company of its own, because what is done there (handing over,
    sharing, defining) would change what the other tests meet."""

    @pytest.fixture(scope="module")
    def company(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
        with running(copy_of(filled, tmp_path_factory.mktemp("apart")), SCALE) as started:
            yield started

    return company


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    # of the package, not the session: while it runs, this thread counts as asynchronous and Django refuses queries
    with sync_playwright() as driver:
        started = driver.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--lang=zh-CN"],
        )
        yield started
        started.close()


def slowed(page: Page) -> None:
    tools = page.context.new_cdp_session(page)
    tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOW})
    line = {"offline": False, "latency": 200, "downloadThroughput": -1, "uploadThroughput": -1}
    tools.send("Network.enable")
    tools.send("Network.emulateNetworkConditions", line)


class Entrance:
    """Opens pages as somebody; `enter()` is demo, who may do everything, and `enter(None)` a stranger."""

    sessions: dict[str, StorageState] = {}
    """By server and person; logged in once each."""

    def __init__(self, browser: Browser, company: Company) -> None:
        self.browser = browser
        self.company = company
        self.heard: list[str] = []
        self.cut = ""
        """Part of what the browser reports, whenever it does, of answers that a test withholds on purpose."""
        self.contexts: list[BrowserContext] = []

    def __call__(
        self,
        user: str | None = "demo",
        path: str = "/",
        *,
        width: int = 1440,
        height: int = 900,
        fresh: bool = False,
    ) -> Page:
        """A page of its own context. `fresh` logs in anew, for tests that change what a session holds."""
        page = self.context(width, height, None if user is None or fresh else self.session(user)).new_page()
        if SLOW > 1:
            slowed(page)
        if user is not None and fresh:
            self.log_in(page, user)
        go(page, path)
        return page

    def context(self, width: int, height: int, state: StorageState | None) -> BrowserContext:
        context = self.browser.new_context(
            base_url=self.company.address, viewport={"width": width, "height": height}, locale="zh-CN",
            timezone_id="Asia/Shanghai", storage_state=state,
        )  # fmt: skip
        context.set_default_timeout(PATIENCE)
        context.set_default_navigation_timeout(PATIENCE)
        context.on("console", self.on_console)
        context.on("weberror", self.on_error)
        context.on("response", self.on_response)
        context.on("request", self.on_request)
        self.contexts.append(context)
        return context

    def session(self, user: str) -> StorageState:
        key = f"{self.company.address} {user}"
        if key not in self.sessions:
            context = self.browser.new_context(base_url=self.company.address)
            context.set_default_timeout(PATIENCE)
            self.log_in(context.new_page(), user)
            self.sessions[key] = context.storage_state()
            context.close()
        return self.sessions[key]

    def log_in(self, page: Page, user: str, password: str = "") -> None:
        page.goto("/login/")
        page.fill("[name=login]", user)
        page.fill("[name=password]", password or self.company.password)
        page.click("form [type=submit]")
        page.wait_for_selector("#nav", state="attached")

    def on_console(self, message: ConsoleMessage) -> None:
        # a refusal (4xx) is part of some tests; the browser reports each as an error
        if message.type != "error" or "the server responded with a status of 4" in message.text:
            return
        said = f"{message.text} ({message.location['url']})"
        if not (self.cut and self.cut in said):
            self.heard.append(said)

    def on_error(self, error: WebError) -> None:
        self.heard.append(str(error.error))

    def on_response(self, response: Response) -> None:
        if response.status >= 500:
            self.heard.append(f"{response.status} {response.request.method} {response.url}")

    def on_request(self, request: Request) -> None:
        if not request.url.startswith((self.company.address, self.company.live, *OWN_ADDRESSES)):
            self.heard.append(f"request to another host: {request.url}")


@pytest.fixture
def enter(browser: Browser, company: Company, request: pytest.FixtureRequest) -> Iterator[Entrance]:
    entrance = Entrance(browser, company)
    yield entrance
    if folder := os.environ.get("E2E_SHOTS", ""):
        pages = [page for context in entrance.contexts for page in context.pages]
        for n, page in enumerate(pages):
            page.screenshot(path=Path(folder, f"{request.node.name.replace('/', '_')}-{n}.png"))
    for context in entrance.contexts:
        context.close()
    assert not entrance.heard, "\n".join(entrance.heard)
