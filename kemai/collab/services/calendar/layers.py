"""Layers of the calendar. Tasks are one; every own type with a date is one; further ones are added by apps
(visits and birthdays by customers). All read through `access.scope`: no calendar shows more than the lists."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kemai.collab.models import Task
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.fields import Label
from kemai.platform.models import Record
from kemai.platform.objects import ObjectType, all_types

MOST = 1000
"""Entries of one layer in one span: more than anybody can look at."""


@dataclass(frozen=True)
class Span:
    """Days from `first` up to and including `last`, of these people ([] for nobody's in particular)."""

    first: dt.date
    last: dt.date
    people: Sequence[int] = ()

    @property
    def edges(self) -> tuple[dt.datetime, dt.datetime]:
        """The moments that the days begin and end, by the company's clock."""
        zone = timezone.get_default_timezone()
        begin = dt.datetime.combine(self.first, dt.time(), tzinfo=zone)
        end = dt.datetime.combine(self.last + dt.timedelta(days=1), dt.time(), tzinfo=zone)
        return begin, end


@dataclass(frozen=True)
class Event:
    """Something on a day. `at` is a local moment, None for the whole day; `key` names it for ever ("task/12")."""

    key: str
    day: dt.date
    title: str
    layer: str
    color: str = "blue"
    at: dt.datetime | None = None
    url: str = ""
    who: str = ""
    done: bool = False
    movable: bool = False
    """May be dragged to another day by this actor."""
    yearly: bool = False

    @property
    def time(self) -> str:
        return self.at.strftime("%H:%M") if self.at is not None else ""


Read = Callable[[Actor, Span], Iterable[Event]]
Move = Callable[[Actor, int, dt.date], Any]


@dataclass(frozen=True)
class Layer:
    """`read` gives what an actor sees of it; `move(actor, id, day)` puts one entry on another day through the write
    door; `allowed` says who has the layer at all."""

    key: str
    label: Label
    color: str
    read: Read
    allowed: Callable[[Actor], bool]
    move: Move | None = None
    order: int = 50
    shown: bool = True
    """On at first."""


_layers: dict[str, Layer] = {}


def add_layer(layer: Layer) -> None:
    _layers[layer.key] = layer


def layers() -> list[Layer]:
    """The declared ones, then one for each own type with a date field."""
    own = [own_layer(one, spec_key) for one in all_types() if (spec_key := own_date(one))]
    return sorted([*_layers.values(), *own], key=lambda layer: layer.order)


def layers_for(actor: Actor) -> list[Layer]:
    return [layer for layer in layers() if layer.allowed(actor)]


def read(actor: Actor, span: Span, chosen: Iterable[str]) -> list[Event]:
    """Everything on the chosen layers, by day and hour."""
    wanted = set(chosen)
    found = [event for layer in layers_for(actor) if layer.key in wanted for event in layer.read(actor, span)]
    return sorted(found, key=lambda event: (event.day, event.at is not None, event.time, event.title))


def local(moment: dt.datetime) -> dt.datetime:
    return timezone.localtime(moment, timezone.get_default_timezone())


# tasks


def read_tasks(actor: Actor, span: Span) -> Iterable[Event]:
    begin, end = span.edges
    rows = access.scope(actor, "task").filter(due_at__gte=begin, due_at__lt=end, owner__in=span.people)
    rows = rows.exclude(state="dropped").order_by("due_at", "pk")
    columns = ("pk", "title", "kind", "state", "due_at", "owner__name")
    found = list(rows.values_list(*columns)[:MOST])
    movable = set(
        access.scope(actor, "task", "edit")
        .filter(pk__in=[row[0] for row in found])
        .values_list("pk", flat=True)
    )
    colors = {option.value: option.color for option in Task.KINDS}
    for key, title, kind, state, due_at, owner in found:
        at = local(due_at)
        yield Event(
            f"task/{key}", at.date(), title, "task", colors.get(kind, "gray"), at,
            reverse("record", args=["task", key]), owner or "", state == "done", state == "open" and key in movable,
        )  # fmt: skip


def move_task(actor: Actor, key: int, day: dt.date) -> Any:
    """The same hour on another day. Raises access.NotVisible, access.Denied, Refused."""
    from kemai.collab.services.tasks import postpone_task

    task = access.one(actor, "task", key, "edit")
    zone = timezone.get_default_timezone()
    clock = local(task.due_at).time() if task.due_at else dt.time(10)
    return postpone_task(key, dt.datetime.combine(day, clock, tzinfo=zone), by=actor)


add_layer(
    Layer(
        "task", _("任务"), "blue", read_tasks, lambda actor: access.may(actor, "task", "view"), move_task, order=10
    )
)  # fmt: skip


# own types


def own_date(object_type: ObjectType) -> str:
    """The date field of an own type; '' for declared types and for those without a date of their own."""
    if object_type.model is not Record or not object_type.date:
        return ""
    spec = object_type.fields.get(object_type.date)
    known = spec is not None and not spec.readonly and spec.type.key in {"date", "datetime"}
    return object_type.date if known else ""


def own_layer(object_type: ObjectType, date_key: str) -> Layer:
    """Records of an own type by their date, also where it stands among the own values."""
    from kemai.platform import query

    spec = object_type.fields[date_key]

    def records(actor: Actor, span: Span) -> Iterable[Event]:
        if access.field_levels(actor, object_type).get(date_key) not in {"read", "edit"}:
            return
        tree = {"field": date_key, "op": "between", "value": [span.first.isoformat(), span.last.isoformat()]}
        node = access.condition(actor, object_type, tree)
        mine = access.scope(actor, object_type).filter(owner__in=span.people)
        rows = mine.filter(query.compile_q(node, object_type))
        specs = access.visible_specs(actor, object_type, [object_type.title, date_key])
        fetched = query.fetch(rows.order_by("pk")[:MOST], object_type, specs)
        access.mask_rows(actor, object_type, fetched)
        for row in fetched:
            value = row.get(date_key)
            if value is None:
                continue
            at = local(value) if isinstance(value, dt.datetime) else None
            title = str(row.get(object_type.title) or f"#{row['id']}")
            url = reverse("record", args=[object_type.key, row["id"]])
            yield Event(
                f"{object_type.key}/{row['id']}", at.date() if at else value, title, object_type.key, "teal", at, url,
                movable=access.may(actor, object_type, "edit"),
            )  # fmt: skip

    def move(actor: Actor, key: int, day: dt.date) -> Any:
        from kemai.platform import records as door

        record = access.one(actor, object_type, key, "edit")
        row = door.row_of(object_type, record.pk, by=actor)
        value: object = day
        if spec.type.key == "datetime" and isinstance(row.get(date_key), dt.datetime):
            clock = local(row[date_key]).time()
            value = dt.datetime.combine(day, clock, tzinfo=timezone.get_default_timezone())
        return door.update(object_type.key, key, {date_key: value}, by=actor)

    return Layer(
        object_type.key, object_type.label, "teal", records, lambda actor: access.may(actor, object_type, "view"),
        move, order=60,
    )  # fmt: skip
