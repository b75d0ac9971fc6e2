"""Files of tables that are no lists of records: the same rights, formats, keeping and log as any export."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kemai.kit.tabular.write import OutCell
from kemai.platform.access import Actor
from kemai.platform.exports.services import Stored, keep, new_path, whole, writer_of


def write_table(
    actor: Actor, name: str, head: Sequence[str], rows: Iterable[Sequence[OutCell]], form: str
) -> Stored:
    """The file, kept for the person for a day. Whoever calls has asked for the right, and writes it down. Raises
    Refused."""
    path = new_path(form)
    writer = writer_of(path, head, name)
    with whole(path), writer:
        for row in rows:
            writer.write(row)
    stored = keep(actor, name, path, form)
    return Stored(stored.pk, writer.rows, path)
