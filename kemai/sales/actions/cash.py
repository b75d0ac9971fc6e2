"""What can be done with receipts and invoices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.platform.objects import Action
from kemai.sales.actions.quotes import elsewhere, while_
from kemai.sales.services import receipts

Row = Mapping[str, Any]


def booked(row: Row) -> str | None:
    """No counter-entry itself."""
    amount = row.get("amount")
    return "" if amount is None or amount > 0 else None


def standing(row: Row) -> str | None:
    """Neither a counter-entry nor taken back by one: what was reversed says by which."""
    counter = receipts.counter_entry(row["id"]) if booked(row) == "" else None
    return _("已由 %(number)s 红冲") % {"number": counter} if counter else booked(row)


def blue(row: Row) -> str | None:
    return "" if row.get("state") == "issued" and booked(row) == "" else None


RECEIPT_ACTIONS = (
    Action(
        "allocate", gettext_lazy("分配到计划"), "list-check", elsewhere, bulk=False, ready=standing,
        form="receipt_allocate",
    ),
    Action(
        "reverse", gettext_lazy("红冲"), "arrow-back-up", elsewhere, bulk=False, ready=standing,
        form="receipt_reverse",
    ),
)  # fmt: skip
INVOICE_ACTIONS = (
    Action(
        "issue", gettext_lazy("登记开票"), "file-invoice", elsewhere, bulk=False, ready=while_("requested"),
        form="invoice_issue", main=True,
    ),
    Action(
        "reject", gettext_lazy("驳回"), "file-x", elsewhere, bulk=False, ready=while_("requested"),
        form="invoice_reject",
    ),
    Action("red", gettext_lazy("红冲"), "arrow-back-up", elsewhere, bulk=False, ready=blue, form="invoice_red"),
)  # fmt: skip
