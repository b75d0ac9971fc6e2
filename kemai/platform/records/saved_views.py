"""Saved lists: kept, shared and taken away by their owners. They are settings of a person, not records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Max, Q
from django.utils.translation import gettext as _

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.models import SavedView
from kemai.platform.records.errors import FieldErrors

SHARES = ("mine", "team", "all")
MOST = 100
"""Views of one person for one object type."""


def views_for(actor: Actor) -> list[SavedView]:
    """What the person has saved, what their department and everybody share; in the order of the tabs."""
    return list(SavedView.objects.filter(shared_with(actor)).order_by("position", "id"))


def shared_with(actor: Actor) -> Q:
    """Of what people keep for themselves and share: what the person sees."""
    shared = Q(user=actor.user_id) | Q(share="all")
    if actor.department_id:
        shared |= Q(share="team", user__department=actor.department_id)
    return shared


def may_share_with_all(actor: Actor) -> bool:
    return actor.is_admin or actor.is_system


def save_view(
    actor: Actor, type_key: str, name: str, share: str, state: Mapping[str, Any], *, key: int | None = None
) -> SavedView:
    """A new view, or the new state of one's own. Raises FieldErrors, access.Denied, access.NotVisible."""
    name = check(actor, name, share)
    if key is not None:
        view = own_view(actor, key)
    else:
        mine = SavedView.objects.filter(user=actor.user_id, type_key=type_key)
        if mine.count() >= MOST:
            raise FieldErrors({"": _("最多保存 %(n)s 个视图") % {"n": MOST}})
        last = mine.aggregate(last=Max("position"))["last"] or 0
        view = SavedView(user_id=actor.user_id, type_key=type_key, position=last + 1)
    view.name, view.share, view.state = name, share, dict(state)
    view.save()
    return view


def rename_view(actor: Actor, key: int, name: str, share: str) -> SavedView:
    view = own_view(actor, key)
    view.name, view.share = check(actor, name, share), share
    view.save()
    return view


def delete_view(actor: Actor, key: int) -> None:
    own_view(actor, key).delete()


def check(actor: Actor, name: str, share: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise FieldErrors({"name": _("请填写名称")})
    if len(name) > 80:
        raise FieldErrors({"name": _("最多 %(max)s 个字，现在有 %(now)s 个") % {"max": 80, "now": len(name)}})
    if share not in SHARES:
        raise FieldErrors({"share": _("请选择共享范围")})
    if share == "all" and not may_share_with_all(actor):
        raise access.Denied(_("只有管理员可以共享给所有人"))
    return name


def own_view(actor: Actor, key: int) -> SavedView:
    """One's own view; an administrator's are also those shared with everybody."""
    view = SavedView.objects.filter(pk=key).first()
    if view is None:
        raise access.NotVisible
    if view.user_id == actor.user_id or (actor.is_admin and view.share == "all"):
        return view
    if view not in views_for(actor):
        raise access.NotVisible
    raise access.Denied
