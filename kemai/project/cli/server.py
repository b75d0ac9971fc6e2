"""Serving: the web server, a worker and the live process under one supervisor; or each alone."""

from __future__ import annotations

import os
import signal
import sys
import threading

import click

from kemai.project import environment as env
from kemai.project import lines
from kemai.project.cli.root import about, say, set_up, unwritable
from kemai.project.supervisor import Plan, free_port_beside, taken

EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - what it says to listen everywhere
PORT = env.integer("PORT", 8000, low=1, high=65535)
SAFE_SQLITE = (3, 51, 3)
"""Earlier versions can corrupt a WAL database that several processes write (docs/adr/002)."""


def check_sqlite() -> None:
    """What pysqlite3 carries is what the settings put in place of Python's own."""
    import pysqlite3

    if not env.text("KEMAI_DATABASE_URL") and pysqlite3.sqlite_version_info < SAFE_SQLITE:
        found = pysqlite3.sqlite_version
        raise click.ClickException(
            say(
                f"SQLite {found} 不能安全地被多个进程使用，请运行 ./run 重新安装依赖",
                f"SQLite {found} is not safe with several processes; run ./run to reinstall",
            )
        )


def check_folder() -> None:
    """SQLite wants to write beside its file, whoever only reads: a folder that cannot be written is said at once."""
    folder = env.data_folder("KEMAI_DATA", env.default_data())
    if not env.text("KEMAI_DATABASE_URL") and not os.access(folder, os.W_OK | os.X_OK):
        raise click.ClickException(unwritable(folder))


def check_port(host: str, port: int) -> None:
    if taken(host, port):
        raise click.ClickException(
            say(
                f"端口 {port} 已被占用：请停止占用它的程序，或用 --port 换一个",
                f"Port {port} is in use: stop the program that has it, or choose another with --port",
            )
        )


def check_line(host: str) -> None:
    """Behind HTTPS what goes on from the proxy to another machine is encrypted as well, or somebody has said that it
    need not be."""
    plain = env.certificate() is None and not env.boolean("KEMAI_PLAIN_INSIDE", default=False)
    if env.boolean("KEMAI_HTTPS", default=False) and plain and not lines.stays_here(host):
        raise click.ClickException(
            say(
                f"监听 {host} 时，代理到这里的连接没有加密：请设置 KEMAI_TLS_CERT 和 KEMAI_TLS_KEY"
                "（见 docs/operations.md），或者只监听 127.0.0.1；若这段网络由别的办法加密，设 KEMAI_PLAIN_INSIDE=1",
                f"Listening at {host}, the line from the proxy would be plain: set KEMAI_TLS_CERT and KEMAI_TLS_KEY "
                "(docs/operations.md), or listen at 127.0.0.1; where something else encrypts that network, "
                "KEMAI_PLAIN_INSIDE=1",
            )
        )


def serve(host: str, port: int, *, worker: bool = True, live: bool = True, prepare: bool = True) -> None:
    """Becomes the supervisor of a web server, a worker and a live process; does not return. Pages work without the
    live process, and without a worker on this machine if another has one."""
    check_sqlite()
    check_folder()
    check_line(host)
    check_port(host, port)
    beside = 0
    if live and env.boolean("KEMAI_LIVE", default=True):
        beside = env.integer("KEMAI_LIVE_PORT", 0, low=0, high=65535) or free_port_beside(host, port)
    plan = Plan(host, port, beside, worker, prepare)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "kemai.project.supervisor", plan.text()])  # noqa: S606 - ourselves


@click.command("serve", help=about("serve"))
@click.option(
    "--host", default="127.0.0.1", show_default=True, help=say("监听的地址", "Address to listen at")
)
@click.option(
    "--port",
    default=PORT,
    show_default=True,
    type=click.IntRange(1, 65535),
    help=say("网站的端口", "Port of the web server"),
)
@click.option("--no-worker", is_flag=True, help=say("不启动后台任务", "Do not start a worker"))
@click.option("--no-live", is_flag=True, help=say("不启动实时更新进程", "Do not start the live process"))
@click.option("--no-migrate", is_flag=True, help=say("不升级数据库", "Leave the database as it is"))
def serve_command(host: str, port: int, no_worker: bool, no_live: bool, no_migrate: bool) -> None:
    shown = host if host not in EVERY_ADDRESS else env.names("KEMAI_HOSTS", ["127.0.0.1"])[0]
    click.echo(say(f"打开 http://{shown}:{port}/", f"Open http://{shown}:{port}/"))
    serve(host, port, worker=not no_worker, live=not no_live, prepare=not no_migrate)


@click.command("live", help=about("live"))
@click.option(
    "--host", default="127.0.0.1", show_default=True, help=say("监听的地址", "Address to listen at")
)
@click.option(
    "--port",
    default=env.integer("KEMAI_LIVE_PORT", min(PORT + 1, 65535), low=1, high=65535),
    show_default=True,
    help=say("实时更新的端口", "Port of live updates"),
)
def live_command(host: str, port: int) -> None:
    from kemai.project.generation import live

    check_line(host)
    check_port(host, port)
    live(Plan(host, 0, port))


@click.command("worker", help=about("worker"))
def worker_command() -> None:
    check_sqlite()
    set_up("worker")
    from kemai.platform.jobs.worker import run_worker
    from kemai.project.cli.columns import ready

    ready()
    halt = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: halt.set())
    signal.signal(signal.SIGINT, lambda *_: halt.set())
    run_worker(halt)
