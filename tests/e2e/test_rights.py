"""Who sees what, at every door: list, page, palette, search, API. And what others wrote is never run."""

from __future__ import annotations

import re

from playwright.sync_api import Dialog, Page, expect

from tests.e2e.browsing import create, csrf, go, rows, settled
from tests.e2e.conftest import Entrance

PAYLOADS = (
    "<script>window.hit=1</script>",
    '"><img src=x onerror="window.hit=1">',
    "{{ 7*7 }}${window.hit=1}<svg onload=window.hit=1>",
    "<a hx-get=/logout hx-trigger=load href='javascript:window.hit=1'>x</a>",
)


def customers_of(page: Page, text: str = "") -> dict[str, str]:
    """Key → name of the customers on the first page of the list, of those found by `text`."""
    go(page, f"/o/customer/?q={text}" if text else "/o/customer/?sort=-amount_12m")
    return {
        row.get_attribute("data-id") or "": row.locator("td[data-key=name]").inner_text().strip()
        for row in rows(page).all()
    }


ASK_PALETTE = """async text => (await fetch("/palette.json", {
    method: "POST", body: new URLSearchParams({q: text}),
    headers: {"X-CSRFToken": document.querySelector("meta[name=csrf-token]").content},
})).json()"""


def palette(page: Page, text: str) -> list[str]:
    answer = page.evaluate(ASK_PALETTE, text)
    return [item["url"] for group in answer["groups"] for item in group["items"]]


def test_each_sees_his_own_and_the_manager_both(enter: Entrance) -> None:
    alice, bob, manager = enter("alice"), enter("bob"), enter("guchen")
    for page, name, phone in ((alice, "苏氏五金行", "13900050001"), (bob, "陈记五金行", "13900050002")):
        create(page, "customer", name=name, phone=phone)
    hers, his, teams = (customers_of(page, "五金行") for page in (alice, bob, manager))
    assert list(hers.values()) == ["苏氏五金行"]
    assert list(his.values()) == ["陈记五金行"]
    assert {**hers, **his} == teams
    key = next(iter(hers))
    go(manager, f"/o/customer/{key}")
    expect(manager.locator("h1")).to_contain_text(hers[key])


def test_a_stranger_to_a_customer_finds_it_nowhere(enter: Entrance) -> None:
    alice, charlie = enter("alice"), enter("charlie")
    key, name = next(iter(customers_of(alice).items()))
    for path in (
        "",
        "/edit",
        "/peek",
        "/timeline",
        "/history",
        "/files",
        "/why/value_class",
        "/panel/portrait",
        "/field/note",
    ):
        answer = charlie.request.get(f"/o/customer/{key}{path}")
        assert answer.status == 404, path
        assert name not in answer.text(), path
    go(charlie, f"/o/customer/?q={name}")
    assert name not in charlie.locator("#list").inner_text()
    assert f"/o/customer/{key}" not in palette(charlie, name)
    assert f"/o/customer/{key}" in palette(alice, name)
    absent, hidden = (charlie.request.get(f"/o/customer/{pk}") for pk in (99_999_999, key))
    assert absent.status == hidden.status
    for door in (f"/api/v1/customer/{key}", f"/api/v1/customers/{key}", f"/api/v1/objects/customer/{key}"):
        assert name not in charlie.request.get(door).text()


def test_writing_another_ones_customer_is_refused_and_changes_nothing(enter: Entrance) -> None:
    alice, charlie = enter("alice"), enter("charlie")
    key, name = next(iter(customers_of(alice).items()))
    head = {"X-CSRFToken": csrf(charlie), "Referer": charlie.url}
    posts: list[tuple[str, dict[str, str | float | bool]]] = [
        (f"/o/customer/{key}/edit", {"name": "被改名", "_version": "1", "_base": "{}"}),
        (f"/o/customer/{key}/field/name", {"name": "被改名", "_version": "1", "_base": "{}"}),
        (f"/o/customer/{key}/delete", {}),
        (f"/customers/{key}/log?mode=note", {"body": "混进来的跟进"}),
        ("/o/customer/bulk/delete", {"step": "run", "ids": key}),
    ]
    for path, form in posts:
        answer = charlie.request.post(path, form=form, headers=head, max_redirects=0)
        assert answer.status in {200, 400, 403, 404, 422}, f"{path} {answer.status}"
    go(alice, f"/o/customer/{key}")
    expect(alice.locator("h1")).to_contain_text(name)
    assert "混进来的跟进" not in alice.locator("#timeline").inner_text()


def test_phones_are_masked_for_those_without_the_right(enter: Entrance) -> None:
    page = enter("marketing", "/o/customer/")
    phones = [text for text in page.locator("td[data-key=phone]").all_inner_texts() if re.search(r"\d", text)]
    assert phones
    assert all("*" in text for text in phones)
    key = rows(page).first.get_attribute("data-id")
    shown = enter("demo", f"/o/customer/{key}").locator("#rec-facts").inner_text()
    go(page, f"/o/customer/{key}")
    number = re.search(r"1\d\d[ ]?\d{4}[ ]?\d{4}", shown)
    if number:
        assert number[0] not in page.locator("main").inner_text()
        assert number[0].replace(" ", "") not in page.content()
    assert page.locator("#list, #rec-facts").first.is_visible()
    exported = page.request.get("/o/customer/export")
    assert exported.status in {403, 404}


def test_a_write_without_its_token_is_refused(enter: Entrance) -> None:
    page = enter()
    answer = page.request.post(
        "/o/customer/new", form={"name": "伪造", "phone": "13900099999"}, max_redirects=0
    )
    assert answer.status == 403
    assert (
        page.request.get("/logout/", max_redirects=0).status != 302
        or page.request.get("/o/customer/").status == 200
    )
    go(page, "/o/customer/")
    expect(page.locator("#nav")).to_be_attached()


def test_what_others_wrote_is_never_run(enter: Entrance) -> None:
    page = enter()
    heard: list[str] = []

    def shown(dialog: Dialog) -> None:
        heard.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", shown)
    paths = ["/o/customer/", "/o/tag/", "/o/interaction/", "/o/customer/?display=board", "/"]
    for n, payload in enumerate(PAYLOADS):
        key = create(page, "customer", name=payload, phone=f"139001{n:05d}", note=payload, address=payload)
        said = {"channel": "call", "direction": "out", "subject": payload, "body": payload}
        create(page, "interaction", customer=str(key), at="2026-11-01T10:00", **said)
        create(page, "tag", name=payload[:40], color="red")
        paths += [f"/o/customer/{key}", f"/o/customer/{key}/edit", f"/o/customer/{key}?tab=history"]
    for path in paths:
        go(page, path)
        settled(page)
        # a picture that cannot be loaded says so a moment later
        hit = page.evaluate("new Promise(say => setTimeout(() => say(window.hit ?? null), 100))")
        assert hit is None, path
    go(page, "/o/customer/")
    page.keyboard.press("Control+k")
    for n, payload in enumerate(PAYLOADS):
        page.locator("#palette input").fill(f"139001{n:05d}")
        expect(page.locator("#palette [role=option]").first).to_contain_text(payload[:10])
        assert page.evaluate("window.hit") is None
    assert not heard
