"""In whose hands records are: every change of an owner comes through here, whichever door it came by
(`records.owners.follow`), so that no clock can be gone round; and every event that puts a return off."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection
from django.db.models import Count, DateField, DateTimeField, Max, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Greatest, NullIf, TruncDate
from django.utils import timezone

from kemai.customers import at_work
from kemai.customers.models import Interaction, Order
from kemai.platform.access import SYSTEM
from kemai.platform.models import ChangeSet
from kemai.platform.objects import ObjectType
from kemai.platform.query import QueryError, compile_q, parse
from kemai.platform.records import owners, sql
from kemai.sales.models import (
    Contract,
    CustomerKeeping,
    Deal,
    FollowUp,
    LeadKeeping,
    Pool,
    PoolMove,
    ReturnExtension,
)
from kemai.sales.services.pools import due
from kemai.sales.services.pools.kinds import KINDS, Kind, local_day, midnight, open_pools, today, zone
from kemai.sales.services.pools.wording import MADE_SO

PART = 500
"""Keys in one statement."""
AHEAD = dt.timedelta(days=31)
"""How far ahead a plan holds a record: today and the thirty days after it."""
NO_DAY = Value(dt.date(1900, 1, 1), output_field=DateField())
MOVE_COLUMNS = (
    "type_key", "object_id", "pool_id", "user_id", "move", "by_id", "reason", "changeset_id", "route_id", "at",
)  # fmt: skip
STANDING = ("effective", "completed", "expired")
"""States of contracts that count: drafts and terminated ones do not hold a customer."""


@dataclass(frozen=True)
class Intent:
    """What a pool's own service is about while it changes owners: the follower cannot tell it from the owners alone."""

    move: str = ""
    pool: int | None = None
    basis: dict[str, Any] | None = None
    route: int | None = None
    reason: str = ""
    """What the pool shows as the reason; else the act's own."""
    lying: bool = False
    """Do all of the records lie in `pool`? Who has just looked need not look again."""


PLAIN = Intent()
_intent: ContextVar[Intent] = ContextVar("pool_intent", default=PLAIN)


@contextmanager
def meaning(intent: Intent) -> Iterator[None]:
    token = _intent.set(intent)
    try:
        yield
    finally:
        _intent.reset(token)


@owners.follow
def follow_owners(object_type: ObjectType, changeset: ChangeSet, pairs: Sequence[owners.Pair]) -> None:
    """The clock begins anew with every new owner; what has none any more lies in a pool."""
    kind = KINDS.get(object_type.key)
    if kind is None:
        return
    taken = {key: new for key, _old, new in pairs if new is not None}
    left = {key: old for key, old, new in pairs if new is None}
    take(kind, taken, {key: old for key, old, _new in pairs if old is not None}, changeset)
    if left:
        leave(kind, left, changeset)


def take(kind: Kind, owners_of: dict[int, int], former: dict[int, int], changeset: ChangeSet) -> None:
    if not owners_of:
        return
    intent = _intent.get()
    keys = list(owners_of)
    if intent.lying:
        lying = dict.fromkeys(keys, intent.pool)
    else:
        lying = dict(kind.keepings.filter(pk__in=keys).exclude(pool=None).values_list("pk", "pool"))
    lapse(kind, list(former))
    by_former: dict[int, list[int]] = defaultdict(list)
    for key, old in former.items():
        by_former[old].append(key)
    for old, his in by_former.items():
        kind.keepings.filter(pk__in=[key for key in his if key in owners_of]).update(former_owner=old)
    moved = owners_of if intent.move == "route" else lying
    note(kind, {key: (owners_of[key], lying.get(key)) for key in moved}, intent.move or "assign", changeset)
    for start in range(0, len(keys), PART):
        part = keys[start : start + PART]
        due.begin_keys(kind, part, local_day(changeset.at), today(), intent.basis or {})


def lapse(kind: Kind, keys: Sequence[int]) -> None:
    """What was asked for the former owner's sake is settled."""
    if not keys:
        return
    asked = ReturnExtension.objects.filter(sql.Among("object_id", keys), type_key=kind.key, state="asked")
    about = list(asked.values_list("object_id", flat=True))
    if about:
        asked.update(state="lapsed")
        kind.keepings.filter(pk__in=about).update(**work_columns(kind))


def leave(kind: Kind, left: Mapping[int, int | None], changeset: ChangeSet) -> None:
    """These records ({key: who had it}) are nobody's any more. All at once, whoever had them: a night's run takes them
    from everybody."""
    keys = list(left)
    forget(kind, left)
    lapse(kind, keys)
    reason = _intent.get().reason or changeset.reason or changeset.rule
    placed = place(kind, keys, changeset.at, reason=reason, into=_intent.get().pool)
    for move, owned in (("return", True), ("enter", False)):
        rows = {key: (left[key], pool) for key, pool in placed.items() if (left[key] is not None) is owned}
        if rows:
            note(kind, rows, move, changeset)


