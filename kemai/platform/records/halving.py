"""Many records at once, of which some may be refused: the rest is done, and each refusal has its reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db import IntegrityError, transaction

from kemai.platform.fields import Invalid
from kemai.platform.records.errors import FieldErrors, Refused

MOST_WORDS = 300
REFUSALS = (IntegrityError, FieldErrors, Invalid, Refused)
Refusals = list[tuple[int, str]]
"""Records that stay as they were, each with the reason."""


def halved(ids: Sequence[int], act: Callable[[Sequence[int]], object]) -> tuple[set[int], Refusals]:
    """All at once; where that is refused, in halves, down to the ones that are to blame. Inside the caller's
    transaction, which this splits into savepoints."""
    if not ids:
        return set(), []
    try:
        with transaction.atomic():
            act(ids)
    except REFUSALS as error:
        if len(ids) == 1:
            return set(), [(ids[0], words_of(error))]
        half = len(ids) // 2
        done, refused = halved(ids[:half], act)
        also_done, also_refused = halved(ids[half:], act)
        return done | also_done, refused + also_refused
    return set(ids), []


def words_of(error: Exception) -> str:
    """Why a record stays as it is: what the rule itself says, with its figures, where it says something."""
    if isinstance(error, Refused | Invalid):
        return error.message or "rule"
    if isinstance(error, FieldErrors):
        return "；".join(filter(None, error.errors.values()))[:MOST_WORDS] or "rule"
    return "duplicate"
