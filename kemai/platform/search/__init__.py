"""Finding records by name, part of a name, pinyin, initials, telephone, e-mail and number."""

from kemai.platform.search.docs import clear, index_many, remove, slot
from kemai.platform.search.hits import Hit, everything, hidden_kinds, search_type
from kemai.platform.search.listed import Asked, Found, matching, page
from kemai.platform.search.lookup import CAP, match, match_condition, match_within
from kemai.platform.search.records import alias_words, index, reindex
from kemai.platform.search.words import Part

__all__ = [
    "CAP",
    "Asked",
    "Found",
    "Hit",
    "Part",
    "alias_words",
    "clear",
    "everything",
    "hidden_kinds",
    "index",
    "index_many",
    "match",
    "match_condition",
    "match_within",
    "matching",
    "page",
    "reindex",
    "remove",
    "search_type",
    "slot",
]
