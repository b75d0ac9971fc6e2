"""Takes the demo company's people on, through the services of staff."""

from __future__ import annotations

from django.db import transaction

from kemai.platform.access import Actor
from kemai.platform.models import Role
from kemai.project.demo import services
from kemai.project.demo.staff import Staff
from kemai.staff.services.departments import save_department
from kemai.staff.services.people import create_user
from kemai.staff.services.roles import ensure_builtin_roles

ROLES = {"manager": "sales_manager", "shop": "sales"}
"""Our word for what somebody does → the built-in role; the others are the same."""
ALSO = {"demo": ("admin",)}


@transaction.atomic
def store(team: Staff, password: str, *, by: Actor) -> dict[str, list[int]]:
    """Departments and users with this password; returns their keys in order."""
    ensure_builtin_roles()
    roles = dict(Role.objects.values_list("key", "pk"))
    departments: list[int] = []
    for row in team.departments.rows():
        above = row["parent"]
        values = {"name": row["name"], "parent": departments[above] if isinstance(above, int) else ""}
        departments.append(save_department(None, values, by=by).pk)
    users: list[int] = []
    for row in team.users.rows():
        department, manager, role = row["department"], row["manager"], str(row["role"])
        assert isinstance(department, int)
        person = {name: row[name] for name in ("username", "name", "email", "phone")}
        person["department"] = departments[department]
        person["manager"] = users[manager] if isinstance(manager, int) else ""
        keys = (ROLES.get(role, role), *ALSO.get(str(row["username"]), ()))
        person["roles"] = [roles[key] for key in keys]
        users.append(create_user(person, by=by).pk)
    services.set_passwords(team.users.texts("username"), password)
    return {"department": departments, "user": users}
