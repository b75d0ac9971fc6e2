"""Emergency access: an administrator, who sees no business data by office, sees every record for two hours. It needs a
reason; auditors and the other administrators hear of it at once. What it gives is said in `access.actor.OF_EMERGENCY`;
it counts by the clock (`actor_for`), and the sweep only tidies up after it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kemai.platform import events
from kemai.platform.access import SYSTEM, Actor, Denied, rights_changed
from kemai.platform.fields import Saying
from kemai.platform.records import FieldErrors, Refused
from kemai.staff.models import Emergency, User
from kemai.staff.services.trail import leave, require_admin

LASTS = timedelta(hours=2)
LEAST, MOST = 8, 500
"""Characters of a reason."""
BEGUN = Saying(gettext_noop("应急访问：%(reason)s"))
OVER = {
    "ended": Saying(gettext_noop("结束应急访问：%(reason)s")),
    "expired": Saying(gettext_noop("应急访问到时：%(reason)s")),
    "account": Saying(gettext_noop("账号有变动，应急访问结束：%(reason)s")),
}


def past(limit: int = 100) -> QuerySet[Emergency]:
    """The latest first; those that run among them."""
    return Emergency.objects.select_related("user").order_by("-pk")[:limit]


def begin(user: User, reason: str, *, by: Actor) -> Emergency:
    """For the person who sits there, nobody else. Raises FieldErrors, Refused (one is running), Denied."""
    require_admin(by)
    if by.user_id != user.pk or by.source != "form" or by.via.startswith("token"):
        raise Denied
    reason = " ".join(reason.split())
    if not LEAST <= len(reason) <= MOST:
        text = _("请写明原因，%(least)s 到 %(most)s 个字：发生了什么，要看什么")
        raise FieldErrors({"reason": text % {"least": LEAST, "most": MOST}})
    with transaction.atomic():
        held = User.objects.select_for_update().get(pk=user.pk)
        now = timezone.now()
        if held.emergency_until is not None and held.emergency_until > now:
            raise Refused("running", _("您的应急访问正在进行中"))
        close(held, "expired", by=SYSTEM)
        until = now + LASTS
        begun = Emergency.objects.create(
            user=held, name=str(held)[:80], reason=reason, begun_at=now, until=until
        )
        mark(held, until)
        diff = {"emergency_until": [None, shown(until)]}
        leave("update", "user", held.pk, by=by, diff=diff, reason=BEGUN.kept(reason=reason))
        told = {"emergency": begun.pk, "name": str(held), "reason": reason, "until": shown(until)}
        events.emit("emergency.begun", "user", held.pk, payload=told)
    return begun


def end(user: User, how: str = "ended", *, by: Actor) -> bool:
    """Ends what runs, at once; False where nothing does. Raises Denied."""
    require_admin(by)
    return stopped(user, how, by=by)


def stopped(user: User, how: str, *, by: Actor) -> bool:
    """What touches an account ends its emergency, whoever does it."""
    with transaction.atomic():
        held = User.objects.select_for_update().get(pk=user.pk)
        over = held.emergency_until is not None and held.emergency_until <= timezone.now()
        done = close(held, "expired" if over else how, by=SYSTEM if over else by)
    user.emergency_until = None
    return done


def sweep() -> int:
    """Puts those that are over into the audit; they gave nothing any more before."""
    count = 0
    for user in User.objects.filter(emergency_until__lte=timezone.now()):
        count += stopped(user, "expired", by=SYSTEM)
    return count


def close(user: User, how: str, *, by: Actor) -> bool:
    """In a transaction that holds the person's row."""
    if user.emergency_until is None:
        return False
    one = Emergency.objects.filter(user=user, ended_at=None).order_by("-pk").first()
    diff = {"emergency_until": [shown(user.emergency_until), None]}
    mark(user, None)
    if one is not None:
        one.ended_at = min(timezone.now(), one.until)
        one.how, one.ended_by = how, "" if by.is_system else by.name[:80]
        one.save(update_fields=["ended_at", "how", "ended_by"])
    reason = OVER[how].kept(reason=one.reason if one is not None else "")
    leave("update", "user", user.pk, by=by, diff=diff, reason=reason)
    return True


def mark(user: User, until: datetime | None) -> None:
    user.emergency_until = until
    user.save(update_fields=["emergency_until"])
    rights_changed()


def shown(moment: datetime) -> str:
    """As the log and notices write it: in the company's time."""
    return f"{timezone.localtime(moment, timezone.get_default_timezone()):%Y-%m-%d %H:%M}"
