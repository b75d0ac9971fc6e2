"""Quotes."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kemai.platform.objects import Hooks, Numbering, Section, add_panel, add_source, relate
from kemai.sales.actions.quotes import QUOTE_ACTIONS
from kemai.sales.models import Quote
from kemai.sales.objects import currencies, deal  # noqa: F401 - these belong to its page
from kemai.sales.objects.document import document, in_state
from kemai.sales.panels.lines import DEAL_LINES, QUOTE_LINES
from kemai.sales.panels.quotes import QUOTE_PANELS
from kemai.sales.services import quotes, story

QUOTE = document(
    key="quote",
    model=Quote,
    title="number",
    icon="file-text",
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
    views=(
        in_state("open", _("等客户答复"), "sent", sort="valid_until"),
        in_state("review", _("待审批"), "review"),
        in_state("draft", _("草稿"), "draft", "approved"),
    ),
    purpose=_("报价是给客户的正式价格：发出以后不再改动，要改就发新版本；客户可以在网页上直接接受。"),
    date="valid_until",
    importable=False,
    bare=("amount", "tax"),
    exchange=currencies.at_day("currency", "quoted_on", _("按报价日期的汇率，没有报价日期的按今天的")),
    numbering=Numbering("number", "Q"),
    hooks=Hooks(
        prepare=quotes.prepare_quote,
        check=quotes.check_quotes,
        after=quotes.after_quote,
        check_delete=quotes.check_delete,
    ),
    panels=[QUOTE_LINES, *QUOTE_PANELS],
    actions=list(QUOTE_ACTIONS),
)  # fmt: skip
relate("customer", "quote", "customer")
relate("deal", "quote", "deal")
add_panel("deal", DEAL_LINES)
for source in story.SOURCES:
    add_source("customer", source)
    add_source("deal", source)
