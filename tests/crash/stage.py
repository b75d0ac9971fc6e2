"""The stage: a process that has the product loaded, forks web servers and workers from it when it is told to, does
small errands in children of its own, and looks at the end whether all is as it must be. One JSON line in, one out."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from kemai.project import generation
from kemai.project.supervisor import Plan
from tests.crash import sealing

IMPORTED = 400
"""Rows of one file."""


def main() -> None:
    port = int(sys.argv[1])
    os.environ.update(KEMAI_GENERATION="stage", PORT=str(port))
    generation.load()
    generation.prepare_database()
    say(errand("people", {}))
    plan = Plan("127.0.0.1", port)
    for line in sys.stdin:
        order = json.loads(line)
        what = order.pop("do")
        if what == "fork":
            say({"pid": fork(order["role"], plan)})
        elif what == "columns":
            say({"pid": forked(partial(columns, **order), plan)})
        elif what == "wait":
            say({"status": os.waitstatus_to_exitcode(os.waitpid(order["pid"], 0)[1])})
        elif what == "reap":
            reap()
            say({})
        else:
            say(errand(what, order))


def say(answer: Any) -> None:
    print(json.dumps(answer), flush=True)


def fork(name: str, plan: Plan) -> int:
    """A role."""
    reap()
    return forked({"web": generation.web, "worker": generation.worker}[name], plan)


def columns(_plan: Plan, verb: str, keys: list[str]) -> None:
    sys.exit(sealing.columns(verb, keys))


def forked(work: Callable[[Plan], None], plan: Plan) -> int:
    """Leads a process group of its own, so that all of it can be killed at once."""
    generation.part_from_database()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        generation.run_child(work, plan, parent)
    return pid


def reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def errand(what: str, values: dict[str, Any]) -> Any:
    """Done in a child: this process never has a connection that a fork would share."""
    reads, writes = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.close(reads)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            answer = json.dumps(ERRANDS[what](**values)).encode()
            with os.fdopen(writes, "wb") as out:
                out.write(answer)
            code = 0
        except Exception:  # noqa: BLE001 - said, then the process ends
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writes)
    with os.fdopen(reads, "rb") as source:
        text = source.read()
    os.waitpid(pid, 0)
    if not text:
        raise RuntimeError(f"errand {what} failed")
    return json.loads(text)


def people() -> dict[str, Any]:
    from django.contrib.auth import get_user_model

    from kemai.platform.access.tokens import issue
    from kemai.platform.models import Role
    from kemai.project.defaults import ensure_defaults

    ensure_defaults()
    user = get_user_model().objects.create_user("crash", "crash@example.com", "x-very-long-9", name="Crash")
    user.roles.set(Role.objects.filter(key__in=("admin", "director")))
    return {"token": issue(user, "crash")[1], "user": user.pk}


def batch(number: int, user: int) -> dict[str, Any]:
    """A file to import, ten jobs and three mails, put in the queue."""
    import tempfile

    from django.db import transaction

    from kemai.collab.services.notices import notify
    from kemai.platform import imports
    from kemai.platform.access import SYSTEM
    from kemai.platform.jobs import enqueue

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.csv")
        rows = [f"导入{number}-{row},1{30 + number % 60:02}{row:08}" for row in range(IMPORTED)]
        path.write_text("\n".join(["客户名称,电话", *rows]), encoding="utf-8")
        run = imports.upload(path, path.name, "customer", by=SYSTEM.through("import"))
    guessed = imports.suggestion(run, by=SYSTEM.through("import"))
    imports.configure(run, guessed.columns, guessed.options, by=SYSTEM.through("import"))
    imports.start(run, by=SYSTEM.through("import"))
    for one in range(10):
        enqueue("tests.crash.effects.effect", {"name": f"任务{number}-{one}"}, max_attempts=100)
    with transaction.atomic():
        for one in range(3):
            notify(user, f"crash/{number}/{one}", "mail", kind="mention")
    return {"import": run.pk}


def state() -> dict[str, int]:
    """How much is still to be done."""
    from kemai.platform.models import ImportRun, Job, OutboxEvent

    return {
        "jobs": Job.objects.filter(state__in=("waiting", "running"), task__startswith="tests.").count(),
        "imports": ImportRun.objects.exclude(state__in=("done", "failed", "cancelled")).count(),
        "events": OutboxEvent.objects.filter(done_at=None).count(),
        "mails": Job.objects.filter(state__in=("waiting", "running"), task__endswith="mail_notice").count(),
    }


def verdict(
    acked: dict[str, int],
    versions: dict[str, int],
    changes: dict[str, tuple[int, int]],
    batches: int,
    delivered: dict[str, int],
) -> list[str]:
    """What is wrong: nothing should be. `acked`: name → id as acknowledged. `versions`: id → the last number that was.
    `changes`: id → how many changes were acknowledged, and how many sent. `delivered`: Message-ID → how often the mail
    server got it."""
    from kemai.customers.models import Customer
    from kemai.platform.audit.seal import seal_all
    from kemai.platform.audit.verify import verify
    from kemai.platform.models import Change, ImportRun, OutboxEvent

    wrong: list[str] = []
    rows = list(Customer.objects.values_list("pk", "name", "note", "version"))
    names = Counter(name for _pk, name, _short, _version in rows)
    by_name = {name: pk for pk, name, _short, _version in rows}
    by_key = {pk: short for pk, _name, short, _version in rows}
    wrong += [f"lost: {name}" for name, key in acked.items() if by_name.get(name) != key]
    wrong += [f"doubled: {name} ×{count}" for name, count in names.items() if count > 1]
    for key, number in versions.items():
        if int(by_key.get(int(key)) or 0) < number:
            wrong.append(f"lost: change {number} of {key}, found {by_key.get(int(key))}")
    wrong += miscounted(changes)
    for number in range(batches):
        count = sum(f"导入{number}-{row}" in names for row in range(IMPORTED))
        if count != IMPORTED:
            wrong.append(f"import {number}: {count} of {IMPORTED} rows")
        wrong += [
            f"job {number}-{one} had no effect" for one in range(10) if f"任务{number}-{one}" not in names
        ]
    wrong += [f"import {run.pk}: {run.state}" for run in ImportRun.objects.exclude(state="done")]
    created = set(
        Change.objects.filter(type_key="customer", action="create").values_list("object_id", flat=True)
    )
    wrong += [f"half made: {pk} has no entry in the log" for pk, *_rest in rows if pk not in created]
    wrong += [
        f"half made: log names {pk}, which is not there" for pk in created - {pk for pk, *_rest in rows}
    ]
    if OutboxEvent.objects.filter(done_at=None).exists():
        wrong.append("events wait")
    wrong += [f"mail {name} came {count} times" for name, count in delivered.items() if count > 1]
    seal_all()
    found = verify()
    wrong += [f"audit: {fault}" for fault in found.faults]
    return [*wrong, *database_faults()][:40]


def database_faults() -> list[str]:
    """SQLite's own check of its file."""
    from django.db import connection

    if connection.vendor != "sqlite":
        return []
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check(3)")
        said = cursor.fetchone()[0]
        cursor.execute("PRAGMA foreign_key_check")
        said = said if not cursor.fetchall() else "foreign keys"
    return [] if said == "ok" else [f"database: {said}"]


def miscounted(changes: dict[str, tuple[int, int]]) -> list[str]:
    """Every change that was acknowledged is in the log, and none of those sent (again and again) is there twice."""
    from django.db.models import Count

    from kemai.platform.models import Change

    logged = Change.objects.filter(type_key="customer", action="update", diff__isnull=False).order_by()
    counts = dict(logged.values_list("object_id").annotate(n=Count("pk")))
    return [
        f"changes of {key}: {kept} acknowledged, {sent} sent, {counts.get(int(key), 0)} in the log"
        for key, (kept, sent) in changes.items()
        if not kept <= counts.get(int(key), 0) <= sent
    ]


ERRANDS: dict[str, Callable[..., Any]] = {
    "people": people,
    "batch": batch,
    "state": state,
    "verdict": verdict,
    **sealing.ERRANDS,
}

if __name__ == "__main__":
    main()
