"""The pytest plug-in that decides, before Django reads its settings, where tests run.

SQLite unless KEMAI_TEST_DATABASE=postgres, which uses the server of KEMAI_TEST_POSTGRES_URL or starts a throw-away
cluster; tests that ask no database are left out there. Tests never see the data folder or the database of whoever runs
them, and never the network.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

LANE = "KEMAI_TEST_DATABASE"
GIVEN = "KEMAI_TEST_POSTGRES_URL"
FOLDER = "KEMAI_TEST_FOLDER"
WORKER = "PYTEST_XDIST_WORKER"
# what a developer has set for a server of their own must not reach the tests
PERSONAL = tuple(
    f"KEMAI_{name}{suffix}"
    for name in "DATABASE_URL DEBUG FILES HOSTS HTTPS LOG_LEVEL ORIGINS SECRET_KEY TIME_ZONE TMP".split()
    for suffix in ("", "_FILE")
)

_open = contextlib.ExitStack()


def _prepare() -> None:
    """Set up the environment once in the main process; xdist's workers inherit it."""
    worker = os.environ.get(WORKER)
    if worker is None:
        folder = tempfile.mkdtemp(prefix="kemai-test-")
        _open.callback(shutil.rmtree, folder, ignore_errors=True)
        atexit.register(_open.close)
        os.environ[FOLDER] = folder
        for name in PERSONAL:
            os.environ.pop(name, None)
        os.environ["KEMAI_DATABASE_URL"] = _database()
        _compile_messages()
    data = Path(os.environ[FOLDER], worker or "main")
    data.mkdir(exist_ok=True)
    os.environ["KEMAI_DATA"] = str(data)


def _database() -> str:
    """The URL of the lane's database; empty is SQLite."""
    if os.environ.get(LANE, "sqlite") != "postgres":
        return ""
    from tools import postgres

    try:
        return os.environ.get(GIVEN) or _open.enter_context(postgres.throwaway())
    except postgres.NoServer as error:
        raise pytest.UsageError(f"{LANE}=postgres: {error}") from error


def _compile_messages() -> None:
    from tools import messages

    messages.compile_catalogues()


class NetworkForbidden(RuntimeError):
    """A test tried to reach beyond this machine."""


def _fence() -> None:
    """Let sockets connect to this machine only."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if self.family in {socket.AF_INET, socket.AF_INET6} and not _is_local(str(host)):
            raise NetworkForbidden(f"tests use no network, this one wanted {host}")
        connect(self, address)

    socket.socket.connect = guarded  # type: ignore[method-assign, assignment]


def _is_local(host: str) -> bool:
    return host in {"localhost", "::1", "0.0.0.0", ""} or host.startswith("127.")


_prepare()
_fence()


def pytest_report_header(config: pytest.Config) -> str:
    """Say at the top of the output which database the tests ran on."""
    del config
    return f"database: {'PostgreSQL' if os.environ['KEMAI_DATABASE_URL'] else 'SQLite'}"


ON_ONE_WORKER = (
    "tests/e2e/", "kemai/project/demo/tests/test_loaded.py",
    *(f"tests/contracts/test_doors{rest}.py" for rest in ("", "_around", "_lists", "_mcp")),
)  # fmt: skip
"""Folders and files whose tests share what takes long to make: a company with its server, a world of records. They come
first, so none may be transactional: those empty the database and come last."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """As `--dist loadgroup`, by path: the marks that it goes by have no effect with pytest 9.2 and xdist 3.8, which
    then makes each company and each world on every worker."""
    if config.getoption("dist") not in {"load", "loadgroup"}:
        return None
    from xdist.scheduler import LoadGroupScheduling  # type: ignore[import-untyped, unused-ignore]

    class Grouped(LoadGroupScheduling):  # type: ignore[misc, unused-ignore]
        def _split_scope(self, nodeid: str) -> str:
            return next((place for place in ON_ONE_WORKER if nodeid.startswith(place)), nodeid)

    return Grouped(config, log)


DATABASE_FIXTURES = frozenset({"db", "transactional_db", "live_server"})
NEEDS_DATABASE = DATABASE_FIXTURES | {"django_db_setup", "on_postgres"}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What asks no database is as true on one as on the other: PostgreSQL's lane leaves it to SQLite's."""
    if not os.environ["KEMAI_DATABASE_URL"]:
        return
    left = [item for item in items if not _asks_database(item)]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if _asks_database(item)]


def _asks_database(item: pytest.Item) -> bool:
    marked = item.get_closest_marker("django_db") is not None
    return marked or not NEEDS_DATABASE.isdisjoint(getattr(item, "fixturenames", ()))


def pytest_sessionstart(session: pytest.Session) -> None:
    """While tests are collected nothing has been defined on screen, and no database may be asked."""
    del session
    from kemai.platform.objects import own

    own.LOOK_SECONDS = 3600.0  # a test sees what it defined itself, not what the clock happens to let it see
    own.pretend(own.NOTHING)


@pytest.fixture(autouse=True)
def own_definitions(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test with a database begins with the definitions that are in it, each other one with none."""
    from kemai.platform.objects import own

    marked = request.node.get_closest_marker("django_db") is not None
    stored = marked or not DATABASE_FIXTURES.isdisjoint(request.fixturenames)
    own.pretend(None if stored else own.NOTHING)
    yield
    own.pretend(own.NOTHING)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started, at the end and not only when the interpreter goes."""
    if not hasattr(config, "workerinput"):
        _open.close()
