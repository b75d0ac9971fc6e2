"""English words for lists: Chinese nouns have no plural, so the catalogues know one word for one and for many."""

from __future__ import annotations

IRREGULAR = {"person": "people", "child": "children"}
ALREADY = ("people", "staff", "news", "children")


def plural(noun: str) -> str:
    """ "Customer" → "Customers", "Chain strategy" → "Chain strategies"; what is a plural stays, Chinese too."""
    head, space, last = noun.rpartition(" ")
    word = last.lower()
    if not last.isascii() or not last.isalpha() or word in ALREADY:
        return noun
    if word in IRREGULAR:
        found = IRREGULAR[word]
        return f"{head}{space}{found.capitalize() if last[0].isupper() else found}"
    if word.endswith(("ss", "sh", "ch", "x", "z")):
        return f"{noun}es"
    if word.endswith("s"):
        return noun
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}s"
