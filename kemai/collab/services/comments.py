"""Comments: written, edited and deleted by their authors; read by whoever may see the record."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kemai.collab.models import Comment, Follow
from kemai.collab.models.talk import LONGEST
from kemai.collab.services import people
from kemai.collab.services.about import About, sees
from kemai.collab.services.follows import auto_follow
from kemai.collab.services.options import option
from kemai.platform import access, audit, events, records
from kemai.platform.access import Actor, NotVisible
from kemai.platform.fields import Saying
from kemai.platform.fields.base import clean_text
from kemai.platform.models import Change, ChangeSet, StoredFile
from kemai.platform.objects import ObjectType, UnknownObject, get
from kemai.platform.records import FieldErrors, sharing
from kemai.platform.records.files import Upload, location

KEY = "comment"
"""The key of comments in the log of changes, in events and among files."""
MOST_FILES = 10
SHARED_DAYS = 30
LINK = re.compile(r"https?://[^\s<>\"'，。；！？、）】》]+")
SHARED_WITH = Saying(gettext_noop("被提到，只读共享给 %(name)s"))


@dataclass(frozen=True)
class Written:
    """`unseen` are the people (id, name) who were mentioned but may not see the record: they have not been told."""

    comment: Comment
    unseen: Sequence[tuple[int, str]]


def may_comment(actor: Actor, object_type: ObjectType | str, key: int, *, seen: bool = False) -> bool:
    """`seen` says that the caller knows already that the actor may see the record."""
    if actor.user_id is None or actor.read_only:
        return False
    verb = "edit" if option("comment_verb") == "edit" else "view"
    if seen and verb == "view":
        return True
    return bool(access.scope(actor, object_type, verb).filter(pk=key).exists())


def write(
    about: About,
    body: str,
    *,
    by: Actor,
    parent: int | None = None,
    chosen: Sequence[int] = (),
    uploads: Sequence[Upload] = (),
) -> Written:
    """A comment on a record, or an answer to one. `chosen` are the people picked from the list after @.

    Raises access.NotVisible, access.Denied, FieldErrors."""
    access.one(by, about[0], about[1])
    if not may_comment(by, about[0], about[1]):
        raise access.Denied(_("您可以查看这条记录，但不能评论"))
    text = checked(body, uploads)
    above = None if parent is None else thread_of(about, parent)
    named = people.mentioned(text, chosen)
    received = [records.receive(upload, by=by) for upload in uploads]
    with transaction.atomic():
        comment = Comment.objects.create(
            type_key=about[0],
            object_id=about[1],
            parent=above,
            author_id=by.user_id,
            author_name=by.name,
            body=text,
            mentions=[list(pair) for pair in named],
            created_at=timezone.now(),
        )
        for one in received:
            records.noted(one, by=by, type_key=KEY, object_id=comment.pk)
        changes = log(comment, "create", None, by=by)
        assert by.user_id is not None
        auto_follow(about, [by.user_id], "commented")
        events.emit("comment.written", KEY, comment.pk, changes, {"about": list(about)})
    unseen = [pair for pair in named if pair[0] != by.user_id and not sees(pair[0], about)]
    return Written(comment, unseen)


def checked(body: str, uploads: Sequence[Upload]) -> str:
    text = clean_text(body).strip()
    if not text and not uploads:
        raise FieldErrors({"body": _("写点什么再发表")})
    if len(text) > LONGEST:
        raise FieldErrors({"body": _("评论最长 %(n)s 个字，请分几条发表") % {"n": LONGEST}})
    if len(uploads) > MOST_FILES:
        raise FieldErrors({"body": _("一条评论最多带 %(n)s 个附件") % {"n": MOST_FILES}})
    return text


def thread_of(about: About, parent: int) -> Comment:
    """The first comment of the thread that `parent` stands in, on this very record."""
    found = Comment.objects.filter(
        pk=parent, type_key=about[0], object_id=about[1], deleted_at=None
    ).select_related("parent")
    comment = found.first()
    if comment is None:
        raise FieldErrors({"body": _("要回复的评论已被删除")})
    return comment.parent or comment


def edit(comment_id: int, body: str, *, by: Actor, chosen: Sequence[int] = ()) -> Written:
    """Only one's own. Raises access.NotVisible, access.Denied, FieldErrors."""
    comment = own(comment_id, by=by)
    text = checked(body, ())
    if text == comment.body:
        return Written(comment, ())
    before = {key for key, _name in comment.mentions}
    named = people.mentioned(text, [*chosen, *before])
    with transaction.atomic():
        changes = log(comment, "update", [comment.body, text], by=by)
        comment.body, comment.mentions = text, [list(pair) for pair in named]
        comment.edited_at = timezone.now()
        comment.save(update_fields=["body", "mentions", "edited_at"])
        added = [key for key, _name in named if key not in before]
        about = [comment.type_key, comment.object_id]
        events.emit("comment.edited", KEY, comment.pk, changes, {"about": about, "added": added})
    unseen = [pair for pair in named if pair[0] in added and not sees(pair[0], about_of(comment))]
    return Written(comment, unseen)


