"""A segment's rule as people work on it: trying it out, keeping it, who came and went, who is in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, F
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.customers.models import Segment, SegmentMove
from kemai.customers.services import segments
from kemai.customers.services.chain import whole_rows
from kemai.platform import access, audit, events, jobs, query, records
from kemai.platform.access import Actor
from kemai.platform.models import Change, Job
from kemai.platform.objects import get

FIELDS = ("name", "value_class", "activity", "owner", "amount_12m", "last_order_at")
SAMPLES = 8
PAGE = 20
DAYS = 60
SMALL = 20_000
"""Up to so many customers a segment is evaluated while the person waits."""
COUNTED = 10_000
REFRESH = "kemai.customers.services.segment_rules.refresh_one"
Tree = Any


@dataclass(frozen=True)
class Preview:
    """`count` is exact up to COUNTED; of the customers that the actor sees."""

    count: query.Count
    rows: Sequence[query.Row]


def preview(actor: Actor, where: Tree) -> Preview:
    """Whom a rule would hold, now. Raises query.QueryError for a rule that cannot be read."""
    object_type = get("customer")
    node = access.condition(actor, object_type, where)
    found = access.scope(actor, object_type).filter(query.compile_q(node, object_type))
    count = query.quick_count(found, COUNTED, work=None)
    first = found.values("pk")[:SAMPLES]
    rows = rows_of(actor, object_type.model._default_manager.filter(pk__in=first))
    return Preview(count, rows)


def rows_of(actor: Actor, found: Any) -> list[query.Row]:
    object_type = get("customer")
    rows = query.fetch(found, object_type, access.visible_specs(actor, object_type, FIELDS))
    access.mask_rows(actor, object_type, rows)
    whole_rows(rows, FIELDS)
    return rows


def set_rule(actor: Actor, segment_id: int, where: Tree) -> Job | None:
    """Keeps a new rule and brings the members up to date, at once or in the background (the job is returned).

    Raises access.NotVisible, access.Denied, query.QueryError."""
    segment: Segment = access.one(actor, "segment", segment_id, "edit")
    access.condition(actor, get("customer"), where)
    tree = where or {}
    if tree != segment.where:
        with transaction.atomic():
            diff = {"where": [segment.where, tree]}
            changes = audit.open_set("update", "segment", by=actor, count=1)
            Change.objects.create(
                changeset=changes, type_key="segment", object_id=segment.pk, action="update", diff=diff
            )
            Segment.objects.filter(pk=segment.pk).update(
                where=tree,
                rule_version=F("rule_version") + 1,
                version=F("version") + 1,
                updated_at=timezone.now(),
            )
            events.emit("segment.updated", "segment", segment.pk, changes, {"fields": ["where"]})
    return refresh(actor, segment.pk)


def save_as(actor: Actor, name: str, where: Tree, *, description: str = "") -> Segment:
    """A new segment with this rule. Raises access.Denied, records.FieldErrors, query.QueryError."""
    access.condition(actor, get("customer"), where)
    with transaction.atomic():
        made: Segment = records.create("segment", {"name": name, "description": description}, by=actor)
        Segment.objects.filter(pk=made.pk).update(where=where or {})
    refresh(actor, made.pk)
    return made


def refresh(actor: Actor, segment_id: int) -> Job | None:
    """Evaluates the rule anew for everybody; the job where that takes long. Raises access.NotVisible."""
    access.one(actor, "segment", segment_id)
    if not query.quick_count(get("customer").model._default_manager.all(), SMALL, work=None).exact:
        key = f"segment.refresh/{segment_id}"
        title = _("更新分群")
        return jobs.enqueue(
            REFRESH, {"segment": segment_id}, key=key, again=True, user=actor.user_id, title=title
        )
    segments.refresh_segment(Segment.objects.get(pk=segment_id))
    return None


def refresh_one(progress: jobs.Progress, *, segment: int) -> dict[str, int]:
    """The job."""
    row = Segment.objects.filter(pk=segment, deleted_at=None).first()
    if row is None:
        return {}
    moved = segments.refresh_segment(row)
    return {"entered": moved.entered, "left": moved.left}


@dataclass(frozen=True)
class Moves:
    """What happened a day: days without moves are left out of none."""

    days: Sequence[date]
    came: Sequence[int]
    left: Sequence[int]


def history(segment: Segment, *, now: datetime | None = None) -> Moves:
    """Who came and who left, day by day, over the last two months."""
    zone = timezone.get_default_timezone()
    today = timezone.localtime(now or timezone.now(), zone).date()
    start = today - timedelta(days=DAYS - 1)
    since = datetime(start.year, start.month, start.day, tzinfo=zone)
    moves = SegmentMove.objects.filter(segment=segment, at__gte=since).order_by()
    rows = moves.annotate(day=TruncDate("at", tzinfo=zone)).values_list("day", "move").annotate(n=Count("pk"))
    found: Mapping[tuple[date, str], int] = {(day, move): count for day, move, count in rows}
    days = [start + timedelta(days=index) for index in range(DAYS)]
    return Moves(
        days, [found.get((day, "in"), 0) for day in days], [found.get((day, "out"), 0) for day in days]
    )


def seen(actor: Actor, segment: Segment) -> query.Count | None:
    """How many of the members the actor sees (exact up to COUNTED); None for whoever sees all customers."""
    object_type = get("customer")
    if access.verb_scope(actor, object_type, "view") == "all":
        return None
    mine = access.scope(actor, object_type).filter(pk__in=segment.members.values("customer"))
    return query.quick_count(mine, COUNTED, work=None)


@dataclass(frozen=True)
class Member:
    row: query.Row
    since: datetime | None


@dataclass(frozen=True)
class Members:
    rows: Sequence[Member]
    next: str
    previous: str


def members(actor: Actor, segment: Segment, *, cursor: str = "") -> Members:
    """The members that the actor may see, the newest customer first. Raises query.QueryError for a bad cursor."""
    object_type = get("customer")
    found = access.scope(actor, object_type).filter(pk__in=segment.members.values("customer"))
    specs = access.visible_specs(actor, object_type, FIELDS)
    page = query.page(found, object_type, specs, sort="-id", cursor=cursor, size=PAGE)
    access.mask_rows(actor, object_type, page.rows)
    whole_rows(page.rows, FIELDS)
    ids = [row["id"] for row in page.rows]
    since = dict(segment.members.filter(customer__in=ids).values_list("customer", "since"))
    return Members([Member(row, since.get(row["id"])) for row in page.rows], page.next, page.previous)


def why(actor: Actor, segment: Segment, customer_id: int) -> tuple[Any, segments.Reason | None]:
    """The customer, and why they are in the segment or not, piece by piece of its rule; None where the rule asks for
    what the actor may not know. Raises access.NotVisible."""
    customer = access.one(actor, "customer", customer_id)
    try:
        access.condition(actor, get("customer"), segment.where)
    except query.QueryError:
        return customer, None
    return customer, segments.explain(segment, customer)