def forget(kind: Kind, left: Mapping[int, int | None]) -> None:
    """What was agreed with the former owners ({key: owner}) is over, in one statement."""
    meta = kind.model._meta
    if connection.vendor == "postgresql":
        pairs = "unnest(%s::bigint[], %s::bigint[]) AS n (id, owner)"
        given: Any = [list(left), list(left.values())]
    else:
        pairs = "(SELECT CAST(key AS INTEGER) AS id, value AS owner FROM json_each(%s)) AS n"
        given = [orjson.dumps({str(key): old for key, old in left.items()}).decode()]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {meta.db_table} SET former_owner_id = n.owner, protected_until = NULL, extended_until = NULL, "  # noqa: S608
            f"return_due_on = NULL, return_rule_id = NULL, given_basis = '{{}}' FROM {pairs} "
            f"WHERE {meta.db_table}.{meta.pk.column} = n.id",
            given,
        )


def place(
    kind: Kind,
    keys: Sequence[int],
    at: dt.datetime,
    *,
    reason: str = "",
    into: int | None = None,
    new: bool = False,
) -> dict[int, int]:
    """Puts records without an owner into the first pool that takes them; returns which lies where. `into` names the
    pool that a rule or a person chose."""
    waiting, found = list(keys), dict[int, int]()
    pools = open_pools(kind.key)
    for pool in sorted(pools, key=lambda one: one.pk != into):
        if not waiting:
            break
        if new and not pool.takes_new:
            continue
        fit = waiting if pool.pk == into else fitting(kind, pool, waiting)
        fitted = kind.keepings.filter(sql.Among("pk", fit))
        fitted.update(pool=pool, pooled_at=at, pool_reason=reason[:200])
        found |= dict.fromkeys(fit, pool.pk)
        waiting = [key for key in waiting if key not in found]
    if waiting:
        kind.keepings.filter(pk__in=waiting).update(pool=None, pooled_at=None, pool_reason="")
    return found


def fitting(kind: Kind, pool: Pool, keys: Sequence[int]) -> list[int]:
    """Those of the records that the pool takes by its condition."""
    rows = kind.type.records().filter(pk__in=keys)
    if kind.key == "lead":
        rows = rows.filter(kind_alive())
    if pool.where:
        try:
            rows = rows.filter(compile_q(parse(pool.where, kind.type, SYSTEM.moment()), kind.type))
        except QueryError:
            return []
    return list(rows.values_list("pk", flat=True))


def work_columns(kind: Kind) -> dict[str, Any]:
    """What says that somebody is still at work for these records: the last day for which something is planned, and
    how much is open without a day."""
    until: list[Any] = []
    open_work: list[Any] = []
    for one in at_work.about(kind.key):
        rows = one.rows().filter(**{one.link: OuterRef("pk")}).order_by()
        if one.day:
            days = last_days(one, rows)
            until.append(Coalesce(Subquery(days, output_field=DateField()), NO_DAY))
        else:
            counted = rows.values(one.link).annotate(n=Count("pk")).values("n")
            open_work.append(Coalesce(Subquery(counted), Value(0)))
    latest_day = NullIf(Greatest(NO_DAY, NO_DAY, *until), NO_DAY)
    return {"work_until": latest_day, "open_work": sum(open_work, Value(0))}


def last_days(one: at_work.Work, rows: QuerySet[Any]) -> QuerySet[Any]:
    """The last day for which these rows plan something, by their record."""
    moments = isinstance(rows.model._meta.get_field(one.day), DateTimeField)
    first: Any = midnight(today()) if moments else today()
    span = {f"{one.day}__gte": first, f"{one.day}__lt": first + AHEAD}
    last: Any = TruncDate(Max(one.day), tzinfo=zone()) if moments else Max(one.day)
    found: QuerySet[Any] = rows.filter(**span).order_by().values(one.link).annotate(last=last).values("last")
    return found


def planned(one: at_work.Work, key: int) -> dt.date | None:
    """The last day for which this kind of work is planned for a record."""
    days = last_days(one, one.rows().filter(**{one.link: key})).values_list("last", flat=True)
    return next(iter(days), None)


@at_work.follow
def worked_on(type_key: str, keys: Iterable[int]) -> None:
    """Work for these records was opened, moved or ended."""
    kind = KINDS.get(type_key)
    wanted = sorted(set(keys)) if kind is not None else []
    for start in range(0, len(wanted), PART):
        assert kind is not None
        part = wanted[start : start + PART]
        kind.keepings.filter(pk__in=part).update(**work_columns(kind))
        refresh_due(kind, part)


def still_at_work(kind: Kind, rows: QuerySet[Any]) -> list[int]:
    """Of these keepings those for whose records something is open or planned: before a return it is looked at anew,
    since a day that lies ahead comes nearer without an event."""
    found: set[int] = set()
    for one in at_work.about(kind.key):
        mine = one.rows().filter(**{f"{one.link}__in": rows.order_by().values("pk")})
        if one.day:
            mine = mine.filter(**{f"{one.day}__gte": midnight(today())})
        found |= set(mine.values_list(one.link, flat=True))
    return sorted(found)


