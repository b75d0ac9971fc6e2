"""The write door: every change of every record comes through here, whoever makes it.

Permission, validation, the log of changes, search and events hang on these functions, so that nothing goes round them.
"""

from kemai.platform.records.bulk import bulk_create, bulk_update, create_chunk, edit_many, update_chunk
from kemai.platform.records.errors import Conflict, FieldErrors, Refused
from kemai.platform.records.single import create, delete, restore, row_of, update
from kemai.platform.records.tags import names_of, tag_many
from kemai.platform.records.undo import UndoReport, undo, undoable

__all__ = [
    "Conflict",
    "FieldErrors",
    "Refused",
    "UndoReport",
    "bulk_create",
    "bulk_update",
    "create",
    "create_chunk",
    "delete",
    "edit_many",
    "names_of",
    "restore",
    "row_of",
    "tag_many",
    "undo",
    "undoable",
    "update",
    "update_chunk",
]
