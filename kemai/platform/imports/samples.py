"""Rows as a rehearsal shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kemai.platform import access, audit
from kemai.platform.fields import FieldSpec, Invalid, listed
from kemai.platform.imports.attached import names_of
from kemai.platform.imports.mapping import ATTACH
from kemai.platform.imports.parsers import BLANK, FILE_KINDS
from kemai.platform.imports.work import Table

if TYPE_CHECKING:
    from kemai.platform.imports.record_rows import RecordWork


def shown(work: RecordWork, table: Table, position: int) -> dict[str, Any]:
    """A row as its record would look: {field: text}."""
    texts = {}
    for place, spec in enumerate(work.specs):
        value = table.values[place][position]
        texts[spec.key] = "" if value is BLANK else spec.type.text(value, spec)[:80]
    if work.files is not None:
        texts[ATTACH] = names_of(work.files.attachments(table, position))[:80]
    return {"row": table.row(position), "values": texts}


def shown_change(work: RecordWork, table: Table, position: int, diff: dict[str, list[Any]]) -> dict[str, Any]:
    """{field: [old, new]} as texts; what the actor may only see masked stays masked."""
    levels = access.field_levels(work.by, work.type)
    changes = {}
    for name, (old, _new) in diff.items():
        spec = work.type.fields.get(name)
        if name == audit.FILES:
            changes[ATTACH] = ["", str(_new)[:80]]
        if spec is None or levels.get(name) == "hidden":
            continue
        before = old_text(spec, old)
        place = work.fields.index(name) if name in work.fields else None
        value = table.values[place][position] if place is not None else None
        new = (
            listed(_new or ())
            if name == "tags"
            else spec.type.text(value, spec)
            if value is not None and value is not BLANK
            else ""
        )
        changes[name] = [spec.type.mask(old) if levels.get(name) == "masked" else before, new[:80]]
    return {"row": table.row(position), "changes": changes}


def old_text(spec: FieldSpec, old: Any) -> str:
    if old is None or old == "":
        return ""
    if spec.type.key == "tags":
        return listed(map(str, old))
    if spec.ref or spec.type.key in {"user", *FILE_KINDS}:
        return f"#{old}"
    try:
        return spec.type.text(spec.type.parse(old, spec), spec)[:80]
    except Invalid:
        return str(old)[:80]
