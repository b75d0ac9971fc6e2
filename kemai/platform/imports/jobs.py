"""Imports in the background. Large files are read in a process of their own, with a limit on its memory."""

from __future__ import annotations

import resource
from collections.abc import Callable
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from kemai.kit.errors import KitError
from kemai.platform import access, jobs, records
from kemai.platform.imports import messages, running, services
from kemai.platform.models import ImportRun
from kemai.platform.records import FieldErrors, Refused

HERE = "kemai.platform.imports.jobs."
CHILD = "kemai.platform.imports.child"
IN_CHILD_BYTES = 4 * 1024 * 1024
"""Files from this size on are handled in a child process."""
CHILD_MEMORY = 3 * 1024**3
"""Address space of that process: a workbook that asks for more ends the process, not the server."""


def find(run: int) -> ImportRun:
    return ImportRun.objects.select_related("file", "table", "changeset").get(pk=run)


def in_child(run: ImportRun) -> bool:
    return run.file.size >= IN_CHILD_BYTES


def inspect(progress: jobs.Progress, run: int, sheet: str | None = None, table: str | None = None) -> None:
    """Looks at an uploaded file."""
    found = find(run)
    if in_child(found):
        hand_over("inspect", found, progress, sheet=sheet, table=table)
    else:
        services.save_profile(found, sheet=sheet, table=table)


def rehearse(progress: jobs.Progress, run: int) -> None:
    found = find(run)
    try:
        if in_child(found):
            hand_over("rehearse", found, progress)
        else:
            guarded(found, lambda: running.rehearse(found, progress))
    except jobs.Cancelled:
        services.mark(found, "uploaded")
        raise


def execute(progress: jobs.Progress, run: int) -> dict[str, Any]:
    """The run, resumed where an earlier attempt left it."""
    found = find(run)
    try:
        if in_child(found):
            hand_over("execute", found, progress)
        else:
            guarded(found, lambda: running.execute(found, progress))
    except jobs.Paused:
        services.mark(find(run), "paused")
        raise
    except jobs.Cancelled:
        running.end_cancelled(find(run))
        raise
    return dict(find(run).counts)


def undo(progress: jobs.Progress, run: int) -> dict[str, int]:
    """Takes the whole import back; what somebody has worked on since is kept."""
    found = find(run)
    by = services.actor_of(found)
    with translation.override(by.language):
        assert found.changeset_id is not None
        report = records.undo(found.changeset_id, by=by, progress=progress, resume=True)
        undone, kept = report.undone, report.kept_count
        services.put(found, state="undone", counts=found.counts | {"undone": undone, "kept": kept})
        progress(undone, undone, _("已撤销 %(n)s 项") % {"n": undone})
    return {"undone": undone, "kept": kept}


def guarded(run: ImportRun, work: Callable[[], object]) -> None:
    """A file or right that says no ends the import with a sentence, not with retries."""
    try:
        work()
    except (KitError, Refused, access.Denied, access.NotVisible, FieldErrors) as error:
        say(run, error)
        raise jobs.Fatal(run.counts.get("error", "")) from error
    except services.Stopped:
        return


def say(run: ImportRun, error: Exception) -> None:
    language = services.actor_of(run).language if not isinstance(error, access.Denied) else "zh-hans"
    with translation.override(language):
        message = sentence(error)
    services.put(run, state="failed", counts=run.counts | {"error": message})


def sentence(error: Exception) -> str:
    if isinstance(error, KitError):
        return messages.explain(error)
    if isinstance(error, access.NotVisible):
        return str(messages.FILE_MESSAGES["file_missing"])
    return str(getattr(error, "message", "") or error)


def hand_over(what: str, run: ImportRun, progress: jobs.Progress, **more: object) -> None:
    jobs.run_in_child(CHILD, {"what": what, "run": run.pk, **more}, progress)
    fresh = find(run.pk)
    if fresh.state == "failed" and what != "inspect":
        raise jobs.Fatal(str(fresh.counts.get("error", "")))


def in_the_child(
    report: Callable[..., None], what: str, run: int, sheet: str | None = None, table: str | None = None
) -> None:
    """The child's side."""
    resource.setrlimit(resource.RLIMIT_AS, (CHILD_MEMORY, CHILD_MEMORY))
    found = find(run)
    try:
        match what:
            case "inspect":
                services.save_profile(found, sheet=sheet, table=table)
            case "rehearse":
                guarded(found, lambda: running.rehearse(found, report))
            case "execute":
                guarded(found, lambda: running.execute(found, report))
    except jobs.Fatal:
        return
    except MemoryError:
        too_big = _("文件太大，内存不够，请另存为 CSV 或拆成几个文件")
        services.put(found, state="failed", counts=found.counts | {"error": too_big})
