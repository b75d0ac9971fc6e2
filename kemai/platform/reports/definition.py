"""What a report says, as it is kept: names and words only. What of it can be asked, `offered.resolve` finds out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

LOOKS = ("bar", "stacked", "line", "none")
MOST_ROWS, MOST_MEASURES = 2, 6
Pair = tuple[str, str]


@dataclass(frozen=True)
class Definition:
    """`rows` and `column` are (field, period or level), `measures` (aggregate, field): ("count", "") counts."""

    type_key: str
    where: Any = None
    rows: tuple[Pair, ...] = ()
    column: Pair | None = None
    measures: tuple[Pair, ...] = (("count", ""),)
    look: str = ""

    def stored(self) -> dict[str, Any]:
        kept: dict[str, Any] = {
            "where": self.where,
            "rows": [list(one) for one in self.rows],
            "column": list(self.column) if self.column else None,
            "measures": [list(one) for one in self.measures],
            "look": self.look,
        }
        return {name: value for name, value in kept.items() if value}

    @staticmethod
    def of(type_key: str, state: Mapping[str, Any]) -> Definition:
        """Whatever stands there: what is no report asks for nothing."""
        column = next(pairs([state.get("column")]), None)
        look = str(state.get("look") or "")
        return Definition(
            type_key,
            state.get("where") or None,
            tuple(pairs(state.get("rows")))[:MOST_ROWS],
            column,
            tuple(dict.fromkeys(pairs(state.get("measures"))))[:MOST_MEASURES] or (("count", ""),),
            look if look in LOOKS else "",
        )

    @property
    def fields(self) -> Iterator[str]:
        """The keys that it names outside of its condition."""
        yield from (key for key, _by in self.rows)
        if self.column:
            yield self.column[0]
        yield from (key for _aggregate, key in self.measures if key)


def pairs(given: Any) -> Iterator[Pair]:
    if not isinstance(given, Iterable) or isinstance(given, str | Mapping):
        return
    for one in given:
        if isinstance(one, list | tuple) and len(one) == 2 and one[0]:
            yield str(one[0])[:60], str(one[1] or "")[:60]
