"""The leased table as a backend of the `django.tasks` API, so that another queue can take its place one day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from django.utils.module_loading import import_string
from django_tasks.backends.base import BaseTaskBackend
from django_tasks.base import Task, TaskError, TaskResult, TaskResultStatus
from django_tasks.exceptions import TaskResultDoesNotExist
from django_tasks.utils import normalize_json

T = TypeVar("T")

STATUS = {
    "waiting": TaskResultStatus.READY,
    "paused": TaskResultStatus.READY,
    "running": TaskResultStatus.RUNNING,
    "done": TaskResultStatus.SUCCESSFUL,
    "failed": TaskResultStatus.FAILED,
    "cancelled": TaskResultStatus.FAILED,
}


class LeasedTable(BaseTaskBackend):
    """Jobs in the table `platform_job`; enqueued in the caller's transaction, run by `run_worker`."""

    supports_defer = True
    supports_get_result = True
    supports_priority = True

    def enqueue(
        self, task: Task[Any, T], args: Sequence[object], kwargs: Mapping[str, object]
    ) -> TaskResult[T]:
        from kemai.platform.jobs.queue import enqueue

        self.validate_task(task)
        job = enqueue(
            task.module_path,
            {"args": normalize_json(args), "kwargs": normalize_json(kwargs)},
            run_at=task.run_after,
            queue=task.queue_name,
            priority=task.priority,
        )
        return to_result(job, task)

    def get_result(self, result_id: str) -> TaskResult[Any]:
        from kemai.platform.models import Job

        try:
            job = Job.objects.get(pk=int(result_id))
            task = import_string(job.task)
        except (Job.DoesNotExist, ValueError, ImportError) as error:
            raise TaskResultDoesNotExist(result_id) from error
        if not isinstance(task, Task):
            raise TaskResultDoesNotExist(result_id)
        return to_result(job, task)


def to_result(job: Any, task: Task[Any, T]) -> TaskResult[T]:
    """The row seen through the API of `django.tasks`."""
    detail = job.result if isinstance(job.result, dict) and "exception" in job.result else None
    result: TaskResult[T] = TaskResult(
        task=task,
        id=str(job.pk),
        status=STATUS[job.state],
        enqueued_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        last_attempted_at=job.started_at,
        args=job.args.get("args", []),
        kwargs=job.args.get("kwargs", {}),
        backend=task.backend,
        errors=[TaskError(exception_class_path=detail["exception"], traceback=detail["traceback"])]
        if detail
        else [],
        worker_ids=[job.worker] * job.attempts,
    )
    if job.state == "done":
        object.__setattr__(result, "_return_value", job.result)
    return result
