"""What a write may not do to the place of a record: hand it over without that right, or push it out of one's sight."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.utils.translation import gettext as _

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.objects import ObjectType
from kemai.platform.records.errors import FieldErrors


def check_transfer(object_type: ObjectType, keys: Collection[int], *, by: Actor) -> None:
    """May the actor give these records to somebody else? Raises FieldErrors on the owner."""
    if by.is_system or not keys:
        return
    allowed = access.scope(by, object_type, "transfer").filter(pk__in=keys).count()
    if allowed != len(set(keys)):
        one = next(iter(keys)) if len(keys) == 1 else None
        raise FieldErrors({"owner": access.why_not(by, object_type, "transfer", one)})


def check_locks(object_type: ObjectType, changes: Mapping[int, Collection[str]], *, by: Actor) -> None:
    """Does the state of one of these records lock a field that would change ({id: names})? Raises FieldErrors."""
    names = {name for fields in changes.values() for name in fields}
    for name, shut in access.locked(by, object_type, list(changes), sorted(names)).items():
        if any(name in changes[key] for key in shut):
            raise FieldErrors({name: access.why_locked(by, object_type, name)})


def check_placed(object_type: ObjectType, keys: Collection[int], *, by: Actor) -> None:
    """New records lie where the actor may make some: not under a record on which he may not, nor such as a condition of
    his role keeps from him. One may make a record for somebody else (a task, say). Raises FieldErrors."""
    if not keys or access.verb_scope(by, object_type, "create") == "all":
        return
    for_others = not object_type.parent
    made = access.scope(by, object_type, "create", by_values=for_others).filter(pk__in=keys)
    if made.count() < len(set(keys)):
        place = "" if for_others or access.conditional(by, object_type, "create") else object_type.parent
        raise FieldErrors({place: access.why_not(by, object_type, "create", None)})


def check_stays(
    object_type: ObjectType, keys: Collection[int], changed: Collection[str], *, by: Actor
) -> None:
    """Changed records are still the actor's to change, unless he has handed them over: what is edited out of one's own
    scope would vanish before one's eyes. Raises FieldErrors."""
    if not keys or access.verb_scope(by, object_type, "edit") == "all":
        return
    deciding = access.deciding_fields(by, object_type, "edit")
    touched = [key for key in changed if key in deciding]
    if not touched or touched == ["owner"]:
        return
    kept = access.scope(by, object_type, "edit", by_values="owner" in changed).filter(pk__in=keys)
    if kept.count() == len(set(keys)):
        return
    field = next(key for key in touched if key != "owner")
    message = _("这样修改后，记录就不在您的权限范围内，您将看不到它：%(why)s") % {
        "why": access.range_text(by, object_type, "edit")
    }
    raise FieldErrors({field: message})
