"""The rows of an export, page after page by key: a million cost the memory of a thousand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import get_language

from kemai.kit import regions
from kemai.kit.tabular.write import OutCell
from kemai.platform import access, query, search
from kemai.platform.access import Actor, Masked
from kemai.platform.exports.bundle import Bundle, file_specs
from kemai.platform.fields import FieldSpec
from kemai.platform.objects import ObjectType, get

CHUNK = 1000


@dataclass(frozen=True)
class Order:
    """What is to be written: the records of a list (`where`, `q`) or those with the keys `ids`; the fields in order."""

    type_key: str
    columns: tuple[str, ...] = ()
    where: Any = None
    q: str = ""
    sort: str = ""
    ids: tuple[int, ...] | None = None
    format: str = "xlsx"
    unmasked: bool = False
    """Personal values in full, for those who may see them; masked they go by default."""
    address: str = ""
    """From where it was asked for."""
    files: bool = False
    """With the files of the records, in an archive."""

    def plain(self) -> dict[str, Any]:
        """For the log: what was asked for, without what is empty."""
        asked = {
            "where": self.where, "q": self.q, "sort": self.sort, "columns": list(self.columns), "format": self.format,
            "ids": len(self.ids) if self.ids is not None else None, "unmasked": self.unmasked, "from": self.address,
            "files": self.files,
        }  # fmt: skip
        return {key: value for key, value in asked.items() if value}


def records(actor: Actor, order: Order, verb: str = "export") -> QuerySet[Any]:
    """What the actor may export (or print) of it. Raises Denied, QueryError."""
    object_type = get(order.type_key)
    access.require(actor, object_type, verb)
    mine = access.scope(actor, object_type, verb)
    if order.ids is not None:
        return mine.filter(pk__in=order.ids)
    every = search.matching(actor, object_type, order.where, order.q)
    if access.same_reach(actor, object_type, verb, "view"):
        return every
    return mine.filter(pk__in=every.order_by().values("pk"))


def specs_of(actor: Actor, order: Order) -> list[FieldSpec]:
    """The columns: the record's number first, so that the file finds its records again, then those of the list."""
    object_type = get(order.type_key)
    number = [object_type.numbering.field] if object_type.numbering else []
    shown = order.columns or object_type.list_columns(actor.role_ids) or (object_type.title,)
    held = file_specs(object_type) if order.files else []
    known = [key for key in (*number, *shown, *held) if key in object_type.fields]
    return access.visible_specs(actor, object_type, dict.fromkeys(known))


def header(specs: Sequence[FieldSpec]) -> list[str]:
    """Labels, by which an import knows the fields again; where two are alike the second says its key as well."""
    names: list[str] = []
    for spec in specs:
        label = str(spec.label)
        names.append(f"{label} ({spec.key})" if label in names else label)
    return names


def rows(
    actor: Actor,
    order: Order,
    specs: Sequence[FieldSpec],
    bundle: Bundle | None = None,
    taken: list[int] | None = None,
) -> Iterator[list[OutCell]]:
    """The cells of each record, in the order of the list. Masked values stay masked. Into the bundle go their files,
    into `taken` their keys."""
    object_type = get(order.type_key)
    base = records(actor, order)
    sort = access.order(actor, object_type, order.sort)
    cursor = ""
    while True:
        page = query.page(base, object_type, specs, sort=sort, cursor=cursor, size=CHUNK)
        access.mask_rows(actor, object_type, page.rows)
        if not order.unmasked:
            access.mask_personal(specs, page.rows)
        if bundle is not None:
            bundle.page(page.rows)
        if taken is not None:
            taken += [row["id"] for row in page.rows]
        for row in page.rows:
            cells = [cell(object_type, spec, row.get(spec.key)) for spec in specs]
            yield cells if bundle is None else bundle.cells(row, cells, specs)
        if not page.next:
            return
        cursor = page.next


def cell(object_type: ObjectType, spec: FieldSpec, value: Any) -> OutCell:
    """A value as a spreadsheet holds it and an import reads it back."""
    if value is None or value in ("", []):
        return None
    if isinstance(value, Masked):
        return str(value)
    match spec.type.key:
        case "number" | "whole" | "rating" | "money" | "date":
            number: OutCell = value
            return number
        case "datetime":
            return local(value)
        case "region":
            return (
                regions.path(value, "en" if get_language() == "en" else "zh")
                if regions.is_known(value)
                else value
            )
    return str(spec.type.text(value, spec))


def local(value: datetime) -> datetime:
    """The company's clock to the second, without a zone: spreadsheets know none."""
    return value.astimezone(timezone.get_default_timezone()).replace(tzinfo=None, microsecond=0)
