"""What a person decides about a value that was brought against a verified one."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kemai.customers.models import ValueConflict
from kemai.customers.services import conflicts
from kemai.platform.access import Actor
from kemai.platform.objects import get
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.records.answers import announce, go


def told(found: ValueConflict, text: str) -> str:
    return text % {"field": get("customer").fields[found.field].label}


def answer(found: ValueConflict, text: str) -> HttpResponse:
    return announce(HttpResponse(status=204), told(found, text), close=True)


@signed_in
@require_POST
def take(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    return answer(conflicts.take(pk, by=actor), _("已采用：%(field)s。原来的值在“来源”里，可以撤销。"))


@signed_in
@require_POST
def keep(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    return answer(conflicts.keep(pk, by=actor), _("已保留：%(field)s。同样的值不会再问。"))


@signed_in
@require_POST
def reopen(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    found = conflicts.reopen(pk, by=actor)
    url = reverse("record", args=["customer", found.customer_id])
    return go(request, url, told(found, _("已撤销：%(field)s 又等您决定了。")))
