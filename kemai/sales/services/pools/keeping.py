"""In whose hands records are: every change of an owner comes through here, whichever door it came by
(`records.owners.follow`), so that no clock can be gone round; and every event that puts a return off."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Greatest, TruncDate
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.customers.models import Interaction, Order
from kemai.platform.access import SYSTEM
from kemai.platform.models import ChangeSet
from kemai.platform.objects import ObjectType
from kemai.platform.query import QueryError, compile_q, parse
from kemai.platform.records import owners
from kemai.sales.models import Contract, CustomerKeeping, Deal, FollowUp, LeadKeeping, Pool, PoolMove
from kemai.sales.services.pools import due
from kemai.sales.services.pools.kinds import KINDS, Kind, local_day, open_pools, today, zone

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
    left: dict[int | None, list[int]] = defaultdict(list)
    for key, old, new in pairs:
        if new is None:
            left[old].append(key)
    take(kind, taken, {key: old for key, old, _new in pairs if old is not None}, changeset)
    for old, keys in left.items():
        leave(kind, keys, old, changeset)


def take(kind: Kind, owners_of: dict[int, int], former: dict[int, int], changeset: ChangeSet) -> None:
    if not owners_of:
        return
    rows = kind.keepings.filter(pk__in=list(owners_of))
    lying = dict(rows.exclude(pool=None).values_list("pk", "pool"))
    intent = _intent.get()
    rows.update(
        pool=None, pooled_at=None, pool_reason="", received_on=local_day(changeset.at), protected_until=None,
        given_basis=intent.basis or {},
    )  # fmt: skip
    by_former: dict[int, list[int]] = defaultdict(list)
    for key, old in former.items():
        by_former[old].append(key)
    for old, keys in by_former.items():
        kind.keepings.filter(pk__in=[key for key in keys if key in owners_of]).update(former_owner=old)
    moved = owners_of if intent.move == "route" else lying
    note(kind, {key: (owners_of[key], lying.get(key)) for key in moved}, intent.move or "assign", changeset)
    refresh_due(kind, list(owners_of))


def leave(kind: Kind, keys: Sequence[int], old: int | None, changeset: ChangeSet) -> None:
    rows = kind.keepings.filter(pk__in=keys)
    rows.update(former_owner=old, protected_until=None, return_due_on=None, return_rule=None, given_basis={})
    reason = _intent.get().reason or changeset.reason or changeset.rule
    placed = place(kind, keys, changeset.at, reason=reason, into=_intent.get().pool)
    move = "return" if old is not None else "enter"
    note(kind, {key: (old, pool) for key, pool in placed.items()}, move, changeset)


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
        kind.keepings.filter(pk__in=fit).update(pool=pool, pooled_at=at, pool_reason=reason[:200])
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


def kind_alive() -> Q:
    return KINDS["lead"].held(closed=True)


def note(kind: Kind, rows: dict[int, tuple[int | None, int | None]], move: str, changeset: ChangeSet) -> None:
    """What came and went: {record: (person, pool)}."""
    PoolMove.objects.bulk_create(
        [
            PoolMove(
                type_key=kind.key, object_id=key, pool_id=pool, move=move, user_id=user, by_id=changeset.actor_id,
                reason=(changeset.reason or changeset.rule)[:200], changeset_id=changeset.pk,
                route_id=_intent.get().route, at=changeset.at,
            )
            for key, (user, pool) in rows.items()
        ],
        batch_size=500,
    )  # fmt: skip


def place_new(kind: Kind, rows: QuerySet[Any]) -> int:
    """New records that nobody has go into a pool, unless a route gave them to somebody meanwhile."""
    keys = list(rows.filter(owner=None, deleted_at=None, keeping__pool=None).values_list("pk", flat=True))
    if not keys:
        return 0
    now = timezone.now()
    placed = place(kind, keys, now, reason=_("新建时没有负责人"), new=True)
    PoolMove.objects.bulk_create(
        [
            PoolMove(
                type_key=kind.key,
                object_id=key,
                pool_id=pool,
                move="enter",
                reason=_("新建时没有负责人"),
                at=now,
            )
            for key, pool in placed.items()
        ],
        batch_size=500,
    )
    return len(placed)


def refresh_due(kind: Kind, keys: Sequence[int] | None = None) -> int:
    """When these records (or all) return, worked out anew; returns how many dates changed."""
    rows = kind.keepings if keys is None else kind.keepings.filter(pk__in=keys)
    return due.store(kind, rows, today())


def due_of(kind: Kind, keys: Sequence[int]) -> None:
    """The return of these records, where any rule is in force."""
    terms = due.terms_of(kind)
    if terms:
        for start in range(0, len(keys), 2000):
            due.store(kind, kind.keepings.filter(pk__in=keys[start : start + 2000]), today(), terms)


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
    refresh_due(kind)
