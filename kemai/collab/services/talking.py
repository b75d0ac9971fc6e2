"""What comments look like on a record's timeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.collab.models import Comment
from kemai.collab.services import comments
from kemai.platform.access import Actor
from kemai.platform.models import StoredFile
from kemai.platform.objects import Ask, Entry, TimelineSource


@dataclass(frozen=True)
class Said:
    """A comment as it is shown. `mine` is what its author may edit and delete."""

    comment: Comment
    pieces: Sequence[tuple[str, str]]
    files: Sequence[StoredFile]
    mine: bool
    replies: Sequence[Said] = field(default_factory=tuple)


def said(
    actor: Actor, comment: Comment, files: Mapping[int, list[StoredFile]], replies: Sequence[Said] = ()
) -> Said:
    mine = comment.author_id == actor.user_id and not actor.read_only and comment.deleted_at is None
    return Said(comment, comments.pieces(comment), files.get(comment.pk, ()), mine, replies)


def thread(actor: Actor, root: Comment) -> Said:
    """One thread, read anew."""
    below = comments.replies([root.pk]).get(root.pk, [])
    files = comments.files([root.pk, *(one.pk for one in below)])
    return said(actor, root, files, [said(actor, one, files) for one in below])


def read(actor: Actor, type_key: str, object_id: int, ask: Ask) -> Iterable[Entry]:
    """Threads by the moment of their first comment; two questions more where there are any."""
    rows = list(ask.take(comments.roots((type_key, object_id)), "created_at"))
    if not rows:
        return []
    below = comments.replies(row.pk for row in rows)
    keys = [row.pk for row in rows] + [one.pk for answers in below.values() for one in answers]
    files = comments.files(keys)
    may = comments.may_comment(actor, type_key, object_id, seen=True)
    found = []
    for row in rows:
        answers = [said(actor, one, files) for one in below.get(row.pk, ())]
        more: dict[str, Any] = {"said": said(actor, row, files, answers), "may": may}
        gone = row.deleted_at is not None
        found.append(
            Entry(
                row.pk,
                row.created_at,
                "message",
                "" if gone else row.author_name,
                _("评论已删除") if gone else _("发表了评论"),
                "teal",
                template="collab/thread.html",
                more=more,
            )
        )
    return found


COMMENTS = TimelineSource("comment", gettext_lazy("评论"), read, order=5)
