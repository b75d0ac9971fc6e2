"""Conditions and reading."""

from kemai.platform.query.counts import Count, capped_counts, quick_count
from kemai.platform.query.memory import passes
from kemai.platform.query.orm import compile_q
from kemai.platform.query.own import index_name, moment
from kemai.platform.query.rows import (
    Group,
    Order,
    Page,
    Position,
    Row,
    TagRef,
    fetch,
    fetch_keys,
    groups,
    page,
)
from kemai.platform.query.steady import planned_once
from kemai.platform.query.tree import EVERYTHING, Node, QueryError, broken_words, parse, relations

__all__ = [
    "EVERYTHING",
    "Count",
    "Group",
    "Node",
    "Order",
    "Page",
    "Position",
    "QueryError",
    "Row",
    "TagRef",
    "broken_words",
    "capped_counts",
    "compile_q",
    "fetch",
    "fetch_keys",
    "groups",
    "index_name",
    "moment",
    "page",
    "parse",
    "passes",
    "planned_once",
    "quick_count",
    "relations",
]
