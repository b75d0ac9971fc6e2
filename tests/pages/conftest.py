"""What the tests of pages share."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from kemai.platform.access import actor
from kemai.platform.search import listed
from kemai.platform.ui.lists import views_of_lists


@pytest.fixture(autouse=True)
def no_leftovers() -> None:
    """Counts, rights and saved views are remembered for seconds; another test's have nothing to say here."""
    views_of_lists.forget()
    listed._counts.clear()
    actor.forget_version()
    cache.clear()