def kind_alive() -> Q:
    return KINDS["lead"].held(closed=True)


def note(
    kind: Kind, rows: Mapping[int, tuple[int | None, int | None]], move: str, changeset: ChangeSet
) -> None:
    """What came and went: {record: (person, pool)}."""
    reason, route = (changeset.reason or changeset.rule)[:200], _intent.get().route
    same = (move, changeset.actor_id, reason, changeset.pk, route, changeset.at)
    sql.insert(
        PoolMove, MOVE_COLUMNS, [[kind.key, key, pool, user, *same] for key, (user, pool) in rows.items()]
    )


def place_new(kind: Kind, rows: QuerySet[Any]) -> int:
    """New records that nobody has go into a pool, unless a route gave them to somebody meanwhile."""
    keys = list(rows.filter(owner=None, deleted_at=None, keeping__pool=None).values_list("pk", flat=True))
    if not keys:
        return 0
    now = timezone.now()
    placed = place(kind, keys, now, reason=MADE_SO.kept(), new=True)
    PoolMove.objects.bulk_create(
        [
            PoolMove(
                type_key=kind.key,
                object_id=key,
                pool_id=pool,
                move="enter",
                reason=MADE_SO.kept(),
                at=now,
            )
            for key, pool in placed.items()
        ],
        batch_size=500,
    )
    return len(placed)


def refresh_due(kind: Kind, keys: Sequence[int] | None = None) -> int:
    """When these records (or all) return, worked out anew; returns how many dates changed."""
    if keys is None:
        return due.store(kind, kind.keepings, today())
    return sum(
        due.store_keys(kind, keys[start : start + PART], today()) for start in range(0, len(keys), PART)
    )


def latest(rows: QuerySet[Any], link: str, column: str, outer: str) -> Subquery:
    """The local day of the latest of these rows about the record of a keeping."""
    found = rows.filter(**{link: OuterRef(outer)}).order_by().values(link)
    return Subquery(found.annotate(day=TruncDate(Max(column), tzinfo=zone())).values("day"))


def refresh_customers(rows: QuerySet[CustomerKeeping]) -> None:
    """The last days of what counts, out of the records themselves."""
    now = timezone.now()
    touches = Interaction.objects.filter(deleted_at=None, at__lte=now).exclude(channel="system")
    deals = Deal.objects.filter(deleted_at=None)
    paid = Order.objects.filter(deleted_at=None, state="paid", ordered_at__lte=now)
    won = latest(deals.filter(state="won"), "customer", "closed_at", "pk")
    bought = latest(paid, "customer", "ordered_at", "pk")
    until = Contract.objects.filter(deleted_at=None, state__in=STANDING, customer=OuterRef("pk")).order_by()
    running = deals.filter(state="open", customer=OuterRef("pk")).order_by().values("customer")
    either = Q(direction="in") | Q(outcome="reached")
    rows.update(
        **work_columns(KINDS["customer"]),
        two_way_on=latest(touches.filter(either), "customer", "at", "pk"),
        follow_up_on=latest(touches.filter(direction="out"), "customer", "at", "pk"),
        deal_on=latest(deals, "customer", "created_at", "pk"),
        won_on=Greatest(Coalesce(won, bought), Coalesce(bought, won)),
        contract_until=Subquery(until.values("customer").annotate(last=Max("ends_on")).values("last")),
        open_deals=Coalesce(Subquery(running.annotate(n=Count("pk")).values("n")), Value(0)),
    )


def refresh_leads(rows: QuerySet[LeadKeeping]) -> None:
    touches = FollowUp.objects.filter(deleted_at=None, at__lte=timezone.now())
    rows.update(
        **work_columns(KINDS["lead"]),
        two_way_on=latest(touches.filter(outcome="reached"), "lead", "at", "pk"),
        follow_up_on=latest(touches, "lead", "at", "pk"),
    )


REFRESH = {"customer": refresh_customers, "lead": refresh_leads}


def touched(type_key: str, keys: Iterable[int]) -> None:
    """Something happened to these records: the days that count, and with them the return, follow."""
    kind, wanted = KINDS[type_key], sorted(set(keys))
    for start in range(0, len(wanted), 2000):
        part = wanted[start : start + 2000]
        REFRESH[type_key](kind.keepings.filter(pk__in=part))  # type: ignore[operator]
        refresh_due(kind, part)


def rebuild(type_key: str) -> None:
    """Everything from scratch: after an upgrade, or when data were loaded past the doors."""
    kind = KINDS[type_key]
    REFRESH[type_key](kind.keepings)  # type: ignore[operator]
    due.looked_over(kind)
    refresh_due(kind)
