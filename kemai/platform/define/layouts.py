"""Layouts: drafted, previewed, published, taken back. The only writer of `Layout`.

Every save of another person is a row of its own, so that nothing that anybody arranged is ever lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.platform.access import Actor, NotVisible
from kemai.platform.define import changes
from kemai.platform.define.changes import require_admin
from kemai.platform.models import FieldDef, Layout
from kemai.platform.objects import ObjectType, get
from kemai.platform.objects.layouts import declared_state
from kemai.platform.records import Conflict, Refused

KINDS = ("form", "page", "list", "board")
SECTIONED = ("form", "page")
MOST_SECTIONS = 30
MOST_COLUMNS = 60
MOST_CARD = 8
State = dict[str, Any]


def target(type_key: str, kind: str) -> str:
    return f"layout/{type_key}.{kind}"


# ── reading, for the screens ──


def versions(type_key: str, kind: str) -> list[Layout]:
    """All versions, the newest first."""
    rows = Layout.objects.filter(type_key=type_key, kind=kind).select_related("by")
    return list(rows.order_by("-version")[:100])


def standing(type_key: str, kind: str) -> Layout | None:
    """The published version that counts."""
    rows = Layout.objects.filter(type_key=type_key, kind=kind, published=True)
    return rows.order_by("-version").first()


def draft(type_key: str, kind: str) -> Layout | None:
    """The newest version, if it is not published."""
    newest = Layout.objects.filter(type_key=type_key, kind=kind).order_by("-version").first()
    return newest if newest is not None and not newest.published else None


def version_of(type_key: str, kind: str, version: int) -> Layout:
    """Raises NotVisible."""
    row = Layout.objects.filter(type_key=type_key, kind=kind, version=version).first()
    if row is None:
        raise NotVisible
    return row


def newest_version(type_key: str, kind: str) -> int:
    rows = Layout.objects.filter(type_key=type_key, kind=kind)
    return rows.aggregate(last=Max("version"))["last"] or 0


def state_of(object_type: ObjectType, row: Layout | None, kind: str) -> State:
    """What a version says; what the type declares where there is none (an empty state says the same)."""
    return dict(row.state) if row is not None and row.state else declared_state(object_type, kind)


# ── writing ──


def save_layout(
    type_key: str,
    kind: str,
    state: Mapping[str, Any],
    *,
    by: Actor,
    base: int,
    force: bool = False,
    note: str = "",
) -> Layout:
    """A draft. `base` is the newest version that the writer saw: if somebody else has saved since, Conflict (its
    `version` is theirs), unless `force`; then both are kept as versions and this one is the newest.

    Raises Conflict, Refused, Denied."""
    require_admin(by)
    cleaned = clean_state(get(type_key), kind, state)
    with transaction.atomic():
        newest = (
            Layout.objects.select_for_update()
            .filter(type_key=type_key, kind=kind)
            .order_by("-version")
            .first()
        )
        if newest is not None and newest.version > base and newest.by_id != by.user_id and not force:
            raise Conflict(
                _("%(who)s 刚刚也修改了这个布局") % {"who": str(newest.by or "")},
                newest.version,
                {kind: (newest.state, cleaned)},
            )
        if newest is not None and not newest.published and newest.by_id == by.user_id:
            newest.state, newest.at, newest.note = cleaned, timezone.now(), note
            newest.save()
            return newest
        version = newest.version + 1 if newest is not None else 1
        return Layout.objects.create(
            type_key=type_key, kind=kind, state=cleaned, version=version, note=note[:200], by_id=by.user_id,
            at=timezone.now(),
        )  # fmt: skip


def publish_layout(type_key: str, kind: str, version: int, *, by: Actor, note: str = "") -> Layout:
    """From now on everybody sees this version, which must be the newest. Raises Conflict, Refused, NotVisible."""
    require_admin(by)
    with transaction.atomic():
        row = version_of(type_key, kind, version)
        if newest_version(type_key, kind) != version:
            raise Conflict(_("在您之后还有人保存过草稿，请先看看再发布"), newest_version(type_key, kind), {})
        check_publishable(get(type_key), kind, row.state)
        before = standing(type_key, kind)
        row.published, row.at = True, timezone.now()
        row.note = note[:200] or row.note
        row.save()
        tell(type_key, kind, "publish", before, row, by=by)
    return row


def roll_back_layout(type_key: str, kind: str, version: int, *, by: Actor) -> Layout:
    """A new published version that says what an older one said; version 0 is what the type declares."""
    require_admin(by)
    with transaction.atomic():
        state = version_of(type_key, kind, version).state if version else {}
        return put_state(
            type_key, kind, state, action="rollback", by=by, note=_("退回到第 %(n)s 版") % {"n": version}
        )


def put_state(
    type_key: str, kind: str, state: Mapping[str, Any], *, action: str, by: Actor, note: str = ""
) -> Layout:
    """Publishes a state at once: the roll-back's and the configuration file's way in."""
    require_admin(by)
    object_type = get(type_key)
    cleaned = clean_state(object_type, kind, state) if state else {}
    check_publishable(object_type, kind, cleaned)
    with transaction.atomic():
        before = standing(type_key, kind)
        row = Layout.objects.create(
            type_key=type_key, kind=kind, state=cleaned, version=newest_version(type_key, kind) + 1, published=True,
            note=note[:200], by_id=by.user_id, at=timezone.now(),
        )  # fmt: skip
        tell(type_key, kind, action, before, row, by=by)
    return row


def tell(type_key: str, kind: str, action: str, before: Layout | None, after: Layout, *, by: Actor) -> None:
    was = before.state if before is not None else {}
    changes.note(target(type_key, kind), action, was, after.state, by=by)


def discard_draft(type_key: str, kind: str, *, by: Actor) -> None:
    """Drops the newest version if it is a draft; what is published stays."""
    require_admin(by)
    row = draft(type_key, kind)
    if row is not None:
        row.delete()


# ── what a layout may say ──


def clean_state(object_type: ObjectType, kind: str, state: Mapping[str, Any]) -> State:
    """The state as it is kept: known (or lately removed) fields, each once. Raises Refused."""
    if kind not in KINDS:
        raise NotVisible
    known = known_fields(object_type)
    if kind in SECTIONED:
        return clean_sections(known, state)
    if kind == "list":
        columns = once(state.get("columns"), known, set())[:MOST_COLUMNS]
        if not columns:
            raise Refused("empty", _("列表至少要有一列"))
        return {"columns": columns}
    field = str(state.get("field") or "")
    return {
        "field": field if field in known else "",
        "card": once(state.get("card"), known, set())[:MOST_CARD],
    }


def known_fields(object_type: ObjectType) -> set[str]:
    removed = FieldDef.objects.filter(type_key=object_type.key).exclude(deleted_at=None)
    return set(object_type.fields) | set(removed.values_list("key", flat=True))


def clean_sections(known: set[str], state: Mapping[str, Any]) -> State:
    seen: set[str] = set()
    sections = []
    for one in list(state.get("sections") or [])[:MOST_SECTIONS]:
        if not isinstance(one, Mapping):
            continue
        fields = once(one.get("fields"), known, seen)
        title = " ".join(str(one.get("title") or "").split())[:40]
        if not fields and not title:
            continue
        sections.append(
            {
                "title": title or _("基本信息"),
                "title_en": " ".join(str(one.get("title_en") or "").split())[:60],
                "columns": 2 if one.get("columns") == 2 else 1,
                "fields": fields,
            }
        )
    if not any(section["fields"] for section in sections):
        raise Refused("empty", _("至少要有一个分组，里面有一个字段"))
    return {"sections": sections, "hidden": once(state.get("hidden"), known, seen)}


def once(wanted: Any, known: set[str], seen: set[str]) -> list[str]:
    """The known keys in their order, none twice; `seen` grows."""
    found = []
    for key in wanted if isinstance(wanted, Sequence) and not isinstance(wanted, str) else ():
        if isinstance(key, str) and key in known and key not in seen:
            seen.add(key)
            found.append(key)
    return found


def check_publishable(object_type: ObjectType, kind: str, state: Mapping[str, Any]) -> None:
    """A form that hides what must be filled in could never be saved. Raises Refused with the fields' names."""
    if kind != "form" or not state:
        return
    hidden = set(state.get("hidden") or ())
    missing = [
        str(spec.label) for spec in object_type.fields.values()
        if spec.required and spec.key in hidden and spec.default is None and not spec.readonly
    ]  # fmt: skip
    if missing:
        raise Refused("required", _("必填字段不能藏起来：%(names)s") % {"names": "、".join(missing)})
