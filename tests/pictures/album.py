"""Which pages are photographed, and how one gets to each state that is worth a look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

Step = Callable[[Page], None]


@dataclass(frozen=True)
class Shot:
    """One picture: its file name, the address (`{customer}` and `{segment}` stand for well-filled records), what is
    done before the shutter, and whether the whole height is taken or only what is on the screen."""

    name: str
    path: str
    before: Step | None = None
    whole: bool = True


def palette(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.locator("#palette input").fill("zw")
    page.locator("#palette [role=option]").filter(has_text="张").first.wait_for()


def peek(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("Space")
    page.locator("#peek-body dl").first.wait_for()


def keys(page: Page) -> None:
    page.keyboard.press("?")


def why(page: Page) -> None:
    page.locator("#fact-gap_median_days .why, #rec-sides .why").first.click()
    page.locator("#peek-body .stack").first.wait_for()


def play(page: Page) -> None:
    page.locator("[data-modal-url*='chain/play']:visible").first.click()
    page.locator("#modal form").wait_for()


def columns(page: Page) -> None:
    page.locator("[data-modal-url*='/columns']:visible").first.click()
    page.locator("#modal-body > *").first.wait_for()


def bulk(page: Page) -> None:
    pick = page.locator("[data-pick]:visible")
    if pick.count():  # on the phone
        pick.click()
    boxes = page.locator("tbody [data-select]:visible")
    for row in range(3):
        boxes.nth(row).check()


def check_first(page: Page) -> None:
    page.locator("main input[name=name]").fill("科技")
    page.locator(".check-list").wait_for()


def filter_menu(page: Page) -> None:
    page.locator("[data-key='/']").first.click()


PLAIN = {
    "deals": "/o/deal/",
    "deals-board": "/o/deal/?display=board",
    "deals-calendar": "/o/deal/?display=calendar",
    "deals-chart": "/o/deal/?display=chart",
    "deal": "/o/deal/1",
    "deal-new": "/o/deal/new",
    "leads": "/o/lead/",
    "lead": "/o/lead/1",
    "quotes": "/o/quote/",
    "quote": "/o/quote/1",
    "contracts": "/o/contract/",
    "contract": "/o/contract/1",
    "receipts": "/o/receipt/",
    "receipt": "/o/receipt/1",
    "invoices": "/o/invoice/",
    "invoice": "/o/invoice/1",
    "visit": "/o/visit/1",
    "visits": "/sales/visits",
    "visit-field": "/sales/visits/1",
    "forecast": "/sales/forecast",
    "sales-analysis": "/sales/analysis",
    "targets": "/sales/targets",
    "targets-edit": "/sales/targets/edit",
    "courses": "/sales/courses",
    "ageing": "/ageing",
    "pools": "/pools",
    "pool-desks": "/pools/manage",
    "pool-desk": "/pools/manage/1",
    "pool-rule": "/pools/manage/1/rules/1",
    "lead-routes": "/settings/lead-routes",
    "lead-route-new": "/settings/lead-routes/new",
    "selling": "/settings/selling",
    "task": "/o/task/1",
    "calendar": "/calendar/",
    "health": "/insight/health",
    "privacy": "/privacy",
    "incidents": "/privacy/incidents",
    "incident": "/privacy/incidents/1",
    "emergency": "/settings/emergency/",
    "changes": "/changes/",
    "audit": "/audit/",
    "bins": "/bin/",
    "keeping": "/settings/keeping/",
    "backups": "/settings/backups/",
    "security": "/settings/security/",
    "sharing": "/settings/sharing/",
    "access": "/settings/access/",
    "role": "/settings/roles/4/",
    "role-fields": "/settings/roles/4/fields/customer/",
    "handover": "/settings/users/5/handover/",
    "reports": "/reports/",
    "report-board": "/reports/mine",
    "report": "/reports/2",
    "report-new": "/reports/new?type=deal&row1=owner&column=stage&measure=count:&measure=sum:amount&look=stacked",
    "objects": "/settings/objects/",
    "object": "/settings/objects/customer/",
    "object-new": "/settings/objects/new",
    "field-kinds": "/settings/objects/customer/fields/new",
    "field-formula": "/settings/objects/customer/fields/new/formula",
    "layouts": "/settings/objects/customer/layouts/",
    "layout": "/settings/objects/customer/layouts/form/",
    "configuration": "/settings/configuration/",
    "collab-settings": "/settings/collab/",
    "notice-settings": "/me/notices/",
    "user": "/settings/users/5/",
    "simulator": "/settings/access/?user=5&type=customer&record=1&field=phone",
    "sharing-new": "/settings/sharing/new/?type=customer",
    "two-step-on": "/me/two-step/activate/",
    "password": "/me/password/",
    "exports": "/exports/requests/",
    "clash": "/o/customer/1",
    "merge": "/o/customer/merge?ids=1,2,3",
    "own": "/settings/objects/own_1/",
    "own-new": "/o/own_1/new",
    "own-list": "/o/own_1/",
    "own-layout": "/settings/objects/own_1/layouts/form/",
    "field-rollup": "/settings/objects/customer/fields/new/rollup",
    "field-choice": "/settings/objects/customer/fields/new/choice",
    "configuration-history": "/settings/configuration/history/",
    "calendar-feeds": "/calendar/feeds/",
    "privacy-request": "/o/privacy_request/1",
    "retention-rule": "/o/retention_rule/1",
    "consent-text": "/o/consent_text/1",
    "settings": "/settings/",
    "print-list": "/o/customer/print",
    "print-record": "/o/customer/1/print",
    "print-report": "/reports/print?type=deal&row1=owner&measure=count:",
}
"""Pages that are looked at as they open."""
PUBLIC = (Shot("login", "/login/"), Shot("forgot", "/login/forgot/"), Shot("inactive", "/login/inactive/"))
SHOTS = (
    Shot("today", "/"),
    Shot("today-team", "/?who=team"),
    Shot("customers", "/o/customer/"),
    Shot(
        "customers-filtered",
        '/o/customer/?where={"field":"value_class","op":"in","value":["high","potential"]}',
    ),
    Shot("customers-peek", "/o/customer/", peek, whole=False),
    Shot("customers-palette", "/o/customer/", palette, whole=False),
    Shot("customers-keys", "/o/customer/", keys, whole=False),
    Shot("customers-bulk", "/o/customer/", bulk, whole=False),
    Shot("customers-board", "/o/customer/?display=board"),
    Shot("customers-calendar", "/o/customer/?display=calendar"),
    Shot("customers-chart", "/o/customer/?display=chart"),
    Shot("customer", "/o/customer/{customer}"),
    Shot("customer-portrait", "/o/customer/{customer}?tab=portrait"),
    Shot("customer-orders", "/o/customer/{customer}?tab=order.customer"),
    Shot("customer-history", "/o/customer/{customer}?tab=history"),
    Shot("customer-files", "/o/customer/{customer}?tab=files"),
    Shot("customer-why", "/o/customer/{customer}", why, whole=False),
    Shot("customer-new", "/o/customer/new"),
    Shot("customer-edit", "/o/customer/{customer}/edit"),
    Shot("duplicates", "/customers/duplicates"),
    Shot("customer-check", "/customers/check", check_first),
    Shot("links", "/o/customer/{customer}?tab=links"),
    Shot("segments", "/o/segment/"),
    Shot("segment", "/o/segment/{segment}"),
    Shot("chain", "/chain"),
    Shot("chain-play", "/chain", play, whole=False),
    Shot("chain-months", "/chain/months"),
    Shot("customers-columns", "/o/customer/", columns, whole=False),
    Shot("customers-filter", "/o/customer/", filter_menu, whole=False),
    Shot("dashboard", "/dashboard"),
    Shot("orders", "/o/order/"),
    Shot("interactions", "/o/interaction/"),
    Shot("contacts", "/o/contact/"),
    Shot("products", "/o/product/"),
    Shot("categories", "/o/category/"),
    Shot("shops", "/o/shop/"),
    Shot("tags", "/o/tag/"),
    Shot("tasks", "/o/task/"),
    Shot("bin", "/bin/customer"),
    Shot("imports", "/imports/"),
    Shot("import-new", "/imports/new/customer"),
    Shot("jobs", "/jobs/"),
    Shot("notices", "/notices/"),
    Shot("runs", "/insight/runs"),
    Shot("me", "/me/"),
    Shot("me-sessions", "/me/sessions/"),
    Shot("me-two-step", "/me/two-step/"),
    Shot("users", "/settings/users/"),
    Shot("user-new", "/settings/users/new/"),
    Shot("departments", "/settings/departments/"),
    Shot("roles", "/settings/roles/"),
    Shot("role-new", "/settings/roles/new/"),
    *(Shot(name, path) for name, path in PLAIN.items()),
    Shot("not-found", "/o/customer/999999999"),
)
