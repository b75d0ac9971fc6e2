"""Contract tests run over built-in and own objects alike."""

from __future__ import annotations

import pytest

from tests.equipment import OWN, define_equipment


@pytest.fixture(autouse=True)
def own_objects(request: pytest.FixtureRequest) -> None:
    """The own object that a test is about is defined for it."""
    params = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    if params.get("key") in OWN:
        request.getfixturevalue("db")
        define_equipment(params["key"])
