"""The people of the permission tests, for these tests too."""

from __future__ import annotations

from typing import Any

import pytest

from tests.people import Person, crowd


@pytest.fixture
def people(db: None) -> dict[str, Person]:
    return crowd()


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
