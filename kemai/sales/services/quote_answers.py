"""What the customer says to a quote: on its public page, or told to us. The page's address is signed and leads nowhere
without the signature; it ends with the quote's validity."""

from __future__ import annotations

from typing import Any

from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kemai.collab.services.notices import notify
from kemai.platform import access, events, records
from kemai.platform.access import SYSTEM, Actor, TooMany, quota
from kemai.platform.records import FieldErrors, Refused
from kemai.sales.models import Contract, Quote
from kemai.sales.rules.contracts import QUOTE_STEPS
from kemai.sales.services import approvals, contracts, deal_steps, prices

SIGNER = Signer(salt="kemai.quote", sep=".")
WRONG_KEYS_HOUR = 30
ANSWERS_HOUR = 20
PUBLIC = SYSTEM.through("public")


def public_key(quote: Quote) -> str:
    """The last part of the public page's address; '' before the quote was sent."""
    return SIGNER.sign(quote.token) if quote.token else ""


def find_public(key: str, address: str) -> Quote:
    """Raises access.NotVisible for whatever is not the key of a quote, TooMany for who tries too often."""
    bucket = f"quote.key:{address}"
    if quota.counted(bucket, quota.hour_window()) >= WRONG_KEYS_HOUR:
        raise TooMany(_("尝试次数过多，请一小时后再试"))
    try:
        token = SIGNER.unsign(key[:200])
    except BadSignature:
        token = ""
    found = (
        Quote.objects.filter(token=token, deleted_at=None)
        .select_related("customer", "owner", "contact")
        .first()
        if token
        else None
    )
    if found is None:
        quota.count_up(bucket, quota.hour_window())
        raise access.NotVisible
    return found


def standing(quote: Quote) -> str:
    """What the page shows: open | accepted | declined | over | replaced."""
    if quote.state in {"accepted", "declined", "replaced"}:
        return quote.state
    over = quote.valid_until is not None and quote.valid_until < prices.today()
    return "over" if over or quote.state != "sent" else "open"


def answer_public(key: str, *, yes: bool, name: str, note: str, address: str) -> Quote:
    """The customer's own answer. Raises access.NotVisible, TooMany, FieldErrors, Refused."""
    quote = find_public(key, address)
    if quota.count_up(f"quote.answer:{address}", quota.hour_window()) > ANSWERS_HOUR:
        raise TooMany(_("尝试次数过多，请一小时后再试"))
    if not name.strip():
        raise FieldErrors({"name": _("请填写您的姓名")})
    told = {"name": name.strip()[:80], "note": note.strip()[:500], "address": address}
    return answer(quote.pk, yes=yes, told=told, by=PUBLIC)


def answer_told(pk: int, *, yes: bool, name: str, note: str, by: Actor) -> Quote:
    """What the customer told somebody of ours. Raises access.NotVisible, access.Denied, FieldErrors, Refused."""
    access.one(by, "quote", pk, "edit")
    if not name.strip():
        raise FieldErrors({"name": _("请填写是谁答复的")})
    told = {"name": name.strip()[:80], "note": note.strip()[:500], "by": by.name}
    return answer(pk, yes=yes, told=told, by=by)


def answer(pk: int, *, yes: bool, told: dict[str, Any], by: Actor) -> Quote:
    with transaction.atomic():
        quote: Quote = approvals.locked("quote", pk, "edit", by)
        check_open(quote)
        state = "accepted" if yes else "declined"
        approvals.require_state(quote, QUOTE_STEPS, state)
        quote.answer = told
        values = {"state": state, "answered_at": timezone.now()}
        # what the customer wrote stands in the answer alone: neither log nor events can be emptied of it as easily
        records.put("quote", quote, values, by=by, kind="step")
        events.emit(f"quote.{state}", "quote", pk, payload={"amount": str(quote.amount)})
        if yes:
            deal_steps.quote_accepted(quote)
            draft_contract(quote)
        tell_owner(quote, yes=yes, by=by)
    return quote


def check_open(quote: Quote) -> None:
    """Raises Refused in words that the customer may read."""
    match standing(quote):
        case "over":
            raise Refused("over", _("这份报价已经过期，请联系您的销售"))
        case "replaced":
            raise Refused("replaced", _("这份报价已有新版本，请联系您的销售"))
        case "accepted" | "declined":
            raise Refused("answered", _("这份报价已经答复过了"))


def draft_contract(quote: Quote) -> None:
    """The contract's draft, once; whoever owns the quote goes on with it."""
    if not Contract.objects.filter(quote=quote, deleted_at=None).exists():
        contracts.from_quote(quote, by=SYSTEM)


def tell_owner(quote: Quote, *, yes: bool, by: Actor) -> None:
    if quote.owner_id is None or quote.owner_id == by.user_id:
        return
    said = gettext_noop("客户接受了报价 %(number)s") if yes else gettext_noop("客户拒绝了报价 %(number)s")
    notify(
        quote.owner_id, f"answer/{quote.pk}", said, f"/o/quote/{quote.pk}", kind="change",
        values={"number": str(quote)}, text=quote.answer.get("note", ""), about=("quote", quote.pk),
    )  # fmt: skip
