"""Serving: granian for the pages, one worker process beside it, stopped together."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from types import FrameType

import click
from django.conf import settings
from django.db import connection

from kemai.project.cli.root import about, say

SAFE_SQLITE = (3, 51, 3)
"""Earlier versions can corrupt a WAL database that several processes write (docs/adr/002)."""


def check_sqlite() -> None:
    if connection.vendor == "sqlite" and sqlite3.sqlite_version_info < SAFE_SQLITE:
        raise click.ClickException(
            say(
                f"SQLite {sqlite3.sqlite_version} 不能安全地被多个进程使用，请运行 ./run 重新安装依赖",
                f"SQLite {sqlite3.sqlite_version} is not safe with several processes; run ./run to reinstall",
            )
        )


def granian(host: str, port: int) -> list[str]:
    """Two processes of three threads: what two cores serve best (measured, shared/STACK.md §1)."""
    return [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port),
        "--workers", os.environ.get("KEMAI_WORKERS", "2"), "--blocking-threads", "3", "--log-level", "warning",
        "--no-ws", "kemai.project.wsgi:application",
    ]  # fmt: skip


def live(host: str, port: int) -> list[str]:
    """One process for all open pages; it holds thousands of connections that mostly say nothing."""
    return [
        sys.executable, "-m", "granian", "--interface", "asgi", "--host", host, "--port", str(port),
        "--workers", "1", "--log-level", "warning", "--no-ws", "--backlog", "4096", "--backpressure", "6000",
        "--workers-kill-timeout", "5", "kemai.project.live:application",
    ]  # fmt: skip


def live_port(host: str, port: int) -> int:
    """The set one, else the next after the web server's, else any that is free: pages are told which."""
    if os.environ.get("KEMAI_LIVE_PORT"):
        return settings.LIVE_PORT
    for wanted in (port + 1, 0):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, wanted if wanted < 65536 else 0))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return port + 1


def serve(host: str, port: int, *, worker: bool = True) -> int:
    """Runs the web server, the worker and the live process until the server ends or the operator stops them; returns
    the exit code. Pages work without the live process, so its end does not end the others."""
    check_sqlite()
    os.environ["PORT"] = str(port)
    commands = [granian(host, port)]
    if worker:
        commands.append([sys.executable, "-m", "kemai.project.cli", "worker"])
    if settings.LIVE:
        beside = live_port(host, port)
        os.environ["KEMAI_LIVE_PORT"] = str(beside)
        commands.append(live(host, beside))
    children = [subprocess.Popen(command, cwd=Path.cwd()) for command in commands]

    def stop(_signal: int, _frame: FrameType | None) -> None:
        for child in children:
            child.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    code = children[0].wait()
    stop(0, None)
    for child in children[1:]:
        child.wait(timeout=30)
    return 0 if code in {0, -signal.SIGTERM, -signal.SIGINT} else code


@click.command("serve", help=about("serve"))
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=settings.PORT, show_default=True, type=click.IntRange(1, 65535))
@click.option("--no-worker", is_flag=True, help=say("不启动后台任务", "Do not start a worker"))
def serve_command(host: str, port: int, no_worker: bool) -> None:
    from kemai.project.cli.upkeep import prepare

    prepare()
    click.echo(say(f"打开 http://{host}:{port}/", f"Open http://{host}:{port}/"))
    sys.exit(serve(host, port, worker=not no_worker))


@click.command("worker", help=about("worker"))
def worker_command() -> None:
    from kemai.platform.jobs.worker import run_worker

    check_sqlite()
    halt = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: halt.set())
    signal.signal(signal.SIGINT, lambda *_: halt.set())
    run_worker(halt)
