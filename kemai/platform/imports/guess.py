"""Which column is which field: by the heading first, by the content where the heading says nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kemai.kit.tabular import Source
from kemai.platform.fields import FieldSpec
from kemai.platform.imports.synonyms import COMMON, folded, words_of

OWN, KNOWN, PART = 100.0, 90.0, 45.0
CONTENT = 30.0
ENOUGH = 24.0
"""A column is mapped from this score on: a known heading, or content that fits unmistakably."""
CERTAIN = 80.0
REASON_HEADERS = frozenset(map(folded, COMMON["import_errors"].split()))
"""The column that our own error files add; never imported."""


def best_columns(
    source: Source, specs: Sequence[FieldSpec], word_keys: Sequence[str]
) -> dict[str, tuple[int, float]]:
    """{field key: (column, score)}: the assignment with the highest total, no column and no field used twice."""
    scores = score_table(source, specs, word_keys)
    columns = len(source.header)
    table = [[scores[spec.key][column] for column in range(columns)] for spec in specs]
    found = {}
    for index, column in enumerate(assign(table)):
        if column is not None and table[index][column] >= ENOUGH:
            found[specs[index].key] = (column, table[index][column])
    return found


def score_table(
    source: Source, specs: Sequence[FieldSpec], word_keys: Sequence[str]
) -> Mapping[str, list[float]]:
    headers = [folded(name) for name in source.header]
    samples = [[row[i] for row in source.sample_rows] for i in range(len(headers))]
    table = {}
    for spec in specs:
        own, known = words_of(spec, word_keys)
        line = []
        for header, cells in zip(headers, samples, strict=True):
            if header in REASON_HEADERS:
                line.append(0.0)
                continue
            by_name = header_score(header, own, known)
            line.append(by_name + content_score(spec, cells, named=by_name > 0))
        table[spec.key] = line
    return table


def header_score(header: str, own: frozenset[str], known: frozenset[str]) -> float:
    if header in own:
        return OWN
    if header in known:
        return KNOWN
    longest = max((len(word) for word in own | known if len(word) > 1 and word in header), default=0)
    return PART * longest / len(header) if longest else 0.0


def content_score(spec: FieldSpec, cells: Sequence[object], *, named: bool) -> float:
    """What the cells alone say. Kinds that could hold anything say nothing; choices speak by their options."""
    filled = [cell for cell in cells if cell not in (None, "")][:60]
    if not filled:
        return 0.0
    if spec.options:
        words = {folded(str(word)) for option in spec.options for word in (option.value, option.label)}
        share = sum(1 for cell in filled if folded(str(cell)) in words) / len(filled)
        return CONTENT * share
    share = spec.type.guess(filled)
    if not named and (
        share < 0.8 or spec.type.key in {"text", "long_text", "number", "money", "whole", "boolean"}
    ):
        return 0.0
    return CONTENT * share


def assign(table: Sequence[Sequence[float]]) -> list[int | None]:
    """For each line the column it gets, so that the sum is the largest; None for one that gets nothing worth having."""
    if not table:
        return []
    columns = len(table[0])
    matching = Matching(table)
    for line in range(1, len(table) + 1):
        matching.place(line)
    result: list[int | None] = [None] * len(table)
    for column in range(1, columns + 1):
        line = matching.holder[column]
        if line and table[line - 1][column - 1] > 0:
            result[line - 1] = column - 1
    return result


class Matching:
    """The Hungarian method with potentials, O(lines² · columns). Every line has a worthless column of its own, so
    that it can stay without one. Lines and columns count from 1; column 0 holds the line that is being placed."""

    def __init__(self, table: Sequence[Sequence[float]]) -> None:
        spare = [0.0] * len(table)
        self.cost = [[-value for value in line] + spare for line in table]
        self.width = len(table[0]) + len(table)
        self.line_lift = [0.0] * (len(table) + 1)
        self.column_lift = [0.0] * (self.width + 1)
        self.holder = [0] * (self.width + 1)

    def place(self, line: int) -> None:
        self.holder[0] = line
        at = 0
        came_from = [0] * (self.width + 1)
        least = [float("inf")] * (self.width + 1)
        used: set[int] = set()
        while self.holder[at]:
            used.add(at)
            at = self.step(at, least, came_from, used)
        while at:
            self.holder[at] = self.holder[came_from[at]]
            at = came_from[at]

    def step(self, at: int, least: list[float], came_from: list[int], used: set[int]) -> int:
        """Extends the tree of tight edges by the cheapest column and returns it."""
        line = self.holder[at]
        following, delta = 0, float("inf")
        for column in range(1, self.width + 1):
            if column in used:
                continue
            cost = self.cost[line - 1][column - 1] - self.line_lift[line] - self.column_lift[column]
            if cost < least[column]:
                least[column], came_from[column] = cost, at
            if least[column] < delta:
                delta, following = least[column], column
        for column in used:
            self.line_lift[self.holder[column]] += delta
            self.column_lift[column] -= delta
        for column in range(1, self.width + 1):
            if column not in used:
                least[column] -= delta
        return following
