"""Backups by the clock and by hand."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.platform.access import SYSTEM, Actor
from kemai.platform.backup import keeping
from kemai.platform.backup.making import Failed, make
from kemai.platform.backup.verifying import verify
from kemai.platform.jobs import Fatal, Progress, enqueue, schedule
from kemai.platform.models import BackupRun, Job

NOW = "backup/now"
TASK = "kemai.platform.backup.jobs.run_now"
VERIFY = "kemai.platform.backup.jobs.verify_run"


@schedule("backup", every=60)
def by_the_clock(progress: Progress) -> int:
    """Once a day, at the hour that the administrator chose; made up for when the server was off then. Returns the
    number of the run, 0 where none was due."""
    if not keeping.is_due(timezone.now()):
        return 0
    return made(progress, SYSTEM)


def run_now(progress: Progress, *, name: str) -> int:
    return made(progress, Actor(name=name, is_system=True, source="form"))


def made(progress: Progress, by: Actor) -> int:
    try:
        run = make(by=by, told=progress)
    except Failed as failed:
        raise Fatal(str(failed)) from failed
    keeping.remove_old()
    check(run, progress)
    return int(run.pk)


def verify_run(progress: Progress, *, run: int) -> bool:
    found = keeping.archive(run)
    return found is not None and check(found, progress)


def check(run: BackupRun, progress: Progress) -> bool:
    """A backup that nobody has read is a hope."""
    path = keeping.place(run)
    if path.exists():
        verdict = verify(path, settings.BACKUP_KEY, told=progress)
        told = f"{verdict.code} {verdict.detail}".strip()
    else:
        told = "gone"
    BackupRun.objects.filter(pk=run.pk).update(
        verified_at=timezone.now(), verified="bad" if told else "good", problem=told[:200]
    )
    return not told


def start(by: Actor) -> Job:
    """One at a time."""
    with transaction.atomic():
        return enqueue(
            TASK, {"name": by.name}, key=NOW, again=True, user=by.user_id, title=_("备份"), max_attempts=1
        )


def being_verified() -> set[int]:
    """Keys of the runs that are being verified, or wait for it."""
    waiting = Job.objects.filter(task=VERIFY, state__in=("waiting", "running"))
    return {int(args["run"]) for args in waiting.values_list("args", flat=True)}


def start_verifying(run: BackupRun, by: Actor) -> Job:
    with transaction.atomic():
        key = f"backup/verify/{run.pk}"
        title = _("校验备份")
        return enqueue(
            VERIFY, {"run": run.pk}, key=key, again=True, user=by.user_id, title=title, max_attempts=1
        )
