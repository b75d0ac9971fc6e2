"""Records that lie open to some people while they belong to nobody (a pool): seen, in part, and not changed.

An app says for a type where such places are (`register`); the filter, its explanation and the masks do the rest. Who
sees a record only because it lies in such a place sees what that place shows, whatever his roles say of the fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from kemai.platform.access.actor import Actor
from kemai.platform.access.grants import forgetting, version_of
from kemai.platform.objects import ObjectType


class Place(NamedTuple):
    """One such place. Nobody named means everybody. `shut` are the fields it does not show, by level."""

    id: int
    name: str
    users: frozenset[int]
    departments: frozenset[int]
    keepers: frozenset[int]
    """Those who look after it: they see its records in full."""
    shut: tuple[tuple[str, str], ...] = ()
    looks: int | None = None
    """How many of its records a person may open in full on one day."""
    unopened: tuple[tuple[str, str], ...] = ()
    """What it keeps shut further of a record that the person has not opened yet: lists, exports and searches would go
    around the limit."""

    def is_for(self, actor: Actor) -> bool:
        if actor.user_id in self.keepers or not (self.users or self.departments):
            return True
        return actor.user_id in self.users or not self.departments.isdisjoint(actor.department_ids)


class Commons(NamedTuple):
    """`path` leads from a record to the key of the place it lies in; `load` reads all places that are open."""

    path: str
    load: Callable[[], Sequence[Place]]
    opened: Callable[[Actor, str, int, Place], None] | None = None
    """Counts that somebody opens a record of a place with such a limit; raises where it is one too many."""
    seen: Callable[[Actor, str, Sequence[int]], set[int]] | None = None
    """Those of the records that he has opened on this day."""


_commons: dict[str, Commons] = {}


def register(type_key: str, commons: Commons) -> None:
    _commons[type_key] = commons


@lru_cache(maxsize=16)
def load_places(type_key: str, version: str) -> tuple[Place, ...]:
    return tuple(_commons[type_key].load())


forgetting.append(load_places.cache_clear)


def places_of(type_key: str, version: str) -> tuple[Place, ...]:
    return load_places(type_key, version) if type_key in _commons else ()


def open_to(actor: Actor, object_type: ObjectType) -> tuple[Place, ...]:
    """The places of a type that the actor may look into."""
    if actor.is_system or object_type.key not in _commons:
        return ()
    return tuple(one for one in places_of(object_type.key, version_of(actor)) if one.is_for(actor))


def path_of(type_key: str) -> str:
    return _commons[type_key].path


def place_of(object_type: ObjectType, key: int, version: str) -> Place | None:
    """The open place that a record lies in."""
    places = {one.id: one for one in places_of(object_type.key, version)}
    if not places:
        return None
    row = object_type.records().filter(pk=key).values_list(path_of(object_type.key), flat=True).first()
    return places.get(row) if row is not None else None


def shut_at_large(actor: Actor, object_type: ObjectType) -> dict[str, str]:
    """The fields that some place keeps shut to the actor: nobody may filter or sort by them, or he would learn them
    piece by piece."""
    found: dict[str, str] = {}
    for place in open_to(actor, object_type):
        if actor.user_id not in place.keepers:
            found |= dict((*place.unopened, *place.shut))
    return found


def opens(
    actor: Actor, object_type: ObjectType, key: int, edits: Callable[[Sequence[int]], set[int]]
) -> None:
    """To be called by whatever shows one record in full. Nothing happens where no place counts that: no query then."""
    known = _commons.get(object_type.key)
    if known is None or known.opened is None or actor.user_id is None:
        return
    counting = {
        one.id: one
        for one in open_to(actor, object_type)
        if one.looks is not None and actor.user_id not in one.keepers
    }
    if not counting:
        return
    rows: Any = object_type.records().filter(pk=key, **{f"{known.path}__in": list(counting)})
    place = rows.values_list(known.path, flat=True).first()
    if place is not None and not edits([key]):
        known.opened(actor, object_type.key, key, counting[place])


def shut_on(
    actor: Actor, object_type: ObjectType, keys: Sequence[int], edits: Callable[[Sequence[int]], set[int]]
) -> Mapping[int, dict[str, str]]:
    """{record: {field: level}} for those of the records that lie in a place which keeps something shut from him;
    `edits` says which records the actor may change: those he sees whole."""
    places = {
        one.id: one
        for one in open_to(actor, object_type)
        if (one.shut or one.unopened) and actor.user_id not in one.keepers
    }
    if not places or not keys:
        return {}
    path = path_of(object_type.key)
    rows: Any = object_type.records().filter(pk__in=keys, **{f"{path}__in": list(places)})
    lying = dict(rows.values_list("pk", path))
    own = edits(list(lying)) if lying else set()
    counted = [key for key, place in lying.items() if places[place].unopened and key not in own]
    seen = _commons[object_type.key].seen
    opened = seen(actor, object_type.key, counted) if seen is not None and counted else set()
    return {
        key: dict((*(() if key in opened else places[place].unopened), *places[place].shut))
        for key, place in lying.items()
        if key not in own
    }
