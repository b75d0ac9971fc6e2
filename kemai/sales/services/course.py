"""The way of many deals at once: stage events in set-based form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from kemai.sales.models import Deal, StageEvent

BATCH = 5_000


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
        StageEvent.objects.bulk_create(
            [
                StageEvent(
                    deal_id=one["deal"], old=one["old"], new=one["new"], at=one["at"], by_id=one["by"],
                    seconds=None if one["seconds"] is None else int(one["seconds"]),
                )
                for one in chunk
            ]
        )  # fmt: skip
        done += len(chunk)
    return done
