"""A quote's document, public page, approval and answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.objects import Panel
from kemai.sales.models import Quote
from kemai.sales.services import approvals, quote_answers


def document(actor: Actor, row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    quote = access.scope(actor, "quote").filter(pk=row["id"]).select_related("owner").first()
    if not isinstance(quote, Quote):
        return None
    same = access.scope(actor, "quote").filter(number=quote.number).order_by("-revision")
    key = quote_answers.public_key(quote)
    return {
        "quote": quote,
        "pdf_url": reverse("quote_pdf", args=[quote.pk]),
        "public_url": reverse("quote_public", args=[key]) if key else "",
        "standing": quote_answers.standing(quote),
        "versions": list(same.values("pk", "revision", "state", "amount")[:20]),
        "states": {option.value: option for option in Quote.STATES},
        "approval": approval_of(quote, "quote", actor),
    }


def approval_of(document: Any, type_key: str, actor: Actor) -> dict[str, Any]:
    """What was asked and answered, with local moments; empty where nobody asked."""
    told = document.approval
    if not told:
        return {}
    return {
        **told,
        "asked_at": parse_datetime(told["asked_at"]),
        "decided_at": parse_datetime(told["decided_at"]) if told.get("decided_at") else None,
        "why_not": approvals.why_not(type_key, document, actor) if not told.get("answer") else "",
    }


QUOTE_PANELS = (
    Panel("document", gettext_lazy("文件与答复"), "sales/quote_side.html", document, place="side", order=10),
)
