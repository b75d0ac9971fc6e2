"""The log of who changed what, when and why."""

from kemai.platform.audit.log import (
    Diff,
    deleters,
    diff_of,
    history,
    ids_of,
    note,
    one_change,
    open_set,
    plain,
)
from kemai.platform.audit.telling import CHANGES, FILES, LINKS, act, diffs, door, look, reason, who

__all__ = [
    "CHANGES",
    "FILES",
    "LINKS",
    "Diff",
    "act",
    "deleters",
    "diff_of",
    "diffs",
    "door",
    "history",
    "ids_of",
    "look",
    "note",
    "one_change",
    "open_set",
    "plain",
    "reason",
    "who",
]
