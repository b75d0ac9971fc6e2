"""What tasks bring to their page: the record they are about, and being done with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.collab.services.tasks import complete_task
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


PANELS = (Panel("about", gettext_lazy("关于"), "collab/about.html", about, place="side"),)
ACTIONS = (Action("done", gettext_lazy("完成"), "check", complete),)
