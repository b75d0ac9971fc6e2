"""What goes along when a record, or everything of a person, gets another owner. Apps say so for their own types:

    register_belonging(Belonging("task", open_tasks, about=tasks_about, follow=tasks_follow, label=_("未完成的任务")))

A type with an owner that says nothing goes over as a whole, and belongs to the records that it refers to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import Count, Q, QuerySet

from kemai.platform.access import Actor
from kemai.platform.fields import Label, Ref
from kemai.platform.models import ChangeSet
from kemai.platform.objects import ObjectType, all_types, get
from kemai.platform.records.bulk import update_chunk
from kemai.platform.records.recycle import every

Rows = QuerySet[Any]
Narrow = Callable[[Rows], Rows]
About = Callable[[str, Sequence[int]], Q]
Follow = Callable[[Sequence[int]], Mapping[int, tuple[str, int]]]


@dataclass(frozen=True)
class Belonging:
    """`narrow` leaves out what is over and stays with whoever did it; `about(type, ids)` are those that are about these
    records; `follow(ids)` names the record each of them goes with when its owner leaves."""

    type_key: str
    narrow: Narrow | None = None
    about: About | None = None
    follow: Follow | None = None
    label: Label = ""
    stays: bool = False
    """These records say who did something: they are never handed over."""

    @property
    def type(self) -> ObjectType:
        return get(self.type_key)

    @property
    def key(self) -> str:
        return self.type_key

    @property
    def title(self) -> Label:
        return self.label or self.type.label

    def of(self, user_id: int) -> Rows:
        """The living records of a person that would go over."""
        return self.living().filter(owner=user_id)

    def counts(self, users: Sequence[int]) -> dict[int, int]:
        """How many each of these has now."""
        rows = self.living().filter(owner__in=list(users))
        return dict(rows.order_by().values_list("owner").annotate(n=Count("pk")))

    def living(self) -> Rows:
        rows = every(self.type)
        rows = rows.filter(deleted_at=None) if self.type.recycles else rows
        return self.narrow(rows) if self.narrow else rows

    def put(self, to: Mapping[int, Ref | None], *, by: Actor, changes: ChangeSet) -> int:
        """Gives one chunk of them to these people, inside the caller's transaction; returns how many changed hands."""
        values = {key: {"owner": owner} for key, owner in to.items()}
        return update_chunk(self.type, values, by=by, changeset=changes, parsed=True) if values else 0


_belongings: dict[str, Belonging] = {}


def register_belonging(one: Belonging) -> None:
    _belongings[one.type_key] = one


def belonging(object_type: ObjectType) -> Belonging:
    return _belongings.get(object_type.key) or Belonging(object_type.key)


def belongings() -> list[Belonging]:
    """Of every type with an owner, what belongs to nothing else first: tasks follow the customers they are about."""
    found = [belonging(one) for one in all_types() if one.has_owner and not one.administered]
    return sorted(
        (one for one in found if not one.stays),
        key=lambda one: (one.follow is not None, bool(one.type.parent)),
    )


def companions(object_type: ObjectType) -> list[tuple[Belonging, Callable[[Sequence[int]], Q]]]:
    """What may go along when records of this type get another owner, and which of it is about the given ones."""
    found: list[tuple[Belonging, Callable[[Sequence[int]], Q]]] = []
    for one in belongings():
        if one.about is not None:
            found.append((one, partial(one.about, object_type.key)))
            continue
        links = [spec for spec in one.type.fields.values() if spec.ref == object_type.key and not spec.part]
        if links and one.type is not object_type:
            found.append((one, partial(any_of, [spec.value_path for spec in links])))
    return found


def any_of(paths: Sequence[str], ids: Sequence[int]) -> Q:
    condition = Q()
    for path in paths:
        condition |= Q(**{f"{path}__in": list(ids)})
    return condition
