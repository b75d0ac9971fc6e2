"""What a record's page asks of an object type: why a value is what it is, what happened when, who is there already.

The vocabulary only. Domains set these on their types in `objects.py`; the pages know nothing of the domains."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet

from kemai.platform.fields import Label
from kemai.platform.models import Option

if TYPE_CHECKING:
    from kemai.platform.access import Actor

LAST_ID = 2**63 - 1


@dataclass(frozen=True)
class Evidence:
    """One input of a decision; `url` opens the records behind it."""

    label: Label
    text: str
    url: str = ""


@dataclass(frozen=True)
class Past:
    """What a value was changed to, and when; texts as people read them."""

    at: datetime
    old: str
    new: str


@dataclass(frozen=True)
class Offer:
    """Something that one may decide about the value: `acts` are labels with the addresses they are sent to."""

    text: str
    acts: Sequence[tuple[str, str]]
    state: str = ""


@dataclass(frozen=True)
class Explanation:
    """Why a derived value is what it is, out of what was stored when it was computed; of a typed one, where it comes
    from."""

    value: str
    reason: str
    rule: str = ""
    """The rule or analysis with its version."""
    at: datetime | None = None
    inputs: Sequence[Evidence] = ()
    steps: Sequence[str] = ()
    """The arithmetic, line by line."""
    past: Sequence[Past] = ()
    offers: Sequence[Offer] = ()


Explain = Callable[["Actor", int, str], Explanation | None]
"""`explain(actor, record id, field key)`; None where nothing is known. Visibility has been checked by the caller."""


@dataclass(frozen=True)
class Similar:
    """A record that may be the same as the one being typed. `id` is None where the actor may not open it."""

    id: int | None
    title: str
    detail: str
    owner: str
    why: str


FindSimilar = Callable[["Actor", Mapping[str, str], int | None], Sequence[Similar]]
"""`find(actor, typed texts by field key, id of the record being edited)`, the likeliest first."""


@dataclass(frozen=True)
class Known:
    """How much of a record is known, in per cent, and the fields to ask for next, the weightiest first."""

    percent: int
    missing: Sequence[str] = ()


Complete = Callable[[Mapping[str, Any]], Known]
"""Of the record's values by field key, in Python form."""


@dataclass(frozen=True)
class Ask:
    """A stretch of a timeline: up to `size` entries before the place (`at`, `id`), newest first. `part` is one of the
    source's own kinds, or '' for all."""

    size: int = 31
    at: datetime | None = None
    id: int = LAST_ID
    part: str = ""

    def take(self, queryset: QuerySet[Any], at_path: str, id_path: str = "pk") -> QuerySet[Any]:
        """The stretch of a queryset, in the form that both databases answer from an index on the moment."""
        if self.at is not None:
            earlier = Q(**{f"{at_path}__lt": self.at}) | Q(**{f"{id_path}__lt": self.id})
            queryset = queryset.filter(Q(**{f"{at_path}__lte": self.at}) & earlier)
        return queryset.order_by(f"-{at_path}", f"-{id_path}")[: self.size]


@dataclass(frozen=True)
class DiffLine:
    label: Label
    old: str
    new: str


@dataclass(frozen=True)
class Entry:
    """One line of a timeline: at `at` (`who`) did `what`. `changeset` is what an undo would take back."""

    id: int
    at: datetime
    icon: str
    who: str
    what: str
    color: str = "gray"
    text: str = ""
    url: str = ""
    badges: Sequence[Option] = ()
    diff: Sequence[DiffLine] = ()
    changeset: int | None = None
    template: str = ""
    """A template of the source's own for the line's body; it finds this entry as `e`."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """What that template needs."""


@dataclass(frozen=True)
class TimelineSource:
    """Entries of one kind for the timeline of a record: `read(actor, type key, record id, ask)`, newest first, only
    what the actor may see. `parts` are the kinds within the source that a person can choose."""

    key: str
    label: Label
    read: Callable[[Actor, str, int, Ask], Iterable[Entry]]
    parts: Sequence[Option] = ()
    order: int = 50
    of: str = ""
    """The type of its records, where they are those of a related list: a page that has counted none does not ask."""
