"""The same records as cards in columns, one for each value of a choice; dragging a card changes the value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kemai.platform import access, audit, query, records
from kemai.platform.access import Actor
from kemai.platform.fields import FieldSpec, clauses
from kemai.platform.models import Option
from kemai.platform.objects import ObjectType, get
from kemai.platform.query import Order, Position, QueryError, Row
from kemai.platform.ui import cells as texts
from kemai.platform.ui.door import signed_in
from kemai.platform.ui.lists import cells, found, views_of_lists
from kemai.platform.ui.lists.state import ListState, read

CARDS = 30
SUMMED = 10_000
"""Up to so many records the columns are counted and summed up before the board is shown, and again after a card was
moved. Of more the cards come first, and the figures when they are known."""
LINES = 3


@dataclass(frozen=True)
class Card:
    id: int
    title: str
    url: str
    lines: Sequence[str]
    owner: str
    badges: Sequence[Mapping[str, str]]
    note: str = ""


@dataclass(frozen=True)
class BoardColumn:
    key: str
    label: str
    color: str
    count: int | str
    total: str
    also: str
    cards: Sequence[Card]
    more_url: str


def fields(object_type: ObjectType, roles: tuple[int, ...] = ()) -> list[FieldSpec]:
    """The fields by which a board can be made, the type's own first."""
    choices = [
        spec for spec in object_type.fields.values()
        if spec.type.key == "choice" and spec.options and not spec.private and len(spec.options) <= 20
    ]  # fmt: skip
    first = object_type.board_field(roles)
    return sorted(choices, key=lambda spec: spec.key != first)


def board_field(actor: Actor, object_type: ObjectType, state: ListState) -> FieldSpec:
    levels = access.field_levels(actor, object_type)
    known = [spec for spec in fields(object_type, actor.role_ids) if levels[spec.key] in {"read", "edit"}]
    chosen = next((spec for spec in known if spec.key == state.by), None)
    if chosen is not None:
        return chosen
    if state.by or not known:
        raise QueryError(
            "unknown_field", _("不能按“%(field)s”分列") % {"field": state.by[:60]}, [s.key for s in known]
        )
    return known[0]


@dataclass(frozen=True)
class Sums:
    """What is summed up in the columns: the first money column, and a weighted one where the type has lanes."""

    money: FieldSpec | None
    also: FieldSpec | None

    @classmethod
    def of(cls, actor: Actor, object_type: ObjectType) -> Sums:
        levels = access.field_levels(actor, object_type)
        shown = [object_type.fields[key] for key in object_type.columns if key in object_type.fields]
        money = next((s for s in shown if s.type.key == "money" and levels[s.key] in {"read", "edit"}), None)
        weighted = object_type.fields.get(object_type.lanes.weighted) if object_type.lanes else None
        readable = weighted is not None and levels[weighted.key] in {"read", "edit"}
        return cls(money, weighted if readable else None)

    def groups(self, base: QuerySet[Any], spec: FieldSpec) -> list[query.Group]:
        return query.groups(base, spec, total=self.money, also=self.also)


def show(actor: Actor, object_type: ObjectType, state: ListState) -> dict[str, Any]:
    spec = board_field(actor, object_type, state)
    lane = Lane.of(object_type, state, spec)
    base = lane.inside(found.matching(actor, object_type, state))
    held = None
    if query.quick_count(base, SUMMED, work=None).exact:
        held = {group.value or "": group for group in Sums.of(actor, object_type).groups(base, spec)}
    every = lane.columns(options(spec))
    keys = {
        option.value: taken(object_type, state, base, spec, option.value, "", large=held is None)
        if held is None or option.value in held
        else []
        for option in every
    }
    shown = [one for one in every if standing(one) or keys[one.value] or one.value in (held or {})]
    rows = cards(actor, object_type, spec, [pk for pairs in keys.values() for pk, _value in pairs[:CARDS]])
    levels = access.field_levels(actor, object_type)
    editable = levels[spec.key] == "edit" and access.may(actor, object_type, "edit")
    return {
        "board": [
            board_column(state, option, group_in(held, option), keys[option.value], rows) for option in shown
        ],
        "sums_url": state_url("board_sums", state, spec) if held is None else "",
        "move_url": state_url("board_move", state, spec),
        "locked": "" if editable else _("您没有权限修改“%(field)s”") % {"field": spec.label},
        "by": spec.key,
        "by_options": [
            {"label": str(one.label), "url": state.but(by=one.key, lane="").url, "checked": one.key == spec.key}
            for one in fields(object_type, actor.role_ids) if levels[one.key] in {"read", "edit"}
        ],
        "lane_options": lane.options(state),
        "count": SUMMED + 1 if held is None else sum(group.count for group in held.values()),
    }  # fmt: skip


