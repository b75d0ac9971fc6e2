"""Answers that tell the page what happened: toasts with an undo, what to refresh, where to go."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from kemai.platform import audit
from kemai.platform.objects import ObjectType
from kemai.platform.ui.door import is_fragment

CHANGED = "record:changed"
"""The event upon which the parts of a record page fetch themselves anew."""

REFRESH = "list:refresh"
"""The event upon which a list fetches itself anew, where it is."""
CLOSE = '{"dialog:close": {"target": "body"}}'
"""The header that only closes the dialog a form stood in."""


def announce(
    response: HttpResponse,
    text: str = "",
    *,
    kind: str = "success",
    undo: int | None = None,
    close: bool = False,
    refresh: bool = False,
) -> HttpResponse:
    """Adds a toast (with the address that takes the change set back), and says that the record changed."""
    # the dialog closes first: a toast shows itself in the topmost one, and would vanish with it
    events: dict[str, Any] = {"dialog:close": {"target": "body"}} if close else {}
    events[CHANGED] = {"target": "body"}
    if text:
        toast: dict[str, Any] = {"target": "body", "text": text, "kind": kind}
        if undo is not None:
            toast["undo"] = {"label": _("撤销"), "url": reverse("undo", args=[undo])}
        events["toast"] = toast
    if close or refresh:
        events[REFRESH] = {"target": "body"}
    response.headers["HX-Trigger"] = json.dumps(events)
    return response


def go(request: HttpRequest, url: str, text: str = "") -> HttpResponse:
    """To another page, by htmx or by the browser; the text is shown there."""
    if text:
        messages.success(request, text)
    if is_fragment(request):
        return HttpResponse(headers={"HX-Redirect": url})
    return redirect(url)


def last_changeset(object_type: ObjectType, pk: int) -> int | None:
    """The change set that touched the record last."""
    found = audit.history(object_type.key, pk).values_list("changeset_id", flat=True)[:1]
    return next(iter(found), None)
