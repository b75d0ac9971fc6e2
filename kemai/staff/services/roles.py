"""Roles: what each may do with every object type, and what it sees of single fields."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.models import FieldRule, Grant, Role
from kemai.platform.objects import VERBS, all_types
from kemai.platform.records import FieldErrors, Refused
from kemai.staff.builtin import ROLES, grants_of
from kemai.staff.services.trail import an_admin_stays, leave, require_admin

EVERYTHING = "*"
Matrix = Mapping[tuple[str, str], str]
"""{(object type or *, verb): scope}; what is not in it is not granted."""


def role_label(role: Role) -> str:
    """The built-in roles speak the reader's language, the company's own their maker's."""
    return _(role.name) if role.builtin else role.name


def role_note(role: Role) -> str:
    return _(role.description) if role.builtin and role.description else role.description


def roles() -> QuerySet[Role]:
    """Every role, the built-in ones first, with the number of active holders as `holders`."""
    holders = Count("users", filter=Q(users__is_active=True), distinct=True)
    return Role.objects.annotate(holders=holders).order_by("-builtin", "pk")


def matrix(role: Role) -> dict[tuple[str, str], str]:
    return {(one.type_key, one.verb): one.scope for one in Grant.objects.filter(role=role)}


def levels(role: Role, type_key: str) -> dict[str, str]:
    return dict(FieldRule.objects.filter(role=role, type_key=type_key).values_list("field", "level"))


def save_role(role: Role | None, values: Mapping[str, object], grants: Matrix, *, by: Actor) -> Role:
    """Make or change a role: name, description, is_admin, and the whole matrix of grants.

    Grants of object types that are not installed stay as they are. Raises FieldErrors, Refused, Denied."""
    require_admin(by)
    name = " ".join(str(values.get("name") or "").split())[:80]
    if not name:
        raise FieldErrors({"name": _("请填写角色名称")})
    if Role.objects.filter(name=name).exclude(pk=role.pk if role else 0).exists():
        raise FieldErrors({"name": _("已经有同名角色")})
    with an_admin_stays():
        is_new = role is None
        old = (
            {}
            if role is None
            else {"name": role.name, "is_admin": role.is_admin, "grants": _listed(matrix(role))}
        )
        role = role or Role(key=_free_key())
        role.name = name
        role.description = str(values.get("description") or "")[:500]
        role.is_admin = bool(values.get("is_admin"))
        role.save()
        _set_grants(role, grants)
        new: dict[str, object] = {
            "name": role.name,
            "is_admin": role.is_admin,
            "grants": _listed(matrix(role)),
        }
        diff = {key: [old[key], new[key]] for key in old if old[key] != new[key]}
        leave("create" if is_new else "update", "role", role.pk, by=by, diff=diff)
        access.rights_changed()
    return role


def save_levels(role: Role, type_key: str, wanted: Mapping[str, str], *, by: Actor) -> None:
    """The role's level for each named field of a type; an empty level takes the rule away."""
    require_admin(by)
    with transaction.atomic():
        old = levels(role, type_key)
        new = {field: level for field, level in wanted.items() if level in access.LEVELS}
        FieldRule.objects.filter(role=role, type_key=type_key, field__in=list(wanted)).delete()
        FieldRule.objects.bulk_create(
            FieldRule(role=role, type_key=type_key, field=field, level=level) for field, level in new.items()
        )
        now = levels(role, type_key)
        diff = {
            f"{type_key}.{field}": [old.get(field), now.get(field)]
            for field in sorted(old.keys() | now.keys())
            if old.get(field) != now.get(field)
        }
        if diff:
            leave("update", "role", role.pk, by=by, diff=diff)
            access.rights_changed()


def delete_role(role: Role, *, by: Actor) -> None:
    """Raises Refused for built-in roles and for those that somebody holds."""
    require_admin(by)
    if role.builtin:
        raise Refused("builtin", _("内置角色不能删除"))
    with an_admin_stays():
        if role.users.filter(is_active=True).exists():
            raise Refused("in_use", _("还有员工在用这个角色"))
        key = role.pk
        role.delete()
        leave("delete", "role", key, by=by)
        access.rights_changed()


def ensure_builtin_roles() -> list[Role]:
    """The built-in roles, each made if it is missing; those that exist stay as the company has made them."""
    made = []
    with transaction.atomic():
        for one in ROLES:
            role, new = Role.objects.get_or_create(
                key=one.key,
                defaults={
                    "name": one.name,
                    "description": one.description,
                    "is_admin": one.is_admin,
                    "builtin": True,
                },
            )
            if new:
                Grant.objects.bulk_create(
                    Grant(role=role, type_key=type_key, verb=verb, scope=scope)
                    for type_key, verb, scope in grants_of(one)
                )
            made.append(role)
        access.rights_changed()
    return made


def _set_grants(role: Role, grants: Matrix) -> None:
    known = [EVERYTHING, *(one.key for one in all_types())]
    Grant.objects.filter(role=role, type_key__in=known).delete()
    Grant.objects.bulk_create(
        Grant(role=role, type_key=type_key, verb=verb, scope=scope)
        for (type_key, verb), scope in grants.items()
        if type_key in known and verb in VERBS and scope in access.SCOPES and scope != "none"
    )


def _listed(grants: Matrix) -> list[str]:
    return sorted(f"{type_key}.{verb}={scope}" for (type_key, verb), scope in grants.items())


def _free_key() -> str:
    number = Role.objects.count() + 1
    while Role.objects.filter(key=f"role-{number}").exists():
        number += 1
    return f"role-{number}"
