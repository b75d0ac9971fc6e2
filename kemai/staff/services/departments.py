"""The tree of departments; `path` is kept in step so that "this one and all below" is one prefix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kemai.platform import access, audit
from kemai.platform.access import Actor
from kemai.platform.fields import Ref, Saying
from kemai.platform.jobs import Progress, enqueue
from kemai.platform.models import ChangeSet, Job
from kemai.platform.records import FieldErrors, Kept, Refused
from kemai.platform.records.bulk import chunks
from kemai.platform.records.halving import Refusals, halved
from kemai.platform.records.naming import Naming, namings
from kemai.staff.models import Department, User
from kemai.staff.services.trail import leave, require_admin

DEPTH = 12
WORK = "kemai.staff.services.departments.work"
DISSOLVED = Saying(gettext_noop("删除部门：%(name)s，由%(to)s接手"))
MOST_LISTED = 1000
"""Refused records that the act's page names; their number is always exact."""


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
        check_empty(department)
        department.deleted_at = timezone.now()
        department.save(update_fields=["deleted_at"])
        leave("delete", "department", department.pk, by=by)


def check_empty(department: Department) -> None:
    """Raises Refused while people or departments are in it."""
    if department.members.exists():
        raise Refused("not_empty", _("部门里还有员工，请先把他们调到别的部门"))
    if department.children.filter(deleted_at=None).exists():
        raise Refused("not_empty", _("部门下面还有部门，请先移走或删除它们"))


def named_in(department: Department) -> list[tuple[Naming, int]]:
    """The own fields that name the department, each with the number of its records."""
    found = [(one, one.of(department.pk).count()) for one in namings("department")]
    return [(one, count) for one, count in found if count]


def dissolve(
    department: Department, fields: Sequence[str], heir: object, *, by: Actor
) -> tuple[ChangeSet, Job]:
    """Deletes the department and writes another into these own fields ("object.field") of the records that name it, in
    the background, as one act that can be undone. Other fields go on naming it. Raises FieldErrors, Refused, Denied."""
    require_admin(by)
    to = _parent(heir, department)
    if to is None:
        raise FieldErrors({"heir": _("请选择接手的部门")})
    wanted = sorted({one.key for one, _count in named_in(department)} & set(fields))
    if not wanted:
        raise FieldErrors({"fields": _("请至少选择一个要换掉的字段")})
    with transaction.atomic():
        delete_department(department, by=by)
        reason = DISSOLVED.kept(name=department.name, to=to.name)
        changes = audit.open_set("dissolve", "department", by=by, reason=reason, outcome={
            "department": department.pk, "to": to.pk, "fields": wanted,
        })  # fmt: skip
        args = {"changeset": changes.pk, "by": by.user_id, "address": by.address, "via": by.via}
        title = _("删除部门：%(name)s") % {"name": department.name}
        job = enqueue(WORK, args, key=f"dissolve/{department.pk}", user=by.user_id, title=title, again=True)
    return changes, job


def work(progress: Progress, *, changeset: int, by: int, address: str = "", via: str = "") -> dict[str, int]:
    """The job. What names the new department already is not looked at again, so that a second run goes on."""
    changes = ChangeSet.objects.get(pk=changeset)
    if changes.undone_by_id is not None:
        raise Refused("undone", _("这次删除部门时的改动已经撤销"))
    told = dict(changes.outcome or {})
    heir = Department.objects.get(pk=told["to"])
    user = User.objects.select_related("department").get(pk=by)
    actor = replace(access.actor_for(user), is_system=True, address=address, via=via)
    chosen = [one for one in namings("department") if one.key in told["fields"]]
    total = sum(one.of(told["department"]).count() for one in chosen)
    kept: list[Kept] = []
    done = 0
    for one in chosen:
        for chunk in chunks(list(one.of(told["department"]).order_by("pk").values_list("pk", flat=True))):
            with transaction.atomic():
                gone, refused = handed(one, chunk, Ref(heir.pk, heir.name), by=actor, changes=changes)
                done += len(gone)
                kept += [Kept(one.type_key, key, one.field, why) for key, why in refused]
                told |= {"kept": [list(line) for line in kept[:MOST_LISTED]], "kept_count": len(kept)}
                ChangeSet.objects.filter(pk=changes.pk).update(outcome=told)
            progress(done + len(kept), total)
    return {"changeset": changes.pk, "count": done}


def handed(
    one: Naming, ids: Sequence[int], to: Ref, *, by: Actor, changes: ChangeSet
) -> tuple[set[int], Refusals]:
    return halved(ids, lambda some: one.put(dict.fromkeys(some, to), by=by, changes=changes))


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
