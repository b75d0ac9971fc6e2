"""`python -m tests.pictures OUT [--data FOLDER] [--scale 0.05] [--only WORD ...] [--look WORD ...] [--states]`.

Loads a demo company (or uses the one in FOLDER), logs in and writes OUT/<page>-<width>-<language>-<theme>.png for every
page, then says which pages had errors or scrolled sideways.
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as BrowserError

from tests.e2e.company import ROOT, Company, chromium, environment, running
from tests.pictures.album import PUBLIC, SHOTS, Shot

WIDTHS = (1440, 390)
LANGUAGES = {"zh": "zh-hans", "en": "en"}
THEMES = ("light", "dark")
HEIGHT = 900
TALLEST = 5000
# every chart that is visible has its canvas, and no skeleton waits for its content
DRAWN = """() => [...document.querySelectorAll("[data-island=chart]")]
    .every((chart) => !chart.checkVisibility() || chart.querySelector("canvas, table, svg, .empty"))
    && !document.querySelector(".htmx-request")"""


def log_in(page: Page, company: Company, user: str = "demo") -> None:
    page.goto(f"{company.address}/login/")
    page.fill("[name=login]", user)
    page.fill("[name=password]", company.password)
    page.click("form [type=submit]")
    page.wait_for_selector("#nav", state="attached")


def prefer(page: Page, company: Company, language: str, theme: str) -> None:
    """Set the account's language and theme, as the person's menu does."""
    token = next(c["value"] for c in page.context.cookies() if c.get("name") == "csrftoken")
    answer = page.request.post(
        f"{company.address}/me/prefs/",
        form={"language": LANGUAGES[language], "theme": theme},
        headers={"X-CSRFToken": token, "Referer": company.address},
    )
    assert answer.ok, answer.text()[:300]


def prepare(company: Company) -> None:
    words = "from tests.pictures.states import prepare; prepare()"
    command = [sys.executable, "manage.py", "shell", "-c", words]
    subprocess.run(command, cwd=ROOT, env=environment(company.data), check=True)


def well_filled(page: Page, company: Company) -> dict[str, str]:
    """Keys of the customer who bought most and of a segment."""
    found = {"customer": "1", "segment": "1"}
    for name, path in (("customer", "/o/customer/?sort=-amount_12m"), ("segment", "/o/segment/")):
        page.goto(company.address + path)
        row = page.locator("tr[data-row]").first
        found[name] = (row.get_attribute("data-id") if row.count() else "") or "1"
    return found


def take(page: Page, company: Company, shot: Shot, keys: dict[str, str], file: Path) -> list[str]:
    """Photograph one page; returns what was wrong with it."""
    wrong: list[str] = []

    def heard(text: str) -> None:
        if "status of 4" not in text:
            wrong.append(text[:200])

    page.on("pageerror", lambda error: heard(str(error)))
    page.on("console", lambda message: heard(message.text) if message.type == "error" else None)
    path = shot.path.replace("{customer}", keys["customer"]).replace("{segment}", keys["segment"])
    try:
        answer = page.goto(company.address + path, wait_until="networkidle")
        if answer is not None and answer.status >= 400 and shot.name != "not-found":
            wrong.append(f"status {answer.status}")
        if shot.before is not None:
            shot.before(page)
        if shot.whole:
            show_all(page)
        page.screenshot(path=file, full_page=shot.whole, animations="disabled")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if isinstance(wide, int) and wide > 1:
            wrong.append(f"scrolls sideways by {wide} px")
    except BrowserError as error:
        wrong.append(str(error)[:200])
    return wrong


def show_all(page: Page) -> None:
    """Make the screen as high as the page, and wait for the charts, which draw themselves when they are seen."""
    page.wait_for_load_state("networkidle")
    width, height = page.evaluate("[innerWidth, document.documentElement.scrollHeight]")
    if height > HEIGHT:
        page.set_viewport_size({"width": width, "height": min(height, TALLEST)})
    page.wait_for_function(DRAWN)
    page.wait_for_load_state("networkidle")


def album(browser: Browser, company: Company, out: Path, only: list[str], looks: list[str]) -> list[str]:
    """All pictures, or those of pages whose name has a word of `only` in looks that have all words of `looks`
    (1440-zh-light …); returns a line for each thing that was wrong."""
    lines: list[str] = []
    session = browser.new_context(locale="zh-CN")
    page = session.new_page()
    log_in(page, company)
    state = session.storage_state()
    keys = well_filled(page, company)
    wanted = [shot for shot in SHOTS if not only or any(word in shot.name for word in only)]
    for language, theme in itertools.product(LANGUAGES, THEMES):
        widths = [w for w in WIDTHS if {str(w), language, theme} >= set(looks)]
        if widths:
            prefer(page, company, language, theme)
        for width in widths:
            locale = {"zh": "zh-CN", "en": "en-US"}[language]
            look = {
                "viewport": {"width": width, "height": HEIGHT if width > 500 else 844},
                "locale": locale,
                "timezone_id": "Asia/Shanghai",
            }
            for shot, kept in [
                *((one, None) for one in PUBLIC if not only),
                *((one, state) for one in wanted),
            ]:
                context = browser.new_context(**look, color_scheme=theme, storage_state=kept)  # type: ignore[arg-type]
                context.set_default_timeout(20_000)
                name = f"{shot.name}-{width}-{language}-{theme}"
                lines += [
                    f"{name}: {what}"
                    for what in take(context.new_page(), company, shot, keys, out / f"{name}.png")
                ]
                context.close()
    prefer(page, company, "zh", "auto")
    session.close()
    return lines


def main() -> int:
    reader = argparse.ArgumentParser(prog="python -m tests.pictures", description=__doc__)
    reader.add_argument("out", type=Path)
    reader.add_argument("--data", type=Path, help="a folder that keeps the demo company between runs")
    reader.add_argument("--scale", type=float, default=0.05)
    reader.add_argument("--only", nargs="*", default=[])
    reader.add_argument("--look", nargs="*", default=[], help="e.g. 1440 zh light")
    reader.add_argument("--states", action="store_true", help="with what no demo company has (states.py)")
    given = reader.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    path = chromium()
    if path is None:
        sys.exit("no Chromium on this machine")
    options = ["--no-sandbox", "--disable-gpu", "--lang=zh-CN"]
    with (
        tempfile.TemporaryDirectory() as spare,
        running(given.data or Path(spare), given.scale) as company,
        sync_playwright() as driver,
    ):
        if given.states:
            prepare(company)
        browser = driver.chromium.launch(executable_path=path, args=options)
        lines = album(browser, company, given.out, given.only, given.look)
        browser.close()
    print("\n".join(lines) or "nothing wrong was heard")
    return 0


if __name__ == "__main__":
    sys.exit(main())
