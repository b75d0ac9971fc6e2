"""The write door: every change of every record comes through here, whoever makes it.

Permission, validation, the log of changes, search and events hang on these functions, so that nothing goes round them.
"""

from kemai.platform.records import recompute as recompute  # follows every change of a definition
from kemai.platform.records.brakes import reading_reached
from kemai.platform.records.bulk import bulk_create, bulk_update, create_chunk, edit_many, update_chunk
from kemai.platform.records.errors import Conflict, FieldErrors, Refused
from kemai.platform.records.files import (
    MOST_BYTES,
    MOST_FILES,
    attach,
    detach,
    discard,
    field_file,
    files_of,
    forget_bytes,
    location,
    note_download,
    noted,
    one_file,
    receive,
    store,
)
from kemai.platform.records.handing import hand_out, let_go
from kemai.platform.records.indexes import soon as index_soon
from kemai.platform.records.links import Bound, link, links_of, unlink
from kemai.platform.records.mass import delete_many, retag_many
from kemai.platform.records.merging import MOST as MOST_MERGED
from kemai.platform.records.merging import (
    Proposal,
    merge,
    mergeable,
    mergeable_fields,
    moves_of,
    not_editable_text,
    propose,
    survivor_of,
)
from kemai.platform.records.recycle import delete, restore
from kemai.platform.records.reveal import reveal, revealed_today
from kemai.platform.records.sharing import (
    Invitation,
    add_member,
    delete_rule,
    members_of,
    remove_member,
    save_rule,
    shareable,
)
from kemai.platform.records.single import create, put, row_of, update
from kemai.platform.records.tags import names_of, tag_many
from kemai.platform.records.transfer import transfer
from kemai.platform.records.undo import (
    Inverse,
    UndoReport,
    check_undoable,
    preview,
    register_inverse,
    undo,
    undoable,
)
from kemai.platform.records.undo_plan import Kept
from kemai.platform.records.values import check_values

__all__ = [
    "MOST_BYTES",
    "MOST_FILES",
    "MOST_MERGED",
    "Bound",
    "Conflict",
    "FieldErrors",
    "Inverse",
    "Invitation",
    "Kept",
    "Proposal",
    "Refused",
    "UndoReport",
    "add_member",
    "attach",
    "bulk_create",
    "bulk_update",
    "check_undoable",
    "check_values",
    "create",
    "create_chunk",
    "delete",
    "delete_many",
    "delete_rule",
    "detach",
    "discard",
    "edit_many",
    "field_file",
    "files_of",
    "forget_bytes",
    "hand_out",
    "index_soon",
    "let_go",
    "link",
    "links_of",
    "location",
    "members_of",
    "merge",
    "mergeable",
    "mergeable_fields",
    "moves_of",
    "names_of",
    "not_editable_text",
    "note_download",
    "noted",
    "one_file",
    "preview",
    "propose",
    "put",
    "reading_reached",
    "receive",
    "register_inverse",
    "remove_member",
    "restore",
    "retag_many",
    "reveal",
    "revealed_today",
    "row_of",
    "save_rule",
    "shareable",
    "store",
    "survivor_of",
    "tag_many",
    "transfer",
    "undo",
    "undoable",
    "unlink",
    "update",
    "update_chunk",
]
