"""The way of many deals at once: stage events in set-based form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from kemai.platform.records import sql
from kemai.sales.models import Deal, StageEvent

BATCH = 5_000
EVENT = ("id", "deal_id", "old", "new", "at", "by_id", "seconds")


def note_many(first: int, last: int) -> int:
    """An event for every deal with a key from `first` to `last` that stands in another stage than the last one noted.
    Returns how many were noted."""
    latest = StageEvent.objects.filter(deal=OuterRef("pk")).order_by("-at", "-pk")
    rows = (
        Deal.objects.filter(pk__range=(first, last))
        .annotate(noted=Subquery(latest.values("new")[:1]), noted_at=Subquery(latest.values("at")[:1]))
        .filter(Q(noted=None) | ~Q(noted=F("stage")))
        .annotate(moment=Coalesce("stage_since", "created_at"))
        .values_list("pk", "noted", "noted_at", "stage", "moment", "owner_id")
    )
    events = [
        StageEvent(
            deal_id=pk, old=noted or "", new=stage, at=moment, by_id=owner,
            seconds=int((moment - noted_at).total_seconds()) if noted_at else None,
        )
        for pk, noted, noted_at, stage, moment, owner in rows.iterator(chunk_size=BATCH)
    ]  # fmt: skip
    StageEvent.objects.bulk_create(events, batch_size=BATCH)
    return len(events)


def record_course(rows: Iterable[Mapping[str, Any]]) -> int:
    """Stage events older than this database, as they were: {deal, old, new, at, by, seconds} with the keys of deals
    and users, in the order of time for each deal. Returns how many."""
    made, done = iter(rows), 0
    while chunk := list(islice(made, BATCH)):
        with transaction.atomic():
            keys = sql.new_ids(StageEvent, len(chunk))
            sql.insert(
                StageEvent, EVENT, [event_values(key, one) for key, one in zip(keys, chunk, strict=True)]
            )
        done += len(chunk)
    return done


def event_values(key: int, row: Mapping[str, Any]) -> list[Any]:
    """In the order of EVENT."""
    seconds = None if row["seconds"] is None else int(row["seconds"])
    return [key, row["deal"], row["old"], row["new"], row["at"], row["by"], seconds]
