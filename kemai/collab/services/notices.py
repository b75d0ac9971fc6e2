"""Notices: what the system tells one person, once, in the ways they have chosen."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext

from kemai.collab.models import KINDS, Notice, NoticeSettings
from kemai.collab.services import live, mail_server
from kemai.collab.services.about import About, person, sees, visible
from kemai.collab.services.preferences import Choice, choice_of
from kemai.platform.access import Actor
from kemai.platform.jobs import enqueue
from kemai.platform.models import Option

MAIL_JOB = "kemai.collab.jobs.mail_notice"


def notify(
    user: Any,
    key: str | None,
    title: str,
    url: str = "",
    *,
    kind: str = "other",
    values: Mapping[str, object] | None = None,
    text: str = "",
    level: str = "info",
    about: About | None = None,
) -> bool:
    """Tell a person (a row or an id) something; False if this `key` has told them before, they have left, do not want
    to hear of this kind, or may not see the record that it is `about`.

    `title` is a msgid with named places for `values`; it is kept in the person's own language."""
    member = person(user)
    if member is None or (key is not None and Notice.objects.filter(key=key).exists()):
        return False
    choice = chosen(member.pk, kind)
    if not (choice.app or choice.mail != "off") or (about is not None and not sees(member, about)):
        return False
    with translation.override(member.language):
        said = gettext(title) % (values or {})
    notice = Notice(
        user_id=member.pk,
        key=key,
        kind=kind,
        title=said[:200],
        url=url[:300],
        text=text,
        level=level,
        type_key=about[0] if about else "",
        object_id=about[1] if about else None,
        hidden=not choice.app,
        mail=mail_state(member, choice),
        at=timezone.now(),
    )
    return keep(notice)


def chosen(user_id: int, kind: str) -> Choice:
    stored = NoticeSettings.objects.filter(user=user_id).values_list("choices", flat=True).first() or {}
    return choice_of(stored, kind)


def mail_state(member: Any, choice: Choice) -> str:
    """Whether a mail shall go, and when; none without an address or a server to send it."""
    if choice.mail == "off" or not member.email or not mail_server.configured():
        return ""
    return "due" if choice.mail == "now" else "digest"


def keep(notice: Notice) -> bool:
    """Writes the notice, unless its key is there already; with it the message to open pages and the mail's job."""
    with transaction.atomic():
        if notice.key is None:
            notice.save(force_insert=True)
        else:
            Notice.objects.bulk_create([notice], ignore_conflicts=True)
            found = Notice.objects.filter(key=notice.key).values_list("pk", "at").first()
            if found is None or found[1] != notice.at:
                return False
            notice.pk = found[0]
        if not notice.hidden:
            at = f"{notice.type_key}/{notice.object_id}" if notice.object_id else ""
            data = {"title": notice.title, "url": notice.url, "level": notice.level, "id": notice.pk, "at": at,
                    "kind": notice.kind}  # fmt: skip
            live.tell([notice.user_id], "notice", data)
        if notice.mail == "due":
            enqueue(MAIL_JOB, {"notice": notice.pk}, key=f"mail/{notice.pk}")
    return True


def gather(
    user: Any, about: About, title: str, url: str, *, kind: str, values: Mapping[str, object], text: str
) -> bool:
    """Like `notify`, but while an unread notice of this kind about this record is there, that one is brought up to
    date: ten changes make one line."""
    waiting = Notice.objects.filter(
        user=person(user) and person(user).pk, kind=kind, type_key=about[0], object_id=about[1], read_at=None, mail=""
    )  # fmt: skip
    there = waiting.order_by("-pk").first()
    if there is None:
        return notify(user, None, title, url, kind=kind, values=values, text=text, about=about)
    member = person(user)
    if not sees(member, about):
        return False
    with translation.override(member.language):
        said = gettext(title) % values
    waiting.filter(pk=there.pk).update(title=said[:200], text=text, at=timezone.now(), times=F("times") + 1)
    live.tell([member.pk], "unread")
    return True


def unread(user_id: int) -> int:
    return Notice.objects.filter(user=user_id, read_at=None, hidden=False).count()


def mine(user_id: int, *, kind: str = "", only_unread: bool = False) -> QuerySet[Notice]:
    found = Notice.objects.filter(user=user_id, hidden=False)
    if kind:
        found = found.filter(kind=kind)
    return found.filter(read_at=None) if only_unread else found


def latest(user_id: int, *, before: int | None = None, limit: int = 50) -> QuerySet[Notice]:
    """The newest first; `before` is the id that the page before ended with."""
    return page_of(mine(user_id), before, limit)


def page_of(found: QuerySet[Notice], before: int | None, limit: int) -> QuerySet[Notice]:
    if before is not None:
        found = found.filter(pk__lt=before)
    return found.order_by("-pk")[:limit]


@dataclass(frozen=True)
class Told:
    """A notice as its person may see it now."""

    notice: Notice
    kind: Option
    gone: bool
    """It is about a record that they may not see (any more): nothing of it is shown."""

    @property
    def title(self) -> str:
        return gettext("关于您已看不到的记录") if self.gone else self.notice.title

    @property
    def text(self) -> str:
        return "" if self.gone else self.notice.text

    @property
    def url(self) -> str:
        return "" if self.gone else self.notice.url


@dataclass(frozen=True)
class Group:
    """Notices about one record that stand next to one another on one day: the newest speaks for all."""

    first: Told
    rest: Sequence[Told]
    day: date | None
    """The heading above it; None where the one before has the same."""

    @property
    def unread(self) -> bool:
        return any(one.notice.read_at is None for one in (self.first, *self.rest))

    @property
    def ids(self) -> str:
        return ",".join(str(one.notice.pk) for one in (self.first, *self.rest))


def told(actor: Actor, notices: Sequence[Notice]) -> list[Told]:
    """With the rights that the actor has now, not those of when they were told."""
    about = {(one.type_key, one.object_id) for one in notices if one.type_key and one.object_id}
    seen = visible(actor, about)
    kinds = {kind.value: kind for kind in KINDS}
    return [
        Told(
            one,
            kinds.get(one.kind, kinds["other"]),
            bool(one.type_key and one.object_id) and (one.type_key, one.object_id) not in seen,
        )
        for one in notices
    ]


def grouped(lines: Sequence[Told]) -> list[Group]:
    def place(one: Told) -> tuple[date, object]:
        day = timezone.localtime(one.notice.at, timezone.get_default_timezone()).date()
        about = (one.notice.type_key, one.notice.object_id) if one.notice.type_key else one.notice.pk
        return day, about

    found: list[Group] = []
    day: date | None = None
    for key, run in itertools.groupby(lines, place):
        first, *rest = run
        found.append(Group(first, rest, key[0] if key[0] != day else None))
        day = key[0]
    return found


def mark_read(user_id: int, ids: Collection[int] | None = None) -> int:
    """Mark these notices of the person as read, or all; returns how many were not."""
    unread_ones = Notice.objects.filter(user=user_id, read_at=None)
    if ids is not None:
        unread_ones = unread_ones.filter(pk__in=ids)
    marked = unread_ones.update(read_at=timezone.now())
    if marked:
        live.tell([user_id], "unread")
    return marked


def open_notice(user_id: int, notice_id: int) -> Notice | None:
    """The person's own notice, read from now on."""
    mark_read(user_id, [notice_id])
    return Notice.objects.filter(user=user_id, pk=notice_id).first()


def forget_read(before: datetime) -> int:
    """Remove the notices that were read before this moment; returns how many."""
    removed, _models = Notice.objects.filter(read_at__lt=before).delete()
    return removed
