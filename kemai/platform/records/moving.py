"""The rows that follow a record into another, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from django.apps import apps
from django.core import serializers
from django.db import models
from django.utils import timezone

from kemai.platform.fields import FieldSpec
from kemai.platform.objects import ObjectType, by_model, get
from kemai.platform.objects.types import has_column, part_model
from kemai.platform.records import sql
from kemai.platform.records.pointers import Pointer, clashes, own_references, pointers
from kemai.platform.records.undo_plan import Kept

Move = dict[str, Any]
CHUNK = 500


def move(object_type: ObjectType, gone: int, keep: int) -> list[Move]:
    """Points everything that pointed to `gone` to `keep`, and says what it did."""
    done: list[Move] = []
    for pointer in pointers(object_type):
        rows = pointer.rows(object_type.key, gone)
        ids = list(rows.order_by("pk").values_list("pk", flat=True))
        if not ids:
            continue
        aside = clashes(pointer, rows, object_type.key, keep) | own_ends(pointer, rows, object_type.key, keep)
        if aside:
            put_aside = list(pointer.model._base_manager.filter(pk__in=aside))
            done.append({"model": pointer.label, "rows": plain(serializers.serialize("python", put_aside))})
            pointer.model._base_manager.filter(pk__in=aside).delete()
        left = [key for key in ids if key not in aside]
        if left:
            point(pointer, left, gone, keep)
            done.append({"model": pointer.label, "field": pointer.column, "ids": left})
    done += move_own(object_type, gone, keep)
    return done


def plain(rows: Any) -> Any:
    """In JSON form, to the microsecond (Django's own encoder stops at the thousandth of a second)."""
    return orjson.loads(orjson.dumps(rows, default=str))


def own_ends(pointer: Pointer, rows: models.QuerySet[Any], type_key: str, keep: int) -> set[int]:
    """Relations between the two records themselves: nobody is related to themselves."""
    other = {"a_id": ("b_type", "b_id"), "b_id": ("a_type", "a_id")}.get(pointer.column)
    if other is None or not pointer.pair:
        return set()
    return set(rows.filter(**{other[0]: type_key, other[1]: keep}).values_list("pk", flat=True))


def point(pointer: Pointer, ids: Sequence[int], old: int, new: int) -> list[int]:
    """Moves those rows that still point to `old`; returns those that did not."""
    stamp: dict[str, Any] = {pointer.column: new}
    if has_column(pointer.model, "updated_at"):
        stamp["updated_at"] = timezone.now()  # who reads what has changed must hear of it
    missed: list[int] = []
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        rows = pointer.model._base_manager.filter(pk__in=part, **{pointer.column: old})
        there = set(rows.values_list("pk", flat=True))
        missed += [key for key in part if key not in there]
        rows.update(**stamp)
    return missed


def move_own(object_type: ObjectType, gone: int, keep: int) -> list[Move]:
    """Own reference fields of any type."""
    done: list[Move] = []
    for holder, definition in own_references(object_type):
        spec = holder.fields.get(definition.key)
        if spec is not None and spec.refs:
            done += move_lists(holder, spec, gone, keep)
            continue
        changed = swap(holder, definition.key, gone, keep, None)
        if changed:
            done.append(
                {
                    "model": holder.model._meta.label,
                    "extra": definition.key,
                    "type": holder.key,
                    "ids": changed,
                }
            )
    return done


def move_lists(holder: ObjectType, spec: FieldSpec, gone: int, keep: int) -> list[Move]:
    """Own fields that name several records: keys as text (docs/adr/012). Their lists are noted as they were: where one
    named both records it cannot be told afterwards."""
    rows = holder.records().filter(**{f"{spec.path}__contains": f'"{gone}"'})
    before = {pk: extra[spec.key] for pk, extra in rows.order_by("pk").values_list("pk", "extra")}
    if not before:
        return []
    after = {pk: renamed(found, gone, keep) for pk, found in before.items()}
    set_lists(holder, spec.key, after)
    lists = {str(pk): found for pk, found in before.items()}
    return [{"model": holder.model._meta.label, "extra": spec.key, "type": holder.key, "lists": lists}]


def renamed(found: Sequence[str], old: int, new: int) -> list[str]:
    return list(dict.fromkeys(str(new) if one == str(old) else one for one in found))


def set_lists(holder: ObjectType, key: str, lists: Mapping[int, Sequence[str]]) -> None:
    now = timezone.now()
    sql.update(
        holder.model, ["extra", "updated_at"], [[{key: found}, now, pk] for pk, found in lists.items()]
    )


def lists_back(
    holder: ObjectType, key: str, before: Mapping[str, Sequence[str]], gone: int, keep: int
) -> None:
    """Where nobody has chosen others since."""
    rows = dict(holder.records().filter(pk__in=[int(pk) for pk in before]).values_list("pk", "extra"))
    same = {
        int(pk): found
        for pk, found in before.items()
        if int(pk) in rows and rows[int(pk)].get(key) == renamed(found, gone, keep)
    }
    set_lists(holder, key, same)


def swap(holder: ObjectType, key: str, old: int, new: int, ids: Sequence[int] | None) -> list[int]:
    """Own fields that name one record."""
    spec = holder.fields.get(key)
    if spec is None or spec.own is None:
        return []
    rows = holder.records().filter(**{spec.path: old})
    if ids is not None:
        rows = rows.filter(pk__in=ids)
    found = list(rows.order_by("pk").values_list("pk", flat=True))
    now = timezone.now()
    sql.update(holder.model, ["extra", "updated_at"], [[{key: new}, now, pk] for pk in found])
    return found


def move_back(moves: Iterable[Move], gone: int, keep: int) -> list[Kept]:
    """The inverse of `move`; lists what has gone elsewhere since and therefore stays there."""
    kept: list[Kept] = []
    for one in reversed(list(moves)):
        model = apps.get_model(one["model"])
        if "rows" in one:
            put_back(model, one["rows"])
        elif "lists" in one:
            lists_back(get(one["type"]), one["extra"], one["lists"], gone, keep)
        elif "extra" in one:
            swap(get(one["type"]), one["extra"], keep, gone, one["ids"])
        else:
            missed = point(Pointer(model, one["field"]), one["ids"], keep, gone)
            alive = set(model._base_manager.filter(pk__in=missed[:CHUNK]).values_list("pk", flat=True))
            kept += [Kept(model._meta.model_name or "", key, one["field"], "later") for key in sorted(alive)]
    return kept


def put_back(model: type[models.Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows that were put aside, with their old keys; one that has come back by itself meanwhile is left alone."""
    text = orjson.dumps(list(rows)).decode()
    for restored in serializers.deserialize("json", text, ignorenonexistent=True):
        obj = restored.object
        if not model._base_manager.filter(pk=obj.pk).exists() and not doubled(obj):
            restored.save()


def doubled(obj: models.Model) -> bool:
    for constraint in obj._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and constraint.condition is None:
            same = {name: getattr(obj, obj._meta.get_field(name).attname) for name in constraint.fields}  # type: ignore[union-attr]
            if type(obj)._base_manager.filter(**same).exists():
                return True
    return False


def holders(moved: Mapping[str, Sequence[Move]]) -> Iterable[tuple[ObjectType, list[int]]]:
    """The records whose columns or own fields were pointed elsewhere, by their types."""
    found: dict[str, tuple[ObjectType, list[int]]] = {}
    for one in (move for moves in moved.values() for move in moves if "ids" in move):
        holder = get(one["type"]) if "type" in one else by_model(apps.get_model(one["model"]))
        if holder is not None:
            found.setdefault(holder.key, (holder, []))[1].extend(one["ids"])
    return found.values()


def parts_of(object_type: ObjectType, key: int) -> dict[str, dict[str, Any]]:
    """The rows of the record's parts, in JSON form."""
    found = {}
    for part in object_type.parts:
        model = part_model(object_type.model, part)
        row = model._base_manager.filter(pk=key).values().first()
        if row is not None:
            found[part] = plain(row)
    return found


def pairs(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {part: [row, after.get(part)] for part, row in before.items() if row != after.get(part)}


def untouched(
    object_type: ObjectType, key: int, parts: Mapping[str, Sequence[Any]]
) -> dict[str, Mapping[str, Any]]:
    """The parts as they were before, of those that nobody has worked out anew since."""
    now = parts_of(object_type, key)
    return {part: before for part, (before, after) in parts.items() if now.get(part) == after}


def restore_parts(object_type: ObjectType, key: int, parts: Mapping[str, Mapping[str, Any]]) -> None:
    for part, before in parts.items():
        model = part_model(object_type.model, part)
        columns = {column.attname: column for column in model._meta.concrete_fields if not column.primary_key}
        values = {name: columns[name].to_python(value) for name, value in before.items() if name in columns}
        model._base_manager.filter(pk=key).update(**values)


def listed(made: Iterable[models.Model]) -> list[Move]:
    found: dict[str, list[int]] = {}
    for obj in made:
        found.setdefault(obj._meta.label, []).append(obj.pk)
    return [{"model": label, "ids": ids} for label, ids in found.items()]


def unmake(made: Iterable[Move]) -> None:
    for one in made:
        apps.get_model(one["model"])._base_manager.filter(pk__in=one["ids"]).delete()
