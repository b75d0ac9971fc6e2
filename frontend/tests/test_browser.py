"""The gallery in a real browser under the product's content policy: what people do with keyboard and mouse.

Run: .venv/bin/python -m pytest frontend/tests -q   (needs `node build.mjs` and a Chromium; skipped without them)
"""

from __future__ import annotations

import functools
import http.server
import json
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlparse

import pytest

playwright = pytest.importorskip("playwright.sync_api")
HERE = Path(__file__).resolve().parent
GALLERY = HERE.parent / "gallery"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
sys.path.insert(0, str(GALLERY))
import render  # noqa: E402

if not CHROMIUM or not (render.DIST / "app.js").exists():
    pytest.skip("needs Chromium and a built front end", allow_module_level=True)

POLICY = "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'"
EDITOR = '<form hx-post="/edit" hx-target="closest [data-edit-url]"><input class="form-control" name="city" value="上海">%s</form>'
REGIONS = {"": [("31", "上海市")], "31": [("3101", "市辖区")], "3101": [("310104", "徐汇区")]}


class Site(http.server.SimpleHTTPRequestHandler):
    posts: list[tuple[str, dict[str, list[str]], str]] = []

    def log_message(self, *args: object) -> None:
        pass

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def answer(self, body: object, status: int = 200, **headers: str) -> None:
        html = isinstance(body, str)
        data = (str(body) if html else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8" if html else "application/json")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        address = urlparse(self.path)
        query = {k: v[0] for k, v in parse_qs(address.query, keep_blank_values=True).items()}
        if address.path == "/regions":
            items = [{"code": c, "name": n} for c, n in REGIONS.get(query["parent"], [])]
            return self.answer({"items": items})
        if address.path == "/palette/":
            return self.answer(
                {
                    "groups": [
                        {
                            "label": "客户",
                            "items": [{"label": "上海华漕", "url": "#x"}, {"label": "张伟", "url": "#y"}],
                        }
                    ]
                }
            )
        if address.path == "/progress.json":
            return self.answer({"done": 9, "total": 9, "state": "done"})
        if address.path == "/peek":
            return self.answer('<div data-title="华漕">…</div>')
        if address.path == "/edit":
            return self.answer(EDITOR % "")
        return super().do_GET()

    def do_POST(self) -> None:
        body = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode(), keep_blank_values=True)
        if self.headers.get("X-Asks"):  # a question whose query is its body
            self.path += f"?{urlencode(body, doseq=True)}"
            return self.do_GET()
        self.posts.append((self.path, body, self.headers.get("X-CSRFToken", "")))
        if self.path == "/edit" and body["city"] == ["x"]:
            return self.answer(EDITOR % '<p class="err">没有这个城市</p>', 422)
        if self.path == "/edit":
            toast = {"toast": {"text": "已保存", "kind": "success", "undo": {"url": "/undo"}}}
            return self.answer("杭州", HX_Trigger=json.dumps(toast))
        if self.path == "/refuse" or (self.path == "/move" and body["to"] == ["c"]):
            return self.answer({"message": "赢单后不能退回"}, 409)
        return self.answer('<p id="preview">预览</p>' if self.path == "/bulk" else {})


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    out = tmp_path_factory.mktemp("gallery")
    render.main(out)
    page = out / "list-zh-light.html"
    text = page.read_text()
    for name, path in (("peek-url", "/peek"), ("edit-url", "/edit"), ("bulk-url", "/bulk")):
        text = text.replace(f'data-{name}="#{"peek" if name == "peek-url" else ""}"', f'data-{name}="{path}"')
    page.write_text(
        text.replace(
            "</main>",
            '<button id="refuse" hx-post="/refuse" hx-confirm="退回 3 位客户？">退回</button></main>',
        )
    )
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Site, directory=str(out)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    with playwright.sync_playwright() as p:
        chromium = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: playwright.Browser) -> Iterator[playwright.Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN")
    context.set_default_timeout(5000)
    one = context.new_page()
    broken: list[str] = []
    one.on("pageerror", lambda error: broken.append(str(error)))
    one.on(
        "console",
        lambda m: broken.append(m.text) if m.type == "error" and "status of 4" not in m.text else None,
    )
    yield one
    context.close()
    assert not broken


def visit(page: playwright.Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("html[data-js=ready]")


def test_rows_by_keyboard_and_selection(page: playwright.Page, base: str) -> None:
    visit(page, f"{base}/list-zh-light.html")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.get_attribute("tr.cursor", "data-id") == "2"
    page.keyboard.press("Space")
    page.wait_for_selector("#peek-body [data-title]")
    assert page.inner_text("#peek-title") == "华漕"
    page.keyboard.press("Escape")
    page.wait_for_selector("#peek", state="hidden")
    page.keyboard.press("x")
    assert page.inner_text("[data-bulk-count]") == "已选 1 条"
    page.locator("[data-select]").nth(3).click()
    page.locator("[data-select]").nth(6).click(modifiers=["Shift"])
    assert page.inner_text("[data-bulk-count]") == "已选 5 条"
    page.click("[data-select-all]")
    page.click("[data-bulk-all]")
    assert page.inner_text("[data-bulk-count]") == "已选全部 12,480 条"
    page.locator("[data-bulk-url]").first.click()
    page.wait_for_selector("#modal #preview")
    path, body, token = Site.posts[-1]
    assert (path, body, token) == ("/bulk", {"all": ["1"]}, "x" * 64)


def test_editing_in_place_keeps_refused_input(page: playwright.Page, base: str) -> None:
    visit(page, f"{base}/list-zh-light.html")
    cell = page.locator("td[data-key=city]").first
    cell.dblclick()
    page.fill("td.editing input", "x")
    page.keyboard.press("Enter")
    page.wait_for_selector("td.editing .err")
    page.fill("td.editing input", "杭州")
    page.keyboard.press("Enter")
    page.wait_for_selector(".toast")
    assert "已保存" in page.inner_text(".toast")
    assert "撤销" in page.inner_text(".toast")
    assert cell.inner_text() == "杭州"
    assert "editing" not in (cell.get_attribute("class") or "")
    cell.dblclick()
    page.wait_for_selector("td.editing input")
    page.keyboard.press("Escape")
    assert cell.inner_text() == "杭州"


def test_a_refusal_is_said_and_changes_nothing(page: playwright.Page, base: str) -> None:
    visit(page, f"{base}/list-zh-light.html")
    page.click("#refuse")
    page.click("dialog:modal button[value=no]")
    before = len(Site.posts)
    page.click("#refuse")
    page.click("dialog:modal button[value=yes]")
    page.wait_for_selector(".toast.error")
    assert len(Site.posts) == before + 1
    assert "赢单后不能退回" in page.inner_text(".toasts")
    assert page.inner_text("#refuse") == "退回"


def test_palette_and_shortcuts(page: playwright.Page, base: str) -> None:
    visit(page, f"{base}/list-zh-light.html")
    page.keyboard.press("Control+k")
    page.wait_for_selector(".palette-item")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**#y")
    page.keyboard.press("Control+k")
    page.wait_for_selector(".palette-item")
    assert page.locator("#palette .g").first.inner_text() == "最近打开"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.wait_for_selector("#keys[open]")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("l")
    page.wait_for_url("**#lead")
    page.click(".topbar .avatar")
    page.click("[data-theme-set=dark]")
    page.reload()
    assert page.get_attribute("html", "data-bs-theme") == "dark"


def test_forms_keep_drafts_and_fill_controls(page: playwright.Page, base: str) -> None:
    visit(page, f"{base}/gallery-zh-light.html")
    interest = page.locator(".combo", has=page.locator("select[name=interest]"))
    interest.locator("input").click()
    interest.locator("[role=option]").nth(2).click()
    assert page.eval_on_selector(
        "select[name=interest]", "s => [...s.selectedOptions].map(o => o.value)"
    ) == ["x", "y", "z"]
    page.keyboard.press("Escape")
    for level, code in enumerate(("31", "3101", "310104")):
        page.locator(".region select").nth(level).select_option(code)
    assert page.input_value(".region input") == "310104"
    page.fill("textarea[name=note]", "打到一半的字")
    page.wait_for_timeout(600)
    page.route(
        "**/gallery-zh-light.html",
        lambda route: route.fulfill(
            response=(r := route.fetch()), body=r.text().replace('class="errors', 'class="olderrors')
        ),
    )
    page.reload()
    page.wait_for_selector("[data-draft-bar]:not([hidden])")
    assert page.input_value("textarea[name=note]") == "打到一半的字"


def test_filter_builder_writes_the_tree(page: playwright.Page, base: str) -> None:
    visit(page, f"{base}/gallery-zh-light.html")
    page.wait_for_selector(".fb .chip")
    before = json.loads(page.input_value(".fb input[type=hidden]"))
    page.click(".fb .chips > .btn")
    page.click(".fb-pop .btn-primary")
    assert json.loads(page.input_value(".fb input[type=hidden]")) == before
    page.locator(".fb .chip .x").first.click()
    assert json.loads(page.input_value(".fb input[type=hidden]"))["all"] == before["all"][1:]


def test_board_moves_and_takes_back_a_refusal(page: playwright.Page, base: str) -> None:
    visit(page, f"{base}/board-zh-light.html")
    page.wait_for_selector("[data-island=board][data-ready]")
    page.locator("[data-column=a] [data-card-id]").first.focus()
    page.keyboard.press("Alt+ArrowRight")
    page.wait_for_selector("[data-column=b] [data-card-id]:nth-child(4)")
    assert Site.posts[-1][1]["to"] == ["b"]
    assert page.inner_text("[data-column=b] [data-count]") == "4"
    page.locator("[data-column=b] [data-card-id]").first.focus()
    page.keyboard.press("Alt+ArrowRight")
    page.wait_for_selector(".toast.error")
    assert page.locator("[data-column=b] [data-card-id]").count() == 4
    assert page.inner_text("[data-column=c] [data-count]") == "3"


def test_charts_have_tables_and_empty_states(page: playwright.Page, base: str) -> None:
    visit(page, f"{base}/dashboard-zh-light.html")
    for figure in page.locator("[data-island=chart]").all():
        figure.scroll_into_view_if_needed()
        figure.and_(page.locator("[data-ready]")).wait_for()
    assert page.locator(".chart:has(canvas)").count() == 6
    assert page.locator(".chart-empty").inner_text() == "暂无数据"
    page.locator("[data-chart-table]").first.click()
    assert page.locator(".chart-table table").first.locator("tr").count() == 7


@pytest.mark.parametrize("name", ["gallery", "list", "record", "dashboard", "board", "login", "error"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_nothing_scrolls_sideways_on_the_phone(
    page: playwright.Page, base: str, name: str, lang: str
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    visit(page, f"{base}/{name}-{lang}-dark.html")
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
