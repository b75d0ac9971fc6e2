"""Reading records as plain rows: one query for the shown columns, keyset paging, capped counts, grouping."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson
from django.db.models import Count as CountOf
from django.db.models import F, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from kemai.platform.fields import FieldSpec, Ref
from kemai.platform.models import Tagging
from kemai.platform.objects import ObjectType
from kemai.platform.query import plan
from kemai.platform.query.counts import Count
from kemai.platform.query.tree import QueryError

Row = dict[str, Any]
"""A record: {"id": …, field key: value in Python form (Ref for references)}; "version" where asked for."""


@dataclass(frozen=True)
class Page:
    rows: list[Row]
    next: str
    previous: str
    """Cursors of the neighbouring pages; '' where there is none."""


def fetch(queryset: QuerySet[Any], object_type: ObjectType, specs: Sequence[FieldSpec]) -> list[Row]:
    """The rows of a queryset, in its order, in one query (and one more where tags are shown)."""
    paths, slices = layout(object_type, specs)
    if object_type.parts and any(spec.part for spec in specs):
        queryset = with_parts(queryset, object_type)
    rows = [build(values, specs, slices) for values in queryset.values_list(*paths)]
    if any(spec.type.key == "tags" for spec in specs):
        add_tags(rows, object_type)
    for spec in specs:
        if spec.compute is not None:
            for row in rows:
                row[spec.key] = spec.compute(row)
    return rows


def layout(object_type: ObjectType, specs: Sequence[FieldSpec]) -> tuple[list[str], list[tuple[int, int]]]:
    paths = ["pk", "version"] if object_type.recycles else ["pk", "pk"]
    slices = []
    for spec in specs:
        wanted = spec.type.paths(spec)
        slices.append((len(paths), len(paths) + len(wanted)))
        paths.extend(wanted)
    return paths, slices


def build(values: Sequence[Any], specs: Sequence[FieldSpec], slices: Sequence[tuple[int, int]]) -> Row:
    row: Row = {"id": values[0], "version": values[1]}
    for spec, (start, stop) in zip(specs, slices, strict=True):
        row[spec.key] = spec.type.read(spec, values[start:stop])
    return row


def with_parts(queryset: QuerySet[Any], object_type: ObjectType) -> QuerySet[Any]:
    """Inner joins to the parts (every record has its part), so that the planner may begin with either table."""
    for part in object_type.parts:
        queryset = queryset.filter(**{f"{part}__isnull": False})
    return queryset


def add_tags(rows: Sequence[Row], object_type: ObjectType) -> None:
    found: dict[int, list[Ref]] = {row["id"]: [] for row in rows}
    taggings = Tagging.objects.filter(type_key=object_type.key, object_id__in=list(found))
    for object_id, tag_id, group, name, color in taggings.order_by("tag__group", "tag__name").values_list(
        "object_id", "tag_id", "tag__group", "tag__name", "tag__color"
    ):
        found[object_id].append(TagRef(tag_id, f"{group}·{name}" if group else name, color))
    for row in rows:
        row["tags"] = found[row["id"]]


class TagRef(Ref):
    """A reference to a tag that knows its colour."""

    color: str

    def __new__(cls, key: int, title: str, color: str) -> TagRef:
        self = super().__new__(cls, key, title)
        self.color = color
        return self


def page(
    queryset: QuerySet[Any],
    object_type: ObjectType,
    specs: Sequence[FieldSpec],
    *,
    sort: str = "",
    cursor: str = "",
    size: int = 50,
    expected: Count | None = None,
) -> Page:
    """One page of a sorted list. Empty values always come last; the cursor is the last row's key, so page 10,000
    costs what page 1 costs. `expected` is the quick count of the queryset where it is known: it decides how SQLite
    goes about it. Raises QueryError for a bad sort or cursor."""
    order = Order.parse(sort or object_type.sort, object_type)
    position = Position.decode(cursor)
    try:
        with plan.walk(queryset, order.path, expected):
            found = order.take(queryset, position, size + 1, find_first=plan.finds_first(expected))
    except plan.TooLong:
        found = order.take(queryset, position, size + 1, find_first=True)
    more = len(found) > size
    found = found[:size]
    backwards = position is not None and position.backwards
    if backwards:
        found.reverse()
    ids = [key for key, _value in found]
    rows = {
        row["id"]: row
        for row in fetch(queryset.model._default_manager.filter(pk__in=ids), object_type, specs)
    }
    has_next = more if not backwards else True
    has_previous = more if backwards else position is not None
    return Page(
        [rows[key] for key in ids if key in rows],
        Position(found[-1][1], found[-1][0], backwards=False).encode() if found and has_next else "",
        Position(found[0][1], found[0][0], backwards=True).encode() if found and has_previous else "",
    )


@dataclass(frozen=True)
class Position:
    """A place in a sorted list: the sort value and key of the row it stands behind (or before)."""

    value: Any
    key: int
    backwards: bool

    def encode(self) -> str:
        value = self.value
        kind = "n"
        if isinstance(value, datetime):
            kind, value = "t", value.isoformat()
        elif isinstance(value, date):
            kind, value = "d", value.isoformat()
        elif isinstance(value, Decimal):
            kind, value = "m", str(value)
        payload = orjson.dumps([kind, value, self.key, self.backwards])
        return base64.urlsafe_b64encode(payload).decode().rstrip("=")

    @staticmethod
    def decode(text: str) -> Position | None:
        if not text:
            return None
        try:
            kind, value, key, backwards = orjson.loads(
                base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            )
            readers: Mapping[str, Any] = {"t": datetime.fromisoformat, "d": date.fromisoformat, "m": Decimal}
            value = readers[kind](value) if kind in readers else value
            if isinstance(value, list | dict):
                raise ValueError("cursor")
            return Position(value, int(key), bool(backwards))
        except (ValueError, TypeError, ArithmeticError):
            raise QueryError("bad_cursor", _("分页位置无效，请从第一页重新打开")) from None


@dataclass(frozen=True)
class Order:
    """One column and a direction; ties by key in the same direction."""

    path: str
    descending: bool
    nullable: bool

    @staticmethod
    def parse(sort: str, object_type: ObjectType) -> Order:
        descending = sort.startswith("-")
        key = sort.removeprefix("-")
        if key == "id":
            return Order("pk", descending, nullable=False)
        spec = object_type.fields.get(key)
        if spec is None or not spec.sortable:
            allowed = [s.key for s in object_type.fields.values() if s.sortable]
            raise QueryError("unknown_sort", _("不能按“%(field)s”排序") % {"field": key[:60]}, allowed)
        path = spec.sort_path or (f"{spec.path}_id" if spec.ref else spec.path)
        return Order(path, descending, spec.nullable)

    @property
    def key_path(self) -> str:
        """The key beside the sort column: in the part's own table, so that one index holds both."""
        part = self.path.rpartition("__")[0]
        return f"{part}__pk" if part else "pk"

    def take(
        self, queryset: QuerySet[Any], position: Position | None, count: int, *, find_first: bool = False
    ) -> list[tuple[int, Any]]:
        """Up to `count` (key, sort value) pairs from the position on: first those with a value, then the empty."""
        if "__" in self.path:
            queryset = queryset.filter(**{f"{self.path.rpartition('__')[0]}__isnull": False})
        backwards = position is not None and position.backwards
        found: list[tuple[int, Any]] = []
        for empty in (True, False) if backwards else (False, True):
            if len(found) < count and self.reaches(position, empty):
                rest = count - len(found)
                found += self.segment(
                    queryset, position, rest, empty=empty, backwards=backwards, find_first=find_first
                )
        return found

    def reaches(self, position: Position | None, empty: bool) -> bool:
        """Does the walk from the position come through the empty (or the filled) part?"""
        if not self.nullable:
            return not empty
        if position is None:
            return True
        at_empty = position.value is None
        return empty or not at_empty if not position.backwards else at_empty or not empty

    def segment(
        self,
        queryset: QuerySet[Any],
        position: Position | None,
        count: int,
        *,
        empty: bool,
        backwards: bool,
        find_first: bool,
    ) -> list[tuple[int, Any]]:
        descending = self.descending is not backwards
        if self.nullable:
            queryset = queryset.filter(**{f"{self.path}__isnull": empty})
        within = position if position and (position.value is None) is empty else None
        key = self.key_path
        path = key if empty else self.path
        if within is not None:
            queryset = queryset.filter(self.beyond(path, within, descending=descending))
        names = [path] if path == key else [path, key]
        if find_first:
            queryset = queryset.order_by(
                *(plan.sort_first_found(name, descending=descending) for name in names)
            )
        else:
            queryset = queryset.order_by(*(f"-{name}" if descending else name for name in names))
        values = queryset.values_list("pk", self.path)
        return list(values[:count])

    def beyond(self, path: str, position: Position, *, descending: bool) -> Q:
        """`a <= x AND (a < x OR id < y)`: the form that both databases answer from an index."""
        side = "lt" if descending else "gt"
        key = Q(**{f"{self.key_path}__{side}": position.key})
        if path == self.key_path:
            return key
        return Q(**{f"{path}__{side}e": position.value}) & (Q(**{f"{path}__{side}": position.value}) | key)


@dataclass(frozen=True)
class Group:
    value: Any
    count: int
    total: Any


def groups(
    queryset: QuerySet[Any], spec: FieldSpec, *, total: FieldSpec | None = None, limit: int = 200
) -> list[Group]:
    """How many records (and what sum) each value of a field has, most first."""
    path = f"{spec.path}_id" if spec.ref else spec.path
    rows: Iterable[dict[str, Any]] = (
        queryset.order_by()
        .values(group_value=F(path))
        .annotate(group_count=CountOf("pk"), **({"group_total": Sum(total.path)} if total else {}))
        .order_by("-group_count")[:limit]
    )
    return [Group(row["group_value"], row["group_count"], row.get("group_total")) for row in rows]
