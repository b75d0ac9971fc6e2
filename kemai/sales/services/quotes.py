"""Quotes: drafts that are edited, versions that stay as they were once the customer has them."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.kit.money import from_cents, to_cents
from kemai.platform import access, audit, events, records
from kemai.platform.access import SYSTEM, Actor
from kemai.platform.fields import Ref
from kemai.platform.records import FieldErrors, Refused
from kemai.sales.models import Deal, PriceList, Quote
from kemai.sales.rules import Verdict
from kemai.sales.rules.amounts import converted, discount_of
from kemai.sales.rules.contracts import QUOTE_STEPS, needs_approval
from kemai.sales.services import approvals, lines, prices
from kemai.sales.services.given import plain, ref, refuse_changes
from kemai.sales.services.lines import Line
from kemai.sales.services.rates import HOME, rate_on
from kemai.sales.services.terms import terms

Values = dict[str, Any]
FROZEN = frozenset(
    "number customer contact deal price_list currency quoted_on valid_until terms amount tax most_discount".split()
)
"""What a version says to the customer: as it was once it is more than a draft."""


# in the write door


def prepare_quote(values: Values, existing: Quote | None, by: Actor) -> None:
    if existing is None:
        values["quoted_on"] = values.get("quoted_on") or prices.today()
        if values.get("valid_until") is None:
            values["valid_until"] = values["quoted_on"] + dt.timedelta(days=terms().valid_days)
    else:
        refuse_frozen(values, existing)
    start = values.get("quoted_on", existing.quoted_on if existing else None)
    end = values.get("valid_until", existing.valid_until if existing else None)
    if start is not None and end is not None and end < start:
        raise FieldErrors({"valid_until": _("有效期不能早于报价日期 %(day)s") % {"day": start.isoformat()}})


def refuse_frozen(values: Mapping[str, Any], existing: Quote) -> None:
    if "state" in values:
        raise FieldErrors({"state": _("状态由发送、接受等操作改变，不能直接改")})
    if existing.state == "draft":
        return
    message = _("这份报价%(state)s，内容不能再改；请新建版本") % {"state": existing.get_state_display()}
    refuse_changes(values, existing, FROZEN, message)


def check_quotes(values: Sequence[Values], existing: Sequence[Quote | None], by: Actor) -> None:
    lines.check_amounts("quote", values, existing)
    check_deals(values, existing)
    lists = {value.id for one in values if isinstance(value := one.get("price_list"), Ref)}
    money = dict(PriceList.objects.filter(pk__in=lists).values_list("pk", "currency")) if lists else {}
    for one, old in zip(values, existing, strict=True):
        key = plain(one.get("price_list", Ref(old.price_list_id, "") if old and old.price_list_id else None))
        currency = one.get("currency", old.currency if old else HOME)
        if key in money and money[key] != currency:
            message = _("价格表的币种是 %(list)s，报价是 %(quote)s；请改成同一种") % {
                "list": money[key], "quote": currency,
            }  # fmt: skip
            raise FieldErrors({"price_list": message})


def check_deals(values: Sequence[Values], existing: Sequence[Any]) -> None:
    """A deal that a document belongs to is its customer's. One query."""
    named = {value.id for one in values if isinstance(value := one.get("deal"), Ref)}
    if not named:
        return
    owners = dict(Deal.objects.filter(pk__in=named).values_list("pk", "customer_id"))
    for one, old in zip(values, existing, strict=True):
        deal = one.get("deal")
        customer = plain(one.get("customer", Ref(old.customer_id, "") if old else None))
        if isinstance(deal, Ref) and customer is not None and owners.get(deal.id) != customer:
            raise FieldErrors({"deal": _("这个商机不是该客户的")})


def after_quote(quotes: Sequence[Quote], changed: frozenset[str], by: Actor) -> None:
    """A new quote for a deal begins with the deal's products."""
    if changed:
        return
    for quote in quotes:
        if quote.deal_id is not None and quote.follows_id is None:
            begin_with(quote, deal_lines(quote))


