"""What the worker tests do to real worker processes on a real database: run by them as a process of its own.
Arguments: kill|share|stop FOLDER, answered with one JSON line; or worker, to be one."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from django.utils import timezone

from kemai.platform import jobs
from kemai.platform.events import emit
from kemai.platform.jobs.child import START
from kemai.platform.jobs.worker import Worker
from kemai.platform.models import Job, OutboxEvent

HERE = "kemai.platform.jobs.tests.tasks."
PATIENCE = 120.0


def start(kind: str, lease: float = 60.0) -> subprocess.Popen[bytes]:
    """Only who is to be killed has a short lease: on a busy machine a living worker could lose one."""
    return subprocess.Popen(
        [sys.executable, "-c", START, "kemai.platform.jobs.tests.scenario", kind, "-", str(lease)]
    )


def until(condition: Callable[[], bool]) -> float:
    begin = time.monotonic()
    while not condition():
        if time.monotonic() - begin > PATIENCE:
            raise TimeoutError
        time.sleep(0.05)
    return time.monotonic() - begin


def is_state(job: Job, state: str) -> Callable[[], bool]:
    return lambda: Job.objects.filter(pk=job.pk, state=state).exists()


def kill(folder: Path) -> dict[str, object]:
    """A worker dies in the middle of a job; another one takes over and goes on from the task's own cursor."""
    steps = folder / "steps"
    job = jobs.enqueue(HERE + "count", {"to": 20, "file": str(steps), "stops_at": 6})
    first = start("worker", lease=3.0)
    until(lambda: steps.exists() and len(steps.read_text(encoding="utf-8").splitlines()) == 6)
    first.kill()
    first.wait()
    (folder / "go").touch()
    second = start("worker")
    seconds = until(is_state(job, "done"))
    second.terminate()
    job.refresh_from_db()
    return {
        "steps": steps.read_text(encoding="utf-8").split(),
        "attempts": job.attempts,
        "seconds": seconds,
        "shown": job.done,
        "exit": second.wait(60),
    }


def share(folder: Path) -> dict[str, object]:
    """Two workers on one table: every job runs, and none runs twice."""
    out = folder / "ran"
    for number in range(120):
        jobs.enqueue(HERE + "note", {"file": str(out), "text": str(number)})
    workers = [start("worker"), start("worker")]
    until(lambda: not Job.objects.exclude(state="done").exists())
    for worker in workers:
        worker.terminate()
    lines = [line.split() for line in out.read_text(encoding="utf-8").splitlines()]
    return {
        "ran": sorted(int(number) for number, _pid in lines),
        "workers": len({pid for _number, pid in lines}),
        "exits": [worker.wait(60) for worker in workers],
    }


def stop(folder: Path) -> dict[str, object]:
    """SIGTERM: the running job leaves at its next checkpoint, goes back to the queue and has lost no attempt."""
    job = jobs.enqueue(HERE + "count", {"to": 1000, "pause": 0.05, "file": str(folder / "slow")})
    event = emit("nobody.cares")
    worker = start("worker")
    until(is_state(job, "running"))
    until(lambda: Job.objects.filter(pk=job.pk, done__gt=0).exists())
    until(lambda: OutboxEvent.objects.exclude(done_at=None).filter(pk=event.pk).exists())
    worker.send_signal(signal.SIGTERM)
    code = worker.wait(60)
    job.refresh_from_db()
    jobs.cancel(job.pk)
    return {"state": job.state, "attempts": job.attempts, "exit": code, "due": job.run_at <= timezone.now()}


def work() -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    Worker(stop, lease=float(sys.argv[3])).run()


if __name__ == "__main__":
    kind = sys.argv[1]
    if kind == "worker":
        work()
    else:
        scenes = {"kill": kill, "share": share, "stop": stop}
        print(json.dumps(scenes[kind](Path(sys.argv[2]))))  # noqa: T201
