"""What goes onto paper: as much of a list as somebody reads, masked, and written down like an export."""

from __future__ import annotations

import json
from typing import NamedTuple

from kemai.platform import access, audit, query
from kemai.platform.access import Actor
from kemai.platform.exports.rows import Order, records, specs_of
from kemai.platform.fields import FieldSpec
from kemai.platform.objects import get
from kemai.platform.query import Row

MOST = 500


class Sheet(NamedTuple):
    specs: list[FieldSpec]
    rows: list[Row]
    more: bool


def sheet(actor: Actor, order: Order) -> Sheet:
    """The first rows of a list for printing. Raises Denied, QueryError."""
    object_type = get(order.type_key)
    specs = specs_of(actor, order)
    sort = access.order(actor, object_type, order.sort)
    page = query.page(records(actor, order, "print"), object_type, specs, sort=sort, size=MOST)
    access.mask_rows(actor, object_type, page.rows)
    access.mask_personal(specs, page.rows)
    note(actor, order, len(page.rows))
    return Sheet(specs, page.rows, bool(page.next))


def note(actor: Actor, order: Order, count: int) -> None:
    """Printing takes records out of the house, so it stands in the log."""
    asked = json.dumps({"print": True, **order.plain()}, ensure_ascii=False, default=str)
    audit.open_set("export", order.type_key, by=actor, reason=asked, count=count)
