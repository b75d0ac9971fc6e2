"""The tables that analyses see: datasets cut at the as-of moment, and the outputs of analyses that ran before."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from django.utils import timezone

from kemai.analytics.store import Session
from kemai.platform.objects.dataset import Dataset, all_datasets


def utc(moment: datetime) -> datetime:
    """Without zone, in UTC: as the store holds moments."""
    return moment.astimezone(UTC).replace(tzinfo=None)


@dataclass
class Frames:
    """`Tables` over an open store. With `only` (a table of subject keys) they hold those subjects' rows alone."""

    session: Session
    moment: datetime
    outputs: dict[str, Any] = field(default_factory=dict)
    only: Any = None
    _seen: dict[str, Any] = field(default_factory=dict)

    @property
    def as_of(self) -> datetime:
        return utc(self.moment)

    @property
    def today(self) -> date:
        return timezone.localdate(self.moment, timezone.get_default_timezone())

    def __getitem__(self, key: str) -> Any:
        if key in self.outputs:
            return self.outputs[key]
        if key not in self._seen:
            self._seen[key] = self.dataset(next(one for one in all_datasets() if one.key == key))
        return self._seen[key]

    def dataset(self, dataset: Dataset) -> Any:
        import ibis

        table = self.session.table(dataset.key)
        if dataset.moment:
            table = table.filter(table[dataset.moment] <= ibis.literal(self.as_of))
        if self.only is not None and dataset.subject:
            table = self.stage(table.semi_join(self.only, [table[dataset.subject] == self.only.id]))
        return table

    def stage(self, expression: Any) -> Any:
        return self.session.stage(expression)

    def rows(self, expression: Any) -> list[dict[str, Any]]:
        return self.session.rows(expression)
