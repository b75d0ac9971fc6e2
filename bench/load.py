"""Many people at work at once: reading, searching, editing, adding, dashboards, imports, against `kemai serve`.

Each person does one thing after another with pauses as people make them (2 to 8 s, so two hundred of them ask for some
forty pages a second). Printed: errors, p50 and p95 per action as the person feels it, memory at the beginning and at the
end. `KEMAI_BENCH_PEOPLE` (200), `KEMAI_BENCH_MINUTES` (10)."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import quote, urlencode

import psutil
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from bench.idle import free_port, wait_for
from bench.measure import Table, percentile
from kemai.customers.models import Customer
from kemai.platform.access import rights_changed
from kemai.platform.models import Role

PEOPLE = int(os.environ.get("KEMAI_BENCH_PEOPLE", "200"))
MINUTES = float(os.environ.get("KEMAI_BENCH_MINUTES", "10"))
PAUSE = (2.0, 8.0)
WORDS = ("张伟", "李", "有限公司", "zhang", "贸易", "科技", "1380", "王芳")
SHARES = {
    "list": 26, "list, filtered": 10, "record": 24, "search": 12, "today": 8, "dashboard": 4, "edit": 8,
    "new interaction": 4, "new customer": 3, "import": 1,
}  # fmt: skip
FILTER = json.dumps({"field": "value_class", "op": "in", "value": ["high", "potential"]})


@dataclass
class Seen:
    """What all of them met: seconds by action, and what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    wrong: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, action: str, seconds: float, problem: str = "") -> None:
        with self.lock:
            self.seconds[action].append(seconds)
            if problem:
                self.wrong[f"{action}: {problem}"] += 1


class Person(threading.Thread):
    """One who is logged in, with a browser of their own."""

    def __init__(self, number: int, port: int, key: str, records: list[int], seen: Seen, end: float) -> None:
        super().__init__(daemon=True)
        self.chance = random.Random(number)
        self.port = port
        self.cookie = f"{settings.SESSION_COOKIE_NAME}={key}; {settings.CSRF_COOKIE_NAME}={'b' * 32}"
        self.records = records
        self.seen = seen
        self.end = end
        self.number = number
        self.browser = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def run(self) -> None:
        names, weights = list(SHARES), list(SHARES.values())
        time.sleep(self.chance.uniform(0, PAUSE[1]))
        while time.monotonic() < self.end:
            action = self.chance.choices(names, weights)[0]
            began = time.monotonic()
            try:
                problem = self.act(action)
            except (OSError, http.client.HTTPException) as error:
                problem = type(error).__name__
                self.browser.close()
            self.seen.note(action, time.monotonic() - began, problem)
            time.sleep(self.chance.uniform(*PAUSE))
        self.browser.close()

    def act(self, action: str) -> str:
        """Does it; returns what was wrong, '' for nothing."""
        record = self.chance.choice(self.records)
        match action:
            case "list":
                sort = self.chance.choice(("-created_at", "-amount_12m", "name"))
                return self.get(f"/o/customer/?sort={sort}")
            case "list, filtered":
                return self.get(f"/o/customer/?where={quote(FILTER)}&sort=-amount_12m")
            case "record":
                return self.get(f"/o/customer/{record}")
            case "search":
                return self.get(f"/o/customer/?q={quote(self.chance.choice(WORDS))}")
            case "today":
                return self.get("/")
            case "dashboard":
                return self.get("/dashboard")
            case "edit":
                return self.post(
                    f"/o/customer/{record}/field/note", {"note": f"记录 {self.chance.random():.6f}"}
                )
            case "new interaction":
                values = {
                    "kind": "call",
                    "subject": "电话",
                    "body": "聊了聊",
                    "customer": record,
                    "at": f"{timezone.localtime():%Y-%m-%dT%H:%M}",
                }
                return self.post("/o/interaction/new", values)
            case "new customer":
                return self.post("/o/customer/new", {"name": f"负载{self.number}-{time.monotonic_ns()}"})
        return self.upload()

    def get(self, path: str) -> str:
        self.browser.request("GET", path, headers={"Cookie": self.cookie})
        return self.answered({200})

    def post(self, path: str, values: dict[str, object]) -> str:
        headers = {
            "Cookie": self.cookie, "X-CSRFToken": "b" * 32, "Content-Type": "application/x-www-form-urlencoded",
        }  # fmt: skip
        self.browser.request("POST", path, urlencode(values), headers)
        return self.answered({200, 204, 302, 303})

    def upload(self) -> str:
        """Two hundred rows: uploaded as a person does it; then the guessed mapping is taken and the worker imports."""
        text = io.StringIO()
        text.write("客户名称,城市\n")
        for row in range(200):
            text.write(f"导入{self.number}-{time.monotonic_ns()}-{row},杭州\n")
        mark = "----bench"
        parts = (("type_key", None, "customer"), ("file", "rows.csv", text.getvalue()))
        body = (
            b"".join(
                f'--{mark}\r\nContent-Disposition: form-data; name="{name}"'
                f"{f'; filename={chr(34)}{file}{chr(34)}' if file else ''}\r\n\r\n{value}\r\n".encode()
                for name, file, value in parts
            )
            + f"--{mark}--\r\n".encode()
        )
        headers = {
            "Cookie": self.cookie, "X-CSRFToken": "b" * 32, "Content-Type": f"multipart/form-data; boundary={mark}",
        }  # fmt: skip
        self.browser.request("POST", "/imports/new/customer", body, headers)
        answer = self.browser.getresponse()
        answer.read()
        place = (answer.getheader("Location") or "").rstrip("/").rpartition("/")[2]
        if answer.status not in {302, 303} or not place.isdigit():
            return str(answer.status)
        start_import(int(place))
        return ""

    def answered(self, good: set[int]) -> str:
        answer = self.browser.getresponse()
        answer.read()
        if answer.status in good:
            return ""
        return str(answer.status)


