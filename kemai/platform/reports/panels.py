"""Somebody's own page of reports: which, and in what order. One that is no longer shared is not shown there."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.models import Report, ReportPanel
from kemai.platform.records import FieldErrors
from kemai.platform.reports import keeping

MOST = 20


def of(actor: Actor) -> list[Report]:
    """The reports on the person's page that they still see, in their order."""
    panels = ReportPanel.objects.filter(user=actor.user_id or 0).order_by("position", "pk")
    keys = list(panels.values_list("report", flat=True))
    seen = {report.pk: report for report in keeping.visible(actor).filter(pk__in=keys)}
    return [seen[key] for key in keys if key in seen]


def add(actor: Actor, key: int) -> Report:
    """Puts a report at the end. Raises NotVisible, FieldErrors."""
    report = keeping.seen(actor, key)
    if actor.user_id is None:
        raise access.NotVisible
    mine = ReportPanel.objects.filter(user=actor.user_id)
    if mine.filter(report=report).exists():
        return report
    if mine.count() >= MOST:
        raise FieldErrors({"": _("看板上最多放 %(n)s 个报表") % {"n": MOST}})
    last = mine.aggregate(last=Max("position"))["last"] or 0
    # lint: allow write-door — a person's own page, no record
    ReportPanel.objects.get_or_create(user_id=actor.user_id, report=report, defaults={"position": last + 1})
    return report


def remove(actor: Actor, key: int) -> None:
    """Raises NotVisible."""
    mine = ReportPanel.objects.filter(user=actor.user_id or 0, report=key)
    gone, _what = mine.delete()  # lint: allow write-door — the same
    if not gone:
        raise access.NotVisible


@transaction.atomic
def move(actor: Actor, key: int, *, up: bool) -> None:
    """One place up or down. Raises NotVisible."""
    keys = [report.pk for report in of(actor)]
    if key not in keys:
        raise access.NotVisible
    at = keys.index(key)
    to = min(max(at - 1 if up else at + 1, 0), len(keys) - 1)
    keys.insert(to, keys.pop(at))
    for position, one in enumerate(keys):
        mine = ReportPanel.objects.filter(user=actor.user_id, report=one)
        mine.update(position=position)  # lint: allow write-door — the same
