"""Following a record, and who does."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kemai.collab.services import follows
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.objects import get
from kemai.platform.ui.door import is_fragment, signed_in
from kemai.platform.ui.records.answers import go


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def follow(request: HttpRequest, actor: Actor, type_key: str, pk: int) -> HttpResponse:
    """The list of followers; POST on=1 or on=0 follows or leaves."""
    access.one(actor, get(type_key), pk)
    about = (type_key, pk)
    if request.method != "POST":
        return render(request, "collab/followers.html", {"names": follows.names(about)})
    on = request.POST.get("on") == "1"
    (follows.follow if on else follows.unfollow)(about, by=actor)
    if not is_fragment(request):
        text = _("已关注，有变化会通知您") if on else _("不再关注")
        return go(request, reverse("record", args=[type_key, pk]), text)
    content = {"type_key": type_key, "pk": pk, "follows": on}
    return render(request, "collab/heading.html", {"content": content, "swapped": True})
