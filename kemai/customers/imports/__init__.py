"""Files about customers: what people call their columns, by what customers are recognised, and till rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from kemai.customers.imports.till import TILL
from kemai.customers.models import Identifier
from kemai.platform.imports.shapes import also_match
from kemai.platform.imports.synonyms import load_words

load_words(Path(__file__).with_name("words.json"))


def identified(kind: str) -> Callable[[Sequence[str]], dict[str, int]]:
    """Customers by their further identifiers (a second phone, say)."""

    def match(values: Sequence[str]) -> dict[str, int]:
        if not values:
            return {}
        found = Identifier.objects.filter(
            kind=kind, value__in=values, deleted_at=None, customer__deleted_at=None
        )
        return dict(found.values_list("value", "customer_id"))

    return match


for key, kind in (
    ("phone", "phone"),
    ("email", "email"),
    ("wecom_id", "wecom"),
    ("credit_code", "credit_code"),
):
    also_match("customer", key, identified(kind))


__all__ = ["TILL"]
