"""What a seller sees of a pool: its records a page at a time, each with every reason why he could not take it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.dateparse import parse_datetime

from kemai.platform import access, query, search
from kemai.platform.access import Actor
from kemai.platform.fields import FieldSpec, read_out
from kemai.sales.models import Pool
from kemai.sales.rules.pools.claims import Check
from kemai.sales.services.pools import claims, looks
from kemai.sales.services.pools.kinds import KINDS, in_scope, open_pools

SIZE = 50
COLUMNS = {
    "customer": ("kind", "phone", "region", "source", "value_class"),
    "lead": ("company", "phone", "region", "source", "grade"),
}
"""What is shown of a record besides its name and how it came here."""


@dataclass(frozen=True)
class Line:
    id: int
    row: query.Row
    pooled_at: dt.datetime | None
    reason: str
    former: str
    checks: tuple[Check, ...]

    @property
    def reasons(self) -> list[str]:
        return [claims.sentence(one) for one in self.checks]


@dataclass(frozen=True)
class Shelf:
    """`following` is the cursor of the next page, '' on the last."""

    lines: list[Line]
    specs: list[FieldSpec]
    count: int
    following: str
    held: int
    taken: int
    looked: int
    """Records of this pool whose details the person has opened today; 0 where nobody counts."""

    @property
    def columns(self) -> list[dict[str, Any]]:
        """The heads of the columns besides the name."""
        return [{"key": spec.key, "label": spec.label} for spec in self.specs[1:]]


def pools_for(actor: Actor) -> list[tuple[Pool, int]]:
    """The pools that the actor may look into, with what lies in each."""
    found = []
    for kind in KINDS.values():
        if not access.may(actor, kind.type, "view"):
            continue
        for pool in open_pools(kind.key):
            if claims.keeps(actor, pool) or in_scope(actor, pool):
                lying = access.scope(actor, kind.type).filter(keeping__pool=pool)
                found.append((pool, lying.count()))
    return found


def read(pool: Pool, *, by: Actor, text: str = "", cursor: str = "", oldest: bool = False) -> Shelf:
    kind = KINDS[pool.kind]
    rows = access.scope(by, kind.type).filter(keeping__pool=pool)
    if text:
        hidden = search.hidden_kinds(by, kind.type)
        found, _all = search.match_within(rows, kind.key, text, hidden=hidden, want=200)
        rows = rows.filter(pk__in=found)
    count = rows.count()
    sign = "gt" if oldest else "lt"
    at, key = place_of(cursor)
    if at is not None:
        rows = rows.filter(
            Q(**{f"keeping__pooled_at__{sign}": at}) | Q(keeping__pooled_at=at, **{f"pk__{sign}": key})
        )
    order = ("keeping__pooled_at", "pk") if oldest else ("-keeping__pooled_at", "-pk")
    page = list(rows.order_by(*order).values_list("pk", flat=True)[: SIZE + 1])
    keepings = kind.keepings.filter(pk__in=page[:SIZE]).select_related("former_owner").in_bulk()
    names = [kind.type.title, *COLUMNS[kind.key]]
    specs = access.visible_specs(by, kind.type, [name for name in names if name in kind.type.fields])
    read_rows = query.fetch(kind.type.records().filter(pk__in=page[:SIZE]), kind.type, specs)
    access.mask_rows(by, kind.type, read_rows)
    by_key: dict[int, query.Row] = {row["id"]: row for row in read_rows}
    checks = claims.preview(kind, pool, list(keepings.values()), by=by)
    lines = [line_of(by_key[pk], keepings[pk], checks.get(pk, ())) for pk in page[:SIZE]]
    hands = claims.hands_of(kind, pool, by.user_id or 0, shown=True)
    following = ""
    if len(page) > SIZE:
        last = lines[-1]
        following = f"{last.pooled_at.isoformat() if last.pooled_at else ''}|{last.id}"
    looked = looks.looked(pool.pk, by.user_id or 0) if pool.view_most is not None else 0
    return Shelf(lines, specs, count, following, hands.held, hands.taken, looked)


def line_of(row: query.Row, keeping: Any, checks: tuple[Check, ...]) -> Line:
    former = str(keeping.former_owner) if keeping.former_owner_id else ""
    return Line(row["id"], row, keeping.pooled_at, read_out(keeping.pool_reason), former, checks)


def place_of(cursor: str) -> tuple[dt.datetime | None, int]:
    text, _bar, key = cursor.partition("|")
    try:
        at = parse_datetime(text)
    except ValueError:
        at = None
    return (at, int(key)) if at is not None and key.isdecimal() and len(key) < 19 else (None, 0)
