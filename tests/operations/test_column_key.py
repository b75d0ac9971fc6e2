"""A database that a key has encrypted does not start with another or none (docs/adr/061)."""

from __future__ import annotations

from typing import Any

import click
import pytest

from kemai.project.cli.columns import check_columns, ready
from tests.cells import COLUMN_KEY, OTHER_KEY


def test_with_another_key_or_none_nothing_starts(db: None, settings: Any) -> None:
    settings.COLUMN_KEYS = [COLUMN_KEY]
    ready()
    for keys, told in (([], "KEMAI_COLUMN_KEY"), ([OTHER_KEY], "KEMAI_COLUMN_KEY_OLD")):
        settings.COLUMN_KEYS = keys
        with pytest.raises(click.ClickException, match=told):
            ready()
        assert not check_columns()[0], "kemai doctor says so"
    settings.COLUMN_KEYS = [OTHER_KEY, COLUMN_KEY]
    ready()
    assert not check_columns()[0], "on its way to another key"
