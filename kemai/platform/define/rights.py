"""Who may see and edit a field: the roles' rules, written from the field's side."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from kemai.platform import access, audit, query
from kemai.platform.access import Actor
from kemai.platform.define.changes import require_admin
from kemai.platform.models import Change, FieldRule, Role
from kemai.platform.models.rights import LEVELS
from kemai.platform.objects import ObjectType, get
from kemai.platform.query import QueryError
from kemai.platform.records import FieldErrors


class RoleLevel(NamedTuple):
    role: int
    name: str
    level: str
    """'' where the role has no rule of its own for the field."""
    lock: Any = None
    """The condition tree under which the role may only read the field."""


def levels(type_key: str, key: str) -> list[RoleLevel]:
    held = {rule.role_id: rule for rule in FieldRule.objects.filter(type_key=type_key, field=key)}
    found = []
    for role in Role.objects.order_by("-builtin", "pk"):
        rule = held.get(role.pk)
        name = _(role.name) if role.builtin else role.name
        found.append(
            RoleLevel(role.pk, name, rule.level if rule else "", rule.locked_where if rule else None)
        )
    return found


def choices() -> list[dict[str, str]]:
    return [{"value": "", "label": _("默认")}, *({"value": o.value, "label": str(o.label)} for o in LEVELS)]


def save_levels(type_key: str, key: str, wanted: Mapping[int, str], *, by: Actor) -> None:
    """{role: level}; an empty level takes the role's rule away."""
    require_admin(by)
    with transaction.atomic():
        rules = FieldRule.objects.select_for_update().filter(type_key=type_key, field=key)
        before = dict(rules.values_list("role", "level"))
        known = set(Role.objects.filter(pk__in=list(wanted)).values_list("pk", flat=True))
        after = {**before, **{role: level for role, level in wanted.items() if role in known}}
        after = {role: level for role, level in after.items() if level in access.LEVELS}
        if after == before:
            return
        locks = dict(rules.values_list("role", "locked_where"))
        rules.delete()
        FieldRule.objects.bulk_create(
            FieldRule(
                role_id=role,
                type_key=type_key,
                field=key,
                level=level,
                locked_where=locks.get(role) if level == "edit" else None,
            )
            for role, level in after.items()
        )
        for role in sorted(before.keys() | after.keys()):
            if before.get(role) != after.get(role):
                leave(role, f"{type_key}.{key}", before.get(role), after.get(role), by=by)
        access.rights_changed()


def save_lock(
    type_key: str,
    key: str,
    where: Any,
    roles: Sequence[int],
    *,
    by: Actor,
    within: Sequence[int] | None = None,
) -> None:
    """On records that pass `where`, these roles may only read the field; the other roles (of `within`, by default of
    all) have no such condition. Raises FieldErrors, Denied."""
    require_admin(by)
    object_type = get(type_key)
    object_type.field(key)
    with transaction.atomic():
        held = {
            rule.role_id: rule
            for rule in FieldRule.objects.select_for_update().filter(type_key=type_key, field=key)
        }
        check_lock(object_type, key, where, roles, {role: rule.level for role, rule in held.items()}, by=by)
        known = Role.objects.filter(pk__in=[*roles, *held])
        changed = False
        for role in known if within is None else known.filter(pk__in=within):
            rule = held.get(role.pk) or FieldRule(role=role, type_key=type_key, field=key, level="edit")
            lock = where if where and role.pk in roles else None
            if rule.locked_where != lock:
                leave(
                    role.pk, f"{type_key}.{key} · {_('锁定')}", plain(rule.locked_where), plain(lock), by=by
                )
                rule.locked_where, changed = lock, True
                rule.save()
        if changed:
            access.rights_changed()


def check_lock(
    object_type: ObjectType, key: str, where: Any, roles: Sequence[int], held: Mapping[int, str], *, by: Actor
) -> None:
    if bool(where) is not bool(roles):
        raise FieldErrors({"lock": _("请同时选择条件和角色；都不选就是不锁定")})
    if not where:
        return
    # one without a rule has the default: for personal values that is not editing, and no rule may widen it
    if any(
        held.get(role, "read" if object_type.fields[key].personal else "edit") != "edit" for role in roles
    ):
        raise FieldErrors({"lock": _("只有“可编辑”的角色才谈得上锁定，请先给它们“可编辑”")})
    try:
        query.parse(where, object_type, by.moment())
    except QueryError as error:
        raise FieldErrors({"lock": error.message}) from error


def plain(where: Any) -> str | None:
    return json.dumps(where, ensure_ascii=False) if where else None


def leave(role: int, name: str, old: str | None, new: str | None, *, by: Actor) -> None:
    """The same trace as the page of roles leaves."""
    opened = audit.open_set("update", "role", by=by, count=1)
    Change.objects.create(
        changeset=opened, type_key="role", object_id=role, action="update", diff={name: [old, new]}
    )
