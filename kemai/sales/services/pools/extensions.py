"""Extensions 延期: an owner asks that a record may stay with him some days longer, with a reason; whoever looks after
the pool grants some days or says no. A grant is an act like any other: in the log, in the owner's history, taken back
by an undo."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kemai.collab.services.notices import notify
from kemai.platform import access, audit
from kemai.platform.access import Actor
from kemai.platform.models import ChangeSet
from kemai.platform.models.quick import add
from kemai.platform.records import FieldErrors, Refused
from kemai.sales.models import Pool, ReturnExtension
from kemai.sales.services.pools.claims import keeps
from kemai.sales.services.pools.keeping import worked_on
from kemai.sales.services.pools.kinds import KINDS, Kind, midnight, today
from kemai.sales.services.pools.wording import (
    EXTENDED_BY,
    EXTENSION_ASKED,
    EXTENSION_GRANTED,
    EXTENSION_REFUSED,
)

MOST_DAYS = 365
MOST_LISTED = 200


def used(kind: Kind, keeping: Any, owner: int) -> int:
    """How often this owner was granted one for this record, since he has it; grants taken back do not count."""
    rows = ReturnExtension.objects.filter(
        type_key=kind.key, object_id=keeping.pk, asked_by=owner, state="granted",
        asked_at__gte=midnight(keeping.received_on),
    )  # fmt: skip
    sets = [key for key in rows.values_list("changeset_id", flat=True) if key is not None]
    return ChangeSet.objects.filter(pk__in=sets, undone_by=None).count()


def waiting(kind: Kind, key: int) -> ReturnExtension | None:
    rows = ReturnExtension.objects.select_related("asked_by")
    return rows.filter(type_key=kind.key, object_id=key, state="asked").first()


def why_not(kind: Kind, keeping: Any, owner: int | None, by: Actor) -> str:
    """Why the actor cannot ask for one now; '' where he can."""
    rule = keeping.return_rule if keeping is not None else None
    if rule is None or keeping.return_due_on is None:
        return _("没有规则会退回它，不需要延期")
    if owner is None or owner != by.user_id:
        return _("只有负责人可以申请延期")
    most = rule.pool.extend_most
    if not most:
        return _("这个公海不接受延期申请")
    if waiting(kind, keeping.pk) is not None:
        return _("已经申请了延期，正在等公海管理员处理")
    number = used(kind, keeping, owner)
    if number >= most:
        return _("已延期 %(number)s 次，最多 %(most)s 次") % {"number": number, "most": most}
    return ""


def ask(type_key: str, key: int, days: int, reason: str, *, by: Actor) -> ReturnExtension:
    """Raises access.NotVisible, Denied, FieldErrors, Refused."""
    kind = KINDS[type_key]
    reason = reason.strip()[:200]
    with transaction.atomic():
        record = access.one(by, kind.type, key, "edit")
        kind.keepings.select_for_update(of=("self",)).filter(pk=key).first()
        keeping = kind.keepings.select_related("return_rule__pool").filter(pk=key).first()
        refused = why_not(kind, keeping, record.owner_id, by)
        if refused or keeping is None or by.user_id is None:
            raise Refused("no_extension", refused)
        pool = keeping.return_rule.pool
        check(days, reason, pool)
        asked = add(
            ReturnExtension(
                type_key=kind.key, object_id=key, pool=pool, asked_by_id=by.user_id, asked_at=timezone.now(),
                reason=reason, days=days, due_on=keeping.return_due_on,
            )
        )  # fmt: skip
        audit.note(
            "update",
            kind.key,
            key,
            by=by,
            reason=EXTENSION_ASKED.kept(n=days, why=reason),
        )
        worked_on(kind.key, [key])
    values = {"who": by.name, "title": str(record), "n": days}
    for person in keepers_of(pool):
        notify(
            person, f"extension/{asked.pk}/{person}", gettext_noop("%(who)s 申请延期 %(n)s 天：%(title)s"),
            reverse("pool_desk", args=[pool.pk]), kind="task", values=values, text=reason, level="warning",
        )  # fmt: skip
    return asked


def check(days: int, reason: str, pool: Pool) -> None:
    most = min(pool.extend_days, MOST_DAYS)
    errors: dict[str, str] = {}
    if not 1 <= days <= most:
        errors["days"] = _("一次最多延期 %(n)s 天") % {"n": most}
    if not reason:
        errors["reason"] = _("请写明延期的原因")
    if errors:
        raise FieldErrors(errors)


def keepers_of(pool: Pool) -> Sequence[int]:
    """Who decides: those who look after the pool; where nobody is named, the administrators."""
    people = get_user_model()._default_manager.filter(is_active=True)
    rows = people.filter(pk__in=pool.keepers) if pool.keepers else people.filter(roles__is_admin=True)
    return sorted(rows.values_list("pk", flat=True).distinct())


def open_for(pool: Pool) -> QuerySet[ReturnExtension]:
    """What waits for the pool's keepers, what would go back first at the top."""
    rows = ReturnExtension.objects.filter(pool=pool, state="asked").select_related("asked_by")
    return rows.order_by("due_on", "pk")[:MOST_LISTED]


