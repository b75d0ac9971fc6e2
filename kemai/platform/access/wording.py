"""How far somebody's roles go, in words: every refusal says why, and what would help."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.platform.access.actor import Actor
from kemai.platform.access.grants import EVERYTHING, reaches, root_type
from kemai.platform.access.levels import field_levels
from kemai.platform.access.reach import allowed_q, lineage
from kemai.platform.fields import listed
from kemai.platform.models import Grant, Role
from kemai.platform.models.rights import SCOPES
from kemai.platform.objects import ObjectType

VERB_LABELS = {
    "view": gettext_lazy("查看"),
    "create": gettext_lazy("新建"),
    "edit": gettext_lazy("编辑"),
    "delete": gettext_lazy("删除"),
    "transfer": gettext_lazy("转移负责人"),
    "share": gettext_lazy("共享"),
    "export": gettext_lazy("导出"),
    "print": gettext_lazy("打印"),
    "import": gettext_lazy("导入"),
    "bulk": gettext_lazy("批量操作"),
    "release": gettext_lazy("批准超额导出"),
    "reveal": gettext_lazy("查看脱敏内容"),
    "api": gettext_lazy("接口访问"),
}
SCOPE_LABELS: Mapping[str, Any] = {option.value: option.label for option in SCOPES}


def role_name(role: Role) -> str:
    """The built-in roles speak the reader's language, the company's own their maker's."""
    return _(role.name) if role.builtin else role.name


def held_roles(actor: Actor) -> list[Role]:
    return list(Role.objects.filter(pk__in=actor.role_ids).order_by("pk"))


def why_not(actor: Actor, object_type: ObjectType, verb: str, key: int | None) -> str:
    """Why the actor may not do this with a record that they see (`key`), or with any."""
    label = {"verb": VERB_LABELS.get(verb, verb), "type": object_type.label}
    if actor.read_only and verb not in {"view", "export", "api"}:
        return _("这个访问令牌只能读取，请换一个可以写入的令牌")
    names = listed(role_name(role) for role in held_roles(actor))
    if not names:
        return _("您还没有任何角色，也就没有权限，请联系管理员")
    if not reaches(actor, object_type, verb):
        return _("您的角色“%(roles)s”没有对%(type)s“%(verb)s”的权限，请联系管理员") % {
            **label,
            "roles": names,
        }
    reason = range_text(actor, object_type, verb)
    owner = owner_name(actor, object_type, key) if key is not None else ""
    return _("%(range)s；负责人是 %(owner)s") % {"range": reason, "owner": owner} if owner else reason


def range_text(actor: Actor, object_type: ObjectType, verb: str) -> str:
    """“您的角色“销售”对客户“编辑”的范围只到“仅本人””, of the roles that grant the verb at all."""
    grants = Grant.objects.filter(
        role__in=actor.role_ids, verb=verb, type_key__in=("*", object_type.key)
    ).select_related("role")
    names = dict.fromkeys(role_name(grant.role) for grant in grants)
    texts = dict.fromkeys(scope_text(grant.scope, conditional=bool(grant.where)) for grant in grants)
    return _("您的角色“%(roles)s”对%(type)s“%(verb)s”只有“%(scope)s”范围") % {
        "roles": listed(names),
        "type": object_type.label,
        "verb": VERB_LABELS.get(verb, verb),
        "scope": listed(texts),
    }


def scope_text(scope: str, *, conditional: bool) -> str:
    label = str(SCOPE_LABELS.get(scope, scope))
    return _("%(scope)s（符合条件的）") % {"scope": label} if conditional else label


def owner_name(actor: Actor, object_type: ObjectType, key: int) -> str:
    """Whose the record is, for somebody who may know it."""
    root = root_type(object_type)
    if not root.has_owner or field_levels(actor, root).get("owner") not in {"read", "edit"}:
        return ""
    found = object_type.records().filter(allowed_q(actor, object_type, "view"), pk=key)
    above = found.values_list("pk", flat=True).first()
    for one, spec in lineage(object_type):
        above = one.records().filter(pk=above).values_list(spec.value_path, flat=True).first()
    owner = root.records().filter(pk=above).values_list("owner", flat=True).first()
    if owner is None:
        return _("无（没有负责人）")
    return str(get_user_model()._default_manager.filter(pk=owner).first() or "")


def conditional(actor: Actor, object_type: ObjectType, verb: str) -> bool:
    """Does every grant of the verb ask for a condition?"""
    found = reaches(actor, object_type, verb)
    return bool(found) and all(one.where for one in found)


def deciding_fields(actor: Actor, object_type: ObjectType, verb: str) -> frozenset[str]:
    """The fields whose values decide whether a record is within the actor's reach."""
    found = reaches(actor, object_type, verb)
    names = {name for one in found if one.where for name in named(json.loads(one.where))}
    if EVERYTHING not in found:
        names |= {"owner", object_type.parent} - {""}
    elif object_type.parent:
        names.add(object_type.parent)
    return frozenset(names)


def named(tree: Any) -> Iterable[str]:
    """The fields of the type itself that a condition tree names."""
    if isinstance(tree, dict):
        if "field" in tree:
            yield str(tree["field"])
        for key in ("all", "any"):
            for child in tree.get(key, ()):
                yield from named(child)
        if "not" in tree:
            yield from named(tree["not"])
