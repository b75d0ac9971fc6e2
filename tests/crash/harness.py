"""Kills web servers and workers at random moments while clients write, files are imported, jobs run and mails go out;
afterwards every acknowledged write must be there, nothing twice, nothing by half.

    python -m tests.crash.harness --rounds 200           with a folder (or PostgreSQL database) of its own

Clients send each write with an Idempotency-Key and send it again until they get an answer, as a good client does."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.company import ROOT, environment, free_port

SETTLES_WITHIN = 60.0
"""Seconds in which something of what waits must get done, once nobody kills any more."""
BATCH_EVERY = 12
"""Rounds between two files to import."""
CHANGES = 5
"""Of so many writes of a client one makes a new record, the others change it."""
ACKNOWLEDGED = 105
"""Answers that a round waits for, on an average, before it kills: 200 rounds see more than 20,000."""


class Stage:
    """Talks to `tests.crash.stage`."""

    def __init__(self, port: int, where: Mapping[str, str], log: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.stage", str(port)],
            cwd=ROOT, env=dict(where), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log.open("wb"), text=True,
        )  # fmt: skip
        self.log = log
        self.people = self.heard()

    def heard(self) -> Any:
        assert self.process.stdout is not None
        while line := self.process.stdout.readline():
            with contextlib.suppress(ValueError):
                return json.loads(line)
        raise RuntimeError(f"the stage has ended:\n{self.log.read_text(errors='replace')[-3000:]}")

    def do(self, what: str, **values: Any) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": what, **values}) + "\n")
        self.process.stdin.flush()
        return self.heard()

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(60)


@dataclass
class Told:
    """What the clients were told: name → id, id → the last change, and how many answers there were."""

    acked: dict[str, int] = field(default_factory=dict)
    changed: dict[int, int] = field(default_factory=dict)
    sent: Counter[int] = field(default_factory=Counter)
    """id → how many different changes of it were sent."""
    kept: Counter[int] = field(default_factory=Counter)
    """id → how many of them were acknowledged."""
    answers: int = 0
    again: int = 0
    """Writes that were sent again because no answer came."""
    odd: list[str] = field(default_factory=list)


class Clients:
    def __init__(self, port: int, token: str, writers: int) -> None:
        self.port = port
        self.token = token
        self.told = Told()
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.write, args=(n,), daemon=True) for n in range(writers)]

    def write(self, mine: int) -> None:
        number = 0
        key = 0
        line = Line(self.port, self.token)
        while not self.stop.is_set():
            number += 1
            if number % CHANGES and key:
                self.change(line, key, number, f"c{mine}-{number}")
            else:
                key = self.create(line, f"客户{mine}-{number}", f"n{mine}-{number}")
        line.close()

    def create(self, line: Line, name: str, once: str) -> int:
        answer = self.until_answered(line, "POST", "/api/v1/customer", {"name": name}, once)
        if answer is None:
            return 0
        status, body = answer
        with self.lock:
            if status == 201:
                self.told.acked[name] = body["id"]
                return int(body["id"])
            self.told.odd.append(f"create {name}: {status} {body}")
        return 0

    def change(self, line: Line, key: int, number: int, once: str) -> None:
        values = {"note": str(number)}
        self.told.sent[key] += 1  # a customer is one writer's
        answer = self.until_answered(line, "PATCH", f"/api/v1/customer/{key}", values, once)
        if answer is None:
            return
        with self.lock:
            if answer[0] == 200:
                self.told.changed[key] = number
                self.told.kept[key] += 1
            else:
                self.told.odd.append(f"change {key}: {answer}")

    def until_answered(
        self, line: Line, method: str, path: str, values: Any, once: str
    ) -> tuple[int, Any] | None:
        """Sends it until there is an answer that is no fault; None when all is over."""
        first = True
        while first or not self.stop.is_set():
            if not first:
                time.sleep(0.03)
            answer = line.ask(method, path, values, once)
            with self.lock:
                self.told.again += not first
                if answer is not None and answer[0] not in {500, 502, 503, 409}:
                    self.told.answers += 1
                    return answer
            first = False
        return None


class Line:
    """One client's connection, kept as long as the other side keeps it."""

    def __init__(self, port: int, token: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self.token = token

    def ask(self, method: str, path: str, values: Any, once: str) -> tuple[int, Any] | None:
        headers = {
            "Authorization": f"Bearer {self.token}", "Content-Type": "application/json", "Idempotency-Key": once,
        }  # fmt: skip
        try:
            self.connection.request(method, path, json.dumps(values), headers)
            answer = self.connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            self.close()
            return None

    def close(self) -> None:
        self.connection.close()


class MailServer:
    """Takes mails and counts each Message-ID."""

    def __init__(self) -> None:
        from aiosmtpd.controller import Controller

        self.got: Counter[str] = Counter()
        self.port = free_port()
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        for line in envelope.content.decode("utf-8", "replace").splitlines():
            if line.lower().startswith("message-id:"):
                self.got[line.split(":", 1)[1].strip()] += 1
        await asyncio.sleep(0.005)
        return "250 OK"


@dataclass
class Outcome:
    kills: int
    told: Told
    batches: int
    mails: int
    seconds: float
    wrong: list[str]


def run(
    rounds: int,
    where: Mapping[str, str],
    folder: Path,
    *,
    seed: int,
    writers: int = 6,
    answers: int = ACKNOWLEDGED,
) -> Outcome:
    """The whole story. `where` is the environment that leads to a migrated or empty database."""
    chance = random.Random(seed)
    began = time.monotonic()
    mails = MailServer()
    port = free_port()
    settings = {
        **where, "KEMAI_SMTP_URL": f"smtp+plain://127.0.0.1:{mails.port}", "KEMAI_MAIL_FROM": "kemai@example.com",
        "KEMAI_LOG_LEVEL": "ERROR", "KEMAI_LIVE": "0",
    }  # fmt: skip
    stage = Stage(port, settings, folder / "stage.log")
    pids: dict[str, int] = {}
    clients = Clients(port, stage.people["token"], writers)
    batches = 0
    try:
        for role in ("web", "worker"):
            pids[role] = stage.do("fork", role=role)["pid"]
        for thread in clients.threads:
            thread.start()
        for number in range(rounds):
            if number % BATCH_EVERY == 0:
                stage.do("batch", number=batches, user=stage.people["user"])
                batches += 1
            wait_for_answers(clients, clients.told.answers + chance.randint(2, 2 * answers - 2))
            time.sleep(chance.uniform(0.0, 0.05))
            for role in chance.choice((["web"], ["worker"], ["web", "worker"], ["web"])):
                kill(pids[role])
                pids[role] = stage.do("fork", role=role)["pid"]
        clients.stop.set()
        for thread in clients.threads:
            thread.join(60)
        wrong = settle(stage)
        told = clients.told
        wrong += told.odd + stage.do(
            "verdict", acked=told.acked, versions={str(key): n for key, n in told.changed.items()},
            changes={str(key): (told.kept[key], n) for key, n in told.sent.items()}, batches=batches,
            delivered=dict(mails.got),
        )  # fmt: skip
    finally:
        clients.stop.set()
        for pid in pids.values():
            kill(pid)
        stage.close()
        mails.controller.stop()
    return Outcome(rounds, clients.told, batches, sum(mails.got.values()), time.monotonic() - began, wrong)


def wait_for_answers(clients: Clients, most: int) -> None:
    """A kill in an idle server proves nothing."""
    until = time.monotonic() + SETTLES_WITHIN
    while clients.told.answers < most:
        if time.monotonic() > until:
            raise RuntimeError(f"no answers for {SETTLES_WITHIN:.0f} s")
        time.sleep(0.005)


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def settle(stage: Stage) -> list[str]:
    """Waits until the worker has done what it was given; a slow machine takes its time, but something must go on."""
    left: dict[str, int] = stage.do("state")
    moved = time.monotonic()
    while any(left.values()):
        time.sleep(0.5)
        now = stage.do("state")
        if now != left:
            moved, left = time.monotonic(), now
        if time.monotonic() - moved > SETTLES_WITHIN:
            return [f"nothing done for {SETTLES_WITHIN:.0f} s: {left}"]
    return []


@contextlib.contextmanager
def places(database: str) -> Iterator[tuple[dict[str, str], Path]]:
    with tempfile.TemporaryDirectory(prefix="kemai-crash-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        where = environment(folder)
        if database == "postgres":
            from tools import postgres

            where["KEMAI_DATABASE_URL"] = stack.enter_context(postgres.throwaway(durable=True))
        yield where, folder


def tell(database: str, outcome: Outcome) -> None:
    told = outcome.told
    print(
        f"{database}: {outcome.kills} kills, {told.answers:,} acknowledged writes ({len(told.acked):,} new records), "
        f"{told.again:,} sent again, {outcome.batches} imports, {outcome.mails} mails, {outcome.seconds:.0f} s, "
        f"load {os.getloadavg()[0]:.1f}: {'nothing wrong' if not outcome.wrong else 'WRONG'}",
        flush=True,
    )
    for one in outcome.wrong:
        print(f"  {one}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    failed = False
    for database in ("sqlite", "postgres") if options.database == "both" else (options.database,):
        with places(database) as (where, folder):
            print(f"{database}: seed {options.seed}", flush=True)
            outcome = run(options.rounds, where, folder, seed=options.seed)
            tell(database, outcome)
            failed = failed or bool(outcome.wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
