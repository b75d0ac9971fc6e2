"""What the analytical engine may read and write: datasets and parts that the domains declare in `datasets.py`.

The vocabulary only: the engine (kemai/analytics) reads these declarations, so the domains never import it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils.module_loading import autodiscover_modules

COLUMN_KINDS = frozenset({"int64", "float64", "string", "code", "boolean", "timestamp", "date", "cents"})
LOCAL_KINDS = frozenset({"date", "hour"})


@dataclass(frozen=True)
class Dataset:
    """One table of the analytical store: which columns, from which rows, and how changes are noticed."""

    key: str
    columns: Mapping[str, str]
    """{name: kind}; each name is a field, attname or annotation of the source. Moments are UTC, money whole cents; a
    code is a short word of our own without quotes and commas (the value of a choice)."""
    source: Callable[[], models.QuerySet[Any]]
    """All rows, unsliced and unordered; deleted ones may be in it."""
    subject: str = ""
    """The column that says which customer (in general: which subject) a row is about; '' for reference tables."""
    moment: str = ""
    """The timestamp column by which an analysis as of a past day is cut; '' for what has no moment."""
    local: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """{name: ('date' | 'hour', timestamp column)}: further columns in the company's local time."""
    primary: str = "id"
    watermark: str = "updated_at"
    deleted: str = "deleted_at"
    """ORM path of the moment of deletion; '' where rows are not deleted softly."""
    parent: str = ""
    """The dataset whose rows these rows are a part of: they are read again whenever their parent changed."""
    parent_column: str = ""
    """The column that holds the parent's key, and (without `_id`) the ORM path to it."""
    loose: frozenset[str] = frozenset()
    """Columns under whose name something of another kind may stand (a field whose kind was changed): what does not
    fit is read as nothing."""
    unseen: tuple[str, ...] = ()
    """Columns whose values move without the watermark (formulas, roll-ups): compared for all rows at every refresh."""
    passive: bool = False
    """No analysis of the product reads it: its changes make nothing else out of date."""

    def __post_init__(self) -> None:
        unknown = set(self.columns.values()) - COLUMN_KINDS
        unknown |= {kind for kind, _source in self.local.values()} - LOCAL_KINDS
        if unknown:
            raise ValueError(f"dataset {self.key}: unknown kinds {sorted(unknown)}")
        if self.primary not in self.columns or (self.parent and self.parent_column not in self.columns):
            raise ValueError(f"dataset {self.key}: its keys must be among its columns")

    @property
    def parent_path(self) -> str:
        return self.parent_column.removesuffix("_id")


@dataclass(frozen=True)
class Part:
    """A table of derived values, one row a record, that analyses write as a whole (never people)."""

    key: str
    type_key: str
    """The object type that the values are facts about."""
    model: type[models.Model]
    columns: tuple[str, ...]
    """The columns (attnames) that the engine owns, besides the key, `run_id` and `computed_at`."""
    tracked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """{state column: its inputs}: a change of one is noted as a transition, with these inputs."""
    since: Mapping[str, str] = field(default_factory=dict)
    """{state column: column that says since when}."""
    transitions: type[models.Model] | None = None
    event: str = ""

    @property
    def primary(self) -> str:
        """The key column: a one-to-one reference to the record."""
        key = self.model._meta.pk
        assert key is not None
        return key.attname

    @property
    def record(self) -> type[models.Model]:
        key = self.model._meta.pk
        related: object = getattr(key, "related_model", None)
        assert isinstance(related, type)
        return related


_datasets: dict[str, Dataset] = {}
_parts: dict[str, Part] = {}


def declare(*declared: Dataset | Part) -> None:
    for one in declared:
        known: dict[str, Any] = _datasets if isinstance(one, Dataset) else _parts
        if one.key in known:
            raise ValueError(f"{type(one).__name__.lower()} {one.key!r} is declared twice")
        known[one.key] = one


@functools.cache
def _discover() -> None:
    autodiscover_modules("datasets")


def all_datasets() -> Iterator[Dataset]:
    """Parents before their parts."""
    _discover()
    return iter(sorted(_datasets.values(), key=lambda one: bool(one.parent)))


def all_parts() -> Iterator[Part]:
    _discover()
    return iter(_parts.values())


def get_part(key: str) -> Part:
    _discover()
    return _parts[key]
