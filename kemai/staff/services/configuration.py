"""The roles as a part of the configuration file: rights, field by field, through the same service as the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.platform.access import LEVELS, SCOPES, Actor
from kemai.platform.access.limits import READING
from kemai.platform.define import config, rights
from kemai.platform.fields import listed
from kemai.platform.models import FieldRule, Role
from kemai.platform.objects import VERBS
from kemai.staff.services import reading_limits, roles


def read() -> dict[str, Any]:
    return {role.key: state_of(role) for role in Role.objects.order_by("-builtin", "pk")}


def state_of(role: Role) -> dict[str, Any]:
    grants: dict[str, dict[str, Any]] = {}
    for (type_key, verb), cell in sorted(roles.matrix(role).items()):
        grants.setdefault(type_key, {})[verb] = told(cell)
    fields: dict[str, dict[str, Any]] = {}
    for rule in FieldRule.objects.filter(role=role).order_by("type_key", "field"):
        said = {"level": rule.level, "locked": rule.locked_where} if rule.locked_where else rule.level
        fields.setdefault(rule.type_key, {})[rule.field] = said
    return {
        "name": role.name, "description": role.description, "is_admin": role.is_admin,
        "two_step": role.two_step, "grants": grants, "fields": fields,
        **{name: most for name, most in reading_limits.of_role(role).items() if most is not None},
    }  # fmt: skip


def told(cell: Any) -> Any:
    """A grant in the file: the word of its scope, or a mapping where it says more."""
    if isinstance(cell, str):
        return cell
    more = {name: getattr(cell, name) for name in ("departments", "where") if getattr(cell, name, None)}
    return (
        {"scope": cell.scope, **{k: list(v) if k == "departments" else v for k, v in more.items()}}
        if more
        else cell.scope
    )


def cell_of(state: Any) -> Any:
    given = state if isinstance(state, Mapping) else {"scope": state}
    make: Any = getattr(roles, "Cell", None)
    if make is None:
        return str(given.get("scope"))
    return make(str(given.get("scope")), tuple(given.get("departments") or ()), given.get("where"))


def put(place: str, old: Any, new: Any, by: Actor) -> None:
    role = Role.objects.filter(key=place).first()
    if new is None:
        if role is not None:
            roles.delete_role(role, by=by)
        return
    wanted: dict[tuple[str, str], Any] = {
        (type_key, verb): cell_of(state)
        for type_key, verbs in (new.get("grants") or {}).items()
        for verb, state in verbs.items()
    }
    values = {name: new.get(name) for name in ("name", "description", "is_admin", "two_step", *READING)}
    role = roles.save_role(
        role or Role.objects.create(key=place[:40], name=place[:80]), values, wanted, by=by
    )
    before = state_of(role)["fields"]
    after = new.get("fields") or {}
    for type_key in sorted(set(before) | set(after)):
        levels = {**dict.fromkeys(before.get(type_key, {}), ""), **after.get(type_key, {})}
        roles.save_levels(role, type_key, {key: level_of(one) for key, one in levels.items()}, by=by)
        for key, one in levels.items():
            lock = one.get("locked") if isinstance(one, Mapping) else None
            rights.save_lock(type_key, key, lock, [role.pk] if lock else [], by=by, within=[role.pk])


def level_of(state: Any) -> str:
    """A field's level in the file: its word, or a mapping that also says when it is locked."""
    return str(state.get("level") or "") if isinstance(state, Mapping) else str(state or "")


def problem(place: str, old: Any, new: Any, wanted: Mapping[str, Any]) -> str:
    grants, fields = new.get("grants") or {}, new.get("fields") or {}
    if not all(isinstance(one, Mapping) for one in (grants, fields, *grants.values(), *fields.values())):
        return _("内容的格式不对")
    if not str(new.get("name") or "").strip():
        return _("请填写角色名称")
    unknown = [
        f"{verb}: {state}" for verbs in grants.values() for verb, state in verbs.items()
        if verb not in VERBS or (state.get("scope") if isinstance(state, Mapping) else state) not in SCOPES
    ]  # fmt: skip
    unknown += [
        f"{key}: {level}"
        for rules in fields.values()
        for key, level in rules.items()
        if level_of(level) not in LEVELS
    ]
    return _("不认识的权限：%(names)s") % {"names": listed(unknown[:5])} if unknown else ""


def name(place: str, state: Any) -> str:
    text = str(state.get("name") or place) if isinstance(state, Mapping) else place
    return _(text) if text else place


def register() -> None:
    config.register(config.Part("roles", gettext_lazy("角色"), read, put, problem, name, 30))
