"""Names that queries and the makers of indexes share."""

from __future__ import annotations

import hashlib
from typing import Any

from django.db.models import DateField, DateTimeField, F
from django.db.models.functions import Cast

from kemai.platform.fields import FieldSpec
from kemai.platform.objects import ObjectType

LONGEST = 60


def index_name(object_type: ObjectType, spec: FieldSpec) -> str:
    """The name of the index of an own field: by type, key and the way it is stored."""
    assert spec.own is not None
    whole = f"own_{object_type.key}_{spec.own.letter}_{spec.key}"
    if len(whole) <= LONGEST:
        return whole
    return f"{whole[: LONGEST - 9]}_{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def moment(spec: FieldSpec) -> Any:
    """A date or moment as the database's own type, to be cut to months or days: own ones are kept as text."""
    if spec.own is None:
        return F(spec.path)
    return Cast(F(spec.path), DateTimeField() if spec.type.key == "datetime" else DateField())
