"""Putting conditions together."""

from __future__ import annotations

from typing import Any

Tree = Any


def both(tree: Tree, leaf: Tree) -> Tree:
    """The records that pass the tree and the leaf as well."""
    if not tree:
        return {"all": [leaf]}
    if isinstance(tree, dict) and "all" in tree:
        return {"all": [*tree["all"], leaf]}
    return {"all": [tree, leaf]}
