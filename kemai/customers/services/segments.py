"""Who is in a segment: brought up to date as a whole or for one customer, and explained leaf by leaf."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.customers.models import Customer, Segment, SegmentMember, SegmentMove
from kemai.platform import query
from kemai.platform.access import SYSTEM
from kemai.platform.fields import OPERATORS, FieldSpec, listed
from kemai.platform.objects import get
from kemai.platform.query.tree import All, AnyOf, Leaf, Not, Related

CHUNK = 20_000
"""Customers a transaction: members come and go in bites, so that others can write in between."""
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Moved:
    """How many came in and went out."""

    entered: int = 0
    left: int = 0


@dataclass
class Reason:
    """A piece of a rule and whether the customer passes it; groups have parts."""

    text: str
    passed: bool
    value: str = ""
    """What the customer has in the field."""
    parts: list[Reason] = field(default_factory=list)


def customers_of(segment: Segment, now: datetime | None = None) -> QuerySet[Customer]:
    """The customers that pass the segment's rule now. Raises QueryError for a rule that names what is gone."""
    customer_type = get("customer")
    node = query.parse(segment.where, customer_type, SYSTEM.moment(now))
    return Customer.objects.filter(query.compile_q(node, customer_type), deleted_at=None)


def refresh_segment(segment: Segment, *, now: datetime | None = None) -> Moved:
    """Evaluate the rule once, then move customers in and out in short transactions, noting each move."""
    at = now or timezone.now()
    wanted = customers_of(segment, at)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS segment_wanted")
        cursor.execute("CREATE TEMPORARY TABLE segment_wanted (id bigint PRIMARY KEY)")
        inner, args = wanted.order_by().values("pk").query.sql_with_params()
        cursor.execute(f"INSERT INTO segment_wanted (id) {inner}", args)
    left = leave(segment, at)
    entered = enter(segment, at)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM segment_wanted")
        size = cursor.fetchone()[0]
        cursor.execute("DROP TABLE segment_wanted")
        Segment.objects.filter(pk=segment.pk).update(size=size, refreshed_at=at)
    segment.size, segment.refreshed_at = size, at
    return Moved(entered, left)


def leave(segment: Segment, at: datetime) -> int:
    members = quoted(SegmentMember)
    gone = ids(
        f"SELECT customer_id FROM {members} m WHERE m.segment_id = %s "
        "AND NOT EXISTS (SELECT 1 FROM segment_wanted w WHERE w.id = m.customer_id) ORDER BY customer_id",
        [segment.pk],
    )
    for chunk in chunks(gone):
        with transaction.atomic():
            SegmentMember.objects.filter(segment=segment, customer__in=chunk).delete()
            note_moves(segment, chunk, "out", at)
    return len(gone)


def enter(segment: Segment, at: datetime) -> int:
    members = quoted(SegmentMember)
    fresh = ids(
        "SELECT w.id FROM segment_wanted w WHERE NOT EXISTS "
        f"(SELECT 1 FROM {members} m WHERE m.segment_id = %s AND m.customer_id = w.id) ORDER BY w.id",
        [segment.pk],
    )
    entered = 0
    for chunk in chunks(fresh):
        with transaction.atomic():
            # a customer that was erased meanwhile has no place here
            alive = set(
                Customer.objects.filter(pk__gte=chunk[0], pk__lte=chunk[-1]).values_list("pk", flat=True)
            )
            there = [one for one in chunk if one in alive]
            rows = [SegmentMember(segment=segment, customer_id=one, since=at) for one in there]
            SegmentMember.objects.bulk_create(rows, ignore_conflicts=True, batch_size=5_000)
            note_moves(segment, there, "in", at)
            entered += len(there)
    return entered


def ids(sql: str, args: list[Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, args)
        return [row[0] for row in cursor.fetchall()]


def quoted(model: type[Any]) -> str:
    return str(connection.ops.quote_name(model._meta.db_table))


def chunks(keys: list[int]) -> Iterable[list[int]]:
    return (keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK))


def note_moves(segment: Segment, customers: Iterable[int], move: str, at: datetime) -> None:
    SegmentMove.objects.bulk_create(
        [
            SegmentMove(segment=segment, customer_id=one, move=move, rule_version=segment.rule_version, at=at)
            for one in customers
        ],
        batch_size=5_000,
    )


def refresh_all(report: Callable[[int, int], None] | None = None) -> dict[int, Moved]:
    """Bring every segment up to date; one whose rule cannot be read any more is left as it was."""
    segments = list(Segment.objects.filter(deleted_at=None).order_by("pk"))
    moved: dict[int, Moved] = {}
    for index, segment in enumerate(segments):
        try:
            moved[segment.pk] = refresh_segment(segment)
        except query.QueryError:
            continue
        if report is not None:
            report(index + 1, len(segments))
    return moved