def deal_lines(quote: Quote) -> list[Line]:
    """The products of the deal, in the quote's currency."""
    found = lines.lines_of("deal", quote.deal_id or 0)
    if quote.currency == HOME or not found:
        return found
    rate = rate_on(quote.currency, quote.quoted_on or prices.today())
    return [in_currency(one, rate) for one in found]


def in_currency(line: Line, rate: float) -> Line:
    """A line in yuan, in a currency worth `rate` yuan."""

    def turned(value: Decimal) -> Decimal:
        return from_cents(converted(to_cents(value), 1.0, rate))

    listed = None if line.list_price is None else turned(line.list_price)
    return Line(
        line.product, line.name, line.unit, line.quantity, listed, turned(line.price), line.discount,
        line.tax_rate,
    )  # fmt: skip


def begin_with(quote: Quote, found: Sequence[Line]) -> None:
    """Lines of a document that was made a moment ago: part of its making, not a change of it."""
    if not found:
        return
    lines.store("quote", quote.pk, found)
    sums = lines.head("quote", found)
    Quote.objects.filter(pk=quote.pk).update(**sums)
    for key, value in sums.items():
        setattr(quote, key, value)


def check_delete(quotes: Sequence[Quote], by: Actor) -> None:
    for quote in quotes:
        if quote.sent_at is not None:
            raise Refused("sent", _("报价 %(number)s 已经发给客户，不能删除；请新建版本或标记为已拒绝") % {
                "number": str(quote),
            })  # fmt: skip


# steps


def limits_of(quote: Quote, found: Sequence[Line]) -> Verdict:
    """Does some line go further below its list price than its list, or the company, allows?"""
    wanted = [(one.product, one.quantity) for one in found if one.product is not None]
    floors = iter(prices.find_prices(wanted, lines.basis_of(quote)) if wanted else ())
    pairs = []
    for one in found:
        floor = next(floors).floor if one.product is not None else None
        priced = one.priced
        pairs.append((discount_of(priced.list_price, priced.price, priced.discount), floor))
    return needs_approval(pairs, terms().discount_limit)


def check_sendable(quote: Quote, found: Sequence[Line]) -> None:
    """Raises Refused."""
    if not found:
        raise Refused("no_lines", _("报价还没有明细，请先添加产品"))
    if quote.valid_until is not None and quote.valid_until < prices.today():
        raise Refused("over", _("有效期 %(day)s 已过，请先改有效期") % {"day": quote.valid_until.isoformat()})


def ask_approval(pk: int, reason: str, *, by: Actor) -> Quote:
    """Raises access.NotVisible, access.Denied, Refused."""
    with transaction.atomic():
        quote: Quote = approvals.locked("quote", pk, "edit", by)
        approvals.require_state(quote, QUOTE_STEPS, "review")
        check_sendable(quote, lines.lines_of("quote", pk))
        approvals.ask("quote", quote, reason, by=by, values={"state": "review"})
    return quote


def decide(pk: int, *, yes: bool, note: str, by: Actor) -> Quote:
    """Raises access.NotVisible, access.Denied, FieldErrors, Refused."""
    with transaction.atomic():
        quote: Quote = approvals.locked("quote", pk, "edit", by)
        approvals.require_state(quote, QUOTE_STEPS, "approved")
        approvals.decide(
            "quote",
            quote,
            yes=yes,
            note=note,
            by=by,
            outcome=lambda ok: {"state": "approved" if ok else "draft"},
        )
    return quote


def withdraw(pk: int, *, by: Actor) -> Quote:
    """Back to a draft, to go on editing; an approval that was given is then void."""
    with transaction.atomic():
        quote: Quote = approvals.locked("quote", pk, "edit", by)
        approvals.require_state(quote, QUOTE_STEPS, "draft")
        quote.approval = {}
        records.put("quote", quote, {"state": "draft"}, by=by, kind="step")
    return quote


