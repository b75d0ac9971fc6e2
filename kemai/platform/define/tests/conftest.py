"""The people of the permission tests, for those who define."""

from __future__ import annotations

import pytest

from kemai.platform.access import Actor
from tests.people import Person


@pytest.fixture
def boss(people: dict[str, Person]) -> Actor:
    return people["boss"].actor
