"""The log of who changed what, when and why."""

from kemai.platform.audit.log import Diff, diff_of, history, ids_of, open_set, plain

__all__ = ["Diff", "diff_of", "history", "ids_of", "open_set", "plain"]
