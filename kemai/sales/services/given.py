"""Values that the write door hands to the checks of quotes, contracts, receipts and invoices, beside what is stored."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from kemai.platform.fields import Ref
from kemai.platform.records import FieldErrors


def plain(value: Any) -> Any:
    return value.id if isinstance(value, Ref) else value


def stored(existing: Any, key: str) -> Any:
    return getattr(existing, f"{key}_id", None) if hasattr(existing, f"{key}_id") else getattr(existing, key)


def ref(document: Any, key: str) -> Ref | None:
    found = getattr(document, f"{key}_id")
    return None if found is None else Ref(found, "")


def refuse_changes(values: Mapping[str, Any], existing: Any, frozen: Collection[str], sentence: str) -> None:
    """Raises FieldErrors with the sentence at every frozen field that would change."""
    changed = [key for key in values if key in frozen and plain(values[key]) != stored(existing, key)]
    if changed:
        raise FieldErrors(dict.fromkeys(changed, sentence))
