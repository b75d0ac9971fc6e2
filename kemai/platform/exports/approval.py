"""Exports over the limit: asked of those who may let them go, approved for once and a while, or refused with a note.

Every act stands in the audit. A later engine of approvals calls `ask` and `decide`, and hears the two events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kemai.platform import access, audit, events
from kemai.platform.access import Actor
from kemai.platform.exports.rows import Order, records
from kemai.platform.fields import Saying
from kemai.platform.models import ExportRequest, Grant
from kemai.platform.objects import get
from kemai.platform.records.errors import FieldErrors, Refused

KEY = "export_request"
DECIDE_WITHIN = timedelta(days=7)
USE_WITHIN = timedelta(hours=24)
GROWTH = 1.1
"""An approval covers a little more than was counted: records are made while people decide."""
MOST_WAITING = 20
USED = Saying(gettext_noop("使用批准 #%(n)s"))


def order_of(request: ExportRequest) -> Order:
    known = {one.name for one in fields(Order)}
    given = {name: value for name, value in request.order.items() if name in known}
    given["columns"] = tuple(given.get("columns") or ())
    given["ids"] = None if given.get("ids") is None else tuple(given["ids"])
    return Order(**given)


def ask(actor: Actor, order: Order, *, reason: str) -> ExportRequest:
    """Raises Denied, QueryError, FieldErrors, Refused."""
    text = " ".join(reason.split())[:500]
    if len(text) < 4:
        raise FieldErrors({"reason": _("请写明用途，批准的人要看")})
    count = records(actor, order).count()
    now = timezone.now()
    assert actor.user_id is not None
    waiting = ExportRequest.objects.filter(user=actor.user_id, state="waiting", valid_until__gt=now)
    if waiting.count() >= MOST_WAITING:
        raise Refused("too_many", _("您已有 %(n)s 个申请在等待批准，请先等一等") % {"n": MOST_WAITING})
    with transaction.atomic():
        # lint: allow write-door — a request is no record
        made = ExportRequest.objects.create(
            user_id=actor.user_id, type_key=order.type_key, order=asdict(order), count=count, reason=text,
            created_at=now, valid_until=now + DECIDE_WITHIN,
        )  # fmt: skip
        tell(made, "asked", {"state": [None, "waiting"], "count": [None, count]}, by=actor, reason=text)
    return made


def approvers(type_key: str, *, but: int | None) -> list[int]:
    """Who may decide: whose role grants it for the type, and who is not the one who asks."""
    roles = Grant.objects.filter(verb="release", type_key__in=("*", type_key)).exclude(scope="none")
    people = get_user_model()._default_manager.filter(is_active=True, roles__in=roles.values("role"))
    return sorted(set(people.exclude(pk=but or 0).values_list("pk", flat=True)))


def decides(actor: Actor, request: ExportRequest) -> bool:
    return (
        actor.user_id is not None
        and actor.user_id != request.user_id
        and not actor.read_only
        and access.may(actor, request.type_key, "release")
    )


def visible(actor: Actor) -> QuerySet[ExportRequest]:
    """One's own, and those that one may decide."""
    keys = set(ExportRequest.objects.order_by().values_list("type_key", flat=True).distinct())
    mine = [key for key in keys if may_release(actor, key)]
    rows = ExportRequest.objects.filter(Q(user=actor.user_id) | Q(type_key__in=mine))
    return rows.select_related("user", "decided_by").order_by("-pk")


def may_release(actor: Actor, type_key: str) -> bool:
    try:
        return access.may(actor, get(type_key), "release")
    except LookupError:  # an own object that was deleted
        return False


def decide(key: int, *, approve: bool, note: str = "", by: Actor) -> ExportRequest:
    """Raises NotVisible, Refused (decided already, too late), FieldErrors (a refusal without a word)."""
    text = " ".join(note.split())[:500]
    if not approve and not text:
        raise FieldErrors({"note": _("请写一句为什么拒绝")})
    with transaction.atomic():
        request = ExportRequest.objects.select_for_update().filter(pk=key).first()
        if request is None or not decides(by, request):
            raise access.NotVisible
        now = timezone.now()
        if request.state != "waiting":
            raise Refused("decided", _("这个申请已经处理过了"))
        if request.valid_until <= now:
            raise Refused("late", _("这个申请已经过期，请对方重新申请"))
        request.state = "approved" if approve else "refused"
        request.decided_by_id, request.decided_at, request.note = by.user_id, now, text
        if approve:
            request.valid_until = now + USE_WITHIN
        request.save()  # lint: allow write-door — the same
        tell(request, "decided", {"state": ["waiting", request.state]}, by=by, reason=text)
    return request


def usable(actor: Actor, key: int) -> ExportRequest:
    """An approval that this person may still use. Raises NotVisible, Refused."""
    return checked(ExportRequest.objects.filter(pk=key, user=actor.user_id or 0).first())


def checked(request: ExportRequest | None) -> ExportRequest:
    if request is None:
        raise access.NotVisible
    if request.state != "approved" or request.valid_until <= timezone.now():
        raise Refused("not_approved", _("这次批准已经用过或过期了，请重新申请"))
    return request


def spend(actor: Actor, key: int) -> ExportRequest:
    """Uses the approval up: it holds for one file. Raises NotVisible, Refused."""
    with transaction.atomic():
        rows = ExportRequest.objects.select_for_update().filter(pk=key, user=actor.user_id or 0)
        request = checked(rows.first())
        request.state = "used"
        request.save()  # lint: allow write-door — a request is no record
        audit.note("export", request.type_key, by=actor, reason=USED.kept(n=key))
    return request


def give_back(request: ExportRequest) -> None:
    """No file came of it: the approval holds again."""
    request.state = "approved"
    request.save()  # lint: allow write-door — the same


def tell(request: ExportRequest, what: str, diff: Mapping[str, Any], *, by: Actor, reason: str) -> None:
    """The audit's entry and the event."""
    changes = audit.note("export", KEY, request.pk, by=by, reason=reason, diff=diff)
    payload = {
        "type": request.type_key,
        "count": request.count,
        "user": request.user_id,
        "state": request.state,
    }
    events.emit(f"{KEY}.{what}", KEY, request.pk, changes, payload)
