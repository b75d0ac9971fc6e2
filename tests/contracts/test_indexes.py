"""The list of a million customers is sorted by walking an index: every column that it shows and sorts by has one that
goes on to the key at once. (One that goes on to something else sorts all rows of a value: 50,000 of an owner.)"""

from __future__ import annotations

import pytest
from django.db import models

from kemai.platform.objects import get

CUSTOMER = get("customer")
KEYS = {"id", "customer", "deleted_at"}  # the last: only to save a look at the row


def walked(model: type[models.Model]) -> set[str]:
    """The columns that an index over all living rows begins with, with nothing but the key behind."""
    indexes = [one.fields for one in model._meta.indexes if not one.condition]
    unique = [one.fields for one in model._meta.constraints if isinstance(one, models.UniqueConstraint)]
    return {first for first, *rest in (*indexes, *unique) if set(rest) <= KEYS}


@pytest.mark.parametrize("key", [key for key in CUSTOMER.columns if CUSTOMER.fields[key].sortable])
def test_every_sorted_column_is_walked(key: str) -> None:
    spec = CUSTOMER.fields[key]
    model: type[models.Model] = CUSTOMER.model
    *way, column = (spec.sort_path or spec.path).split("__")
    for step in way:
        model = model._meta.get_field(step).related_model  # type: ignore[assignment]
    assert column in walked(model)
