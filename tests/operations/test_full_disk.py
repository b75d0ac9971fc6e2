"""A full disk and a read-only database: said clearly, survived, and over when the cause is gone. Faults are made in
SQLite itself (`max_page_count`, `query_only`) on a database file of a server process' own kind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.company import ROOT
from tests.operations.conftest import Place

STORY = Path(__file__).parent / "fault_story.py"


@pytest.mark.django_db(transaction=True)
def test_a_full_or_read_only_database_is_said_and_survived(place: Place) -> None:
    if place.url:
        pytest.skip(
            "PostgreSQL's own errors stand in test_monitor.py; a full server is not to be had in a test"
        )
    done = subprocess.run(
        [sys.executable, str(STORY)], cwd=ROOT, env={**os.environ, **place.environment}, capture_output=True,
        text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.strip().splitlines()[-1])
    for fault, code in (("full", "database_full"), ("read_only", "database_read_only")):
        seen = told[fault]
        assert seen["write"] == [503, code], fault
        assert seen["page"] == 200, "reading goes on"
        assert seen["list"] == 200
        assert seen["form"] == 503
        assert seen["half"] == 0, "nothing of the refused write is there"
        assert seen["worker"] == "goes on"
    assert told["after"] == 201
    assert told["integrity"] == "ok"
