"""Several counts in one question: a record page shows how many of each kind belong to the record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet


def capped_counts(querysets: Sequence[QuerySet[Any]], cap: int = 999) -> list[int]:
    """How many rows each queryset has, up to cap + 1, in one round trip."""
    pieces, params, places = [], [], []
    counts = [0] * len(querysets)
    for place, queryset in enumerate(querysets):
        try:
            sql, values = queryset.order_by().values("pk")[: cap + 1].query.sql_with_params()
        except EmptyResultSet:
            continue
        pieces.append(f"(SELECT COUNT(*) FROM ({sql}) AS t{place})")  # noqa: S608 - made by the ORM
        params += values
        places.append(place)
    if pieces:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(pieces)}", params)
            row = cursor.fetchone()
        for place, count in zip(places, row, strict=True):
            counts[place] = int(count)
    return counts
