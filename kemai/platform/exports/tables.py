"""Files of tables that are no lists of records: the same rights, formats, keeping and log as any export."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from kemai.kit.tabular import CsvWriter, TabularError, XlsxWriter
from kemai.kit.tabular.write import OutCell
from kemai.platform.access import Actor
from kemai.platform.exports.services import FOLDER, Stored, keep, mark_of
from kemai.platform.records.errors import Refused


def write_table(
    actor: Actor, name: str, head: Sequence[str], rows: Iterable[Sequence[OutCell]], form: str
) -> Stored:
    """The file, kept for the person for a day. Whoever calls has asked for the right, and writes it down. Raises
    Refused."""
    folder = Path(settings.MEDIA_ROOT, FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{uuid.uuid4().hex}.{form}"
    writer: CsvWriter | XlsxWriter = (
        CsvWriter(path, head) if form == "csv" else XlsxWriter(path, head, sheet=name, mark=mark_of(path))
    )
    try:
        with writer:
            for row in rows:
                writer.write(row)
    except TabularError as error:
        path.unlink(missing_ok=True)
        raise Refused("export_too_large", _("内容超出 Excel 的限制，请改用 CSV 导出")) from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    stored = keep(actor, name, path, form)
    return Stored(stored.pk, writer.rows, path)
