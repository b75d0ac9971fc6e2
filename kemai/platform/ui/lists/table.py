"""The table of a list: its columns, head, rows and totals, ready to be written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.translation import ngettext
from markupsafe import Markup

from kemai.platform import access, reports
from kemai.platform.access import Actor
from kemai.platform.fields import FieldSpec
from kemai.platform.objects import ObjectType
from kemai.platform.query import Count, Row
from kemai.platform.ui.lists import cells, writing
from kemai.platform.ui.lists.cells import Cell
from kemai.platform.ui.lists.state import ListState

BADGES = frozenset({"choice"})
WIDEST = 30
CARD_LINES = 5
"""On a phone a record is a card of a title, a badge and so many lines; empty ones take no room."""
INLINE = frozenset({
    "text", "email", "url", "phone", "number", "whole", "money", "percent", "boolean", "date", "datetime", "choice",
    "user", "reference", "credit_code", "id_number", "time", "rating", "department",
})  # fmt: skip
"""Kinds whose control fits into a cell; the others are edited in the form."""


class Column(NamedTuple):
    """A column as the template writes it."""

    key: str
    label: str
    num: bool
    freeze: bool
    card: str
    sort_url: str
    sorted: str
    edit: bool


@dataclass(frozen=True)
class Table:
    columns: list[Column]
    rows: int
    body: Markup
    totals: list[str]
    """One text a column; [] where nothing adds up."""


def columns_of(actor: Actor, object_type: ObjectType, state: ListState) -> list[FieldSpec]:
    """The fields shown: the title first, then what was chosen and may be seen."""
    wanted = state.columns or object_type.list_columns(actor.role_ids) or (object_type.title,)
    keys = dict.fromkeys((object_type.title, *(key for key in wanted if key in object_type.fields)))
    return access.visible_specs(actor, object_type, list(keys)[:WIDEST])


def build(
    actor: Actor, object_type: ObjectType, state: ListState, specs: Sequence[FieldSpec], rows: list[Row]
) -> Table:
    levels = access.field_levels(actor, object_type)
    editing = access.may(actor, object_type, "edit")
    columns = [
        column(object_type, state, spec, editing and levels[spec.key] == "edit" and spec.type.key in INLINE)
        for spec in specs
    ]
    badge = next((c.key for c, s in zip(columns, specs, strict=True) if s.type.key in BADGES), "")
    lines = [c.key for c in columns if c.card == "" and c.key != badge][:CARD_LINES]
    cards = {badge: "badge"} | dict.fromkeys(lines, "meta")
    columns = [c._replace(card=cards.get(c.key, c.card)) for c in columns]
    makers = [cells.maker(object_type, spec) for spec in specs]
    access.mask_rows(actor, object_type, rows)
    totals = totals_of(object_type, specs, rows)
    shown = [line(object_type, state.path, row, specs, makers) for row in rows]
    return Table(columns, len(rows), writing.body(columns, state.path, shown, edit=editing), totals)


def line(
    object_type: ObjectType, path: str, row: Row, specs: Sequence[FieldSpec], makers: Sequence[cells.Maker]
) -> tuple[int, str, list[Cell]]:
    """Key, title and cells of a row."""
    made = [make(row.get(spec.key)) for make, spec in zip(makers, specs, strict=True)]
    title = str(row.get(object_type.title) or f"#{row['id']}")
    if specs and specs[0].key == object_type.title:
        made[0] = Cell("title", made[0].text or title, f"{path}{row['id']}")
    return row["id"], title, made


def column(object_type: ObjectType, state: ListState, spec: FieldSpec, editable: bool) -> Column:
    title = spec.key == object_type.title
    sort = state.sort or object_type.sort
    way = {spec.key: "asc", f"-{spec.key}": "desc"}.get(sort, "")
    url = ""
    if spec.sortable and not spec.encrypted:
        turned = f"-{spec.key}" if way == "asc" or (not way and falls(spec)) else spec.key
        url = state.but(sort=turned).url
    return Column(
        spec.key, str(spec.label), spec.type.numeric, title, "title" if title else "", url, way, editable
    )


def falls(spec: FieldSpec) -> bool:
    """Numbers and moments are looked at from the top first."""
    return spec.type.numeric or spec.type.key in {"date", "datetime"}


def totals_of(object_type: ObjectType, specs: Sequence[FieldSpec], rows: Sequence[Row]) -> list[str]:
    """The sums of the money columns over the rows shown; masked values have no sum. The database converts what stands
    in several currencies."""
    seen = {
        spec.key: {row["id"]: row[spec.key] for row in rows if isinstance(row.get(spec.key), Decimal)}
        for spec in specs
    }
    foreign: dict[tuple[int, ...], list[FieldSpec]] = {}
    for spec in specs:
        if spec.exchange is not None and seen[spec.key]:
            foreign.setdefault(tuple(seen[spec.key]), []).append(spec)
    converted: dict[str, str] = {}
    for ids, some in foreign.items():
        converted |= reports.sums(object_type.records().filter(pk__in=ids), some)
    texts = [
        converted.get(spec.key) or (f"¥ {sum(seen[spec.key].values()):,.2f}" if seen[spec.key] else "")
        for spec in specs
    ]
    return texts if any(texts) else []


def count_text(count: Count) -> str:
    """Exact up to some thousands, "3,000+" beyond: counting a million is done on request."""
    return ngettext("共 %(n)s 条", "共 %(n)s 条", count.number) % {"n": count.short}


def chooser(actor: Actor, object_type: ObjectType, shown: Sequence[FieldSpec]) -> list[dict[str, Any]]:
    """The fields for the column chooser: first those shown, in their order, then the rest."""
    on = [spec.key for spec in shown]
    rest = [spec for spec in access.visible_specs(actor, object_type) if spec.key not in on]
    return [
        {
            "key": spec.key,
            "label": str(spec.label),
            "shown": spec.key in on,
            "locked": spec.key == object_type.title,
        }
        for spec in (*shown, *rest)
    ]