def refresh_customer(customer_id: int, *, now: datetime | None = None) -> list[tuple[int, str]]:
    """Put one customer into the segments they now belong to and out of the others; returns (segment, move)s."""
    at = now or timezone.now()
    present = set(SegmentMember.objects.filter(customer=customer_id).values_list("segment_id", flat=True))
    moves: list[tuple[int, str]] = []
    for segment in Segment.objects.filter(deleted_at=None).order_by("pk"):
        try:
            belongs = customers_of(segment, at).filter(pk=customer_id).exists()
        except query.QueryError:
            continue
        if belongs is not (segment.pk in present):
            move_one(segment, customer_id, at, enters=belongs)
            moves.append((segment.pk, "in" if belongs else "out"))
    return moves


def move_one(segment: Segment, customer_id: int, at: datetime, *, enters: bool) -> None:
    with transaction.atomic():
        if enters:
            row = SegmentMember(segment=segment, customer_id=customer_id, since=at)
            SegmentMember.objects.bulk_create([row], ignore_conflicts=True)
        else:
            SegmentMember.objects.filter(segment=segment, customer=customer_id).delete()
        note_moves(segment, [customer_id], "in" if enters else "out", at)
        size = SegmentMember.objects.filter(segment=segment).count()
        Segment.objects.filter(pk=segment.pk).update(size=size)


# why


def explain(segment: Segment, customer: Customer, *, now: datetime | None = None) -> Reason:
    """Why the customer is in the segment or not, piece by piece of its rule."""
    customer_type = get("customer")
    moment = SYSTEM.moment(now)
    node = query.parse(segment.where, customer_type, moment)
    values = query.fetch(Customer.objects.filter(pk=customer.pk), customer_type, used_fields(node))
    if not values:
        return Reason(_("客户已不存在"), passed=False)
    return reason(node, segment.where or {"all": []}, values[0], customer.pk)


def used_fields(node: query.Node) -> list[FieldSpec]:
    match node:
        case All(nodes) | AnyOf(nodes):
            found: dict[str, FieldSpec] = {}
            for child in nodes:
                found.update({spec.key: spec for spec in used_fields(child)})
            return list(found.values())
        case Not(child):
            return used_fields(child)
        case Leaf(spec, _test):
            return [spec]
    return []


def reason(node: query.Node, raw: Mapping[str, Any], values: Values, customer_id: int) -> Reason:
    passed = query.passes(node, values, lambda one: related_rows(one, customer_id))
    match node:
        case All(nodes) | AnyOf(nodes):
            every = isinstance(node, All)
            texts = raw.get("all" if every else "any", [])
            parts = [
                reason(child, text, values, customer_id) for child, text in zip(nodes, texts, strict=True)
            ]
            return Reason(_("满足全部条件") if every else _("满足任一条件"), passed, parts=parts)
        case Not(child):
            return Reason(_("不满足"), passed, parts=[reason(child, raw["not"], values, customer_id)])
        case Leaf(spec, _test):
            value = spec.type.text(values.get(spec.key), spec)
            return Reason(leaf_text(spec, raw), passed, value or _("空"))
        case Related():
            return Reason(related_text(node, raw), passed, str(related_figure(node, customer_id)))
    raise TypeError(node)


def leaf_text(spec: FieldSpec, raw: Mapping[str, Any]) -> str:
    operator = OPERATORS[str(raw["op"])]
    label, value = str(operator.label), value_text(spec, raw.get("value"))
    if operator.arity == "days":
        label, value = label.replace("N", value), ""
    return " ".join(part for part in (str(spec.label), label, value) if part)


def value_text(spec: FieldSpec, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return listed(value_text(spec, one) for one in value)
    option = spec.option(value)
    return str(option.label) if option is not None else str(value)


def related_text(node: Related, raw: Mapping[str, Any]) -> str:
    names = {
        "count": _("%(object)s数量"), "sum": _("%(object)s的%(field)s合计"),
        "max": _("%(object)s的最大%(field)s"), "min": _("%(object)s的最小%(field)s"),
    }  # fmt: skip
    of = str(node.of.label) if node.of is not None else ""
    subject = names[node.aggregate] % {"object": node.type.label, "field": of}
    return (
        f"{subject} {OPERATORS[str(raw['op'])].label} {value_text(node.of or node.field, raw.get('value'))}"
    )


def related_rows(node: Related, customer_id: int) -> list[dict[str, Any]]:
    """The customer's records of the related type, as values by field key."""
    named = (
        {f"{node.field.path}__contains": f'"{customer_id}"'}
        if node.field.refs
        else {node.field.path: customer_id}
    )
    rows = node.type.records().filter(**named)
    if node.type.recycles:
        rows = rows.filter(deleted_at=None)
    specs = {spec.key: spec for spec in used_fields(node.where)}
    if node.of is not None:
        specs[node.of.key] = node.of
    return query.fetch(rows, node.type, list(specs.values()))


def related_figure(node: Related, customer_id: int) -> object:
    rows = [row for row in related_rows(node, customer_id) if query.passes(node.where, row)]
    if node.of is None:
        return len(rows)
    numbers = [row[node.of.key] for row in rows if row.get(node.of.key) is not None]
    if node.aggregate == "sum":
        return sum(numbers)
    return (max if node.aggregate == "max" else min)(numbers) if numbers else _("空")
