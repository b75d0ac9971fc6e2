"""Background work: a leased queue in the database, schedules, and the worker that does both.

A task is a module-level function `task(progress, **args)`; it runs at least once, so its effects must be made once by
keys of their own. `enqueue` joins the caller's transaction: the job exists exactly if its cause does.
"""

from kemai.platform.jobs.child import ChildFailed, run_in_child
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
from kemai.platform.jobs.queue import cancel, enqueue, pause, resume, retry
from kemai.platform.jobs.runner import atomic_task, run_all
from kemai.platform.jobs.schedules import schedule
from kemai.platform.jobs.worker import run_worker

__all__ = [
    "Cancelled",
    "ChildFailed",
    "Fatal",
    "Interrupted",
    "Later",
    "LeaseLost",
    "Paused",
    "Progress",
    "Stopping",
    "atomic_task",
    "cancel",
    "enqueue",
    "pause",
    "resume",
    "retry",
    "run_all",
    "run_in_child",
    "run_worker",
    "schedule",
]
