"""Reports kept, shared and taken away by their owners, as saved lists are; deleted ones wait for some weeks."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.jobs import Progress, schedule
from kemai.platform.models import Report
from kemai.platform.records import FieldErrors, saved_views
from kemai.platform.reports.definition import Definition

MOST = 200
"""Reports of one person."""
KEPT = timedelta(days=30)


def visible(actor: Actor) -> QuerySet[Report]:
    """What the person has made, what their department and everybody share."""
    shared = saved_views.shared_with(actor)
    return Report.objects.filter(shared, deleted_at=None).select_related("user").order_by("name", "pk")


def binned(actor: Actor) -> QuerySet[Report]:
    """One's own that wait to be forgotten."""
    since = timezone.now() - KEPT
    mine = Report.objects.filter(user=actor.user_id or 0, deleted_at__gt=since)
    return mine.order_by("-deleted_at")


def seen(actor: Actor, key: int) -> Report:
    """Raises NotVisible."""
    report = visible(actor).filter(pk=key).first()
    if report is None:
        raise access.NotVisible
    return report


def may_change(actor: Actor, report: Report) -> bool:
    return report.user_id == actor.user_id or (actor.is_admin and report.share == "all")


def own(actor: Actor, key: int) -> Report:
    """Raises NotVisible, Denied."""
    report = seen(actor, key)
    if not may_change(actor, report):
        raise access.Denied
    return report


def save(actor: Actor, definition: Definition, name: str, share: str, *, key: int | None = None) -> Report:
    """A new report, or another name and state of one's own. Raises FieldErrors, Denied, NotVisible."""
    name = saved_views.check(actor, name, share)
    if key is not None:
        report = own(actor, key)
    else:
        if Report.objects.filter(user=actor.user_id, deleted_at=None).count() >= MOST:
            raise FieldErrors({"": _("最多保存 %(n)s 个报表") % {"n": MOST}})
        report = Report(user_id=actor.user_id)
    report.type_key = definition.type_key
    report.name, report.share, report.state = name, share, definition.stored()
    report.changed_at = timezone.now()
    report.save()  # lint: allow write-door — a person's settings, as a saved list is
    return report


def copy(actor: Actor, key: int) -> Report:
    """One's own copy of a report that one sees. Raises NotVisible, FieldErrors."""
    report = seen(actor, key)
    definition = Definition.of(report.type_key, report.state)
    return save(actor, definition, (_("%(name)s 副本") % {"name": report.name[:70]}), "mine")


def delete(actor: Actor, key: int) -> Report:
    report = own(actor, key)
    report.deleted_at = timezone.now()
    report.save(update_fields=["deleted_at"])  # lint: allow write-door — the same
    return report


def restore(actor: Actor, key: int) -> Report:
    with transaction.atomic():
        report = Report.objects.select_for_update().filter(pk=key).exclude(deleted_at=None).first()
        if report is None or not may_change(actor, report):
            raise access.NotVisible
        report.deleted_at = None
        report.save(update_fields=["deleted_at"])  # lint: allow write-door — the same
    return report


@schedule("reports.sweep", every=60)
def sweep(progress: Progress) -> int:
    """Forgets what was deleted long ago; returns how many."""
    old = Report.objects.filter(deleted_at__lte=timezone.now() - KEPT)
    return old.delete()[0]  # lint: allow write-door — the same