def state_url(name: str, state: ListState, spec: FieldSpec) -> str:
    return f"{reverse(name, args=(state.type_key,))}?{state.but(by=spec.key).query}"


Held = Mapping[Any, query.Group]


def group_in(held: Held | None, option: Option) -> query.Group | None:
    """What a column holds; None where nobody has counted yet."""
    return None if held is None else held.get(option.value, query.Group(option.value, 0, None))


def standing(option: Option) -> bool:
    """Is there a column for it even if it is empty?"""
    return bool(option.value) and not option.archived


@dataclass(frozen=True)
class Lane:
    """The part of a board that is looked at: all of it, unless the type says that its columns belong to lanes."""

    field: FieldSpec | None = None
    value: str = ""
    belongs: Callable[[Option], str] = lambda option: ""

    @classmethod
    def of(cls, object_type: ObjectType, state: ListState, spec: FieldSpec) -> Lane:
        lanes = object_type.lanes
        if lanes is None or spec.key != object_type.board or lanes.field not in object_type.fields:
            return cls()
        field = object_type.fields[lanes.field]
        known = [option.value for option in field.options]
        if not known:
            return cls()
        return cls(field, state.lane if state.lane in known else known[0], lanes.of)

    def inside(self, base: QuerySet[Any]) -> QuerySet[Any]:
        return base.filter(**{self.field.path: self.value}) if self.field is not None else base

    def columns(self, options: Sequence[Option]) -> list[Option]:
        return [one for one in options if self.field is None or self.belongs(one) == self.value]

    def options(self, state: ListState) -> list[dict[str, Any]]:
        if self.field is None or len(self.field.options) < 2:
            return []
        return [
            {
                "label": str(one.label),
                "url": state.but(lane=one.value).url,
                "checked": one.value == self.value,
            }
            for one in self.field.options
        ]


def options(spec: FieldSpec) -> list[Option]:
    """The columns there may be: every option, before them one for records without a value."""
    return [Option("", _("未填"), "gray"), *spec.options]


def taken(
    object_type: ObjectType,
    state: ListState,
    base: QuerySet[Any],
    spec: FieldSpec,
    value: str,
    cursor: str,
    *,
    large: bool,
) -> list[tuple[int, Any]]:
    """(key, sort value) of the next cards of a column, one more than is shown. Of a `large` board some columns may be
    few and others nearly everything: each is looked up in its own way."""
    sort = state.sort or object_type.sort
    # what an own field holds nothing of is not in its JSON at all
    missing = spec.own is not None and value == ""
    inside = base.filter(**({f"{spec.path}__isnull": True} if missing else {spec.path: value}))
    expected = query.quick_count(inside) if large else None
    return Order.parse(sort, object_type).pick(inside, Position.decode(cursor), CARDS + 1, expected)


def board_column(
    state: ListState,
    option: Option,
    group: query.Group | None,
    keys: Sequence[tuple[int, Any]],
    rows: Mapping[int, Card],
) -> BoardColumn:
    return BoardColumn(
        option.value, str(option.label), option.color, group.count if group else "…", total_of(group),
        short(group and group.also), [rows[pk] for pk, _value in keys[:CARDS] if pk in rows],
        more_url(state, option.value, keys),
    )  # fmt: skip


def total_of(group: query.Group | None) -> str:
    """The sum of a column, in the company's currency; what has no rate is not in it, and that is said."""
    if group is None or not group.unpriced:
        return short(group and group.total)
    return " ".join((short(group.total), _("（%(n)s 条外币没有汇率）") % {"n": group.unpriced})).strip()


def short(amount: Any) -> str:
    return f"¥ {texts.compact(amount)}" if amount else ""


def more_url(state: ListState, value: str, keys: Sequence[tuple[int, Any]]) -> str:
    if len(keys) <= CARDS:
        return ""
    pk, last = keys[CARDS - 1]
    cursor = Position(last, pk, backwards=False).encode()
    return f"{reverse('board_more', args=(state.type_key,))}?{state.but(cursor=cursor).query}&column={value}"


def cards(actor: Actor, object_type: ObjectType, spec: FieldSpec, ids: Sequence[int]) -> dict[int, Card]:
    wanted = [key for key in object_type.card_fields(actor.role_ids) if key != spec.key]
    specs = access.visible_specs(actor, object_type, dict.fromkeys((object_type.title, *wanted)))
    rows = query.fetch(access.scope(actor, object_type).filter(pk__in=ids), object_type, specs)
    access.mask_rows(actor, object_type, rows)
    notes = object_type.lanes.notes(ids) if object_type.lanes else {}
    return {row["id"]: card(object_type, specs, row, notes.get(row["id"], "")) for row in rows}


