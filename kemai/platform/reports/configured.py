"""Reports that everybody shares are part of the configuration, as shared lists are."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.platform.access import Actor
from kemai.platform.define.config import Part, register
from kemai.platform.define.config.own import Wanted, known_types, pair, placed_name
from kemai.platform.models import Report
from kemai.platform.reports.definition import Definition


def read() -> dict[str, Any]:
    rows = Report.objects.filter(share="all", deleted_at=None).order_by("type_key", "name", "-pk")
    return {f"{row.type_key}.{row.name}": {"state": row.state} for row in rows}


def put(place: str, old: Any, new: Any, by: Actor) -> None:
    type_key, name = pair(place)
    rows = Report.objects.filter(type_key=type_key, name=name, share="all", deleted_at=None)
    if new is None:
        rows.update(deleted_at=timezone.now())  # lint: allow write-door — a setting, as a shared list is
        return
    made = Report(type_key=type_key, name=name[:80], share="all", user_id=by.user_id)
    row = rows.order_by("pk").first() or made
    row.state = Definition.of(type_key, dict(new.get("state") or {})).stored()
    row.changed_at = timezone.now()
    row.save()  # lint: allow write-door — the same


def problem(place: str, old: Any, new: Any, wanted: Wanted) -> str:
    type_key, name = pair(place)
    if type_key not in known_types(wanted) or not name:
        return _("没有对象“%(key)s”") % {"key": type_key}
    return ""


def join() -> None:
    register(Part("reports", gettext_lazy("共享报表"), read, put, problem, placed_name, 55, nested=True))
