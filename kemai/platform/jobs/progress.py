"""What a running task is handed: a place to say how far it is, and the moments at which it may be interrupted."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from kemai.platform.models import Job

MESSAGE_LENGTH = 300


class Interrupted(BaseException):
    """A task is asked to leave at a checkpoint. Not an Exception, so that no `except Exception` keeps it."""


class Cancelled(Interrupted):
    """A person has cancelled the job."""


class Paused(Interrupted):
    """A person has paused the job; it will be run again from its task's own cursor."""


class Stopping(Interrupted):
    """The worker shuts down; the job goes back to the queue and does not lose an attempt."""


class Later(Interrupted):
    """What the task needs from outside is away for now: it goes back to the queue for so many seconds and does not lose
    an attempt, since nothing is known against the task itself. `said` is for the list of jobs."""

    def __init__(self, seconds: float, said: str = "") -> None:
        super().__init__(said)
        self.seconds = seconds


class LeaseLost(Interrupted):
    """Another worker has taken the job over (this one was silent for too long): whatever it does now is void."""


class Fatal(Exception):
    """A failure that no retry can mend; the message is shown to people."""


@dataclass(frozen=True)
class Shown:
    """What a progress bar shows; `total` is None while it is not known."""

    done: int = 0
    total: int | None = None
    message: str = ""


class Progress:
    """Handed to every task. Calls cost next to nothing (the worker's keeper writes the state twice a second), so a
    task calls `progress(done, total)` and `progress.checkpoint()` as often as it likes.

    `live=False` is for running a job without a keeper (tests, the command line): then each call goes to the row."""

    def __init__(self, job: Job, *, live: bool = False) -> None:
        self.job_id: int = job.pk
        self.user_id: int | None = job.user_id
        self.attempt: int = job.attempts
        self.since = job.created_at
        self.shown = Shown(job.done, job.total, job.message)
        self._saved = self.shown
        self._live = live
        self._wish: type[Interrupted] | None = None
        self._lock = threading.Lock()

    def __call__(self, done: int, total: int | None = None, message: str | None = None) -> None:
        """Show `done` of `total`; a `total` or `message` left out stays as it was. Also a checkpoint."""
        before = self.shown
        self.shown = Shown(
            done,
            before.total if total is None else total,
            before.message if message is None else message[:MESSAGE_LENGTH],
        )
        self.checkpoint()

    def checkpoint(self) -> None:
        """Raise Cancelled, Paused, Stopping or LeaseLost when it is time to leave. Call it outside transactions."""
        if not self._live:
            self.save()
            self._read_wish()
        if self._wish is not None:
            raise self._wish

    def interrupt(self, reason: type[Interrupted]) -> None:
        """The next checkpoint will raise `reason`; the first reason given stands, but for a lost lease."""
        if self._wish is None or reason is LeaseLost:
            self._wish = reason

    def save(self) -> None:
        """Write what is shown to the job's row if it has changed."""
        with self._lock:
            shown = self.shown
            if shown != self._saved:
                Job.objects.filter(pk=self.job_id, state="running").update(
                    done=shown.done, total=shown.total, message=shown.message
                )
                self._saved = shown

    def _read_wish(self) -> None:
        self.obey(Job.objects.filter(pk=self.job_id).values_list("wish", flat=True).first() or "")

    def obey(self, wish: str) -> None:
        """Take over what a person asked for in `Job.wish`."""
        reason = {"cancel": Cancelled, "pause": Paused}.get(wish)
        if reason is not None:
            self.interrupt(reason)
