"""What belongs to a record: the lists of its children with their counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db.models import QuerySet

from kemai.platform import access, query, records
from kemai.platform.access import Actor, NotVisible
from kemai.platform.fields import FieldSpec, Label
from kemai.platform.objects import ObjectType, get

CAP = 999
PAGE = 20
TABS = 16
"""So many related lists are tabs; fifty own objects may point to one record, and the rest of them stand in one list
under the last tab."""
COUNTED, COUNTED_OWN = 12, 4
"""Of the tabs, so many by declared references and by own ones show how many there are before they are opened."""


class Child(NamedTuple):
    """A list on the page: the other type and the reference by which its records point here."""

    type: ObjectType
    link: FieldSpec
    key: str
    label: Label
    many: int | None = 0
    """None where nobody counted."""

    @property
    def count_text(self) -> str | None:
        if self.many is None:
            return None
        return f"{CAP}+" if self.many > CAP else str(self.many)


def children(actor: Actor, object_type: ObjectType) -> list[Child]:
    """The related lists that the actor may see."""
    found, lists = [], object_type.related_lists
    often = Counter(key for key, _field in lists)
    for key, field in lists:
        other = get(key)
        if access.may(actor, other, "view"):
            link = other.field(field)
            same = often[key] > 1
            # beside a contract, "contracts" says nothing: those that change it do
            told = same or other is object_type
            plain = f"{other.plural}·{link.label}" if told else other.plural
            label = object_type.related_labels.get((key, field), plain)
            found.append(Child(other, link, f"{key}.{field}" if same else key, label))
    return found


def rows_of(actor: Actor, child: Child, pk: int) -> QuerySet[Any]:
    if child.link.refs:
        return access.scope(actor, child.type).filter(**{f"{child.link.path}__contains": f'"{pk}"'})
    return access.scope(actor, child.type).filter(**{child.link.path: pk})


def counted(
    actor: Actor, object_type: ObjectType, pk: int, *, everything: bool = False
) -> tuple[list[Child], int]:
    """The related lists with their counts, and the number of files, in one question."""
    found = children(actor, object_type)
    places = range(len(found)) if everything else counted_places(found)
    lists = [rows_of(actor, found[place], pk) for place in places]
    *counts, files = query.capped_counts([*lists, records.files_of(object_type, pk, actor)], CAP)
    known = dict(zip(places, counts, strict=True))
    return [child._replace(many=known.get(place)) for place, child in enumerate(found)], files


def counted_places(found: Sequence[Child]) -> list[int]:
    """The places of those that are counted before they are opened."""
    declared = [place for place, child in enumerate(found) if child.link.own is None][:COUNTED]
    own = [place for place, child in enumerate(found) if child.link.own is not None][:COUNTED_OWN]
    return [place for place in (*declared, *own) if place < TABS]


def others(actor: Actor, object_type: ObjectType, pk: int) -> list[Child]:
    """The related lists that are no tabs, with their counts."""
    found = children(actor, object_type)[TABS:]
    counts = query.capped_counts([rows_of(actor, child, pk) for child in found], CAP)
    return [child._replace(many=count) for child, count in zip(found, counts, strict=True)]


def none_of(counted_children: Sequence[Child]) -> frozenset[str]:
    """The types of which nothing that the actor may see belongs to the record (by the reference that the type declares;
    an own reference says nothing about it)."""
    declared = [child for child in counted_children if child.link.own is None]
    some = {child.type.key for child in declared if child.many != 0}
    return frozenset(child.type.key for child in declared) - some


def child_of(actor: Actor, object_type: ObjectType, key: str) -> Child:
    """Raises NotVisible."""
    found = next((child for child in children(actor, object_type) if child.key == key), None)
    if found is None:
        raise NotVisible
    return found


class Listing(NamedTuple):
    child: Child
    specs: list[FieldSpec]
    page: query.Page
    creatable: bool


def listing(actor: Actor, object_type: ObjectType, pk: int, key: str, cursor: str = "") -> Listing:
    """One page of a related list."""
    child = child_of(actor, object_type, key)
    columns = [c for c in child.type.list_columns(actor.role_ids) if c != child.link.key][:7]
    specs = access.visible_specs(actor, child.type, columns)
    page = query.page(
        rows_of(actor, child, pk),
        child.type,
        specs,
        sort=access.order(actor, child.type, ""),
        cursor=cursor,
        size=PAGE,
    )
    access.mask_rows(actor, child.type, page.rows)
    made_by_act = (child.type.key, child.link.key) in object_type.related_labels
    creatable = child.type.creatable and not made_by_act and access.may(actor, child.type, "create")
    return Listing(child, specs, page, creatable)
