"""The people of the permission tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache

from tests.people import Person, crowd


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


@pytest.fixture
def people(db: None, quick_passwords: None) -> dict[str, Person]:
    return crowd()
