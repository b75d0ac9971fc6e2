from __future__ import annotations

import pytest

from kemai.kit.english import plural


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("Customer", "Customers"),
        ("Chain strategy", "Chain strategies"),
        ("Category", "Categories"),
        ("Key", "Keys"),
        ("Address", "Addresses"),
        ("Branch", "Branches"),
        ("Box", "Boxes"),
        ("Tags", "Tags"),
        ("People", "People"),
        ("Sales person", "Sales people"),
        ("Person", "People"),
        ("客户", "客户"),
        ("Fee (2026)", "Fee (2026)"),
        ("", ""),
    ],
)
def test_many_of_a_kind(one: str, many: str) -> None:
    assert plural(one) == many
