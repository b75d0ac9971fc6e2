"""Shapes of files: one row a record for every object type, and what domains register beside that (till rows)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy

from kemai.platform.access import Actor, field_levels, may
from kemai.platform.fields import KINDS, FieldSpec, Label
from kemai.platform.imports.mapping import ATTACH, ColumnMap, Options
from kemai.platform.imports.parsers import FILE_KINDS
from kemai.platform.objects import ObjectType, get

if TYPE_CHECKING:
    from kemai.platform.imports.work import Task, Work


@dataclass(frozen=True)
class Shape:
    """How the rows of a file become records. `fields` gives what a column may be for this actor; `open` the work on
    one file; `check` sentences on what is wrong with a mapping; `suggest` further rules for a guessed mapping."""

    key: str
    type_key: str
    label: Label
    description: Label
    fields: Callable[[Actor], Sequence[FieldSpec]]
    open: Callable[[Task], Work]
    check: Callable[[Sequence[ColumnMap], Options], list[str]]
    modes: tuple[str, ...] = ("both", "create", "update")
    matches: bool = True
    """A person chooses by which fields existing records are recognised."""
    verbs: Callable[[Options], Sequence[tuple[str, str]]] | None = None
    """The (object type, verb) rights that a run needs besides the import right."""
    icon: str = "table"
    creates: tuple[str, ...] = ()
    """Object types that the run may make on its way."""


_shapes: dict[str, Shape] = {}
_matchers: dict[tuple[str, str], Matcher] = {}
Matcher = Callable[[Sequence[str]], dict[str, int]]


def register_shape(shape: Shape) -> Shape:
    if shape.key in _shapes:
        raise ValueError(f"import shape {shape.key!r} is registered twice")
    _shapes[shape.key] = shape
    return shape


def also_match(type_key: str, field: str, matcher: Matcher) -> None:
    """A further place where values of a field identify a record: `matcher(values)` gives {value: record key}."""
    _matchers[type_key, field] = matcher


def matcher_of(type_key: str, field: str) -> Matcher | None:
    discover()
    return _matchers.get((type_key, field))


@functools.cache
def discover() -> None:
    autodiscover_modules("imports")


def shape_of(type_key: str, shape_key: str) -> Shape:
    """The named shape, or that of one row a record. Raises KeyError."""
    discover()
    if shape_key:
        found = _shapes[shape_key]
        if found.type_key != type_key:
            raise KeyError(shape_key)
        return found
    return record_shape(get(type_key))


def all_shapes() -> Iterator[Shape]:
    """The registered ones."""
    discover()
    return iter(_shapes.values())


def record_shape(object_type: ObjectType) -> Shape:
    from kemai.platform.imports import record_check, record_rows

    return Shape(
        key="",
        type_key=object_type.key,
        label=object_type.label,
        description="",
        fields=lambda by: importable(object_type, by),
        open=record_rows.RecordWork,
        check=lambda columns, options: record_check.check(object_type, columns, options),
        verbs=lambda options: record_verbs(object_type, options),
        icon=object_type.icon,
    )


def record_verbs(object_type: ObjectType, options: Options) -> list[tuple[str, str]]:
    verbs = [(object_type.key, "create")] if options.creates else []
    return [*verbs, (object_type.key, "edit")] if options.updates else verbs


def importable(object_type: ObjectType, by: Actor) -> list[FieldSpec]:
    """The fields that the actor may fill by import: those he may edit on a form."""
    levels = field_levels(by, object_type)
    return [
        spec
        for spec in object_type.fields.values()
        if levels[spec.key] == "edit"
        and not (spec.private or spec.readonly or spec.compute)
        and spec.type.key not in {*FILE_KINDS, "computed"}
    ]


def file_fields(object_type: ObjectType, by: Actor) -> list[FieldSpec]:
    """What a column may be besides, where files lie in an archive beside the table: own fields that hold one, and the
    files of the record."""
    levels = field_levels(by, object_type)
    found = [
        spec
        for spec in object_type.fields.values()
        if spec.own is not None and spec.type.key in FILE_KINDS and levels[spec.key] == "edit"
    ]
    return [*found, column_spec(ATTACH, "text", gettext_lazy("附件"))]


def may_import(by: Actor, object_type: ObjectType) -> bool:
    return (
        object_type.importable
        and object_type.creatable
        and may(by, object_type, "import")
        and (may(by, object_type, "create") or may(by, object_type, "edit"))
    )


def column_spec(key: str, kind: str, label: Label, **options: object) -> FieldSpec:
    """A column of a shape that is no field of the object type itself."""
    return FieldSpec(key, key, label, KINDS[kind], **options)  # type: ignore[arg-type]
