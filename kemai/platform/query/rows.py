"""Reading records as plain rows: one query for the shown columns, keyset paging, capped counts, grouping."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import orjson
from django.db.models import Count as CountOf
from django.db.models import F, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from kemai.platform.fields import FieldSpec, Ref
from kemai.platform.models import StoredFile, Tagging
from kemai.platform.models.extra import load
from kemai.platform.objects import ObjectType, get
from kemai.platform.query import plan
from kemai.platform.query.counts import Count
from kemai.platform.query.currencies import amount, unpriced
from kemai.platform.query.own import index_name
from kemai.platform.query.steady import planned_once
from kemai.platform.query.tree import QueryError, refuse_broken

FEW = 8
"""So many own fields are asked for one by one; beyond, the JSON that holds them is fetched as a whole."""
NOTHING = (None,)
"""What is read of an own field without a value."""
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
    own = [spec for spec in specs if spec.own is not None]
    if len(own) > FEW:
        return fetch_whole(queryset, object_type, specs)
    paths, slices = layout(object_type, specs)
    if object_type.parts and any(spec.part for spec in specs):
        queryset = with_parts(queryset, object_type)
    rows = [build(values, specs, slices) for values in queryset.values_list(*paths)]
    return finish(rows, object_type, specs)


def fetch_keys(
    queryset: QuerySet[Any], keys: Collection[int], object_type: ObjectType, specs: Sequence[FieldSpec]
) -> dict[int, Row]:
    """{key: row} of those of the keys that the queryset holds."""
    with planned_once():
        return {row["id"]: row for row in fetch(queryset.filter(pk__in=keys), object_type, specs)}


def fetch_whole(queryset: QuerySet[Any], object_type: ObjectType, specs: Sequence[FieldSpec]) -> list[Row]:
    """Many own fields are taken out of their JSON here: two hundred paths cost the database's compiler more than the
    record."""
    built_in = [spec for spec in specs if spec.own is None]
    own = [(spec, spec.own.letter) for spec in specs if spec.own is not None]
    paths, slices = layout(object_type, built_in)
    if object_type.parts and any(spec.part for spec in built_in):
        queryset = with_parts(queryset, object_type)
    rows = []
    for *values, extra in queryset.values_list(*paths, "extra"):
        row = build(values, built_in, slices)
        for spec, letter in own:
            raw = extra.get(spec.key)
            row[spec.key] = spec.type.read(spec, NOTHING if raw is None else [load(letter, raw)])
        rows.append(row)
    return finish(rows, object_type, specs)


def finish(rows: list[Row], object_type: ObjectType, specs: Sequence[FieldSpec]) -> list[Row]:
    """What is not a column of the record itself."""
    if any(spec.type.key == "tags" for spec in specs):
        add_tags(rows, object_type)
    for spec in specs:
        if spec.own is not None and (spec.ref or spec.refs or spec.type.key in {"file", "image"}):
            add_titles(rows, spec)
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


def add_titles(rows: Sequence[Row], spec: FieldSpec) -> None:
    """The titles of the records that an own reference names: one question a column."""
    several = bool(spec.refs)
    ids = {
        ref.id for row in rows for ref in (row[spec.key] if several else [row[spec.key]]) if ref is not None
    }
    names = titles_of(spec, ids)
    for row in rows:
        value = row[spec.key]
        if several:
            row[spec.key] = [Ref(ref.id, names.get(ref.id, "")) for ref in value]
        elif value is not None:
            row[spec.key] = Ref(value.id, names.get(value.id, ""))


def titles_of(spec: FieldSpec, ids: Collection[int]) -> dict[int, str]:
    """{key: title}; records that are gone have none."""
    if not ids:
        return {}
    target = spec.ref or spec.refs
    if not target:
        return dict(StoredFile.objects.filter(pk__in=ids).values_list("pk", "name"))
    object_type = get(target)
    path = object_type.fields[object_type.title].path
    return {
        key: str(title) for key, title in object_type.records().filter(pk__in=ids).values_list("pk", path)
    }


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
    found = order.pick(queryset, position, size + 1, expected)
    more = len(found) > size
    found = found[:size]
    backwards = position is not None and position.backwards
    if backwards:
        found.reverse()
    ids = [key for key, _value in found]
    rows = fetch_keys(object_type.records(), ids, object_type, specs)
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
        elif isinstance(value, time):
            kind, value = "h", value.isoformat()
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
            readers: Mapping[str, Any] = {
                "t": datetime.fromisoformat, "d": date.fromisoformat, "h": time.fromisoformat, "m": Decimal,
            }  # fmt: skip
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
    part: str = ""
    """The one-to-one part whose table holds the column."""
    index: str = ""
    """The index of an own field."""

    @staticmethod
    def parse(sort: str, object_type: ObjectType) -> Order:
        descending = sort.startswith("-")
        key = sort.removeprefix("-")
        if key == "id":
            return Order("pk", descending, nullable=False)
        spec = object_type.fields.get(key)
        if spec is not None:
            refuse_broken(spec)
        if spec is None or not spec.sortable or spec.encrypted:
            allowed = [s.key for s in object_type.fields.values() if s.sortable and not s.encrypted]
            raise QueryError("unknown_sort", _("不能按“%(field)s”排序") % {"field": key[:60]}, allowed)
        path = spec.sort_path or spec.value_path
        index = index_name(object_type, spec) if spec.own is not None and spec.own.index == "ready" else ""
        return Order(
            path, descending, spec.nullable, path.rpartition("__")[0] if spec.own is None else "", index
        )

    @property
    def key_path(self) -> str:
        """The key beside the sort column: in the part's own table, so that one index holds both."""
        return f"{self.part}__pk" if self.part else "pk"

    def pick(
        self, queryset: QuerySet[Any], position: Position | None, count: int, expected: Count | None
    ) -> list[tuple[int, Any]]:
        """`take`, in the way that costs SQLite less by what `expected`, the quick count, says."""
        try:
            with plan.walk(queryset, self.path, expected, self.index):
                return self.take(queryset, position, count, find_first=plan.finds_first(expected))
        except plan.TooLong:
            return self.take(queryset, position, count, find_first=True)

    def take(
        self, queryset: QuerySet[Any], position: Position | None, count: int, *, find_first: bool = False
    ) -> list[tuple[int, Any]]:
        """Up to `count` (key, sort value) pairs from the position on: first those with a value, then the empty."""
        if self.part:
            queryset = queryset.filter(**{f"{self.part}__isnull": False})
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
    also: Any = None
    unpriced: int = 0
    """Of how many the amount is not in the total, for want of a rate."""


def groups(
    queryset: QuerySet[Any],
    spec: FieldSpec,
    *,
    total: FieldSpec | None = None,
    also: FieldSpec | None = None,
    limit: int = 200,
) -> list[Group]:
    """How many records (and what sums: `total`, `also`) each value of a field has, most first."""
    sums: dict[str, Any] = {
        name: Sum(amount(one)) for name, one in (("group_total", total), ("group_also", also)) if one
    }
    if total is not None and total.exchange is not None and not total.exchange.kept:
        sums["group_unpriced"] = unpriced(total)
    path = spec.value_path
    rows: Iterable[dict[str, Any]] = (
        queryset.order_by()
        .values(group_value=F(path))
        .annotate(group_count=CountOf("pk"), **sums)
        .order_by("-group_count")[:limit]
    )
    return [
        Group(
            row["group_value"],
            row["group_count"],
            row.get("group_total"),
            row.get("group_also"),
            row.get("group_unpriced", 0),
        )
        for row in rows
    ]
