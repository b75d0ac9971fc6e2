"""Writing lists into files: what the person sees, as they see it, in constant memory."""

from kemai.platform.exports.rows import Order, header, rows
from kemai.platform.exports.services import KEEP, KIND, Stored, one_export, write

__all__ = ["KEEP", "KIND", "Order", "Stored", "header", "one_export", "rows", "write"]
