"""Quotes."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kemai.platform.objects import (
    Hooks,
    Numbering,
    ObjectType,
    Section,
    View,
    add_panel,
    add_source,
    register,
    relate,
)
from kemai.sales.actions.quotes import QUOTE_ACTIONS
from kemai.sales.models import Quote
from kemai.sales.objects import deal  # noqa: F401 - these belong to its page
from kemai.sales.panels.lines import DEAL_LINES, QUOTE_LINES
from kemai.sales.panels.quotes import QUOTE_PANELS
from kemai.sales.services import quotes, story

QUOTE = register(
    ObjectType(
        key="quote",
        model=Quote,
        title="number",
        icon="file-text",
        nav="sales",
        nav_order=30,
        search=("number",),
        columns=(
            "number", "revision", "customer", "deal", "state", "amount", "currency", "most_discount", "valid_until",
            "owner", "sent_at", "created_at",
        ),
        form=(
            Section(_("报价"), "customer", "contact", "deal", "price_list", "currency", "owner"),
            Section(_("报价条件"), "quoted_on", "valid_until", "terms", "number"),
        ),
        sections=(
            Section(_("结果"), "state", "revision", "amount", "tax", "most_discount", "sent_at", "answered_at"),
        ),
        badges=("state",),
        views=(
            View("open", _("等客户答复"), {"field": "state", "op": "in", "value": ["sent"]}, "valid_until"),
            View("review", _("待审批"), {"field": "state", "op": "in", "value": ["review"]}, "-created_at"),
            View("draft", _("草稿"), {"field": "state", "op": "in", "value": ["draft", "approved"]}, "-created_at"),
        ),
        purpose=_("报价是给客户的正式价格：发出以后不再改动，要改就发新版本；客户可以在网页上直接接受。"),
        board="state",
        date="valid_until",
        sort="-created_at",
        timeline=True,
        tags=True,
        unique=("number",),
        importable=False,
        bare=("amount", "tax"),
        numbering=Numbering("number", "Q"),
        hooks=Hooks(
            prepare=quotes.prepare_quote,
            check=quotes.check_quotes,
            after=quotes.after_quote,
            check_delete=quotes.check_delete,
        ),
        panels=[QUOTE_LINES, *QUOTE_PANELS],
        actions=list(QUOTE_ACTIONS),
    )
)  # fmt: skip
relate("customer", "quote", "customer")
relate("deal", "quote", "deal")
add_panel("deal", DEAL_LINES)
for source in story.SOURCES:
    add_source("customer", source)
    add_source("deal", source)
