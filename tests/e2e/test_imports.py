"""A shop's till rows become customers with orders, and everything can be taken back. Bad files are refused in words."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from urllib.parse import quote

from playwright.sync_api import Page, expect

from tests.e2e.browsing import agree, go, listening, rows
from tests.e2e.conftest import Entrance

HEADER = ("会员卡号", "会员姓名", "手机号", "购买日期", "小票号", "商品名称", "数量", "金额")
BROUGHT = "/o/customer/?where=" + quote('{"field":"name","op":"contains","value":"收银测试"}')
"""By a condition and not by the search, whose index follows what is written in bulk a moment later."""
GOODS = (("测试龙井 50g", "88.00"), ("测试紫砂壶", "399.00"), ("测试茶点", "25.50"))


def till_rows(encoding: str = "gb18030") -> bytes:
    """Four customers, six tickets, nine lines of goods, and one row that cannot be right."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADER)
    for n in range(9):
        ticket = n % 6
        buyer = ticket % 4
        who = (f"VIP90{buyer}", f"收银测试{'甲乙丙丁'[buyer]}", f"1390033000{buyer}")
        good, price = GOODS[n % 3]
        writer.writerow((*who, f"2026-10-{10 + ticket:02d}", f"T2026{ticket}", good, 1 + n % 2, price))
    writer.writerow(("VIP904", "收银测试戊", "13900330004", "2026-13-45", "T20269", "测试茶点", "1", "25.50"))
    return out.getvalue().encode(encoding)


def upload(page: Page, name: str, data: bytes, kind: str) -> None:
    go(page, "/imports/new/customer")
    page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": data}
    )
    page.locator("label.check").filter(has_text=kind).first.locator("input").check()
    page.get_by_role("button", name="上传并查看").click()


def figures(page: Page) -> dict[str, int]:
    """The cards of the rehearsal or the result: label → number."""
    expect(page.locator(".kpis .kpi").first).to_be_visible()
    return {
        card.locator(".label").inner_text().strip(): int(
            card.locator(".value").inner_text().replace(",", "").strip()
        )
        for card in page.locator(".kpis .kpi").all()
    }


def test_till_rows_become_customers_and_are_taken_back(enter: Entrance) -> None:
    page = enter()
    upload(page, "收银流水.csv", till_rows(), "收银流水")
    mapping = page.locator("table select[name^=field-]")
    expect(mapping).to_have_count(len(HEADER))
    assert all(mapping.nth(n).input_value() for n in range(len(HEADER))), "every column was recognised"
    page.get_by_role("button", name="预演").click()
    expect(page.get_by_role("heading", name="如果现在导入")).to_be_visible()
    rehearsed = figures(page)
    assert 1 in rehearsed.values(), rehearsed
    look = enter("demo", BROUGHT)
    expect(rows(look)).to_have_count(0)
    listening(page)
    page.get_by_role("button", name="开始导入").click()
    agree(page)
    expect(page.get_by_role("link", name="查看导入的记录")).to_be_visible()
    address = page.url
    assert figures(page) == rehearsed, "what was rehearsed is what happened"
    go(look, BROUGHT)
    expect(rows(look)).to_have_count(4)
    rows(look).first.locator("td[data-key=name] a").click()
    look.locator("#rec-body .tabs").get_by_role("link", name="订单").click()
    expect(look.locator("#tab")).to_contain_text("¥")
    with page.expect_download() as caught:
        page.get_by_role("link", name="下载错误行").first.click()
    assert "2026-13-45" in read_errors(caught.value.path())
    go(page, address)
    page.get_by_role("button", name="撤销导入").click()
    agree(page)
    expect(page.get_by_text("这次导入已撤销")).to_be_visible()
    go(look, BROUGHT)
    expect(rows(look)).to_have_count(0)


def test_an_archive_brings_contracts_with_customers(enter: Entrance) -> None:
    packed = io.BytesIO()
    table = (
        "客户名称,手机,附件\n压缩包甲,13900550001,合同/一期.pdf; 说明.txt\n压缩包乙,13900550002,没有.pdf\n"
    )
    with zipfile.ZipFile(packed, "w") as out:
        out.writestr("名单.csv", table.encode("gb18030"))
        out.writestr("合同/一期.pdf", b"%PDF-1.4\n%%EOF")
        out.writestr("说明.txt", "说明")
        out.writestr("多余.txt", "没有人要")
    page = enter()
    upload(page, "客户资料.zip", packed.getvalue(), "客户")
    expect(page.locator("main")).to_contain_text("还有 3 个文件")
    assert page.locator("table select[name^=field-]").nth(2).input_value() == "@files"
    page.get_by_role("button", name="预演").click()
    expect(page.locator("main")).to_contain_text("各行用到压缩包里的 2 个文件")
    expect(page.locator("main")).to_contain_text("压缩包里没有这个文件")
    page.get_by_text("没有用到的文件").click()
    expect(page.get_by_text("多余.txt")).to_be_visible()
    listening(page)
    page.get_by_role("button", name="开始导入").click()
    agree(page)
    expect(page.get_by_role("link", name="查看导入的记录")).to_be_visible()
    address = page.url
    page.get_by_role("link", name="查看导入的记录").click()
    page.locator("main").get_by_role("link", name="压缩包甲").first.click()
    page.wait_for_url(re.compile(r"/o/customer/\d+"))
    go(page, f"{page.url.partition('?')[0]}?tab=files")
    expect(page.locator("main")).to_contain_text("一期.pdf")
    go(page, address)
    page.get_by_role("button", name="撤销导入").click()
    agree(page)
    expect(page.get_by_text("这次导入已撤销")).to_be_visible()


def read_errors(path: object) -> str:
    data = open(str(path), "rb").read()  # noqa: SIM115
    if data[:2] == b"PK":
        import openpyxl

        sheet = openpyxl.load_workbook(io.BytesIO(data), read_only=True).worksheets[0]
        return "\n".join(str(line) for line in sheet.iter_rows(values_only=True))
    return data.decode("utf-8-sig", errors="replace")


def test_files_that_cannot_be_read_are_refused_in_words(enter: Entrance) -> None:
    page = enter()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("xl/workbook.xml", "not a workbook")
    for name, data in (
        ("坏文件.xlsx", b"PK\x03\x04 and then nothing"),
        ("坏压缩.xlsx", archive.getvalue()),
        ("空.csv", b""),
        ("坏.zip", b"PK and then nothing"),
    ):
        upload(page, name, data, "客户")
        refusal = page.locator("main .alert-danger").first
        expect(refusal).to_be_visible()
        text = refusal.inner_text()
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text), text
        assert "Traceback" not in text
        assert "Error" not in text
    go(page, "/")
    expect(page.locator("h1")).to_be_visible()


def test_cells_that_look_like_markup_are_shown_as_text(enter: Entrance) -> None:
    page = enter()
    data = '客户名称,手机\n<img src=x onerror=window.hit=1>,13900440001\n=HYPERLINK("http://x"),13900440002\n'.encode()
    upload(page, "<b>名单.csv", data, "客户")
    expect(page.locator("table select[name^=field-]").first).to_be_visible()
    expect(page.locator("main table")).to_contain_text("<img src=x")
    page.get_by_role("button", name="预演").click()
    expect(page.get_by_role("heading", name="如果现在导入")).to_be_visible()
    assert page.evaluate("window.hit") is None
