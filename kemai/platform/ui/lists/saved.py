"""Saving a list under a name, sharing it, and taking it away again."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kemai.platform.access import Actor, NotVisible
from kemai.platform.records import FieldErrors, saved_views
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.lists import views_of_lists
from kemai.platform.ui.lists.state import ListState, Saved
from kemai.platform.ui.lists.views import opened
from kemai.platform.ui.records.answers import go


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def create(request: HttpRequest, actor: Actor, key: str) -> HttpResponse:
    """The list as it stands in the address, under a new name."""
    _type, state = opened(request, actor, key)
    if request.method != "POST":
        return form(request, actor, state, "", "mine")
    name, share = request.POST.get("name", ""), request.POST.get("share", "mine")
    try:
        view = saved_views.save_view(actor, key, name, share, state.stored())
    except FieldErrors as error:
        return form(request, actor, state, name, share, error.errors)
    views_of_lists.changed()
    return go(request, f"{state.path}?view=v{view.pk}", _("已保存视图“%(name)s”") % {"name": view.name})


def form(
    request: HttpRequest,
    actor: Actor,
    state: ListState,
    name: str,
    share: str,
    errors: dict[str, str] | None = None,
    *,
    pk: int | None = None,
) -> HttpResponse:
    shares = [("mine", _("仅自己")), ("team", _("本部门"))]
    if saved_views.may_share_with_all(actor):
        shares.append(("all", _("所有人")))
    url = (
        reverse("view_edit", args=(pk,))
        if pk
        else f"{reverse('view_new', args=(state.type_key,))}?{state.query}"
    )
    context = {
        "url": url,
        "name": name,
        "share": share,
        "errors": errors or {},
        "pk": pk,
        "shares": [{"value": value, "label": label} for value, label in shares],
        "delete_url": reverse("view_delete", args=(pk,)) if pk else "",
    }
    return render(request, "ui/pages/view_form.html", context, status=422 if errors else 200)


def owned(actor: Actor, pk: int) -> Saved:
    for stored in views_of_lists.saved(actor, fresh=True):
        if stored.pk == pk:
            (view,) = views_of_lists.map_saved(actor, [stored])
            return view
    raise NotVisible


@require_POST
@signed_in
def update(request: HttpRequest, actor: Actor, key: str) -> HttpResponse:
    """What the person changed becomes what the view says."""
    _type, state = opened(request, actor, key)
    if state.view.pk is None:
        raise NotVisible
    view = state.view
    saved_views.save_view(actor, key, view.label, view.share, state.stored(), key=view.pk)
    views_of_lists.changed()
    return go(request, f"{state.path}?view={view.key}", _("已更新视图“%(name)s”") % {"name": view.label})


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def edit(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Renaming and sharing."""
    stored = saved_views.own_view(actor, pk)
    state = ListState(stored.type_key, owned(actor, pk))
    if request.method != "POST":
        return form(request, actor, state, stored.name, stored.share, pk=pk)
    name, share = request.POST.get("name", ""), request.POST.get("share", "mine")
    try:
        saved_views.rename_view(actor, pk, name, share)
    except FieldErrors as error:
        return form(request, actor, state, name, share, error.errors, pk=pk)
    views_of_lists.changed()
    return go(request, f"{state.path}?view=v{pk}", _("已保存视图“%(name)s”") % {"name": name})


@require_POST
@signed_in
def delete(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    stored = saved_views.own_view(actor, pk)
    saved_views.delete_view(actor, pk)
    views_of_lists.changed()
    return go(
        request, reverse("list", args=(stored.type_key,)), _("已删除视图“%(name)s”") % {"name": stored.name}
    )