def send(pk: int, *, by: Actor) -> Quote:
    """The version is final and has a public page. Raises access.NotVisible, access.Denied, Refused where a discount
    needs approval first."""
    with transaction.atomic():
        quote: Quote = approvals.locked("quote", pk, "edit", by)
        approvals.require_state(quote, QUOTE_STEPS, "sent")
        found = lines.lines_of("quote", pk)
        check_sendable(quote, found)
        if quote.state == "draft":
            verdict = limits_of(quote, found)
            if not verdict.ok:
                raise Refused("needs_approval", beyond_words(verdict))
        quote.token = secrets.token_urlsafe(32)
        values = {"state": "sent", "sent_at": timezone.now()}
        records.put("quote", quote, values, by=by, kind="step")
        replace_older(quote, by)
        events.emit("quote.sent", "quote", pk, payload={"amount": str(quote.amount)})
    return quote


def beyond_words(verdict: Verdict) -> str:
    return _("最大折扣 %(discount)s，超过允许的 %(limit)s（%(n)s 行）：请先提交审批") % {
        "discount": share_text(verdict.inputs["discount"]), "limit": share_text(verdict.inputs["limit"]),
        "n": verdict.inputs["lines"],
    }  # fmt: skip


def share_text(value: object) -> str:
    return f"{float(str(value)) * 100:.2f}".rstrip("0").rstrip(".") + "%"


def replace_older(quote: Quote, by: Actor) -> None:
    older = Quote.objects.select_for_update(of=("self",)).filter(
        number=quote.number, revision__lt=quote.revision, state__in=QUOTE_STEPS["replaced"], deleted_at=None
    )
    for one in older.order_by("pk"):
        records.put("quote", one, {"state": "replaced"}, by=by, reason=str(quote), kind="step")


def new_version(pk: int, *, by: Actor) -> Quote:
    """A draft with the same contents and the next revision. Raises access.NotVisible, access.Denied, Refused while
    another version is being worked on."""
    access.require(by, "quote", "create")
    with transaction.atomic():
        quote: Quote = approvals.locked("quote", pk, "edit", by)
        if quote.state in {"draft", "review", "approved"}:
            raise Refused("editable", _("这份报价还没有发出，直接修改就可以"))
        same = Quote.objects.filter(number=quote.number, deleted_at=None)
        going = same.filter(state__in=("draft", "review", "approved")).first()
        if going is not None:
            raise Refused("going", _("%(number)s 还没有发出，请先完成它") % {"number": str(going)})
        newest = same.order_by("-revision").values_list("revision", flat=True).first() or quote.revision
        values: Values = {
            "number": quote.number, "revision": newest + 1, "follows_id": quote.pk, "terms": quote.terms,
            "currency": quote.currency,
            **{key: ref(quote, key) for key in ("customer", "contact", "deal", "price_list", "owner")},
        }  # fmt: skip
        changes = audit.open_set("create", "quote", by=by, reason=str(quote))
        (key,) = records.bulk_create("quote", [values], by=by, changeset=changes, parsed=True)
        made = Quote.objects.get(pk=key)
        begin_with(made, lines.lines_of("quote", pk))
    return made


def expire_quotes(today: dt.date | None = None) -> int:
    """Sent quotes whose last day is over. Idempotent; returns how many."""
    rows = Quote.objects.filter(state="sent", valid_until__lt=today or prices.today(), deleted_at=None)
    done = 0
    for pk in list(rows.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            quote = Quote.objects.select_for_update(of=("self",)).get(pk=pk)
            if quote.state == "sent":
                records.put("quote", quote, {"state": "expired"}, by=SYSTEM, kind="step")
                events.emit("quote.expired", "quote", pk)
                done += 1
    return done
