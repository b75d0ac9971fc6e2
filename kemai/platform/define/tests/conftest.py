"""The people of the permission tests, for those who define."""

from __future__ import annotations

import pytest
from django.urls import get_resolver

from kemai.platform.access import Actor
from tests.people import Person


@pytest.fixture(scope="session", autouse=True)
def pages_are_there() -> None:
    """As in a server: with their pages the domains register what they keep that names fields."""
    assert get_resolver().url_patterns


@pytest.fixture
def boss(people: dict[str, Person]) -> Actor:
    return people["boss"].actor
