"""Who may see and edit a field: the roles' rules, written from the field's side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from kemai.platform import access, audit
from kemai.platform.access import Actor
from kemai.platform.define.changes import require_admin
from kemai.platform.models import Change, FieldRule, Role
from kemai.platform.models.rights import LEVELS


class RoleLevel(NamedTuple):
    role: int
    name: str
    level: str
    """'' where the role has no rule of its own for the field."""


def levels(type_key: str, key: str) -> list[RoleLevel]:
    held = dict(FieldRule.objects.filter(type_key=type_key, field=key).values_list("role", "level"))
    rows = Role.objects.order_by("-builtin", "pk")
    return [
        RoleLevel(role.pk, _(role.name) if role.builtin else role.name, held.get(role.pk, ""))
        for role in rows
    ]


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
        rules.delete()
        FieldRule.objects.bulk_create(
            FieldRule(role_id=role, type_key=type_key, field=key, level=level)
            for role, level in after.items()
        )
        for role in sorted(before.keys() | after.keys()):
            if before.get(role) != after.get(role):
                leave(role, f"{type_key}.{key}", before.get(role), after.get(role), by=by)
        access.rights_changed()


def leave(role: int, name: str, old: str | None, new: str | None, *, by: Actor) -> None:
    """The same trace as the page of roles leaves."""
    opened = audit.open_set("update", "role", by=by, count=1)
    Change.objects.create(
        changeset=opened, type_key="role", object_id=role, action="update", diff={name: [old, new]}
    )
