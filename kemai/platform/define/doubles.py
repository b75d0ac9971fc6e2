"""What tells doubles: which fields of a type are compared, and as what each is read. The only writer of that."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.platform.access import Actor
from kemai.platform.define import changes, fields, kinds
from kemai.platform.define.changes import require_admin
from kemai.platform.fields import FieldSpec, Label
from kemai.platform.models import Setting
from kemai.platform.objects import ObjectType, get
from kemai.platform.objects.own import DOUBLES
from kemai.platform.records import FieldErrors, mergeable

ROLES: Mapping[str, Label] = {
    "thing": gettext_lazy("物品的名称"),
    "person": gettext_lazy("人的姓名"),
    "company": gettext_lazy("企业的名称"),
    "phone": gettext_lazy("电话"),
    "email": gettext_lazy("邮箱"),
    "code": gettext_lazy("统一社会信用代码"),
    "region": gettext_lazy("地区"),
    "address": gettext_lazy("地址"),
    "same": gettext_lazy("值是否相同"),
}
NAMES = ("thing", "person", "company")
ONCE = {"code", "region", "address"}
MOST_SAME = 6
BY_KIND: Mapping[str, tuple[str, ...]] = {
    "text": ("same", *NAMES, "address", "code"),
    "phone": ("phone",),
    "email": ("email",),
    "credit_code": ("code",),
    "region": ("region",),
    "date": ("same",),
    "number": ("same",),
    "whole": ("same",),
    "url": ("same",),
    "choice": ("same",),
    "reference": ("same",),
}
LOOKED_UP = frozenset({"text", "phone", "email", "url", "date", "number"})
"""Own fields of these kinds get an index when they tell doubles, so that one is warned while typing."""


def roles_for(object_type: ObjectType, spec: FieldSpec) -> tuple[str, ...]:
    """As what a field can be compared; () where it cannot tell doubles."""
    if spec.readonly or spec.private or spec.compute is not None or spec.part or spec.refs:
        return ()
    if spec.own is not None and spec.encrypted:
        return ()
    numbered = object_type.numbering is not None and spec.key == object_type.numbering.field
    return () if numbered else BY_KIND.get(spec.type.key, ())


_apart: set[str] = set()


def own_way(type_key: str) -> None:
    """Of this type the doubles are found in a way of its own: nobody chooses fields."""
    _apart.add(type_key)


def offered(object_type: ObjectType) -> bool:
    """Doubles can be looked for where records can be merged, and there may be many."""
    return mergeable(object_type) and not object_type.small and object_type.key not in _apart


def proposed(object_type: ObjectType) -> dict[str, str]:
    """What would be a good beginning: the name, and whatever a telephone, an address or a unique text is."""
    if object_type.doubles:
        return dict(object_type.doubles)
    found = {object_type.title: "thing"} if object_type.title in object_type.fields else {}
    for spec in object_type.fields.values():
        roles = roles_for(object_type, spec)
        if roles and spec.key != object_type.title and (roles[0] != "same" or spec.unique):
            found[spec.key] = roles[0]
    return found


def set_doubles(type_key: str, told: Mapping[str, str], *, by: Actor) -> None:
    """Raises FieldErrors, Denied."""
    require_admin(by)
    object_type = get(type_key)
    wanted = {key: role for key, role in told.items() if role}
    if problem := problem_of(object_type, wanted):
        raise FieldErrors({"doubles": problem})
    with transaction.atomic():
        row, _created = Setting.objects.select_for_update().get_or_create(
            key=f"{DOUBLES}{type_key}", defaults={"value": dict(object_type.doubles)}
        )
        before, row.value = row.value, wanted
        if before != wanted:
            row.save()
            changes.note(f"doubles/{type_key}", "update", {"doubles": before}, {"doubles": wanted}, by=by)
            index(object_type, wanted, by=by)


def problem_of(object_type: ObjectType, wanted: Mapping[str, str]) -> str:
    for key, role in wanted.items():
        spec = object_type.fields.get(key)
        if spec is None or role not in roles_for(object_type, spec):
            return _("字段“%(name)s”不能这样比较") % {"name": str(spec.label) if spec else key[:40]}
    roles = list(wanted.values())
    if sum(role in NAMES for role in roles) > 1:
        return _("只能有一个字段作为名称，其余的请选“值是否相同”")
    for role in ONCE:
        if roles.count(role) > 1:
            return _("只能有一个字段作为“%(role)s”") % {"role": ROLES[role]}
    if roles.count("same") > MOST_SAME:
        return _("选“值是否相同”的字段最多 %(n)s 个") % {"n": MOST_SAME}
    return ""


def index(object_type: ObjectType, wanted: Mapping[str, str], *, by: Actor) -> None:
    for key, role in wanted.items():
        own = object_type.fields[key].own
        if own is not None and role in {"phone", "email", "same"} and own.kind in LOOKED_UP & kinds.SORTABLE:
            state = fields.state_of(fields.locked(object_type.key, key))
            if not state["indexed"]:
                fields.set_state(object_type.key, key, {**state, "indexed": True}, action="update", by=by)
