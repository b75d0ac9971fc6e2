"""Uploads pass a virus scanner where the operator has named one (KEMAI_CLAMD). Nothing is kept that it has not seen: a
scanner that does not answer is no reason to let a file in."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import suppress
from typing import Protocol

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _

from kemai.kit.clamd import ScanError, scan
from kemai.platform import audit
from kemai.platform.access import Actor
from kemai.platform.records.errors import FieldErrors

log = logging.getLogger(__name__)


class Bytes(Protocol):
    def chunks(self) -> Iterable[bytes]: ...


def check(upload: Bytes, name: str, *, by: Actor) -> None:
    """Raises FieldErrors where something was found, or where nobody knows."""
    if not settings.CLAMD:
        return
    try:
        found = scan(settings.CLAMD, upload.chunks())
    except ScanError as error:
        log.error("an upload could not be scanned: %s", error.code)
        raise FieldErrors(
            {"file": _("病毒扫描现在没有结果，文件没有保存。请稍后再试，或联系管理员")}
        ) from error
    if found:
        with suppress(DatabaseError), transaction.atomic():
            audit.note("infected", "user", by.user_id, by=by, reason=f"{name[:200]} · {found[:200]}")
        raise FieldErrors({"file": _("文件里有病毒（%(found)s），没有保存") % {"found": found[:80]}})
