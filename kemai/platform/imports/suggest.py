"""A first mapping for a file: what the same person did with the same columns last time, else a guess."""

from __future__ import annotations

from collections.abc import Sequence

from kemai.kit.tabular import Source
from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.fields import FieldSpec
from kemai.platform.imports import services
from kemai.platform.imports.guess import CERTAIN, best_columns
from kemai.platform.imports.mapping import ColumnMap, Options, Suggestion, load_mapping, load_options
from kemai.platform.imports.references import can_make
from kemai.platform.imports.shapes import Shape, shape_of
from kemai.platform.models import ImportRun
from kemai.platform.objects import ObjectType, get


def suggest(run: ImportRun, by: Actor) -> Suggestion:
    """The mapping to begin with."""
    source = services.load_source(run)
    shape = shape_of(run.type_key, run.shape)
    specs = services.fields_of(run, by)
    earlier = services.remembered(by, run)
    if earlier is not None:
        kept = again(earlier, source, specs)
        if kept:
            return Suggestion(
                tuple(kept), load_options(earlier.options), frozenset(one.column for one in kept), True
            )
    return fresh(shape, source, specs, by)


def again(earlier: ImportRun, source: Source, specs: Sequence[FieldSpec]) -> list[ColumnMap]:
    """The earlier mapping by the names of the columns, which may stand in another order now."""
    places = {name: column for column, name in enumerate(source.header)}
    allowed = {spec.key for spec in specs}
    old = earlier.source.get("header", [])
    found = []
    for one in load_mapping(earlier.mapping):
        name = old[one.column] if one.column < len(old) else None
        if name in places and one.field in allowed:
            found.append(ColumnMap(places[name], one.field, one.by, one.create))
    return found


def fresh(shape: Shape, source: Source, specs: Sequence[FieldSpec], by: Actor) -> Suggestion:
    object_type = get(shape.type_key)
    best = best_columns(source, specs, [shape.key or shape.type_key])
    by_key = {spec.key: spec for spec in specs}
    columns = tuple(
        ColumnMap(column, key, create=makes_missing(by_key[key], by))
        for key, (column, _score) in best.items()
    )
    certain = frozenset(column for column, score in best.values() if score >= CERTAIN)
    ordered = tuple(sorted(columns, key=lambda one: one.column))
    return Suggestion(ordered, default_options(shape, object_type, set(best), by), certain)


def makes_missing(spec: FieldSpec, by: Actor) -> bool:
    """Short lists (categories, shops) grow with the file; whoever is a customer is for a person to say."""
    return bool(spec.ref) and get(spec.ref).small and can_make(get(spec.ref), by)


def default_options(shape: Shape, object_type: ObjectType, mapped: set[str], by: Actor) -> Options:
    creates, updates = access.may(by, object_type, "create"), access.may(by, object_type, "edit")
    mode = "both" if creates and updates else "create" if creates else "update"
    if mode not in shape.modes:
        mode = shape.modes[0]
    return Options(
        mode=mode,
        match=default_match(object_type, mapped) if shape.matches else (),
        owner=by.user_id if object_type.has_owner else None,
    )


def default_match(object_type: ObjectType, mapped: set[str]) -> tuple[str, ...]:
    """The record's number if the file has it, else the first other key: two keys at once may contradict."""
    numbering = object_type.numbering.field if object_type.numbering else ""
    keys = dict.fromkeys((numbering, *object_type.unique_keys))
    return tuple(key for key in keys if key in mapped)[:1]
