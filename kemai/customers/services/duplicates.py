"""The queue of pairs that may be one record, and what people decide about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.customers.models import DuplicatePair
from kemai.customers.services.duplicate_runs import SUGGESTED
from kemai.customers.services.duplicate_sources import CUSTOMER, mine
from kemai.customers.services.duplicate_words import Reason, reasons
from kemai.platform import access, records
from kemai.platform.access import Actor
from kemai.platform.fields import FieldSpec
from kemai.platform.models import ChangeSet
from kemai.platform.objects import ObjectType, get
from kemai.platform.records import Refused

PAGE = 20
MOST_FIELDS = 16
SURE = 0.99
"""Below this nothing is merged in bulk, and nothing is ever merged by itself."""
LATER_DAYS = 7
FIELDS = (
    "name", "number", "kind", "phone", "email", "credit_code", "wecom_id", "region", "address", "owner", "birthday",
    "validity", "industry", "source", "orders_total", "last_order_at", "created_at",
)  # fmt: skip


@dataclass(frozen=True)
class Ask:
    """What of the queue is asked for."""

    band: str = ""
    """'' everything, 'sure' (≥ 0.99), 'likely' (0.95–0.99), 'review' (below)."""
    kind: str = ""
    state: str = "open"
    type_key: str = CUSTOMER


@dataclass(frozen=True)
class Side:
    """A record beside its likely double, as the actor sees it."""

    id: int
    row: Any


@dataclass(frozen=True)
class Shown:
    pair: DuplicatePair
    left: Side
    right: Side
    reasons: Sequence[Reason]
    group: int
    """How many records hang together with these two."""

    @property
    def percent(self) -> str:
        return f"{min(self.pair.p, 0.9999) * 100:.1f}%"


def visible(actor: Actor, type_key: str = CUSTOMER) -> QuerySet[DuplicatePair]:
    """Pairs of which the actor may edit both records: others cannot be merged by them."""
    pairs = DuplicatePair.objects.filter(type_key=type_key)
    if access.verb_scope(actor, get(type_key), "edit") == "none":
        return pairs.none()
    keys = access.scope(actor, type_key, "edit").values("pk")
    return pairs.filter(first__in=keys, second__in=keys)


def asked(actor: Actor, ask: Ask) -> QuerySet[DuplicatePair]:
    if ask.state != "merged":
        pairs = visible(actor, ask.type_key)
    else:
        pairs = DuplicatePair.objects.filter(type_key=ask.type_key, decided_by=actor.user_id)
    pairs = pairs.filter(state=ask.state)
    pairs = pairs.order_by("-p", "id") if ask.state == "open" else pairs.order_by("-decided_at", "id")
    if ask.kind in {"person", "company"}:
        pairs = pairs.filter(kind=ask.kind)
    if ask.band == "sure":
        pairs = pairs.filter(p__gte=SURE)
    elif ask.band == "likely":
        pairs = pairs.filter(p__gte=SUGGESTED, p__lt=SURE)
    elif ask.band == "review":
        pairs = pairs.filter(p__lt=SUGGESTED)
    return pairs


def page(actor: Actor, ask: Ask, after: int = 0) -> tuple[list[Shown], bool]:
    """A page of the queue from its `after`-th pair on, and whether there are more."""
    pairs = list(asked(actor, ask)[after : after + PAGE + 1])
    return shown(actor, get(ask.type_key), pairs[:PAGE]), len(pairs) > PAGE


def fields_of(object_type: ObjectType) -> Sequence[str]:
    """What stands beside each other of two records: what is compared first, then what people know them by."""
    if object_type.key == CUSTOMER:
        return FIELDS
    numbered = (object_type.numbering.field,) if object_type.numbering else ()
    form = [key for section in object_type.form_sections() for key in section.fields]
    known = (object_type.title, *numbered, *object_type.compared, *object_type.list_columns(), *form)
    keys = [key for key in dict.fromkeys(known) if key in object_type.fields]
    keys = [
        key for key in keys if object_type.fields[key].type.key not in {"tags", "sub_table", "file", "image"}
    ]
    return [*keys[:MOST_FIELDS], *(["created_at"] if "created_at" not in keys[:MOST_FIELDS] else [])]


def specs_of(actor: Actor, object_type: ObjectType) -> list[FieldSpec]:
    return list(access.visible_specs(actor, object_type, fields_of(object_type)))


def shown(actor: Actor, object_type: ObjectType, pairs: Sequence[DuplicatePair]) -> list[Shown]:
    """With the records as the actor sees them, in one reading."""
    from kemai.platform import query

    keys = {key for pair in pairs for key in (pair.first, pair.second)}
    alive = access.scope(actor, object_type).filter(pk__in=keys)
    rows = query.fetch(alive, object_type, specs_of(actor, object_type))
    access.mask_rows(actor, object_type, rows)
    by_id = {row["id"]: row for row in rows}
    sizes = group_sizes(object_type.key, {pair.group for pair in pairs if pair.group})
    return [
        Shown(
            pair,
            Side(pair.first, by_id.get(pair.first)),
            Side(pair.second, by_id.get(pair.second)),
            reasons(pair.levels, object_type),
            sizes.get(pair.group, 2),
        )
        for pair in pairs
    ]


def group_sizes(type_key: str, groups: set[int]) -> dict[int, int]:
    of_type = DuplicatePair.objects.filter(type_key=type_key, state="open")
    rows = of_type.filter(group__in=groups).values("group")
    pairs = dict(rows.annotate(n=Count("pk")).values_list("group", "n"))
    found = {}
    for group, number in pairs.items():
        if number == 1:
            continue
        keys = of_type.filter(group=group).values_list("first", "second")
        found[group] = len({key for pair in keys for key in pair})
    return found


def waiting(actor: Actor) -> int:
    """How many wait, as far as one counts (the side bar)."""
    return sum(
        visible(actor, one.key).filter(state="open", p__gte=SUGGESTED)[:1000].count() for one in mine(actor)
    )


def find(actor: Actor, pk: int) -> DuplicatePair:
    """Raises NotVisible."""
    pair = DuplicatePair.objects.filter(pk=pk).first()
    if pair is None or not visible(actor, pair.type_key).filter(pk=pk).exists():
        raise access.NotVisible
    return pair


def decide(actor: Actor, pk: int, state: str) -> DuplicatePair:
    """'distinct', 'later' or 'open' again. Raises NotVisible, Refused."""
    pair = find(actor, pk)
    if state not in {"distinct", "later", "open"}:
        raise access.NotVisible
    if pair.state == "merged":
        raise Refused("merged_already", _("这一对已经合并了；要分开，请撤销合并"))
    mark(pair, actor if state != "open" else None, state)
    return pair


def mark(pair: DuplicatePair, actor: Actor | None, state: str, changeset: int | None = None) -> None:
    pair.state, pair.changeset_id = state, changeset
    pair.decided_by_id = actor.user_id if actor else None
    pair.decided_at = timezone.now() if actor else None
    pair.save()


def keep_of(one: Any, two: Any) -> tuple[Any, Any]:
    """(the one that stays, the other): the confirmed one, then the older, whose number people know."""
    first, second = sorted(
        (one, two), key=lambda record: (getattr(record, "validity", "") != "valid", record.pk)
    )
    return first, second


def merge_pair(actor: Actor, pk: int) -> ChangeSet:
    """Merges by the proposal. Raises NotVisible, Refused."""
    pair = find(actor, pk)
    found = get(pair.type_key).records().in_bulk([pair.first, pair.second])
    if len(found) < 2:
        raise access.NotVisible
    keep, gone = keep_of(found[pair.first], found[pair.second])
    changes = records.merge(pair.type_key, keep.pk, [gone.pk], by=actor)
    mark(pair, actor, "merged", changes.pk)
    return changes


def sure_ones(actor: Actor, ask: Ask, after: int = 0) -> list[Shown]:
    """Those of a page that may be merged together: 0.99 and above, no record twice."""
    return sure_of(page(actor, ask, after)[0])


def sure_of(shown_pairs: Sequence[Shown]) -> list[Shown]:
    found, used = [], set[int]()
    for one in shown_pairs:
        if one.pair.p < SURE or one.pair.state != "open" or {one.left.id, one.right.id} & used:
            continue
        used |= {one.left.id, one.right.id}
        found.append(one)
    return found


def merge_many(actor: Actor, keys: Sequence[int], type_key: str = CUSTOMER) -> tuple[int, list[str]]:
    """Merges the sure pairs among these, each by itself: (how many, why others were not)."""
    done, refused = 0, []
    for pair in (
        visible(actor, type_key).filter(pk__in=list(keys)[:PAGE], state="open", p__gte=SURE).order_by("-p")
    ):
        try:
            merge_pair(actor, pair.pk)
            done += 1
        except Refused as error:
            refused.append(error.message)
        except access.NotVisible:
            refused.append(_("其中一条刚刚被合并或删除了"))
    return done, refused


def follow_merge(type_key: str, keep: int, gone: Sequence[int], changeset: int, by: int | None) -> None:
    """After a merge, wherever it was made: the pairs of both are decided, those of the merged one leave the queue."""
    now = timezone.now()
    both = [keep, *gone]
    inner = DuplicatePair.objects.filter(type_key=type_key, first__in=both, second__in=both)
    inner.exclude(state="merged").update(
        state="merged", decided_by=by, decided_at=now, changeset_id=changeset
    )


def follow_part(type_key: str, keep: int, gone: Sequence[int]) -> None:
    """After a merge was taken back its pairs wait again, marked as looked at."""
    both = [keep, *gone]
    pairs = DuplicatePair.objects.filter(type_key=type_key, first__in=both, second__in=both, state="merged")
    pairs.update(state="later", decided_by=None, decided_at=timezone.now(), changeset_id=None)


def wake(now: datetime | None = None) -> int:
    """What was put off comes back after a week."""
    before = (now or timezone.now()) - timedelta(days=LATER_DAYS)
    return DuplicatePair.objects.filter(state="later", decided_at__lt=before).update(
        state="open", decided_by=None
    )
