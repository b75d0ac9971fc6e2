"""Erasing a person from what selling knows: leads, visits, what they answered to quotes, the names in titles and notes.

Amounts stay, and so do name and tax number of a heading that stands on issued invoices: those are vouchers, to be kept
for thirty years (会计档案管理办法). Such a heading is only stored: nobody can choose or restore it, and it is emptied
when its time is over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.collab.models import Notice
from kemai.customers.services.erasure import Person, register_erasure
from kemai.platform import search
from kemai.platform.access import Actor
from kemai.platform.audit.keep import redact
from kemai.platform.objects import get
from kemai.platform.records import Refused
from kemai.platform.records.purge import clear, remove_files
from kemai.sales.models import FollowUp, Invoice, InvoiceTitle, Lead, Quote, ReturnExtension, Visit
from kemai.sales.rules.cash import add_months
from kemai.sales.services import prices

VOUCHER_YEARS = 30
TEXTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("deal", "customer", ("name", "next_step", "note")),
    ("quote", "customer", ("terms",)),
    ("contract", "customer", ("name", "note")),
    ("receipt_plan", "customer", ("name",)),
    ("receipt", "customer", ("payer", "note")),
    ("invoice", "contract__customer", ("note",)),
    ("visit", "customer", ("purpose",)),
)
"""Texts of records that stay, from which the person is taken: (type, path to the customer, columns)."""
LEAD_EMPTIED = (
    "name_sort",
    "company",
    "title",
    "phone",
    "email",
    "wecom_id",
    "region",
    "address",
    "need",
    "note",
)


def forget(person: Person) -> list[str]:
    """Inside the caller's transaction. Returns what has to stay, and on which ground."""
    paths = forget_leads(person) + forget_visits(person)
    forget_answers(person)
    forget_requests("customer", person.keys)
    for type_key, path, columns in TEXTS:
        forget_words(person, type_key, path, columns)
    transaction.on_commit(partial(remove_files, paths))
    return forget_titles(person)


def forget_leads(person: Person) -> list[str]:
    """Those that became the customer, and those that hold the same phone or address."""
    same = Q(customer__in=person.keys) | Q(phone__in=person.words) | Q(email__in=person.words)
    leads = list(Lead.objects.filter(same).values_list("pk", flat=True))
    emptied: dict[str, Any] = dict.fromkeys(LEAD_EMPTIED, "")
    Lead.objects.filter(pk__in=leads).update(**emptied, name=person.instead, extra={})
    forget_requests("lead", leads)
    touches = FollowUp.objects.filter(lead__in=leads)
    keys = list(touches.values_list("pk", flat=True))
    touches.update(body="", extra={})
    log_without(person, "lead", leads)
    log_without(person, "lead_follow_up", keys)
    return clear(get("lead"), leads) + clear(get("lead_follow_up"), keys)


def forget_visits(person: Person) -> list[str]:
    """That somebody was there, and when, stays: it is our own work."""
    visits = Visit.objects.filter(customer__in=person.keys)
    keys = list(visits.values_list("pk", flat=True))
    visits.update(report="", place="", latitude=None, longitude=None, accuracy=None, extra={})
    log_without(person, "visit", keys)
    return clear(get("visit"), keys)


def forget_requests(type_key: str, keys: Sequence[int]) -> None:
    """Why somebody wanted to keep them longer, and what was answered."""
    ReturnExtension.objects.filter(type_key=type_key, object_id__in=keys).update(reason="", note="")


def forget_answers(person: Person) -> None:
    """Who accepted a quote, from where, and the page on which it was done."""
    quotes = Quote.objects.filter(customer__in=person.keys)
    keys = list(quotes.values_list("pk", flat=True))
    quotes.update(answer={}, token="")
    log_without(person, "quote", keys)


def forget_words(person: Person, type_key: str, path: str, columns: Sequence[str]) -> None:
    rows: QuerySet[Any] = get(type_key).model._default_manager.filter(**{f"{path}__in": person.keys})
    keys, changed = [], []
    for pk, *texts in rows.values_list("pk", *columns):
        keys.append(pk)
        clean = [person.scrub(text)[: length(rows, name)] for name, text in zip(columns, texts, strict=True)]
        if clean != texts:
            changed.append(pk)
            rows.filter(pk=pk).update(**dict(zip(columns, clean, strict=True)))
    search.reindex(type_key, changed)
    log_without(person, type_key, keys)


def length(rows: QuerySet[Any], column: str) -> int | None:
    found: int | None = getattr(rows.model._meta.get_field(column), "max_length", None)
    return found


def log_without(person: Person, type_key: str, keys: Sequence[int]) -> None:
    """Nothing of the person in the log of these records, nor in what was told of them."""
    redact(type_key, keys, by=person.by, reason=person.reason, words=person.words)
    for notice in Notice.objects.filter(type_key=type_key, object_id__in=list(keys)):
        notice.title, notice.text = person.scrub(notice.title)[:200], ""
        notice.save(update_fields=["title", "text"])


# headings of invoices


def forget_titles(person: Person) -> list[str]:
    titles = InvoiceTitle.objects.filter(customer__in=person.keys, kind="person")
    keys = list(titles.values_list("pk", flat=True))
    log_without(person, "invoice_title", keys)
    clear(get("invoice_title"), keys)
    now = timezone.now()
    titles.update(bank="", account="", address="", phone="", extra={}, deleted_at=now, updated_at=now)
    kept = kept_titles(keys)
    InvoiceTitle.objects.filter(pk__in=set(keys) - set(kept)).update(name=person.instead[:120], tax_number="")
    for pk, until in kept.items():
        InvoiceTitle.objects.filter(pk=pk).update(keep_until=until)
    if not kept:
        return []
    said = _(
        "已开发票上的 %(n)s 个个人抬头（名称和税号）保留到 %(day)s：会计凭证依法保存 %(years)s 年（会计档案管理办法）。"
        "期间只存储，不再使用，到期自动清除。"
    )
    return [said % {"n": len(kept), "day": max(kept.values()).isoformat(), "years": VOUCHER_YEARS}]


def kept_titles(keys: Iterable[int]) -> dict[int, dt.date]:
    """Headings that stand on invoices, issued or about to be, and until when they are kept."""
    rows = Invoice.objects.filter(
        title__in=list(keys), state__in=("requested", "issued", "red"), deleted_at=None
    )
    found = rows.order_by().values_list("title").annotate(last=Max("issued_on")).values_list("title", "last")
    return {pk: add_months(last or prices.today(), 12 * VOUCHER_YEARS) for pk, last in found}


def check_restore_title(titles: Sequence[InvoiceTitle], by: Actor) -> None:
    if any(title.keep_until is not None for title in titles):
        raise Refused("erased", _("本人已要求删除个人信息，这个抬头只为已开的发票依法保留，不能恢复使用"))


def end_titles(today: dt.date | None = None) -> int:
    """Headings whose time is over lose the name as well. Idempotent; returns how many."""
    over = InvoiceTitle.objects.filter(keep_until__lt=today or prices.today()).select_related("customer")
    for title in over:
        InvoiceTitle.objects.filter(pk=title.pk).update(
            name=title.customer.name[:120], tax_number="", keep_until=None
        )
    return len(over)


register_erasure(forget)
