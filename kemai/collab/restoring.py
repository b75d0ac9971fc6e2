"""After a restore: mails that waited when the backup was made have long been sent, or are out of date."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kemai.collab.services import mails
from kemai.platform.backup.replay import after_restore


@after_restore("mails_not_sent_again")
def drop_waiting(_entries: Sequence[dict[str, Any]]) -> int:
    return mails.drop_waiting()
