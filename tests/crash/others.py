"""The others: people who go on working while something bad happens, and what the server needs meanwhile."""

from __future__ import annotations

import http.client
import os
import re
import threading
import time
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

PAGES = ("/", "/o/customer/", "/o/contact/", "/dashboard", "/o/task/", "/healthz")
EVERY = 0.1
FORM = "application/x-www-form-urlencoded"


@dataclass
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Browser:
    """Cookies, and one connection for each request."""

    def __init__(self, port: int, timeout: float = 120) -> None:
        self.port = port
        self.timeout = timeout
        self.cookies: SimpleCookie = SimpleCookie()

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
        cookie = "; ".join(f"{name}={one.value}" for name, one in self.cookies.items())
        token = self.cookies["csrftoken"].value if "csrftoken" in self.cookies else ""
        try:
            connection.request(
                method, path, body, {"Cookie": cookie, "X-CSRFToken": token, **(headers or {})}
            )
            answer = connection.getresponse()
            for line in answer.headers.get_all("Set-Cookie") or ():
                self.cookies.load(line)
            return Reply(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def post(self, path: str, values: dict[str, str]) -> Reply:
        return self.ask("POST", path, urlencode(values), {"Content-Type": FORM})

    def log_in(self, name: str, word: str) -> Reply:
        page = self.ask("GET", "/login/").body.decode()
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        return self.post(
            "/login/", {"login": name, "password": word, "csrfmiddlewaretoken": found[1] if found else ""}
        )


class Clicker(threading.Thread):
    """Somebody with a page open every tenth of a second, or as soon as the last one is there."""

    def __init__(self, browser: Browser) -> None:
        super().__init__(daemon=True)
        self.browser = browser
        self.waits: list[float] = []
        self.wrong: list[str] = []
        self.halt = threading.Event()

    def run(self) -> None:
        number = 0
        while not self.halt.is_set():
            path = PAGES[number % len(PAGES)]
            number += 1
            began = time.monotonic()
            try:
                status = self.browser.ask("GET", path).status
            except (OSError, http.client.HTTPException) as error:
                status, path = 0, f"{path} {type(error).__name__}"
            taken = time.monotonic() - began
            self.waits.append(taken)
            if status != 200:
                self.wrong.append(f"{path}: {status}")
            self.halt.wait(max(0.0, EVERY - taken))

    def end(self) -> None:
        self.halt.set()
        self.join(self.browser.timeout)


@dataclass
class Needs:
    """Bytes that are the processes' own (what they share is counted once), and threads."""

    memory: int = 0
    threads: int = 0


def family(pid: int) -> list[int]:
    """The process, its children and theirs."""
    found = [pid]
    for one in found:
        try:
            for told in Path(f"/proc/{one}/task").glob(
                "*/children"
            ):  # a job's process belongs to the job's thread
                found += [int(child) for child in told.read_text().split()]
        except OSError:
            continue
    return found


def needs(pid: int) -> Needs:
    made = Needs()
    for one in family(pid):
        try:
            told = Path(f"/proc/{one}/smaps_rollup").read_text()
            made.threads += len(os.listdir(f"/proc/{one}/task"))
        except OSError:
            continue
        size = re.search(r"^Pss:\s+(\d+)", told, re.MULTILINE)
        made.memory += int(size[1]) * 1024 if size else 0
    return made


@dataclass
class Sampler(threading.Thread):
    """Looks at the server and all under it, several times a second."""

    pid: int
    least: Needs = field(default_factory=Needs)
    most: Needs = field(default_factory=Needs)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self.halt = threading.Event()
        self.least = needs(self.pid)
        self.most = Needs(self.least.memory, self.least.threads)

    def run(self) -> None:
        while not self.halt.wait(0.25):
            now = needs(self.pid)
            self.most = Needs(max(self.most.memory, now.memory), max(self.most.threads, now.threads))

    def end(self) -> None:
        self.halt.set()
        self.join(5)

    @property
    def more_memory(self) -> int:
        return self.most.memory - self.least.memory

    @property
    def more_threads(self) -> int:
        return self.most.threads - self.least.threads

    def said(self) -> str:
        mb = 2**20
        return (
            f"threads +{self.more_threads} of {self.least.threads}, memory +{self.more_memory / mb:.0f} MiB of "
            f"{self.least.memory / mb:.0f}"
        )

    __hash__ = threading.Thread.__hash__


def part(waits: list[float], share: float) -> float:
    rows = sorted(waits) or [0.0]
    return rows[min(len(rows) - 1, int(len(rows) * share))]
