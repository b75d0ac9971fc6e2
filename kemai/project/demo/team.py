"""Stores the demo company's departments, users and roles. Staff are administered on pages of their own and have no
write door, so this is written like a service of theirs."""

from __future__ import annotations

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from kemai.platform.access import rights_changed
from kemai.platform.models import Grant, Role
from kemai.project.demo.staff import Staff
from kemai.staff.models import Department, User

READ = ("view",)
WORK = ("view", "create", "edit")
LEAD = (*WORK, "bulk", "export")
ALL = ("view", "create", "edit", "delete", "export", "import", "bulk", "reveal")
# role: name, may administer, {verbs: scope}
ROLES: dict[str, tuple[str, bool, tuple[tuple[tuple[str, ...], str], ...]]] = {
    "admin": ("系统管理员", True, ()),
    "director": ("销售总监", False, ((ALL, "all"),)),
    "manager": ("部门经理", False, ((LEAD, "below"), (("reveal",), "below"))),
    "sales": ("销售", False, ((WORK, "own"), (("bulk",), "own"))),
    "shop": ("店长", False, ((WORK, "own"),)),
    "service": ("客服", False, ((WORK, "all"),)),
    "marketing": ("市场", False, ((READ, "all"), (("bulk", "export"), "all"))),
}
# everybody reads what is sold and where
OPEN = ("category", "product", "shop", "tag", "segment", "department", "user")


def roles() -> dict[str, Role]:
    """The roles by key; those that are missing are made with their grants."""
    found = {role.key: role for role in Role.objects.filter(key__in=ROLES)}
    for key, (name, is_admin, grants) in ROLES.items():
        if key in found:
            continue
        found[key] = role = Role.objects.create(key=key, name=name, is_admin=is_admin)
        widest = {("*", verb): scope for verbs, scope in grants for verb in verbs}
        widest |= {(type_key, "view"): "all" for type_key in OPEN if not is_admin}
        Grant.objects.bulk_create(
            Grant(role=role, type_key=type_key, verb=verb, scope=scope)
            for (type_key, verb), scope in widest.items()
        )
    rights_changed()
    return found


@transaction.atomic
def store(team: Staff, password: str) -> dict[str, list[int]]:
    """Departments and users with this password; returns their keys in order."""
    now = timezone.now()
    departments: list[Department] = []
    for row in team.departments.rows():
        above = row["parent"]
        parent = departments[above] if isinstance(above, int) else None
        one = Department.objects.create(name=str(row["name"]), parent=parent, created_at=now, updated_at=now)
        one.path = f"{parent.path if parent else ''}{one.pk}/"
        departments.append(one)
    Department.objects.bulk_update(departments, ["path"])
    known = roles()
    hashed = make_password(password)
    users: list[User] = []
    for row in team.users.rows():
        department, manager = row["department"], row["manager"]
        assert isinstance(department, int)
        user = User.objects.create(
            username=str(row["username"]), name=str(row["name"]), password=hashed, email=str(row["email"]),
            phone=str(row["phone"]), department=departments[department],
            manager=users[manager] if isinstance(manager, int) else None,
        )  # fmt: skip
        keys = {"demo": ("director", "admin")}.get(user.username, (str(row["role"]),))
        user.roles.set([known[key] for key in keys])
        users.append(user)
    return {"department": [one.pk for one in departments], "user": [one.pk for one in users]}


def set_passwords(password: str) -> int:
    """Gives all demo people this password; returns how many there are."""
    from kemai.project.demo.staff import PEOPLE

    users = User.objects.filter(username__in=[person[0] for person in PEOPLE])
    return users.update(password=make_password(password))
