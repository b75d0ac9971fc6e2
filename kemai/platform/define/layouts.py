"""Layouts: drafted, previewed, published, taken back, for everybody ("") or for one role. The only writer of `Layout`.

Every save of another person is a row of its own, so that nothing that anybody arranged is ever lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.platform.access import Actor, NotVisible
from kemai.platform.access.wording import role_name
from kemai.platform.define import changes
from kemai.platform.define.changes import require_admin
from kemai.platform.fields import listed
from kemai.platform.models import FieldDef, Layout, Role, Setting
from kemai.platform.objects import ObjectType, get
from kemai.platform.objects.layouts import ORDER, declared_state, must_be_asked, ordered_roles
from kemai.platform.records import Conflict, Refused

KINDS = ("form", "page", "list", "board")
SECTIONED = ("form", "page")
MOST_SECTIONS = 30
MOST_COLUMNS = 60
MOST_CARD = 8
ORDER_TARGET = "layoutroles/order"
State = dict[str, Any]


def target(type_key: str, kind: str, role: str = "") -> str:
    return f"layout/{place(type_key, kind, role)}"


def place(type_key: str, kind: str, role: str = "") -> str:
    """How a layout is named in the history and in the configuration file: "customer.form", "customer.form@sales"."""
    return f"{type_key}.{kind}@{role}" if role else f"{type_key}.{kind}"


def placed(name: str) -> tuple[str, str, str]:
    """(type, kind, role) of such a name."""
    type_key, _dot, rest = name.partition(".")
    kind, _at, role = rest.partition("@")
    return type_key, kind, role


# ── reading, for the screens ──


def rows_of(type_key: str, kind: str, role: str) -> QuerySet[Layout]:
    return Layout.objects.filter(type_key=type_key, kind=kind, role=role).order_by("-version")


def versions(type_key: str, kind: str, role: str = "") -> list[Layout]:
    """All versions, the newest first."""
    return list(rows_of(type_key, kind, role).select_related("by")[:100])


def standing(type_key: str, kind: str, role: str = "") -> Layout | None:
    """The published version that counts."""
    return rows_of(type_key, kind, role).filter(published=True).first()


def draft(type_key: str, kind: str, role: str = "") -> Layout | None:
    """The newest version, if it is not published."""
    newest = rows_of(type_key, kind, role).first()
    return newest if newest is not None and not newest.published else None


def version_of(type_key: str, kind: str, version: int, role: str = "") -> Layout:
    """Raises NotVisible."""
    row = rows_of(type_key, kind, role).filter(version=version).first()
    if row is None:
        raise NotVisible
    return row


def newest_version(type_key: str, kind: str, role: str = "") -> int:
    return rows_of(type_key, kind, role).aggregate(last=Max("version"))["last"] or 0


def state_of(object_type: ObjectType, row: Layout | None, kind: str) -> State:
    """What a version says; what the type declares where there is none (an empty state says the same)."""
    return dict(row.state) if row is not None and row.state else declared_state(object_type, kind)


def beginning(object_type: ObjectType, kind: str, role: str) -> State:
    """What these people see now, or would see without a layout of their own."""
    row = standing(object_type.key, kind, role)
    if (row is None or not row.state) and role:
        row = standing(object_type.key, kind)
    return state_of(object_type, row, kind)


def called(kind: str, role: str = "") -> str:
    """What people call a layout: 表单, or 表单（销售）."""
    words = {option.value: str(option.label) for option in Layout.KINDS}
    row = Role.objects.filter(key=role).first() if role else None
    name = words.get(kind, kind)
    return f"{name}（{role_name(row) if row is not None else role}）" if role else name


def role_names() -> dict[str, str]:
    """{key: name} of every role, in the order in which their layouts count."""
    return {role.key: role_name(role) for role in ordered_roles()}


def check_role(role: str) -> None:
    """Raises NotVisible where there is no such role."""
    if role and not Role.objects.filter(key=role).exists():
        raise NotVisible


def of_type(type_key: str) -> dict[tuple[str, str], tuple[Layout | None, Layout | None]]:
    """{(kind, role): (the published version, the draft)} of all layouts of a type."""
    newest: dict[tuple[str, str], Layout] = {}
    stands: dict[tuple[str, str], Layout] = {}
    for row in Layout.objects.filter(type_key=type_key).order_by("version"):
        newest[row.kind, row.role] = row
        if row.published:
            stands[row.kind, row.role] = row
    return {cell: (stands.get(cell), None if row.published else row) for cell, row in newest.items()}


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
    role: str = "",
) -> Layout:
    """A draft. `base` is the newest version that the writer saw: if somebody has saved since, or the writer in another
    window, Conflict (its `version` is that one), unless `force`; then both are kept as versions and this one is the
    newest. A writer's own draft is written over, and gets a new number, by which other windows know.

    Raises Conflict, Refused, Denied."""
    require_admin(by)
    check_role(role)
    cleaned = clean_state(get(type_key), kind, state)
    with transaction.atomic():
        newest = rows_of(type_key, kind, role).select_for_update().first()
        if newest is not None and newest.version > base and not force:
            message = _("您刚刚在另一个窗口里修改了这个布局")
            if newest.by_id != by.user_id:
                message = _("%(who)s 刚刚也修改了这个布局") % {"who": str(newest.by or "")}
            raise Conflict(message, newest.version, {kind: (newest.state, cleaned)})
        version = newest.version + 1 if newest is not None else 1
        if newest is not None and not newest.published and newest.by_id == by.user_id and not force:
            newest.state, newest.version, newest.at, newest.note = cleaned, version, timezone.now(), note
            newest.save()
            return newest
        return Layout.objects.create(
            type_key=type_key, kind=kind, role=role, state=cleaned, version=version, note=note[:200],
            by_id=by.user_id, at=timezone.now(),
        )  # fmt: skip


def publish_layout(
    type_key: str, kind: str, version: int, *, by: Actor, note: str = "", role: str = ""
) -> Layout:
    """From now on everybody (of the role) sees this version, which must be the newest. Raises Conflict, Refused,
    NotVisible."""
    require_admin(by)
    with transaction.atomic():
        row = version_of(type_key, kind, version, role)
        newest = newest_version(type_key, kind, role)
        if newest != version:
            raise Conflict(_("在您之后还有人保存过草稿，请先看看再发布"), newest, {})
        check_publishable(get(type_key), kind, row.state)
        before = standing(type_key, kind, role)
        row.published, row.at = True, timezone.now()
        row.note = note[:200] or row.note
        row.save()
        tell("publish", before, row, by=by)
    return row


def roll_back_layout(type_key: str, kind: str, version: int, *, by: Actor, role: str = "") -> Layout:
    """A new published version that says what an older one said; version 0 is what counts without a layout."""
    require_admin(by)
    with transaction.atomic():
        state = version_of(type_key, kind, version, role).state if version else {}
        note = _("退回到第 %(n)s 版") % {"n": version} if version else ""
        return put_state(type_key, kind, state, action="rollback", by=by, note=note, role=role)


def put_state(
    type_key: str,
    kind: str,
    state: Mapping[str, Any],
    *,
    action: str,
    by: Actor,
    note: str = "",
    role: str = "",
) -> Layout:
    """Publishes a state at once: the roll-back's and the configuration file's way in."""
    require_admin(by)
    object_type = get(type_key)
    cleaned = clean_state(object_type, kind, state) if state else {}
    check_publishable(object_type, kind, cleaned)
    with transaction.atomic():
        before = standing(type_key, kind, role)
        row = Layout.objects.create(
            type_key=type_key, kind=kind, role=role, state=cleaned, published=True, note=note[:200],
            version=newest_version(type_key, kind, role) + 1, by_id=by.user_id, at=timezone.now(),
        )  # fmt: skip
        tell(action, before, row, by=by)
    return row


def tell(action: str, before: Layout | None, after: Layout, *, by: Actor) -> None:
    was = before.state if before is not None else {}
    changes.note(target(after.type_key, after.kind, after.role), action, was, after.state, by=by)


def discard_draft(type_key: str, kind: str, *, by: Actor, role: str = "") -> None:
    """Drops the newest version if it is a draft; what is published stays."""
    require_admin(by)
    row = draft(type_key, kind, role)
    if row is not None:
        row.delete()


def order_roles(keys: Sequence[str], *, by: Actor) -> None:
    """Which role's layout counts for whoever has several: the first of these that has one. Raises Denied."""
    require_admin(by)
    with transaction.atomic():
        before = [role.key for role in ordered_roles()]
        named = [key for key in dict.fromkeys(keys) if key in before]
        after = [*named, *(key for key in before if key not in named)]
        if after != before:
            Setting.objects.update_or_create(key=ORDER, defaults={"value": after})
            changes.note(ORDER_TARGET, "order", {"roles": before}, {"roles": after}, by=by)


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
        english = " ".join(str(one.get("title_en") or "").split())[:60]
        if not fields and not (title or english):
            continue
        sections.append(
            {
                "title": title or english[:40] or _("基本信息"),
                "title_en": english,
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
        str(spec.label) for spec in object_type.fields.values() if spec.key in hidden and must_be_asked(spec)
    ]
    if missing:
        raise Refused("required", _("必填字段不能藏起来：%(names)s") % {"names": listed(missing)})
