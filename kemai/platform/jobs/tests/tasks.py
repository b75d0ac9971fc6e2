"""Tasks that the tests run."""

from __future__ import annotations

import os
import time
from pathlib import Path

from django_tasks import TaskContext, task

from kemai.platform.jobs import Fatal, Progress, atomic_task, run_in_child
from kemai.platform.jobs.runner import LeasedContext
from kemai.platform.models import Setting


def note(progress: Progress, *, file: str, text: str = "ran") -> str:
    with Path(file).open("a", encoding="utf-8") as out:
        out.write(f"{text} {os.getpid()}\n")
    return text


def fail(progress: Progress, *, text: str = "no") -> None:
    raise ValueError(text)


def give_up(progress: Progress) -> None:
    raise Fatal("文件已损坏")


def count(progress: Progress, *, to: int, pause: float = 0.0, file: str = "", stops_at: int = 0) -> int:
    """Steps that are remembered in a file, so that a second run goes on where the first was cut off. After the step
    `stops_at` it waits for a file "go" beside it."""
    done = len(Path(file).read_text(encoding="utf-8").splitlines()) if file and Path(file).exists() else 0
    while done < to:
        progress(done, to, "数数")
        while done and done == stops_at and not Path(file).with_name("go").exists():
            time.sleep(0.02)
        if pause:
            time.sleep(pause)
        done += 1
        if file:
            with Path(file).open("a", encoding="utf-8") as out:
                out.write(f"{done}\n")
    progress(to, to)
    return done


def cancel_myself(progress: Progress) -> None:
    from kemai.platform.jobs import cancel

    cancel(progress.job_id)
    progress(1, 2)
    raise AssertionError("the checkpoint let a cancelled job go on")


def pause_myself(progress: Progress) -> str:
    from kemai.platform.jobs import pause

    if progress.shown.done == 0:
        progress(1, 2)
        pause(progress.job_id)
    progress(2, 2)
    return "finished"


@atomic_task
def write_then_fail(progress: Progress) -> None:
    Setting.objects.create(key=f"test/{progress.attempt}", value=1)
    if progress.attempt == 1:
        raise ValueError("after writing")


def in_child(progress: Progress, *, numbers: list[int]) -> object:
    return run_in_child("kemai.platform.jobs.tests.adder", {"numbers": numbers}, progress)


@task
def double(number: int) -> int:
    return number * 2


@task(takes_context=True)
def context_id(context: TaskContext) -> str:
    assert isinstance(context, LeasedContext)
    context.progress(1, 1)
    return context.task_result.id
