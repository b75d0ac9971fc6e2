"""Sharing: members of single records, and rules that share records by what they are."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kemai.platform import access, audit, events
from kemai.platform.access import SYSTEM, Actor, quota
from kemai.platform.fields import Saying
from kemai.platform.jobs import Progress, schedule
from kemai.platform.models import Change, ChangeSet, Member, Role, ShareRule
from kemai.platform.models.sharing import SHARE_LEVELS
from kemai.platform.objects import ObjectType, all_types, get
from kemai.platform.query import QueryError, parse
from kemai.platform.records.errors import FieldErrors, Refused

MOST = 200
LEVELS = tuple(option.value for option in SHARE_LEVELS)
EXPIRED = "member_expired"
MEMBERS = Saying(gettext_noop("团队成员"))


@dataclass(frozen=True)
class Invitation:
    """Who becomes a member (a person or a department, by id), at which level, until when, with which child types."""

    user: int | None = None
    department: int | None = None
    level: str = "read"
    children: tuple[str, ...] = ()
    until: dt.date | None = None


def shareable(object_type: ObjectType) -> bool:
    """Records that belong to somebody and to no other record; children come along with them."""
    return object_type.has_owner and not object_type.parent and not object_type.administered


def child_types(object_type: ObjectType) -> list[ObjectType]:
    """The types whose records belong to records of this one, however deep."""
    return [
        one
        for one in all_types()
        if one.parent and one is not object_type and access.root_type(one) is object_type
    ]


def members_of(type_key: str, key: int) -> list[Member]:
    rows = Member.objects.filter(type_key=type_key, object_id=key).select_related("user", "added_by")
    return list(rows.order_by("pk"))


def department_names(ids: Iterable[int]) -> dict[int, str]:
    model: Any = get_user_model()._meta.get_field("department").related_model
    return dict(model._default_manager.filter(pk__in=list(ids)).values_list("pk", "name"))


def add_member(type_key: str, key: int, wanted: Invitation, *, by: Actor) -> Member:
    """Makes somebody a member of a record, or changes as what. Raises NotVisible, Denied, FieldErrors, Refused."""
    object_type = get(type_key)
    if not shareable(object_type):
        raise Refused("not_shareable", _("%(type)s不能单独共享") % {"type": object_type.label})
    access.one(by, object_type, key, "share")
    check_invitation(object_type, key, wanted, by=by)
    with transaction.atomic():
        rows = Member.objects.select_for_update().filter(type_key=type_key, object_id=key)
        if rows.count() >= MOST:
            raise Refused("too_many", _("一条记录最多 %(n)s 位成员，请改为共享给部门") % {"n": MOST})
        old = rows.filter(user=wanted.user, department=wanted.department).first()
        before = told(old) if old else None
        member = old or Member(
            type_key=type_key, object_id=key, user_id=wanted.user, department=wanted.department
        )
        member.level, member.until = wanted.level, wanted.until
        member.children = joined(wanted.children)
        member.added_by_id, member.added_at = by.user_id, timezone.now()
        member.save()
        leave(member, before, told(member), "member_added", by=by)
    return member


def check_invitation(object_type: ObjectType, key: int, wanted: Invitation, *, by: Actor) -> None:
    errors: dict[str, str] = {}
    if problem := who_problem(object_type, key, wanted):
        errors["who"] = problem
    if wanted.level not in LEVELS:
        errors["level"] = _("请选择只读或可编辑")
    elif wanted.level == "edit" and "edit" not in access.abilities(by, object_type, key, ("edit",)):
        errors["level"] = _("您自己不能编辑这条记录，所以只能给出只读权限")
    if wanted.until is not None and wanted.until < today():
        errors["until"] = _("到期日不能早于今天")
    known = {one.key for one in child_types(object_type) if access.may(by, one, "view")}
    if set(wanted.children) - known:
        errors["children"] = _("不能一起共享这些下级记录")
    if errors:
        raise FieldErrors(errors)


def who_problem(object_type: ObjectType, key: int, wanted: Invitation) -> str:
    if (wanted.user is None) == (wanted.department is None):
        return _("请选择一位员工或一个部门")
    if wanted.department is not None:
        return "" if department_names([wanted.department]) else _("没有这个部门，请重新选择")
    person = get_user_model()._default_manager.filter(pk=wanted.user or 0, is_active=True).first()
    if person is None:
        return _("没有这位在职员工，请重新选择")
    if getattr(object_type.records().get(pk=key), "owner_id", None) == wanted.user:
        return _("%(name)s 就是负责人，不需要再添加") % {"name": person}
    return ""


def remove_member(member_id: int, *, by: Actor) -> None:
    """Raises NotVisible, Denied. Everybody may leave by himself."""
    member = Member.objects.filter(pk=member_id).first()
    if member is None:
        raise access.NotVisible
    leaving = by.user_id is not None and member.user_id == by.user_id
    access.one(by, member.type_key, member.object_id, "view" if leaving else "share")
    with transaction.atomic():
        drop(member, "member_removed", by=by)


def drop(member: Member, event: str, *, by: Actor) -> None:
    before = told(member)
    Member.objects.filter(pk=member.pk).delete()
    leave(member, before, None, event, by=by)


def told(member: Member) -> dict[str, Any]:
    """A member as the log names it."""
    name = (
        str(member.user)
        if member.user_id
        else department_names([member.department or 0]).get(member.department or 0, "")
    )
    found: dict[str, Any] = {"who": name, "level": member.level}
    if member.until:
        found["until"] = member.until.isoformat()
    if member.children:
        found["children"] = split(member.children)
    return found


def leave(member: Member, before: Any, after: Any, event: str, *, by: Actor) -> None:
    """The log's entry and the event of a change of members."""
    changes = audit.open_set("update", member.type_key, by=by, reason=MEMBERS.kept(), count=1)
    diff = {"members": [sentence(before), sentence(after)]}
    Change.objects.create(
        changeset=changes, type_key=member.type_key, object_id=member.object_id, action="update", diff=diff
    )
    who = {"user": member.user_id, "department": member.department, **(after or before)}
    if event == EXPIRED:  # so that whoever asks why he sees nothing any more can be told
        ChangeSet.objects.filter(pk=changes.pk).update(outcome={"ended": who})
    events.emit(f"{member.type_key}.{event}", member.type_key, member.object_id, changes, who)
    access.rights_changed()


