"""Who had a record, and giving it to somebody else with what goes along."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from kemai.platform import access, records
from kemai.platform.access import Actor, NotVisible
from kemai.platform.fields import read_out
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors
from kemai.platform.records.owners import history
from kemai.platform.records.transfer import counts_along
from kemai.platform.ui.door import is_fragment, signed_in
from kemai.platform.ui.records.answers import go
from kemai.platform.ui.records.controls import control
from kemai.platform.ui.records.subject import Subject
from kemai.platform.ui.trail import naming

SHOWN = 100


class Line(NamedTuple):
    old: str
    new: str
    at: datetime
    by: str
    reason: str
    rule: str
    days: int | None
    """How long the old owner had it, where that is known."""


@require_safe
@signed_in
def owners(request: HttpRequest, actor: Actor, type_key: str, pk: int) -> HttpResponse:
    object_type = get(type_key)
    if not object_type.has_owner:
        raise NotVisible
    subject = Subject(actor, type_key, pk, columns=[object_type.title, "owner"])
    if subject.levels.get("owner", "hidden") in {"hidden", "masked"}:
        raise NotVisible
    found = list(history(type_key, pk)[: SHOWN + 1])
    begun = [one.at for one in found[1:]]
    lines = [
        Line(
            str(one.old) if one.old_id else "",
            str(one.new) if one.new_id else "",
            timezone.localtime(one.at),
            naming.who(one.actor_name),
            read_out(one.reason),
            read_out(one.rule),
            (one.at - begun[place]).days if place < len(begun) else None,
        )
        for place, one in enumerate(found[:SHOWN])
    ]
    return render(request, "ui/trail/owners.html", {"subject": subject, "lines": lines, "now": subject.owner})


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def transfer(request: HttpRequest, actor: Actor, type_key: str, pk: int) -> HttpResponse:
    subject = Subject(actor, type_key, pk)
    if not subject.type.has_owner:
        raise NotVisible
    if not subject.editable("owner"):
        raise access.Denied
    if request.method != "POST":
        return show(request, subject, {})
    to, reason = request.POST.get("owner", ""), request.POST.get("reason", "").strip()[:500]
    if not to or to == str(subject.row["owner"].id if subject.row.get("owner") else ""):
        return show(request, subject, {"owner": _("请选择另一位负责人")})
    one = access.scope(actor, subject.type).filter(pk=pk)
    try:
        changes = records.transfer(
            type_key, one, to, by=actor, reason=reason, along=request.POST.getlist("along")
        )
    except FieldErrors as error:
        return show(request, subject, error.errors)
    text = _("已转移")
    if changes.count > 1:
        text = _("已转移，连同 %(n)s 条相关记录") % {"n": changes.count - 1}
    stays = access.scope(actor, subject.type).filter(pk=pk).exists()
    return go(request, subject.url if stays else subject.list_url, text)


def show(request: HttpRequest, subject: Subject, errors: dict[str, str]) -> HttpResponse:
    spec = subject.type.fields["owner"]
    along = counts_along(subject.type, [subject.pk], by=subject.actor)
    context: dict[str, Any] = {
        "subject": subject,
        "control": control(subject.actor, subject.type, spec, None, level="edit"),
        "along": [{"key": one.type_key, "label": str(one.title), "count": count} for one, count in along],
        "reason": request.POST.get("reason", ""),
        "errors": errors,
        "fragment": is_fragment(request),
    }
    return render(request, "ui/trail/transfer.html", context, status=422 if errors else 200)