def share_with(comment_id: int, user_id: int, *, by: Actor) -> tuple[Comment, str]:
    """Lets somebody who was mentioned read the record for SHARED_DAYS, and tells them of the comment; returns the
    comment and their name. Raises access.NotVisible, access.Denied, FieldErrors, records.Refused."""
    comment = one(comment_id, by=by)
    name = next((str(name) for key, name in comment.mentions if key == user_id), None)
    if name is None:
        raise NotVisible
    about = about_of(comment)
    until = sharing.today() + timedelta(days=SHARED_DAYS)
    with transaction.atomic():
        records.add_member(*about, records.Invitation(user=user_id, until=until), by=by)
        if not sees(user_id, about):
            reason = _("%(name)s 的角色不能查看这类记录，共享也看不到，请联系管理员") % {"name": name}
            raise records.Refused("role", reason)
        changes = audit.open_set("update", KEY, by=by, reason=SHARED_WITH.kept(name=name))
        payload = {"about": list(about), "added": [user_id]}
        events.emit("comment.shared", KEY, comment.pk, changes, payload)
    return comment, name


def delete(comment_id: int, *, by: Actor) -> Comment:
    """One's own. Answers stay, under a line that says what was there. Raises access.NotVisible, access.Denied."""
    comment = own(comment_id, by=by)
    with transaction.atomic():
        changes = log(comment, "delete", [comment.body, None], by=by)
        comment.deleted_at = timezone.now()
        comment.save(update_fields=["deleted_at"])
        about = [comment.type_key, comment.object_id]
        events.emit("comment.deleted", KEY, comment.pk, changes, {"about": about})
    return comment


def one(comment_id: int, *, by: Actor) -> Comment:
    """A comment on a record that the actor sees. Raises access.NotVisible."""
    comment = Comment.objects.filter(pk=comment_id, deleted_at=None).first()
    if comment is None:
        raise NotVisible
    try:
        access.one(by, get(comment.type_key), comment.object_id)
    except UnknownObject:
        raise NotVisible from None
    return comment


def own(comment_id: int, *, by: Actor) -> Comment:
    comment = one(comment_id, by=by)
    if comment.author_id != by.user_id or by.read_only:
        raise access.Denied(_("只能修改自己的评论"))
    return comment


def about_of(comment: Comment) -> About:
    return comment.type_key, comment.object_id


def log(comment: Comment, action: str, pair: list[str | None] | None, *, by: Actor) -> ChangeSet:
    """Into the log of changes, under the comment's own key: the record's history does not repeat what was deleted."""
    changes = audit.open_set(action, KEY, by=by, count=1)
    Change.objects.create(
        changeset=changes,
        type_key=KEY,
        object_id=comment.pk,
        action=action,
        diff=None if pair is None else {"body": pair},
    )
    return changes


def roots(about: About) -> QuerySet[Comment]:
    """The first comments of the threads on a record: those that stand, and deleted ones that were answered."""
    answered = Exists(Comment.objects.filter(parent=OuterRef("pk"), deleted_at=None))
    found = Comment.objects.filter(type_key=about[0], object_id=about[1], parent=None)
    return found.filter(Q(deleted_at=None) | answered)


def replies(ids: Iterable[int]) -> dict[int, list[Comment]]:
    found: dict[int, list[Comment]] = {}
    rows = Comment.objects.filter(parent__in=list(ids), deleted_at=None).order_by("created_at", "pk")
    for row in rows:
        assert row.parent_id is not None
        found.setdefault(row.parent_id, []).append(row)
    return found


def files(ids: Iterable[int]) -> dict[int, list[StoredFile]]:
    found: dict[int, list[StoredFile]] = {}
    for stored in StoredFile.objects.filter(type_key=KEY, object_id__in=list(ids)).order_by("pk"):
        assert stored.object_id is not None
        found.setdefault(stored.object_id, []).append(stored)
    return found


def file_of(comment_id: int, file_id: int, *, by: Actor) -> tuple[StoredFile, Any]:
    """An attachment and where its bytes are. Raises access.NotVisible."""
    one(comment_id, by=by)
    stored = StoredFile.objects.filter(type_key=KEY, object_id=comment_id, pk=file_id).first()
    if stored is None:
        raise NotVisible
    return stored, location(stored)


def forget_orphans(limit: int = 5000) -> int:
    """Comments and follows of records that are gone for good; returns how many."""
    removed = 0
    for model in (Comment, Follow):
        for type_key in set(model.objects.order_by().values_list("type_key", flat=True)):
            try:
                there = get(type_key).records()
            except UnknownObject:
                continue  # a type that is switched off may come back
            lost = model.objects.filter(type_key=type_key).exclude(object_id__in=there.values("pk"))
            keys = list(lost.values_list("pk", flat=True)[:limit])
            removed += len(keys)
            model.objects.filter(pk__in=keys).delete()
    return removed


def participants(comment: Comment) -> set[int]:
    """Who has spoken or was mentioned in the thread of a comment before it."""
    if comment.parent_id is None:
        return set()
    thread = Comment.objects.filter(pk=comment.parent_id) | Comment.objects.filter(parent=comment.parent_id)
    found: set[int] = set()
    for row in thread.filter(deleted_at=None, pk__lt=comment.pk):
        found |= {key for key, _name in row.mentions}
        if row.author_id is not None:
            found.add(row.author_id)
    return found


def pieces(comment: Comment) -> list[tuple[str, str]]:
    """The text in pieces that a template can show: ("text" | "mention" | "link", what is written)."""
    names = sorted({str(name) for _key, name in comment.mentions}, key=len, reverse=True)
    pattern = "|".join([LINK.pattern, *(re.escape(f"@{name}") for name in names)])
    found: list[tuple[str, str]] = []
    place = 0
    for match in re.finditer(pattern, comment.body):
        if match.start() > place:
            found.append(("text", comment.body[place : match.start()]))
        found.append(("link" if match[0].startswith("http") else "mention", match[0]))
        place = match.end()
    if place < len(comment.body):
        found.append(("text", comment.body[place:]))
    return found
