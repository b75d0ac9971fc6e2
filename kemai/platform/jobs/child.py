"""Heavy work in a process of its own: it cannot slow the pages down, leak into the worker or outlive it.

The child gets its arguments as one JSON line on standard input and answers with JSON lines on standard output:
{"done", "total", "message"} as often as it likes, then {"result"} or {"error"}."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from typing import IO, Protocol

from kemai.platform.jobs.progress import Interrupted, Progress

NICENESS = 5
ERROR_LENGTH = 4000
CHECK = 0.5
START = (
    "import django, runpy, sys; django.setup(); "
    "runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)
"""For `python -c START module args…`: as `-m module args…`, but with Django ready before the module's packages are."""


class ChildFailed(Exception):
    """The child process answered with an error or died; the text says which."""


class Report(Protocol):
    """What the child's function calls to say how far it is."""

    def __call__(self, done: int, total: int | None = None, message: str | None = None) -> None: ...


def run_in_child(module: str, args: Mapping[str, object], progress: Progress) -> object:
    """Run the module as `__main__` of a new process and return its result.

    Raises ChildFailed, or what the progress's checkpoint raises (the child is ended first)."""
    process = subprocess.Popen(
        [sys.executable, "-c", START, module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(dict(args)) + "\n")
        process.stdin.flush()
        return _listen(process, process.stdout, progress)
    except BrokenPipeError as error:
        raise ChildFailed(f"{module}: exit {process.wait(5)}") from error
    finally:
        _end(process)


def _listen(process: subprocess.Popen[str], output: IO[str], progress: Progress) -> object:
    answer: list[dict[str, object]] = []

    def read() -> None:
        for line in output:
            with contextlib.suppress(ValueError):
                answer.append(json.loads(line))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    while True:
        reader.join(CHECK)
        progress.checkpoint()
        while answer:
            message = answer.pop(0)
            if "result" in message:
                return message["result"]
            if "error" in message:
                raise ChildFailed(str(message["error"]))
            _show(message, progress)
        if not reader.is_alive() and not answer:
            raise ChildFailed(f"exit {process.wait(5)}")


def _show(message: dict[str, object], progress: Progress) -> None:
    done, total, text = message.get("done"), message.get("total"), message.get("message")
    progress(
        done if isinstance(done, int) else 0,
        total if isinstance(total, int) else None,
        text if isinstance(text, str) else None,
    )


def _end(process: subprocess.Popen[str]) -> None:
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    try:
        process.wait(1 if process.poll() is None else 0)
    except subprocess.TimeoutExpired:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main(work: Callable[..., object]) -> None:
    """The child's side: `if __name__ == "__main__": child.main(work)` calls `work(report, **args)`.

    Whatever libraries print goes to standard error. When the parent is gone (standard input ends), so is the child."""
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    args = json.loads(sys.stdin.readline())
    threading.Thread(target=_die_with_parent, daemon=True).start()

    def send(**message: object) -> None:
        answer.write(json.dumps(message) + "\n")
        answer.flush()

    def report(done: int, total: int | None = None, message: str | None = None) -> None:
        send(done=done, total=total, message=message)

    try:
        send(result=work(report, **args))
    except (Exception, Interrupted) as error:  # noqa: BLE001 - whatever it is, the parent must hear of it
        send(error=f"{type(error).__name__}: {error}"[:ERROR_LENGTH])
        sys.exit(1)


def _die_with_parent() -> None:
    while sys.stdin.read(1):
        pass
    os._exit(3)
