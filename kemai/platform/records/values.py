"""From what came in to what may be stored: field rights, parsing, required fields, references."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from django.utils.translation import gettext as _

from kemai.platform import access
from kemai.platform.access import SYSTEM, Actor, Masked
from kemai.platform.fields import FieldSpec, Invalid, Ref
from kemai.platform.fields.more import SubTable
from kemai.platform.fields.own import check_limits, rounded
from kemai.platform.objects import ObjectType, get
from kemai.platform.records.errors import Faults, FieldErrors

Values = dict[str, Any]


def parse_values(
    object_type: ObjectType,
    raw: Mapping[str, object],
    *,
    by: Actor,
    levels: Mapping[str, str] | None = None,
    faults: Faults | None = None,
) -> Values:
    """The values in Python form. Raises FieldErrors for bad, unknown, read-only and invisible fields alike: what one
    may not write does not silently vanish. A masked value that comes back is left as it was. `levels` are those on the
    record in question (access.levels_on). With `faults` the errors go there, and what could be read is returned."""
    levels = levels if levels is not None else access.field_levels(by, object_type)
    values: Values = {}
    errors = Faults() if faults is None else faults
    for key, value in raw.items():
        level = levels.get(key, "hidden")
        spec = object_type.fields.get(key)
        if spec is None or level == "hidden":
            errors[key] = _("没有这个字段，或您没有权限填写")
        elif isinstance(value, Masked) or mask_came_back(spec, level, value):
            continue
        elif level != "edit":
            errors[key] = access.why_locked(by, object_type, key) or _("这个字段不能修改")
        else:
            try:
                if spec.columns:
                    SubTable.check_columns(value, spec)
                found = rounded(spec, spec.type.parse(value, spec))
                check_limits(spec, found)
                values[key] = found
            except Invalid as error:
                errors[key] = error.message
    if faults is None:
        errors.settle()
    return values


def mask_came_back(spec: FieldSpec, level: str, value: object) -> bool:
    """Is it what somebody was shown instead of the value? It never replaces the value."""
    text = str(value)
    return (level == "masked" and "*" in text) or (spec.personal and "***" in text)


def complete(object_type: ObjectType, values: Values) -> None:
    """Defaults for what a new record leaves out."""
    for spec in object_type.fields.values():
        if spec.key in values or spec.readonly or spec.compute or spec.type.key in {"tags", "computed"}:
            continue
        default = standing_default(spec)
        if spec.own is not None and default is None:
            continue  # what is empty is not kept
        values[spec.key] = default if default is not None else spec.type.empty(spec)


def standing_default(spec: FieldSpec) -> Any:
    """What a new record begins with. A person who has left, or a department that is no more, is nobody's default:
    else no record could be made any more."""
    value = spec.default
    gone = isinstance(value, Ref) and not visible(spec, [value.id], by=SYSTEM)
    return None if gone else value


def check_required(object_type: ObjectType, values: Mapping[str, Any], *, whole: bool = False) -> None:
    """`whole` says that the values are all that a new record will have. Raises FieldErrors."""
    missing = {
        spec.key: _("请填写%(field)s") % {"field": spec.label}
        for spec in object_type.fields.values()
        if spec.required
        and (spec.key in values or (whole and spec.own is not None))
        and spec.type.is_empty(values.get(spec.key))
        and not (spec.own is not None and spec.own.show_if)
    }
    if missing:
        raise FieldErrors(missing)


def references(object_type: ObjectType, values: Mapping[str, Any]) -> Iterable[tuple[FieldSpec, int]]:
    for key, value in values.items():
        if isinstance(value, Ref):
            yield object_type.fields[key], value.id
        elif isinstance(value, list):
            yield from ((object_type.fields[key], one.id) for one in value if isinstance(one, Ref))


def visible(spec: FieldSpec, ids: Iterable[int], *, by: Actor) -> set[int]:
    """Which of the referenced records exist and may be seen by the actor (staff may be named by anybody)."""
    wanted = set(ids)
    if spec.type.key == "user":
        found = get_user_model()._default_manager.filter(pk__in=wanted, is_active=True)
        return set(found.values_list("pk", flat=True))
    target = spec.ref or spec.refs
    if not target:
        return wanted
    if target == "department":  # like staff: may be named by anybody
        return set(get(target).records().filter(pk__in=wanted, deleted_at=None).values_list("pk", flat=True))
    return set(access.scope(by, get(target)).filter(pk__in=wanted).values_list("pk", flat=True))


def check_references(object_type: ObjectType, values: Mapping[str, Any], *, by: Actor) -> None:
    errors = {
        spec.key: _("选择的%(field)s不存在，或您看不到它") % {"field": spec.label}
        for spec, key in references(object_type, values)
        if not visible(spec, [key], by=by)
    }
    if errors:
        raise FieldErrors(errors)


def check_unique(object_type: ObjectType, values: Mapping[str, Any], *, except_id: int | None = None) -> None:
    """The model's unique constraints, asked before the database refuses, so that the person is told which field."""
    for constraint in object_type.model._meta.constraints:
        if not isinstance(constraint, models.UniqueConstraint) or not set(constraint.fields) & set(values):
            continue
        mine = {name: column_value(object_type, name, values) for name in constraint.fields}
        if any(value in (None, "") for name, value in mine.items() if name == constraint.fields[-1]):
            continue
        others = object_type.records().filter(**mine)
        if constraint.condition is not None:
            others = others.filter(constraint.condition)
        if others.exclude(pk=except_id).exists():
            raise FieldErrors({constraint.fields[-1]: str(constraint.get_violation_error_message())})


def column_value(object_type: ObjectType, name: str, values: Mapping[str, Any]) -> Any:
    value = object_type.key if name == "type_key" else values.get(name)
    return value.id if isinstance(value, Ref) else value


def check_values(object_type: ObjectType, raw: Mapping[str, object], *, by: Actor) -> None:
    """Would these values be taken? For a mass edit, before it begins. Raises FieldErrors."""
    values = parse_values(object_type, raw, by=by)
    check_required(object_type, values)
    check_references(object_type, values, by=by)
