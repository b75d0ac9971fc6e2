"""The command palette's question: what is there by this name, of whatever kind, that this person may see?"""

from __future__ import annotations

from dataclasses import dataclass

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.objects import ObjectType, all_types
from kemai.platform.search.lookup import ENOUGH, match_within
from kemai.platform.search.records import value_kinds
from kemai.platform.search.words import document, question, ranker


@dataclass(frozen=True)
class Hit:
    type_key: str
    id: int
    title: str


def hidden_kinds(actor: Actor, object_type: ObjectType) -> frozenset[str]:
    """The kinds of value that this person sees masked, and may therefore not find piece by piece."""
    levels = access.field_levels(actor, object_type)
    kinds = zip(object_type.searched, value_kinds(object_type), strict=True)
    return frozenset(kind for key, kind in kinds if levels[key] in {"hidden", "masked"})


def search_type(actor: Actor, object_type: ObjectType, text: str, limit: int = 50) -> list[int]:
    """Ids of the records found that the actor may see, best first."""
    hidden = hidden_kinds(actor, object_type)
    visible = access.scope(actor, object_type)
    # more than are shown: the best are not the newest (zw is 张伟 before everybody whose name ends in 志伟)
    found, _all = match_within(visible, object_type.key, text, hidden=hidden, want=max(limit, ENOUGH))
    return found[:limit]


def everything(actor: Actor, text: str, limit: int = 20) -> list[Hit]:
    """The best hits over all searchable object types, types with exact matches mixed in their order of registration."""
    hits = []
    for object_type in all_types():
        if not object_type.searched or not access.may(actor, object_type, "view"):
            continue
        ids = search_type(actor, object_type, text, limit)
        titles = titles_of(actor, object_type, ids)
        hits += [Hit(object_type.key, key, titles[key]) for key in ids if key in titles]
    share = max(3, limit // 4)
    rank = ranker(question(text))
    first = [hit for place, hit in _places(hits) if place < share]
    # a customer of that name before a task about one of them
    first.sort(key=lambda hit: rank(document([("name", hit.title)])))
    rest = [hit for place, hit in _places(hits) if place >= share]
    return (first + rest)[:limit]


def _places(hits: list[Hit]) -> list[tuple[int, Hit]]:
    seen: dict[str, int] = {}
    placed = []
    for hit in hits:
        placed.append((seen.get(hit.type_key, 0), hit))
        seen[hit.type_key] = seen.get(hit.type_key, 0) + 1
    return placed


def titles_of(actor: Actor, object_type: ObjectType, ids: list[int]) -> dict[int, str]:
    levels = access.field_levels(actor, object_type)
    if levels.get(object_type.title, "hidden") in {"hidden", "masked"} or not ids:
        return {key: f"{object_type.label} #{key}" for key in ids}
    path = object_type.fields[object_type.title].path
    return dict(object_type.records().filter(pk__in=ids).values_list("pk", path))
