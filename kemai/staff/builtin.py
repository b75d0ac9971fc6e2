"""The roles that every installation begins with. Plain data: the migration that makes them reads it as well.

A grant is (verb, scope, object types); `*` stands for every type. Rights only add up over a person's roles."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.translation import gettext_noop as _

EVERY_VERB = "view create edit delete transfer share export print import bulk reveal api release"
SOLD_TO = "customer contact interaction consent identifier task"
CATALOGUE = "product category shop"


class BuiltinRole(NamedTuple):
    key: str
    name: str
    description: str
    grants: tuple[tuple[str, str, str], ...] = ()
    """(verbs, scope, object types), each a list of words."""
    is_admin: bool = False


ROLES = (
    BuiltinRole(
        "admin",
        _("系统管理员"),
        _("管理员工、部门、角色和系统设置；不因此看到业务数据"),
        is_admin=True,
    ),
    BuiltinRole(
        "auditor",
        _("安全审计员"),
        _("查看、检索、导出和校验审计日志（含登录情况）；不能修改任何内容，也不因此看到业务数据"),
        (("view", "all", "audit"),),
    ),
    BuiltinRole("director", _("总经理"), _("查看和处理全部业务数据"), ((EVERY_VERB, "all", "*"),)),
    BuiltinRole(
        "sales_manager",
        _("销售经理"),
        _("查看和处理本部门及下级的客户"),
        (
            ("view api", "below", "*"),
            ("create edit delete transfer share bulk reveal export print import", "below", SOLD_TO),
            ("create edit export print", "below", "order"),
            ("create edit", "below", "segment tag"),
        ),
    ),
    BuiltinRole(
        "sales",
        _("销售"),
        _("查看和处理自己负责的客户"),
        (
            ("view api", "own", "*"),
            ("create edit transfer share reveal bulk", "own", SOLD_TO),
            ("create", "own", "order"),
            ("view", "all", CATALOGUE),
        ),
    ),
    BuiltinRole(
        "service",
        _("客服"),
        _("查看全部客户（联系方式脱敏），记录跟进和回访"),
        (
            ("view api", "all", "*"),
            ("create edit", "all", "interaction"),
            ("create edit delete", "own", "task"),
        ),
    ),
    BuiltinRole(
        "marketing",
        _("市场"),
        _("查看全部客户（联系方式脱敏），管理分群和标签；不能导出"),
        (
            ("view api", "all", "*"),
            ("create edit delete bulk", "all", "segment tag"),
            ("create edit delete", "own", "task"),
        ),
    ),
    BuiltinRole(
        "readonly", _("只读"), _("查看全部业务数据（联系方式脱敏），不能修改"), (("view api", "all", "*"),)
    ),
    BuiltinRole(
        "business_admin",
        _("业务管理员"),
        _("管理本部门及下级的全部业务数据，可以共享、转移和批量处理"),
        (("view create edit delete transfer share export print import bulk reveal api", "below", "*"),),
    ),
    BuiltinRole(
        "data_admin",
        _("数据管理员"),
        _("导入、整理和导出全部业务数据；联系方式脱敏，不能查看脱敏内容"),
        (("view create edit delete transfer export import bulk api", "all", "*"),),
    ),
)


def grants_of(role: BuiltinRole) -> list[tuple[str, str, str]]:
    """(object type, verb, scope) of each grant."""
    return [
        (type_key, verb, scope)
        for verbs, scope, types in role.grants
        for type_key in types.split()
        for verb in verbs.split()
    ]
