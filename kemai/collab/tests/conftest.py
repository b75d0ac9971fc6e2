"""The people of the permission tests."""

from __future__ import annotations

import pytest

from tests.people import Person, crowd


@pytest.fixture
def people(db: None) -> dict[str, Person]:
    return crowd()
