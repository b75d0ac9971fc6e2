"""The tree of departments; `path` is kept in step so that "this one and all below" is one prefix."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.records import FieldErrors, Refused
from kemai.staff.models import Department
from kemai.staff.services.trail import leave, require_admin

DEPTH = 12


def tree() -> QuerySet[Department]:
    """Every department in the order of the tree, with the number of its active members as `staff`."""
    found = Department.objects.filter(deleted_at=None).select_related("parent")
    return found.annotate(staff=Count("members", filter=Q(members__is_active=True))).order_by("path", "pk")


def save_department(department: Department | None, values: Mapping[str, object], *, by: Actor) -> Department:
    """Make a department, or rename and move one: name, parent (id or empty). Raises FieldErrors, Denied."""
    require_admin(by)
    name = " ".join(str(values.get("name") or "").split())[:80]
    if not name:
        raise FieldErrors({"name": _("请填写部门名称")})
    with transaction.atomic():
        list(Department.objects.select_for_update().order_by("pk").values_list("pk", flat=True))
        parent = _parent(values.get("parent"), department)
        if (
            Department.objects.filter(deleted_at=None, parent=parent, name=name)
            .exclude(pk=department.pk if department else 0)
            .exists()
        ):
            raise FieldErrors({"name": _("这里已经有同名部门")})
        now = timezone.now()
        is_new = department is None
        old = [department.name, department.parent_id] if department else None
        node = department or Department(created_at=now, created_by_id=by.user_id)
        node.name, node.parent, node.updated_at = name, parent, now
        node.version = 1 if is_new else node.version + 1
        node.save()
        move(node)
        diff = None if old is None else {"name": [old[0], name], "parent": [old[1], node.parent_id]}
        leave("create" if is_new else "update", "department", node.pk, by=by, diff=diff)
    return node


def move(node: Department) -> None:
    """Set the path of a department and of all below it."""
    before = node.path
    node.path = f"{node.parent.path if node.parent else ''}{node.pk}/"
    if node.path == before:
        return
    node.save(update_fields=["path"])
    access.rights_changed()
    if before:
        for below in Department.objects.filter(path__startswith=before).exclude(pk=node.pk):
            below.path = node.path + below.path[len(before) :]
            below.save(update_fields=["path"])


def delete_department(department: Department, *, by: Actor) -> None:
    """Raises Refused while people or departments are in it."""
    require_admin(by)
    with transaction.atomic():
        if department.members.exists():
            raise Refused("not_empty", _("部门里还有员工，请先把他们调到别的部门"))
        if department.children.filter(deleted_at=None).exists():
            raise Refused("not_empty", _("部门下面还有部门，请先移走或删除它们"))
        department.deleted_at = timezone.now()
        department.save(update_fields=["deleted_at"])
        leave("delete", "department", department.pk, by=by)


def _parent(value: object, department: Department | None) -> Department | None:
    text = str(value or "")
    if not text:
        return None
    found = Department.objects.filter(pk=int(text), deleted_at=None).first() if text.isdecimal() else None
    if found is None:
        raise FieldErrors({"parent": _("没有这个部门")})
    if department is not None and department.path and found.path.startswith(department.path):
        raise FieldErrors({"parent": _("上级部门不能是它自己或它的下级")})
    if found.path.count("/") >= DEPTH:
        raise FieldErrors({"parent": _("部门最多 %(n)s 级") % {"n": DEPTH}})
    return found
