"""Fixtures shared by the tests of the whole product. The database lane is chosen in tools/pytest_lane.py."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(scope="session")
def on_postgres() -> bool:
    """Whether this run uses PostgreSQL."""
    return bool(os.environ["KEMAI_DATABASE_URL"])
