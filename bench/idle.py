"""Start and idle: seconds to the first page, memory of server and worker together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import psutil

from bench.measure import Table


def run(label: str) -> None:
    port = free_port()
    began = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "-m", "kemai.project.cli", "serve", "--port", str(port)], stdout=subprocess.DEVNULL
    )
    try:
        wait_for(port)
        seconds = time.perf_counter() - began
        family = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
        starting = sum(process.cpu_times().user + process.cpu_times().system for process in family)
        time.sleep(10)
        family = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
        memory = sum(process.memory_full_info().pss for process in family) / 1e6
        before = sum(process.cpu_times().user + process.cpu_times().system for process in family)
        time.sleep(10)
        cpu = sum(process.cpu_times().user + process.cpu_times().system for process in family) - before
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)
    table = Table(f"Start and idle · {label}, load {os.getloadavg()[0]:.1f}", head=("", "figure"))
    table.rows += [
        ["start to first page", f"{seconds:.1f} s ({starting:.1f} s of CPU)"],
        ["memory of server and worker (PSS)", f"{memory:.0f} MB, {len(family)} processes"],
        ["CPU while idle", f"{cpu * 10:.1f} % of a core"],
    ]
    table.print()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/login/", timeout=5).read()
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    raise RuntimeError(f"no page within a minute ({os.getpid()})")
