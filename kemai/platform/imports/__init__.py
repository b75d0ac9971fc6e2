"""Files into records: upload, guess, rehearse, run, undo.

    run = imports.upload("customers.csv", "customers.csv", "customer", by=actor)
    imports.configure(run, by=actor)                 # the guessed mapping, or one's own columns and options
    imports.rehearse(run)                            # counts, samples and reasons; nothing is written
    imports.execute(run, progress)                   # here and now; `start` does it in the background
    imports.undo(run, by=actor)

A shape says how rows become records: '' is one row a record; domains register others in their `imports.py`.
"""

from kemai.platform.imports.api import (
    cancel,
    configure,
    execute,
    get_run,
    history,
    inspect,
    pause,
    rehearse,
    reopen,
    resume,
    start,
    start_rehearsal,
    suggestion,
    touched,
    undo,
    upload,
)
from kemai.platform.imports.mapping import ColumnMap, Options, Suggestion
from kemai.platform.imports.shapes import Shape, all_shapes, also_match, may_import, register_shape, shape_of
from kemai.platform.imports.synonyms import add_synonyms

__all__ = [
    "ColumnMap",
    "Options",
    "Shape",
    "Suggestion",
    "add_synonyms",
    "all_shapes",
    "also_match",
    "cancel",
    "configure",
    "execute",
    "get_run",
    "history",
    "inspect",
    "may_import",
    "pause",
    "register_shape",
    "rehearse",
    "reopen",
    "resume",
    "shape_of",
    "start",
    "start_rehearsal",
    "suggestion",
    "touched",
    "undo",
    "upload",
]
