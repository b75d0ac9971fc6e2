"""The few pictures of the README: `python -m tests.pictures.showcase docs/pictures [--data FOLDER]`.

Each is a WebP of at most 150 kB, in Chinese and in English (`list.zh.webp`, `list.en.webp`).
"""

from __future__ import annotations

import argparse
import base64
import csv
import io
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, FilePayload, Page, sync_playwright

from tests.e2e.company import Company, chromium, running
from tests.pictures.__main__ import DRAWN, log_in, prefer, well_filled

LIMIT = 150_000
SCALE = 0.15
LANGUAGES = {"zh": "zh-CN", "en": "en-US"}
WEBP = """async ([data, quality]) => {
    const picture = new Image();
    picture.src = "data:image/png;base64," + data;
    await picture.decode();
    const canvas = Object.assign(document.createElement("canvas"), {width: picture.width, height: picture.height});
    canvas.getContext("2d").drawImage(picture, 0, 0);
    return canvas.toDataURL("image/webp", quality).split(",")[1];
}"""


@dataclass(frozen=True)
class Scene:
    name: str
    path: str
    size: tuple[int, int] = (1360, 850)
    theme: str = "light"


SCENES = (
    Scene(
        "list",
        '/o/customer/?where={"field":"value_class","op":"in","value":["high","potential"]}&sort=-amount_12m',
    ),
    Scene("record", "/o/customer/{customer}?tab=portrait", (1360, 1250)),
    Scene("chain", "/chain"),
    Scene("dashboard", "/dashboard", theme="dark"),
    Scene("import", "import"),
    Scene("today", "/", (390, 844)),
)


def till_rows() -> bytes:
    """A small shop's month, as its till would write it."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("会员卡号", "会员姓名", "手机号", "购买日期", "小票号", "商品名称", "数量", "金额"))
    names = ("周雨晴", "李明轩", "王秀英", "陈思远", "赵婉清", "吴建国", "郑小满", "孙一诺")
    goods = (
        ("明前龙井 50g", "128.00"),
        ("白瓷盖碗", "86.00"),
        ("桂花乌龙 100g", "68.50"),
        ("手工茶点礼盒", "158.00"),
    )
    for n in range(240):
        who = n // 2 * 7 % len(names)
        good, price = goods[n * 5 % len(goods)]
        day = "2026-13-02" if n == 77 else f"2026-10-{1 + n % 28:02d}"
        writer.writerow(
            (
                f"VIP{8800 + who}",
                names[who],
                f"1390088{who:04d}",
                day,
                f"T26{n // 2:05d}",
                good,
                1 + n % 3,
                price,
            )
        )
    return out.getvalue().encode("gb18030")


def rehearse(page: Page) -> None:
    """Bring an import up to its rehearsal."""
    page.goto("/imports/new/customer")
    file: FilePayload = {"name": "十月收银流水.csv", "mimeType": "text/csv", "buffer": till_rows()}
    page.locator("input[type=file]").set_input_files(file)
    page.locator("input[name=kind][value*=till]").check()
    page.locator("main form [type=submit]").last.click()
    page.locator("select[name^=field-]").first.wait_for()
    page.locator("main form [type=submit]").last.click()
    page.locator(".kpis .kpi").first.wait_for()


def photograph(
    browser: Browser, company: Company, scene: Scene, language: str, keys: dict[str, str]
) -> bytes:
    width, height = scene.size
    context = browser.new_context(
        base_url=company.address,
        viewport={"width": width, "height": height},
        locale=LANGUAGES[language],
    )
    context.set_default_timeout(60_000)
    page = context.new_page()
    log_in(page, company)
    prefer(page, company, language, scene.theme)
    if scene.path == "import":
        rehearse(page)
    else:
        page.goto(scene.path.replace("{customer}", keys["customer"]), wait_until="networkidle")
    page.wait_for_function(
        DRAWN.replace("!chart.checkVisibility()", "chart.getBoundingClientRect().top > innerHeight")
    )
    page.wait_for_load_state("networkidle")
    picture = page.screenshot(animations="disabled")
    context.close()
    return picture


def smaller(page: Page, picture: bytes) -> bytes:
    """As WebP, of the best quality that keeps below the limit."""
    for quality in (0.92, 0.85, 0.75, 0.6, 0.4):
        packed = base64.b64decode(page.evaluate(WEBP, [base64.b64encode(picture).decode(), quality]))
        if len(packed) <= LIMIT:
            return packed
    raise RuntimeError("no quality is small enough")


def main() -> int:
    reader = argparse.ArgumentParser(prog="python -m tests.pictures.showcase", description=__doc__)
    reader.add_argument("out", type=Path)
    reader.add_argument("--data", type=Path, help="a folder that keeps the demo company between runs")
    given = reader.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    options = ["--no-sandbox", "--disable-gpu", "--lang=zh-CN"]
    with (
        tempfile.TemporaryDirectory() as spare,
        running(given.data or Path(spare), SCALE) as company,
        sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(executable_path=chromium(), args=options)
        page = browser.new_page()
        log_in(page, company)
        keys = well_filled(page, company)
        press = browser.new_page()
        for language in LANGUAGES:
            for scene in SCENES:
                packed = smaller(press, photograph(browser, company, scene, language, keys))
                (given.out / f"{scene.name}.{language}.webp").write_bytes(packed)
        prefer(page, company, "zh", "auto")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
