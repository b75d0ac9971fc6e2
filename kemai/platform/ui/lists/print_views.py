"""A list or a record as it goes onto paper; a right of its own."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from kemai.platform import access, exports
from kemai.platform.access import Actor
from kemai.platform.exports import Order
from kemai.platform.objects import get
from kemai.platform.ui import cells
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.lists.acts import Chosen
from kemai.platform.ui.lists.export_views import order_of
from kemai.platform.ui.records.subject import Fact, Subject

UPRIGHT = 7
"""Columns that stand on a page held upright; more go across."""


def is_short(text: str) -> bool:
    """Does it stand on one line, however narrow the column: a date, a number, a word?"""
    return len(text) <= (19 if text.isascii() else 8)


@signed_in
@require_safe
def listing(request: HttpRequest, actor: Actor, key: str) -> HttpResponse:
    object_type = get(key)
    access.require(actor, object_type, "print")
    order = order_of(actor, key, Chosen(query=request.GET.urlencode()), "print")
    found = exports.sheet(actor, order)
    context = {
        "title": object_type.label,
        "head": [spec.label for spec in found.specs],
        "lines": [[cells.text(spec, row.get(spec.key)) for spec in found.specs] for row in found.rows],
        "is_short": is_short,
        "wide": len(found.specs) > UPRIGHT,
        "more": found.more,
        "actor": actor,
        "now": timezone.localtime(),
    }
    return render(request, "ui/pages/print.html", context)


@signed_in
@require_safe
def record(request: HttpRequest, actor: Actor, type_key: str, pk: int) -> HttpResponse:
    access.one(actor, type_key, pk, "print")
    subject = Subject(actor, type_key, pk)
    access.mask_personal(subject.specs, [subject.row])
    exports.note(actor, Order(type_key, ids=(pk,), format="print"), 1)

    def line(fact: Fact) -> tuple[str, str]:
        return str(fact.label), cells.text(fact.spec, subject.row.get(fact.spec.key))

    context = {
        "title": subject.title,
        "sections": [(section.title, [line(fact) for fact in section.facts]) for section in subject.sections],
        "actor": actor,
        "now": timezone.localtime(),
    }
    return render(request, "ui/pages/print.html", context)