def card(object_type: ObjectType, specs: Sequence[FieldSpec], row: Row, note: str) -> Card:
    lines: list[str] = []
    badges: list[dict[str, str]] = []
    owner = ""
    for spec in specs:
        value = row.get(spec.key)
        if spec.key == object_type.title or value in (None, "", []):
            continue
        cell = cells.maker(object_type, spec)(value)
        if spec.type.key == "user":
            owner = owner or cell.text
        elif cell.kind == "badge":
            badges.append({"label": cell.text, "color": cell.a})
        elif cell.kind in {"text", "num", "ref", "date", "time"} and len(lines) < LINES:
            lines.append(f"{spec.label} {cell.text}" if cell.kind in {"num", "date", "time"} else cell.text)
    title = str(row.get(object_type.title) or f"#{row['id']}")
    path = reverse("list", args=(object_type.key,))
    return Card(row["id"], title, f"{path}{row['id']}", lines, owner, badges[:3], note)


def opened(request: HttpRequest, actor: Actor, key: str) -> tuple[ObjectType, ListState, FieldSpec]:
    object_type = get(key)
    access.require(actor, object_type, "view")
    state = read(request.GET, key, views_of_lists.find(actor, object_type, request.GET.get("view", "")))
    return object_type, state, board_field(actor, object_type, state)


@require_GET
@signed_in
def more(request: HttpRequest, actor: Actor, key: str) -> HttpResponse:
    """The next cards of one column."""
    object_type, state, spec = opened(request, actor, key)
    value = request.GET.get("column", "")
    base = Lane.of(object_type, state, spec).inside(found.matching(actor, object_type, state))
    keys = taken(object_type, state, base, spec, value, state.cursor, large=True)
    rows = cards(actor, object_type, spec, [pk for pk, _value in keys[:CARDS]])
    context = {
        "cards": [rows[pk] for pk, _value in keys[:CARDS] if pk in rows],
        "column": value,
        "more_url": more_url(state, value, keys),
        "locked": "",
    }
    return render(request, "ui/pages/board_more.html", context)


@require_GET
@signed_in
def sums(request: HttpRequest, actor: Actor, key: str) -> HttpResponse:
    """The figures of all columns, for a board that was shown without."""
    object_type, state, spec = opened(request, actor, key)
    lane = Lane.of(object_type, state, spec)
    base = lane.inside(found.matching(actor, object_type, state))
    held = {group.value or "": group for group in Sums.of(actor, object_type).groups(base, spec)}
    told = [
        board_column(state, option, group_in(held, option), [], {}) for option in lane.columns(options(spec))
    ]
    return render(request, "ui/pages/board_sums.html", {"columns": told})


@require_POST
@signed_in
def move(request: HttpRequest, actor: Actor, key: str) -> HttpResponse:
    """A card was put into another column: {id, to}. What the write door refuses goes back with its reason."""
    object_type, state, spec = opened(request, actor, key)
    obj = access.one(actor, object_type, request.POST.get("id", ""), "edit")
    to = request.POST.get("to", "")
    asked = object_type.lanes.ask(obj.pk, to) if object_type.lanes else ""
    if asked:
        return JsonResponse({"ask": asked})
    try:
        records.update(object_type.key, obj.pk, {spec.key: to}, by=actor)
    except records.FieldErrors as error:
        raise records.Refused("invalid", clauses(error.errors.values())) from error
    change = audit.history(object_type.key, obj.pk).first()
    label = spec.type.text(to, spec)
    answer: dict[str, Any] = {"toast": _("已移到“%(column)s”") % {"column": label}}
    if change is not None and change.changeset.request_id == actor.request_id:
        answer["undo_url"] = reverse("undo", args=(change.changeset_id,))
    return JsonResponse(answer | totals(actor, object_type, state, spec))


def totals(actor: Actor, object_type: ObjectType, state: ListState, spec: FieldSpec) -> dict[str, Any]:
    """The sums of the columns after a move, unless there is too much to sum up."""
    sums = Sums.of(actor, object_type)
    base = Lane.of(object_type, state, spec).inside(found.matching(actor, object_type, state))
    if sums.money is None or not query.quick_count(base, SUMMED, work=None).exact:
        return {}
    groups = sums.groups(base, spec)
    return {
        "totals": {str(one.value or ""): total_of(one) for one in groups},
        "weighted": {str(one.value or ""): short(one.also) for one in groups},
    }
