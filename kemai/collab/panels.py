"""What tasks bring to their page: the record they are about, and being done with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.collab.services.tasks import complete_task, later, leads, postpone_task
from kemai.platform import access
from kemai.platform.access import Actor, NotVisible
from kemai.platform.objects import Action, Panel, UnknownObject, get
from kemai.platform.records import Refused


def about(actor: Actor, row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The record that the task is about; None where there is none that the actor may see."""
    found = access.scope(actor, "task").filter(pk=row["id"]).values_list("type_key", "object_id").first()
    if found is None or not found[0] or found[1] is None:
        return None
    try:
        other = get(found[0])
        record = access.one(actor, other, found[1])
    except (UnknownObject, NotVisible):
        return None
    url = reverse("record", args=[other.key, record.pk])
    return {"label": other.label, "title": str(record), "icon_name": other.icon, "url_of": url}


def complete(actor: Actor, ids: Sequence[int], **params: object) -> str:
    """Every task among them that is still open is done; Refused where none is. Raises access.Denied, NotVisible."""
    done, refused = 0, None
    for key in ids:
        try:
            complete_task(key, by=actor)
            done += 1
        except Refused as error:
            refused = error
    if refused is not None and not done:
        raise refused
    return _("已完成 %(n)s 个任务") % {"n": done}


def put_off(actor: Actor, ids: Sequence[int], **params: object) -> str:
    """Every open task among them is due at ten o'clock of the next day. Raises access.Denied, NotVisible, Refused."""
    moved, refused = 0, None
    for key in ids:
        try:
            postpone_task(key, later("tomorrow"), by=actor)
            moved += 1
        except Refused as error:
            refused = error
    if refused is not None and not moved:
        raise refused
    return _("已推迟 %(n)s 个任务到明天 10:00") % {"n": moved}


def still_open(row: Mapping[str, Any]) -> str | None:
    return "" if row.get("state") == "open" else None


def handling(actor: Actor, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """What can be done with an open task with one tap: put it off, hand it on, nudge whoever has it."""
    if row.get("state") != "open":
        return {"pk": row["id"], "may": False, "nudges": False, "later": ()}
    owner = row.get("owner")
    may = bool(access.scope(actor, "task", "edit").filter(pk=row["id"]).exists())
    nudges = leads(actor, owner.id if owner else None)
    return {"pk": row["id"], "may": may, "nudges": nudges, "later": LATER}


LATER = (
    ("hour", gettext_lazy("一小时后")),
    ("tomorrow", gettext_lazy("明天")),
    ("workday", gettext_lazy("下个工作日")),
    ("week", gettext_lazy("下周")),
)
PANELS = (
    Panel("handle", gettext_lazy("处理"), "collab/handle.html", handling, place="side", order=5),
    Panel("about", gettext_lazy("关于"), "collab/about.html", about, place="side"),
)
ACTIONS = (
    Action("done", gettext_lazy("完成"), "check", complete, ready=still_open, main=True),
    Action("tomorrow", gettext_lazy("推迟到明天"), "clock", put_off, ready=still_open),
)