def start_import(key: int) -> None:
    from kemai.platform import imports
    from kemai.platform.access import actor_for
    from kemai.platform.models import ImportRun

    try:
        run = ImportRun.objects.select_related("user").get(pk=key)
        by = actor_for(run.user, source="import")
        guessed = imports.suggestion(run, by=by)
        imports.configure(run, guessed.columns, guessed.options, by=by)
        imports.start(run, by=by)
    finally:
        connection.close()


def run(label: str) -> None:
    keys = people(PEOPLE)
    records = list(Customer.objects.order_by("-pk").values_list("pk", flat=True)[:2000])
    connection.close()
    port = free_port()
    environment = {**os.environ, "KEMAI_LOG_LEVEL": "ERROR", "KEMAI_LOG_FORMAT": "json"}
    command = [sys.executable, "-m", "kemai.project.cli", "serve", "--port", str(port)]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_for(port)
        seen = Seen()
        warm(port, keys[0], records)
        before, begun = memory(server.pid), time.monotonic()
        end = begun + MINUTES * 60
        crowd = [Person(number, port, key, records, seen, end) for number, key in enumerate(keys)]
        for person in crowd:
            person.start()
        middle = 0.0
        for person in crowd:
            while person.is_alive():
                person.join(5)
                if not middle and time.monotonic() > begun + MINUTES * 30:
                    middle = memory(server.pid)
        after, seconds = memory(server.pid), time.monotonic() - begun
        work = cpu(server.pid)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)
    tell(label, seen, (before, middle, after), seconds, work)


def tell(label: str, seen: Seen, sizes: tuple[float, float, float], seconds: float, work: float) -> None:
    title = f"{PEOPLE} people for {MINUTES:g} minutes · {label}, load {os.getloadavg()[0]:.1f}"
    table = Table(title, head=("action", "times", "p50 ms", "p95 ms", "max ms"))
    everything = [one for values in seen.seconds.values() for one in values]
    for action, values in [*sorted(seen.seconds.items()), ("all", everything)]:
        figures = [percentile(values, share) * 1000 for share in (0.5, 0.95, 1.0)]
        table.rows.append([action, f"{len(values):,}", *(f"{one:,.0f}" for one in figures)])
    table.print()
    total = sum(seen.wrong.values())
    print(
        f"\n{len(everything) / seconds:.1f} actions/s, {total} errors; memory of all processes (PSS) "
        f"{sizes[0]:.0f} → {sizes[1]:.0f} → {sizes[2]:.0f} MB; {work:.0f} s of CPU in {seconds:.0f} s"
    )
    for problem, count in sorted(seen.wrong.items()):
        print(f"  {count} × {problem}")


def warm(port: int, key: str, records: list[int]) -> None:
    """The first page of each kind compiles templates: that is the start, not the load."""
    one = Person(0, port, key, records, Seen(), 0)
    for _round in range(3):
        for action in ("list", "list, filtered", "record", "search", "today", "dashboard"):
            with contextlib.suppress(OSError, http.client.HTTPException):
                one.act(action)


def people(number: int) -> list[str]:
    """So many people with the rights of the boss, each logged in; returns their session keys."""
    model = get_user_model()
    roles = Role.objects.filter(key="bench_boss")
    names = [f"load{one}" for one in range(number)]
    made = [model(username=name, name=name, password="!") for name in names]
    model.objects.bulk_create(made, ignore_conflicts=True)
    users = list(model.objects.filter(username__in=names))
    through = model.roles.through
    links = [through(user_id=user.pk, role_id=role.pk) for user in users for role in roles]
    through.objects.bulk_create(links, ignore_conflicts=True)
    rights_changed()
    store, rows = SessionStore(), []
    for user in users:
        data = {
            SESSION_KEY: str(user.pk),
            BACKEND_SESSION_KEY: "kemai.staff.adapter.Backend",
            HASH_SESSION_KEY: user.get_session_auth_hash(),
        }
        until = timezone.now() + timedelta(hours=6)
        rows.append(
            Session(session_key=f"load{user.pk:028d}", session_data=store.encode(data), expire_date=until)
        )
    Session.objects.filter(session_key__startswith="load").delete()
    Session.objects.bulk_create(rows)
    return [row.session_key for row in rows]


def family(pid: int) -> list[psutil.Process]:
    return [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]


def memory(pid: int) -> float:
    total = 0
    for process in family(pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += process.memory_full_info().pss
    return total / 1e6


def cpu(pid: int) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in family(pid))
