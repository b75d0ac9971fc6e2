"""Relations between records: made where one may edit one end and see the other, seen where one sees both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.platform import access, audit
from kemai.platform.access import Actor
from kemai.platform.fields import Label
from kemai.platform.models import Change, Link
from kemai.platform.objects import LinkKind, UnknownObject, get, link_kind
from kemai.platform.records.errors import FieldErrors, Refused
from kemai.platform.records.single import integrity

MOST = 500
"""Relations that a record may have."""


@dataclass(frozen=True)
class Bound:
    """A relation as seen from one end. `word` is what the other end is to this one."""

    id: int
    kind: LinkKind
    word: Label
    type_key: str
    object_id: int
    title: str
    since: date | None
    until: date | None
    note: str

    @property
    def over(self) -> bool:
        return self.until is not None and self.until < timezone.localdate()


def links_of(type_key: str, key: int, *, by: Actor) -> list[Bound]:
    """The relations of a record whose other end the actor sees, in the order of their kinds."""
    access.one(by, type_key, key)
    rows = Link.objects.filter(Q(a_type=type_key, a_id=key) | Q(b_type=type_key, b_id=key)).order_by("id")[
        :MOST
    ]
    ends = [other_end(row, type_key, key) for row in rows]
    titles = titles_of(ends, by)
    found = []
    for row, end in zip(rows, ends, strict=True):
        kind = link_kind(row.kind)
        if kind is not None and end in titles:
            word = (
                kind.forward if (row.a_type, row.a_id) == (type_key, key) or kind.symmetric else kind.backward
            )
            found.append(Bound(row.pk, kind, word, *end, titles[end], row.since, row.until, row.note))
    return sorted(found, key=lambda one: (one.over, one.kind.order, one.id))


def other_end(row: Link, type_key: str, key: int) -> tuple[str, int]:
    if (row.a_type, row.a_id) == (type_key, key):
        return row.b_type, row.b_id
    return row.a_type, row.a_id


def titles_of(ends: Sequence[tuple[str, int]], by: Actor) -> dict[tuple[str, int], str]:
    wanted: dict[str, set[int]] = {}
    for type_key, key in ends:
        wanted.setdefault(type_key, set()).add(key)
    found: dict[tuple[str, int], str] = {}
    for type_key, keys in wanted.items():
        try:
            object_type = get(type_key)
        except UnknownObject:
            continue
        path = object_type.fields[object_type.title].path
        rows = access.scope(by, object_type).filter(pk__in=keys).values_list("pk", path)
        found |= {(type_key, key): str(title) or f"#{key}" for key, title in rows}
    return found


def link(
    kind_key: str,
    a: tuple[str, int],
    b: tuple[str, int],
    *,
    by: Actor,
    since: date | None = None,
    until: date | None = None,
    note: str = "",
) -> Link:
    """Binds two records; of a directed kind `a` stands first (the parent, the supplier). Raises NotVisible, Denied,
    FieldErrors, Refused."""
    kind = link_kind(kind_key)
    if kind is None or not kind.takes(a[0], b[0]):
        raise FieldErrors({"kind": _("请选择一种关系")})
    if a == b:
        raise FieldErrors({"other": _("一条记录不能和它自己建立关系")})
    if since and until and until < since:
        raise FieldErrors({"until": _("结束日期不能早于开始日期")})
    check_ends(a, b, by)
    if kind.symmetric and b < a:
        a, b = b, a
    with transaction.atomic(), integrity():
        if Link.objects.filter(kind=kind.key, a_type=a[0], a_id=a[1], b_type=b[0], b_id=b[1]).exists():
            raise Refused("linked_already", _("它们之间已经有这种关系了"))
        made = Link.objects.create(
            kind=kind.key, a_type=a[0], a_id=a[1], b_type=b[0], b_id=b[1], since=since, until=until,
            note=note.strip()[:200], created_at=timezone.now(), created_by_id=by.user_id,
        )  # fmt: skip
        log(made, kind, by, added=True)
    return made


def check_ends(a: tuple[str, int], b: tuple[str, int], by: Actor) -> None:
    """Both must be seen, and one of them may be edited."""
    for type_key, key in (a, b):
        access.one(by, type_key, key)
    if not any(access.scope(by, type_key, "edit").filter(pk=key).exists() for type_key, key in (a, b)):
        raise access.Denied


def unlink(pk: int, *, by: Actor) -> None:
    """Raises NotVisible, Denied."""
    row = Link.objects.filter(pk=pk).first()
    if row is None:
        raise access.NotVisible
    check_ends((row.a_type, row.a_id), (row.b_type, row.b_id), by)
    kind = link_kind(row.kind)
    with transaction.atomic():
        if kind is not None:
            log(row, kind, by, added=False)
        row.delete()


def log(row: Link, kind: LinkKind, by: Actor, *, added: bool) -> None:
    """On both records' history, in words: who was what to whom."""
    ends = [(row.a_type, row.a_id), (row.b_type, row.b_id)]
    titles = titles_of(ends, access.SYSTEM)
    changes = audit.open_set("update", row.a_type, by=by, count=2)
    rows: list[Any] = []
    for (type_key, key), other, word in (
        (ends[0], ends[1], kind.forward),
        (ends[1], ends[0], kind.backward or kind.forward),
    ):
        text = f"{word}：{titles.get(other, '')}"
        pair = [None, text] if added else [text, None]
        rows.append(
            Change(
                changeset=changes, type_key=type_key, object_id=key, action="update", diff={audit.LINKS: pair}
            )
        )
    Change.objects.bulk_create(rows)
