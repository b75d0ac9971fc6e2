"""What the customer's timeline tells of quotes, contracts and money."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from itertools import islice
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.models import Option
from kemai.platform.objects import Ask, Entry, TimelineSource, get
from kemai.sales.models import Quote

QUOTE_STATES = {option.value: option for option in Quote.STATES}
NOON = dt.time(12)


def priced(actor: Actor, type_key: str, amount: Any, currency: str) -> str:
    """The amount for those who may know it."""
    if access.field_levels(actor, get(type_key)).get("amount") not in {"read", "edit"}:
        return ""
    return f" · {amount:,.2f} {currency}"


def quotes(actor: Actor, type_key: str, pk: int, ask: Ask) -> Iterable[Entry]:
    """Two kinds of moments: sent, answered."""
    rows = access.scope(actor, "quote").filter(**{link(type_key): pk})
    columns = (
        "pk",
        "number",
        "revision",
        "amount",
        "currency",
        "state",
        "owner__name",
        "sent_at",
        "answered_at",
        "answer",
    )
    found: list[Entry] = []
    for field in ("sent_at", "answered_at"):
        taken = ask.take(rows.exclude(**{field: None}), field).values(*columns)
        found += [quote_entry(actor, row, field) for row in taken]
    return islice(sorted(found, key=lambda one: (one.at, one.id), reverse=True), ask.size)


def quote_entry(actor: Actor, row: dict[str, Any], field: str) -> Entry:
    title = f"{row['number']} v{row['revision']}{priced(actor, 'quote', row['amount'], row['currency'])}"
    url = reverse("record", args=["quote", row["pk"]])
    if field == "sent_at":
        what = _("发出报价 %(title)s") % {"title": title}
        return Entry(row["pk"], row["sent_at"], "send", row["owner__name"] or "", what, "blue", url=url)
    accepted = row["state"] == "accepted"
    what = (_("接受了报价 %(title)s") if accepted else _("答复了报价 %(title)s")) % {"title": title}
    state = QUOTE_STATES.get(row["state"])
    return Entry(
        row["pk"], row["answered_at"], "circle-check" if accepted else "file-x", row["answer"].get("name", ""), what,
        "green" if accepted else "red", text=row["answer"].get("note", ""), url=url, badges=[state] if state else (),
    )  # fmt: skip


def contracts(actor: Actor, type_key: str, pk: int, ask: Ask) -> Iterable[Entry]:
    rows = access.scope(actor, "contract").filter(**{link(type_key): pk}).exclude(effective_at=None)
    for row in ask.take(rows, "effective_at").values(
        "pk", "effective_at", "number", "name", "amount", "currency", "amends", "owner__name"
    ):
        said = _("变更协议生效：%(name)s") if row["amends"] else _("合同生效：%(name)s")
        what = said % {"name": row["name"]} + priced(actor, "contract", row["amount"], row["currency"])
        yield Entry(
            row["pk"], row["effective_at"], "file-certificate", row["owner__name"] or "", what, "green",
            url=reverse("record", args=["contract", row["pk"]]),
        )  # fmt: skip


def receipts(actor: Actor, type_key: str, pk: int, ask: Ask) -> Iterable[Entry]:
    """By the moment they were written down, so that those of one day keep their order."""
    path = "contract__deal" if type_key == "deal" else "customer"
    rows = access.scope(actor, "receipt").filter(**{path: pk})
    for row in ask.take(rows, "created_at").values(
        "pk", "created_at", "received_on", "number", "amount", "currency", "reverses", "owner__name", "note"
    ):
        said = _("红冲回款 %(number)s") if row["reverses"] else _("回款 %(number)s")
        what = said % {"number": row["number"]} + priced(actor, "receipt", row["amount"], row["currency"])
        badge = Option("", _("到账 %(day)s") % {"day": row["received_on"].isoformat()}, "gray")
        late = timezone.localdate(row["created_at"]) != row["received_on"]
        yield Entry(
            row["pk"], row["created_at"], "cash", row["owner__name"] or "", what,
            "red" if row["reverses"] else "green", text=row["note"], badges=[badge] if late else (),
            url=reverse("record", args=["receipt", row["pk"]]),
        )  # fmt: skip


def link(type_key: str) -> str:
    return "deal" if type_key == "deal" else "customer"


SOURCES = (
    TimelineSource("quote", gettext_lazy("报价"), quotes, order=22, of="quote"),
    TimelineSource("contract", gettext_lazy("合同"), contracts, order=24, of="contract"),
    TimelineSource("receipt", gettext_lazy("回款"), receipts, order=26, of="receipt"),
)
