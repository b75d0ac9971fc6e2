"""The collector of circular garbage is on again after mass work, however that ends."""

from __future__ import annotations

import gc

import pytest

from kemai.kit.collector import RARE, seldom_collected


def stop() -> None:
    with seldom_collected():
        raise ValueError("stopped")


def test_it_is_rare_for_the_length_of_the_work() -> None:
    ordinary = gc.get_threshold()
    with seldom_collected():
        assert gc.get_threshold() == RARE
        assert gc.isenabled()
    assert gc.get_threshold() == ordinary
    with pytest.raises(ValueError, match="stopped"):
        stop()
    assert gc.get_threshold() == ordinary
