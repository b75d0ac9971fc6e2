"""What the tests of reports share."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from kemai.platform.access import actor
from tests.equipment import OWN, define_equipment


@pytest.fixture(autouse=True)
def clean(request: pytest.FixtureRequest) -> None:
    """Nothing is remembered of another test, and the own object that a test is about is defined for it."""
    actor.forget_version()
    cache.clear()
    params = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    if params.get("key") in OWN:
        request.getfixturevalue("db")
        define_equipment(params["key"])