def one(pk: int, *, by: Actor) -> ReturnExtension:
    """A request to be decided. Raises access.NotVisible, Denied."""
    rows = ReturnExtension.objects.select_related("pool", "asked_by")
    asked = rows.filter(pk=pk).first() if 0 < pk < 2**63 else None
    if asked is None:
        raise access.NotVisible
    if not keeps(by, asked.pool):
        raise access.Denied(_("只有公海管理员可以处理延期申请"))
    return asked


def decide(pk: int, *, yes: bool, days: int | None = None, note: str = "", by: Actor) -> ReturnExtension:
    """Raises access.NotVisible, Denied, FieldErrors, Refused where it is settled already."""
    note = note.strip()[:200]
    with transaction.atomic():
        asked = (
            ReturnExtension.objects.select_for_update(of=("self",))
            .select_related("pool")
            .filter(pk=pk)
            .first()
        )
        if asked is None:
            raise access.NotVisible
        if not keeps(by, asked.pool):
            raise access.Denied(_("只有公海管理员可以处理延期申请"))
        if asked.state != "asked":
            raise Refused("settled", _("这个延期申请已经处理过了"))
        if yes:
            grant(asked, asked.days if days is None else days, note, by)
        elif not note:
            raise FieldErrors({"note": _("请写明不同意的原因")})
        asked.state = "granted" if yes else "refused"
        asked.note, asked.decided_by_id, asked.decided_at = note, by.user_id, timezone.now()
        asked.save()
        if not yes:
            said = EXTENSION_REFUSED.kept(why=note)
            audit.note("update", asked.type_key, asked.object_id, by=by, reason=said)
        worked_on(asked.type_key, [asked.object_id])
    tell(asked, by)
    return asked


def grant(asked: ReturnExtension, days: int, note: str, by: Actor) -> None:
    """The days count from the day on which it would have gone back, or from today where that is over."""
    kind = KINDS[asked.type_key]
    if not 1 <= days <= MOST_DAYS:
        raise FieldErrors({"days": _("请填写 1 到 %(n)s 天") % {"n": MOST_DAYS}})
    keeping = kind.keepings.select_for_update(of=("self",)).filter(pk=asked.object_id).first()
    if keeping is None:
        raise access.NotVisible
    before = keeping.extended_until
    due = keeping.return_due_on or asked.due_on
    until = max(due, today()) + dt.timedelta(days=days - 1)
    kind.keepings.filter(pk=keeping.pk).update(extended_until=until)
    reason = EXTENSION_GRANTED.kept(n=days, why=asked.reason)
    rule = EXTENDED_BY.kept(pool=asked.pool.name)
    diff = {"extended_until": [before.isoformat() if before else None, until.isoformat()]}
    changes = audit.note("update", kind.key, keeping.pk, by=by, reason=reason, diff=diff, rule=rule[:120])
    asked.granted, asked.until, asked.changeset_id = days, until, changes.pk


def tell(asked: ReturnExtension, by: Actor) -> None:
    kind = KINDS[asked.type_key]
    title = str(kind.type.records().filter(pk=asked.object_id).first() or "")
    said = (
        gettext_noop("%(who)s 同意延期 %(n)s 天：%(title)s") if asked.state == "granted"
        else gettext_noop("%(who)s 没有同意延期：%(title)s")
    )  # fmt: skip
    notify(
        asked.asked_by_id, f"extension/{asked.pk}/decided", said,
        reverse("record", args=[asked.type_key, asked.object_id]), kind="owner",
        values={"who": by.name, "title": title, "n": asked.granted}, text=asked.note,
        level="success" if asked.state == "granted" else "warning", about=(asked.type_key, asked.object_id),
    )  # fmt: skip


def history(kind: Kind, key: int) -> list[ReturnExtension]:
    """What was asked for a record, newest first; grants that were taken back say so (`undone`)."""
    rows = ReturnExtension.objects.filter(type_key=kind.key, object_id=key)
    found = list(rows.select_related("asked_by", "decided_by", "pool").order_by("-pk")[:50])
    sets = [one.changeset_id for one in found if one.changeset_id]
    undone = set(ChangeSet.objects.filter(pk__in=sets).exclude(undone_by=None).values_list("pk", flat=True))
    for one in found:
        if one.changeset_id in undone:
            one.state = "undone"
    return found


def states() -> dict[str, tuple[str, str]]:
    """What is shown of a state: (words, colour)."""
    shown = {one.value: (str(one.label), one.color) for one in ReturnExtension.STATES}
    return {**shown, "undone": (_("已撤销"), "gray")}
