"""The short form of the crash story (`./run check --long` runs two hundred rounds on either database)."""

from __future__ import annotations

import time

import pytest

from tests.crash import harness
from tests.operations.conftest import Place


@pytest.mark.django_db(transaction=True)
def test_killed_at_random_moments_nothing_is_lost_or_done_twice(place: Place) -> None:
    outcome = harness.run(4, place.environment, place.data, seed=int(time.time()))
    assert outcome.wrong == []
    assert outcome.told.answers >= 8
