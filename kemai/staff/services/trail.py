"""Leaving a change set behind, and the guards that every act of administration passes."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence

from django.db import DatabaseError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from kemai.platform import audit, events
from kemai.platform.access import Actor, Denied, actor_for
from kemai.platform.access.origin import located
from kemai.platform.models import Change, Role, Setting
from kemai.platform.records import Refused
from kemai.staff.models import User

log = logging.getLogger(__name__)
Diff = Mapping[str, Sequence[object]]


def require_admin(by: Actor) -> None:
    """Raises Denied for all who may not change the settings."""
    if not (by.is_admin or by.is_system):
        raise Denied


def leave(
    kind: str, type_key: str, object_id: int, *, by: Actor, diff: Diff | None = None, reason: str = ""
) -> None:
    """The change set of one act: {field: [old, new]} in JSON form. Passwords and codes never stand in it."""
    changes = audit.open_set(kind, type_key, by=by, reason=reason, count=1)
    Change.objects.create(
        changeset=changes,
        type_key=type_key,
        object_id=object_id,
        action=kind,
        diff=dict(diff) if diff else None,
    )
    events.emit(f"{type_key}.{kind.rstrip('e')}ed", type_key, object_id, changes)


def keep_setting(
    key: str, old: Mapping[str, object], new: Mapping[str, object], *, by: Actor, secret: Sequence[str] = ()
) -> None:
    """A setting of this app as it is from now on; the log tells what changed, but for the values of `secret`."""
    diff = {name: [old.get(name), new[name]] for name in new if old.get(name) != new[name]}
    diff = {name: ["***", "***"] if name in secret else pair for name, pair in diff.items()}
    if diff:
        with transaction.atomic():
            Setting.objects.update_or_create(key=key, defaults={"value": dict(new)})
            leave("update", "access", 0, by=by, diff=diff)


def at_the_door(kind: str, request: HttpRequest, user: User | None, reason: str = "") -> None:
    """Somebody came in, tried to, or went. An entrance must not stay shut because this could not be written."""
    by = actor_for(user) if user is not None else Actor(name="", source="form")
    try:
        with transaction.atomic():
            audit.note(kind, "user", user.pk if user else None, by=located(by, request), reason=reason)
    except DatabaseError:
        log.warning("a log-in could not be noted", exc_info=True)


@contextlib.contextmanager
def an_admin_stays() -> Iterator[None]:
    """Inside: a change in one transaction that must not take away the last administrator, nor may two people take the
    right from each other at the same time. Raises Refused."""
    with transaction.atomic():
        list(Role.objects.select_for_update().filter(is_admin=True).order_by("pk"))
        administrators = User.objects.filter(is_active=True, roles__is_admin=True)
        had = administrators.exists()
        yield
        if had and not administrators.exists():
            raise Refused("last_admin", _("至少要有一位在职的系统管理员，请先把这个角色交给另一位员工"))
