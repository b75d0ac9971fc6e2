"""The home of the settings: what can be set, by subject, each with a sentence of what it is for."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.shell import groups_of, sets_something


@require_safe
@signed_in
def index(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """The shell's own groups: what is not in the person's side bar is not here either."""
    if not sets_something(groups_of(actor)):
        raise access.Denied
    return render(request, "ui/pages/settings.html")