def sentence(one: Mapping[str, Any] | None) -> str | None:
    if one is None:
        return None
    level = next(str(option.label) for option in SHARE_LEVELS if option.value == one["level"])
    text = f"{one['who']} · {level}"
    return f"{text} · {one['until']}" if "until" in one else text


def joined(keys: Sequence[str]) -> str:
    return f",{','.join(sorted(set(keys)))}," if keys else ""


def split(children: str) -> list[str]:
    return [key for key in children.split(",") if key]


def today() -> dt.date:
    return timezone.localdate(timezone=timezone.get_default_timezone())


@schedule("members.expire", every=60)
def expire(progress: Progress) -> int:
    """Takes away members whose day is over (they see nothing from that midnight on in any case), and old counts."""
    quota.sweep()
    removed = 0
    for member in Member.objects.filter(until__lt=today()).select_related("user")[:5000]:
        with transaction.atomic():
            drop(member, EXPIRED, by=SYSTEM)
        removed += 1
        progress(removed)
    return removed


def save_rule(rule: ShareRule | None, values: Mapping[str, Any], *, by: Actor) -> ShareRule:
    """A rule that shares records: name, type_key, where, target ("user:7"), level, children, active.

    Raises Denied, FieldErrors."""
    require_admin(by)
    type_key = str(values.get("type_key") or "")
    types = {one.key: one for one in all_types() if shareable(one)}
    errors: dict[str, str] = {}
    name = " ".join(str(values.get("name") or "").split())[:80]
    if not name:
        errors["name"] = _("请填写规则名称")
    where = values.get("where") or {}
    if type_key not in types:
        errors["type_key"] = _("请选择要共享的对象")
    else:
        try:
            parse(where, types[type_key], by.moment())
        except QueryError as error:
            errors["where"] = error.message
    kind, _colon, number = str(values.get("target") or "").partition(":")
    if not target_exists(kind, number):
        errors["target"] = _("请选择共享给谁")
    if values.get("level") not in LEVELS:
        errors["level"] = _("请选择只读或可编辑")
    children = [str(key) for key in values.get("children") or ()]
    if type_key in types and set(children) - {one.key for one in child_types(types[type_key])}:
        errors["children"] = _("不能一起共享这些下级记录")
    if errors:
        raise FieldErrors(errors)
    with transaction.atomic():
        kept = rule or ShareRule(created_at=timezone.now())
        before = rule_told(rule) if rule else {}
        kept.name, kept.type_key, kept.where, kept.level = name, type_key, where, str(values["level"])
        kept.target, kept.target_id, kept.children = kind, int(number), joined(children)
        kept.active = bool(values.get("active", True))
        kept.save()
        note_rule("update" if rule else "create", kept, before, rule_told(kept), by=by)
    return kept


def delete_rule(rule: ShareRule, *, by: Actor) -> None:
    require_admin(by)
    with transaction.atomic():
        before = rule_told(rule)
        key = rule.pk
        ShareRule.objects.filter(pk=key).delete()
        note_rule("delete", rule, before, {}, by=by, key=key)


def require_admin(by: Actor) -> None:
    if not (by.is_admin or by.is_system):
        raise access.Denied


def target_exists(kind: str, number: str) -> bool:
    if not (number.isascii() and number.isdigit() and len(number) < 18):
        return False
    manager: models.Manager[Any] | None = None
    if kind == "user":
        manager = get_user_model()._default_manager
        return manager.filter(pk=int(number), is_active=True).exists()
    if kind == "role":
        return Role.objects.filter(pk=int(number)).exists()
    return kind == "department" and bool(department_names([int(number)]))


def rule_told(rule: ShareRule) -> dict[str, Any]:
    return {
        "name": rule.name, "type_key": rule.type_key, "where": json.dumps(rule.where, ensure_ascii=False),
        "target": f"{rule.target}:{rule.target_id}", "level": rule.level, "children": rule.children,
        "active": rule.active,
    }  # fmt: skip


def note_rule(
    kind: str, rule: ShareRule, old: Mapping[str, Any], new: Mapping[str, Any], *, by: Actor, key: int = 0
) -> None:
    diff = {name: [old.get(name), new.get(name)] for name in (*new, *old) if old.get(name) != new.get(name)}
    changes = audit.open_set(kind, "share_rule", by=by, reason=rule.name, count=1)
    Change.objects.create(
        changeset=changes, type_key="share_rule", object_id=key or rule.pk, action=kind, diff=diff or None
    )
    events.emit(f"share_rule.{kind.rstrip('e')}ed", "share_rule", key or rule.pk, changes)
    access.rights_changed()
