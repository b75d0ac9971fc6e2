"""Quotes and contracts as PDF, out of one Typst template: data go in as data and are never read as markup."""

from __future__ import annotations

import datetime as dt
import functools
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kemai.kit.money import from_cents
from kemai.platform.records import Refused
from kemai.sales.models import Contract, Quote
from kemai.sales.services import lines
from kemai.sales.services.lines import Line
from kemai.sales.services.terms import Terms, terms

TEMPLATE = Path(__file__).resolve().parent.parent / "print" / "document.typ"
CHINESE = (
    "Noto Sans CJK SC", "Source Han Sans SC", "Noto Sans SC", "Microsoft YaHei", "PingFang SC", "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei", "SimSun",
)  # fmt: skip
"""Families with Chinese characters, the first installed one is taken."""


@functools.cache
def fonts() -> Any:
    import typst

    return typst.Fonts(include_system_fonts=True)


@functools.cache
def family() -> str:
    """Raises Refused where the machine has no Chinese font: a page of empty boxes helps nobody."""
    names = {one.lower() for one in fonts().families()}
    found = next((name for name in CHINESE if name.lower() in names), None)
    if found is None:
        raise Refused(
            "no_font",
            _(
                "服务器上没有中文字体，生成不了 PDF。请管理员安装 fonts-noto-cjk（apt-get install fonts-noto-cjk）"
            ),
        )
    return found


def render(data: dict[str, Any]) -> bytes:
    import typst

    told = json.dumps(
        {**data, "font": family(), "lang": "en" if get_language() == "en" else "zh"}, ensure_ascii=False
    )
    made = typst.compile(TEMPLATE.read_bytes(), sys_inputs={"data": told}, font_paths=fonts())
    return bytes(made)


def response(content: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type="application/pdf")
    answer.headers["Content-Disposition"] = (
        content_disposition_header(as_attachment=True, filename=name) or ""
    )
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


UNBROKEN = re.compile(r"[\x21-\x7e]{20,}")


def narrow(text: str) -> str:
    """A long word (a type number, say) may break: it would run into the next column else."""
    return UNBROKEN.sub(lambda found: "\u200b".join(found.group()), text)


def day(value: dt.date | None) -> str:
    return value.isoformat() if value else "—"


def span(start: dt.date | None, end: dt.date | None) -> str:
    return f"{day(start)} — {day(end)}" if start or end else day(None)


def common(document: Quote | Contract, found: Sequence[Line], mine: Terms) -> dict[str, Any]:
    sums = lines.sums_of(found)
    customer = document.customer
    discounted = any(one.discount for one in found)
    heads = [_("序号"), _("名称"), _("数量"), _("单位"), _("单价")]
    rows = [
        [
            str(n), narrow(one.name), f"{one.quantity:g}", one.unit, f"{one.price:,.2f}",
            *([f"{one.discount * 100:g}%"] if discounted else []), f"{one.tax_rate * 100:g}%", f"{one.amount:,.2f}",
        ]
        for n, one in enumerate(found, 1)
    ]  # fmt: skip
    return {
        "company": mine.company,
        "heads": [*heads, *([_("折扣")] if discounted else []), _("税率"), _("金额")],
        "rows": rows,
        # without lines nothing is known of the tax: 0.00 would be a statement
        "totals": [
            [_("合计（%(currency)s，含税）") % {"currency": document.currency}, f"{document.amount:,.2f}"],
            *([[_("其中税额"), f"{from_cents(sums.tax):,.2f}"]] if found else []),
        ],
        "left": party(_("卖方"), mine),
        "right": [[_("买方"), narrow(customer.name)], [_("地址"), customer.address or "—"]],
    }


def party(label: str, mine: Terms) -> list[list[str]]:
    told = [
        [label, mine.company or "—"], [_("税号"), mine.tax_number], [_("地址"), mine.address], [_("电话"), mine.phone],
        [_("开户行"), mine.bank], [_("账号"), mine.account],
    ]  # fmt: skip
    return [pair for pair in told if pair[1]]


def quote_pdf(quote: Quote) -> bytes:
    mine, found = terms(), lines.lines_of("quote", quote.pk)
    data = common(quote, found, mine)
    if quote.contact is not None:
        data["right"].append([_("联系人"), quote.contact.name])
    facts = [
        [_("报价编号"), str(quote)], [_("报价日期"), day(quote.quoted_on)], [_("有效期至"), day(quote.valid_until)],
        [_("销售"), str(quote.owner or "—")],
    ]  # fmt: skip
    text = quote.terms or mine.conditions
    sections = [[_("条款"), text]] if text else []
    draft = "" if quote.sent_at else _("草稿")
    return render(
        {**data, "title": _("报价单"), "facts": facts, "sections": sections, "draft": draft, "sign": False}
    )


def contract_pdf(contract: Contract) -> bytes:
    mine, found = terms(), lines.lines_of("contract", contract.pk)
    data = common(contract, found, mine)
    facts = [
        [_("合同编号"), contract.number], [_("签订日期"), day(contract.signed_on)],
        [_("期限"), span(contract.starts_on, contract.ends_on)], [_("名称"), contract.name],
    ]  # fmt: skip
    plans = contract.plans.filter(void=False, deleted_at=None).order_by("due_on", "pk")
    payment = "\n".join(f"{plan}　{plan.due_on:%Y-%m-%d}　{plan.amount:,.2f}" for plan in plans)
    sections = [[_("付款计划"), payment], [_("其他约定"), contract.note], [_("条款"), mine.conditions]]
    draft = _("草稿") if contract.state in {"draft", "review"} else ""
    title = _("变更协议") if contract.amends_id else _("合同")
    shown = [one for one in sections if one[1]]
    sign = {"sign": True, "seal": _("签字盖章 / 日期")}
    return render({**data, "title": title, "facts": facts, "sections": shown, "draft": draft, **sign})
