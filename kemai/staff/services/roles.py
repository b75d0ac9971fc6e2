"""Roles: what each may do with every object type, and what it sees of single fields."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.access.limits import READING
from kemai.platform.access.wording import role_name
from kemai.platform.models import FieldRule, Grant, Role
from kemai.platform.objects import VERBS, all_types, get
from kemai.platform.query import QueryError, parse
from kemai.platform.records import FieldErrors, Refused
from kemai.staff.builtin import ROLES, grants_of
from kemai.staff.models import Department, User
from kemai.staff.services import reading_limits
from kemai.staff.services.trail import an_admin_stays, leave, require_admin

EVERYTHING = "*"


class Cell(NamedTuple):
    """One grant: how far, in which departments (ids), for records that pass which condition tree."""

    scope: str
    departments: tuple[int, ...] = ()
    where: Any = None


Matrix = Mapping[tuple[str, str], Cell]
"""{(object type or *, verb): cell}; what is not in it is not granted."""
role_label = role_name


def role_note(role: Role) -> str:
    return _(role.description) if role.builtin and role.description else role.description


def roles() -> QuerySet[Role]:
    """Every role, the built-in ones first, with the number of active holders as `holders`."""
    holders = Count("users", filter=Q(users__is_active=True), distinct=True)
    return Role.objects.annotate(holders=holders).order_by("-builtin", "pk")


def matrix(role: Role) -> dict[tuple[str, str], Cell]:
    return {
        (one.type_key, one.verb): Cell(one.scope, tuple(one.departments), one.where)
        for one in Grant.objects.filter(role=role)
    }


def levels(role: Role, type_key: str) -> dict[str, str]:
    return dict(FieldRule.objects.filter(role=role, type_key=type_key).values_list("field", "level"))


def locks(role: Role, type_key: str) -> dict[str, Any]:
    """{field: the condition under which this role may only read it}."""
    rules = FieldRule.objects.filter(role=role, type_key=type_key).exclude(locked_where=None)
    return dict(rules.values_list("field", "locked_where"))


def save_role(role: Role | None, values: Mapping[str, object], grants: Matrix, *, by: Actor) -> Role:
    """Make or change a role: name, description, is_admin, two_step, how much it reads in an hour, and the whole matrix
    of grants.

    Grants of object types that are not installed stay as they are. Raises FieldErrors, Refused, Denied."""
    require_admin(by)
    check_cells(grants, by)
    name = " ".join(str(values.get("name") or "").split())[:80]
    if not name:
        raise FieldErrors({"name": _("请填写角色名称")})
    if Role.objects.filter(name=name).exclude(pk=role.pk if role else 0).exists():
        raise FieldErrors({"name": _("已经有同名角色")})
    limits = reading_limits.typed(values)
    with an_admin_stays():
        if role is not None:
            check_not_for_oneself(role, grants, by, reads_more=reading_limits.wider(role, limits))
        is_new = role is None
        old = {} if role is None else {**plain(role), "grants": _listed(matrix(role))}
        role = role or Role(key=_free_key())
        role.name = name
        role.description = str(values.get("description") or "")[:500]
        role.is_admin = bool(values.get("is_admin"))
        role.two_step = bool(values.get("two_step"))
        role.save()
        reading_limits.keep(role, limits)
        _set_grants(role, grants)
        new: dict[str, object] = {**plain(role), "grants": _listed(matrix(role))}
        diff = {key: [old[key], new[key]] for key in old if old[key] != new[key]}
        leave("create" if is_new else "update", "role", role.pk, by=by, diff=diff)
        access.rights_changed()
    return role


def want_two_step_of_admins(*, by: Actor) -> None:
    """Whoever may change everything shows more than a password."""
    require_admin(by)
    with transaction.atomic():
        for role in Role.objects.filter(is_admin=True, two_step=False):
            role.two_step = True
            role.save(update_fields=["two_step"])
            leave("update", "role", role.pk, by=by, diff={"two_step": [False, True]})
        access.rights_changed()


def plain(role: Role) -> dict[str, object]:
    """What the log keeps of a role beside its grants."""
    held = {"name": role.name, "is_admin": role.is_admin, "two_step": role.two_step}
    return held | reading_limits.of_role(role)


def save_levels(role: Role, type_key: str, wanted: Mapping[str, str], *, by: Actor) -> None:
    """The role's level for each named field of a type; an empty level takes the rule away."""
    require_admin(by)
    with transaction.atomic():
        old = levels(role, type_key)
        new = {field: level for field, level in wanted.items() if level in access.LEVELS}
        kept = locks(role, type_key)
        FieldRule.objects.filter(role=role, type_key=type_key, field__in=list(wanted)).delete()
        FieldRule.objects.bulk_create(
            FieldRule(
                role=role,
                type_key=type_key,
                field=field,
                level=level,
                locked_where=kept.get(field) if level == "edit" else None,
            )
            for field, level in new.items()
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
        reading_limits.keep(role, dict.fromkeys(READING))
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


def save_cells(role: Role, type_key: str, cells: Mapping[str, Cell], *, by: Actor) -> None:
    """The role's grants on one object type; the others stay. Raises Denied, FieldErrors, Refused."""
    kept = {cell: grant for cell, grant in matrix(role).items() if cell[0] != type_key}
    mine = {(type_key, verb): cell for verb, cell in cells.items()}
    values = {"name": role.name, "description": role.description, "is_admin": role.is_admin}
    save_role(role, values, {**kept, **mine}, by=by)


def check_cells(grants: Matrix, by: Actor) -> None:
    """Chosen departments exist and conditions can be run. Raises FieldErrors with the cell's name."""
    errors: dict[str, str] = {}
    departments = set(Department.objects.filter(deleted_at=None).values_list("pk", flat=True))
    for (type_key, verb), cell in grants.items():
        name = f"grant-{type_key}-{verb}"
        if cell.scope == "chosen" and not set(cell.departments) & departments:
            errors[name] = _("“指定部门”要选至少一个部门")
        if cell.where and type_key == EVERYTHING:
            errors[name] = _("“所有对象”不能带条件，请在具体对象上设置")
        elif cell.where and type_key in {one.key for one in all_types()}:
            try:
                parse(cell.where, get(type_key), by.moment())
            except QueryError as error:
                errors[name] = error.message
    if errors:
        raise FieldErrors(errors)


def check_not_for_oneself(role: Role, grants: Matrix, by: Actor, *, reads_more: bool = False) -> None:
    """Nobody widens a role that he holds himself, as long as another administrator could do it. Raises Refused."""
    if role.pk not in by.role_ids:
        return
    old = matrix(role)
    wider = [cell for cell, new in grants.items() if not within_cell(new, old.get(cell))]
    others = User.objects.filter(is_active=True, roles__is_admin=True).exclude(pk=by.user_id or 0)
    if (wider or reads_more) and others.exists():
        raise Refused("own_role", _("不能扩大自己所持角色的权限，请另一位系统管理员来做"))


def within_cell(new: Cell, old: Cell | None) -> bool:
    if new.scope == "none" or new == old:
        return True
    narrower = old is not None and access.SCOPES.index(new.scope) < access.SCOPES.index(old.scope)
    return narrower and old is not None and old.scope in {"below", "all"} and not old.where


def _set_grants(role: Role, grants: Matrix) -> None:
    known = [EVERYTHING, *(one.key for one in all_types())]
    Grant.objects.filter(role=role, type_key__in=known).delete()
    Grant.objects.bulk_create(
        Grant(
            role=role, type_key=type_key, verb=verb, scope=cell.scope,
            departments=list(cell.departments) if cell.scope == "chosen" else [], where=cell.where or None,
        )
        for (type_key, verb), cell in grants.items()
        if type_key in known and verb in VERBS and cell.scope in access.SCOPES and cell.scope != "none"
    )  # fmt: skip


def _listed(grants: Matrix) -> list[str]:
    return sorted(f"{type_key}.{verb}={_told(cell)}" for (type_key, verb), cell in grants.items())


def _told(cell: Cell) -> str:
    departments = f"[{','.join(str(key) for key in cell.departments)}]" if cell.departments else ""
    where = f"?{json.dumps(cell.where, ensure_ascii=False)}" if cell.where else ""
    return f"{cell.scope}{departments}{where}"


def _free_key() -> str:
    number = Role.objects.count() + 1
    while Role.objects.filter(key=f"role-{number}").exists():
        number += 1
    return f"role-{number}"
