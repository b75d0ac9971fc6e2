"""Fixtures shared by the tests of the whole product. The database lane is chosen in tools/pytest_lane.py."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from hypothesis import settings as hypothesis_settings

from kemai.platform.access import quota, reading
from kemai.platform.search import docs
from kemai.platform.ui import nav
from tests.people import Person, crowd

# a test that draws examples may be slow on a busy machine; it is not wrong for that
hypothesis_settings.register_profile("patient", deadline=None)
hypothesis_settings.load_profile("patient")


@pytest.fixture(scope="session")
def on_postgres() -> bool:
    """Whether this run uses PostgreSQL."""
    return bool(os.environ["KEMAI_DATABASE_URL"])


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """Hashing that takes a third of a second protects people, not tests."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    """What the company has chosen is remembered for some seconds: not into the next test."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def nothing_read() -> None:
    """What a process remembers of who has read how much, of what waits for whom, and which number the search gives to
    an object: people and objects of another test have the same numbers."""
    reading.forget()
    quota.forget()
    nav._counts.clear()
    docs._slots.clear()


@pytest.fixture
def people(db: None) -> dict[str, Person]:
    """alice, bob, charlie, dora, boss and nobody: see tests/people.py."""
    return crowd()
