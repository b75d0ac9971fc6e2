"""The short forms of the crash stories (`./run check --long` runs two hundred rounds on either database)."""

from __future__ import annotations

import time

import pytest

from tests.crash import harness, sealing
from tests.operations.conftest import Place


@pytest.mark.django_db(transaction=True)
def test_killed_at_random_moments_nothing_is_lost_or_done_twice(place: Place) -> None:
    outcome = harness.run(4, place.environment, place.data, seed=int(time.time()), answers=6)
    assert outcome.wrong == []
    assert outcome.told.answers >= 8


@pytest.mark.django_db(transaction=True)
def test_a_change_of_key_that_was_killed_is_done_by_the_next_run(place: Place) -> None:
    outcome = sealing.run(1, 300, place.environment, place.data, seed=int(time.time()), each=1)
    assert outcome.wrong == []
