"""Files of imports are not kept for ever: they hold what people brought in, telephone numbers and all."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from kemai.platform.jobs import Progress, schedule
from kemai.platform.models import ImportRun
from kemai.platform.records import discard, forget_bytes

KEEP = timedelta(days=90)
"""After an import has ended: its file and the file of its refused rows."""
UNUSED = timedelta(days=30)
"""After an upload that was never run: all of it."""
ENDED = ("done", "cancelled", "failed", "undone")
NEVER_RUN = ("uploaded", "rehearsed", "failed")


@schedule("imports.files", at="03:50", title=gettext_noop("清理导入文件"))
def sweep(progress: Progress) -> int:
    """Returns how many imports lost their files. What an import did, and its undo, do not need them."""
    now = timezone.now()
    unused = ImportRun.objects.filter(
        state__in=NEVER_RUN, cursor=0, changeset=None, created_at__lt=now - UNUSED
    )
    ended = ImportRun.objects.filter(
        Q(finished_at__lt=now - KEEP) | Q(finished_at=None, created_at__lt=now - KEEP),
        state__in=ENDED,
        file__expires_at=None,
    )
    removed = 0
    for run in unused.select_related("file", "table", "error_file"):
        run.delete()  # lint: allow write-door — the import's own row; it wrote no record
        discard(run.file)
        for beside in (run.table, run.error_file):
            if beside is not None:
                discard(beside)
        removed += 1
    for run in ended.select_related("file", "table", "error_file"):
        for beside in (run.table, run.error_file):
            if beside is not None:
                discard(beside)
        forget_bytes(run.file)
        removed += 1
        progress(removed)
    return removed
