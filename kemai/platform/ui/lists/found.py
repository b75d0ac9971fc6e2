"""The records of a list as its state asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from kemai.platform import search
from kemai.platform.access import Actor
from kemai.platform.fields import FieldSpec
from kemai.platform.objects import ObjectType
from kemai.platform.ui.lists.state import ListState

SIZE = 50


def matching(actor: Actor, object_type: ObjectType, state: ListState) -> QuerySet[Any]:
    """All records of the list, search included, in no order: for counts, sums, bulk acts and exports."""
    return search.matching(actor, object_type, state.where, state.q)


def page(
    actor: Actor, object_type: ObjectType, state: ListState, specs: Sequence[FieldSpec], size: int = SIZE
) -> search.Found:
    """The page that the state names. Raises QueryError."""
    asked = search.Asked(state.where, state.q, state.sort, state.cursor, size, specs)
    return search.page(actor, object_type, asked)
