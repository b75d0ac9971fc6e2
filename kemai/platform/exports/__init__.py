"""Writing lists into files: what the person sees, as they see it, in constant memory."""

from kemai.platform.exports import approval
from kemai.platform.exports.printing import Sheet, note, sheet
from kemai.platform.exports.rows import Order, header, rows
from kemai.platform.exports.services import (
    KEEP,
    KIND,
    Stored,
    check_size,
    count_today,
    day_limit,
    marks,
    needs_approval,
    one_export,
    trace,
    write,
    write_approved,
)
from kemai.platform.exports.tables import write_table

__all__ = [
    "KEEP",
    "KIND",
    "Order",
    "Sheet",
    "Stored",
    "approval",
    "check_size",
    "count_today",
    "day_limit",
    "header",
    "marks",
    "needs_approval",
    "note",
    "one_export",
    "rows",
    "sheet",
    "trace",
    "write",
    "write_approved",
    "write_table",
]
