"""Real worker processes on a database file (or server) of their own: killed, in company, asked to stop."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection

from kemai.platform.jobs.child import START

SCENARIO = "kemai.platform.jobs.tests.scenario"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[dict[str, str]]:
    """The environment of processes that share one new, migrated database."""
    folder = tmp_path_factory.mktemp("worker")
    env = {**os.environ, "KEMAI_DATA": str(folder), "KEMAI_DATABASE_URL": "", "KEMAI_LOG_LEVEL": "ERROR"}
    name = f"kemai_worker_{os.getpid()}"
    if connection.vendor == "postgresql":
        env["KEMAI_DATABASE_URL"] = server_url(name)
        on_server(f'CREATE DATABASE "{name}"')
    subprocess.run(
        [sys.executable, "-m", "django", "migrate", "--no-input", "-v", "0"], env=env, check=True, timeout=300
    )
    yield env
    if connection.vendor == "postgresql":
        on_server(f'DROP DATABASE "{name}" WITH (FORCE)')


def server_url(name: str) -> str:
    known = connection.settings_dict
    user, password = quote(str(known["USER"])), quote(str(known["PASSWORD"]))
    host, port = str(known["HOST"]), known["PORT"]
    if host.startswith("/"):
        return (
            f"postgresql://{user}:{password}@/{name}?host={quote(host)}"
            if not port
            else (f"postgresql://{user}:{password}@:{port}/{name}?host={quote(host)}")
        )
    return f"postgresql://{user}:{password}@{host}:{port or 5432}/{name}"


def on_server(statement: str) -> None:
    import psycopg

    known = connection.settings_dict
    with psycopg.connect(
        dbname="postgres",
        user=str(known["USER"]) or None,
        password=str(known["PASSWORD"]) or None,
        host=str(known["HOST"]) or None,
        port=known["PORT"] or None,
        autocommit=True,
    ) as server:
        server.execute(statement)


def play(scene: str, env: dict[str, str], folder: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", START, SCENARIO, scene, str(folder)],
        env=env,
        check=True,
        timeout=300,
        stdout=subprocess.PIPE,
        text=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_a_killed_workers_job_goes_on_where_it_was(environment: dict[str, str], tmp_path: Path) -> None:
    end = play("kill", environment, tmp_path)
    assert end["steps"] == [str(number) for number in range(1, 21)]
    assert end["attempts"] == 2
    assert end["shown"] == 20
    assert end["exit"] == 0
    assert end["seconds"] < 60


def test_two_workers_never_run_a_job_twice(environment: dict[str, str], tmp_path: Path) -> None:
    end = play("share", environment, tmp_path)
    assert end["ran"] == list(range(120))
    assert end["exits"] == [0, 0]


def test_a_worker_that_is_asked_to_stop_gives_its_job_back(
    environment: dict[str, str], tmp_path: Path
) -> None:
    end = play("stop", environment, tmp_path)
    assert end == {"state": "waiting", "attempts": 0, "exit": 0, "due": True}
