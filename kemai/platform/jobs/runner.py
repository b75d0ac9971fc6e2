"""Running one claimed job and writing down how it ended."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django_tasks.base import Task, TaskContext

from kemai.platform.jobs import queue
from kemai.platform.jobs.progress import (
    Cancelled,
    Fatal,
    Interrupted,
    Later,
    LeaseLost,
    Paused,
    Progress,
    Stopping,
)
from kemai.platform.models import Job, OutboxEvent

log = logging.getLogger(__name__)
ERROR_LENGTH = 2000
F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasedContext(TaskContext):
    """The context of a `django.tasks` task that takes one; with it comes our progress."""

    progress: Progress


def atomic_task(task: F) -> F:
    """For a short task whose whole effect is in the database: the effect and "done" are one transaction."""
    task.__dict__["atomic"] = True
    return task


def call(job: Job, progress: Progress) -> object:
    """Import and call the task. Raises Fatal when the code that the row names is gone."""
    try:
        task = import_string(job.task)
    except ImportError as error:
        raise Fatal(f"{job.task}: {error}") from error
    if isinstance(task, Task):
        args, kwargs = job.args.get("args", []), job.args.get("kwargs", {})
        if not task.takes_context:
            return task.call(*args, **kwargs)
        from kemai.platform.jobs.backend import to_result

        return task.call(LeasedContext(task_result=to_result(job, task), progress=progress), *args, **kwargs)
    return task(progress, **job.args)


def execute(job: Job, progress: Progress) -> None:
    """Run a job that has been claimed; whatever it raises ends up in its row."""
    try:
        with transaction.atomic() if _is_atomic(job) else contextlib.nullcontext():
            result = call(job, progress)
            progress.save()
            _finish(job, "done", result=_as_json(result), error="", message=progress.shown.message)
    except Interrupted as reason:
        progress.save()
        _interrupted(job, reason)
    except Fatal as error:
        _fail(job, error, final=True)
    except Exception as error:
        log.exception("job %s (%s), attempt %s", job.pk, job.task, job.attempts)
        _fail(job, error, final=job.attempts >= job.max_attempts)


def _is_atomic(job: Job) -> bool:
    try:
        return bool(getattr(import_string(job.task), "atomic", False))
    except ImportError:
        return False


def _as_json(result: object) -> object:
    return result if isinstance(result, str | int | float | bool | list | dict) else None


def _held(job: Job) -> Any:
    """The row as long as this attempt still owns it: a worker that was given up on must not write over its heir."""
    return Job.objects.filter(pk=job.pk, worker=job.worker, state="running", attempts=job.attempts)


def _finish(job: Job, state: str, **values: object) -> None:
    with transaction.atomic():
        written = _held(job).update(
            state=state, finished_at=timezone.now(), leased_until=None, wish="", **values
        )
        if not written:
            raise LeaseLost
        if job.user_id is not None and job.title:
            OutboxEvent.objects.create(
                name=f"job.{state}",
                type_key="job",
                object_id=job.pk,
                payload={"user": job.user_id, "title": job.title},
                created_at=timezone.now(),
            )


def _interrupted(job: Job, reason: Interrupted) -> None:
    if isinstance(reason, Cancelled):
        with contextlib.suppress(LeaseLost):
            _finish(job, "cancelled")
    elif isinstance(reason, Paused):
        _held(job).update(state="paused", leased_until=None, wish="", attempts=job.attempts - 1)
    elif isinstance(reason, Stopping):
        _held(job).update(
            state="waiting", run_at=timezone.now(), leased_until=None, worker="", attempts=job.attempts - 1
        )
    elif isinstance(reason, Later):
        _held(job).update(
            state="waiting", run_at=timezone.now() + dt.timedelta(seconds=reason.seconds), leased_until=None, worker="",
            attempts=job.attempts - 1, error=str(reason)[:ERROR_LENGTH],
        )  # fmt: skip
    else:
        log.warning("job %s (%s) was taken over by another worker", job.pk, job.task)


def _fail(job: Job, error: Exception, *, final: bool) -> None:
    text = (str(error) if isinstance(error, Fatal) else f"{type(error).__name__}: {error}")[:ERROR_LENGTH]
    detail = {
        "exception": f"{type(error).__module__}.{type(error).__qualname__}",
        "traceback": "".join(traceback.format_tb(error.__traceback__))[-ERROR_LENGTH * 2 :],
    }
    if final:
        with contextlib.suppress(LeaseLost):
            _finish(job, "failed", error=text, result=detail)
        return
    run_at = timezone.now() + queue.backoff(job.attempts)
    _held(job).update(state="waiting", run_at=run_at, error=text, result=detail, leased_until=None)


def run_all(*, queues: Sequence[str] = ("default",), limit: int = 1000) -> int:
    """Run every due job here and now, in this thread; returns how many. For tests and the command line."""
    ran = 0
    while ran < limit:
        jobs = queue.claim("direct", queues)
        if not jobs:
            break
        execute(jobs[0], Progress(jobs[0]))
        ran += 1
    return ran
