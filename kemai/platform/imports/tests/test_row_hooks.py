"""An object's own check is asked once for all rows of a chunk, not once a row."""

from __future__ import annotations

from typing import Any

from kemai.platform import imports, records
from kemai.platform.imports.tests.conftest import IMPORTER, Load, counts, customers


def test_identifiers_are_checked_together_and_each_wrong_one_says_so(
    load: Load, django_assert_max_num_queries: Any
) -> None:
    """No two customers have the same key, in the file or in the database; asking costs one question a table."""
    for number in ("M1", "M2"):
        records.create("customer", {"number": number, "name": number}, by=IMPORTER)
    owner = customers("id")[0][0]
    records.create("identifier", {"customer": owner, "kind": "phone", "raw": "13800130009"}, by=IMPORTER)
    header = ["客户", "类型", "原始值"]
    rows = [["M2", "电话", f"1380013{n:04d}"] for n in range(1, 30)] + [
        ["M2", "电话", "13800130005"],
        ["M1", "电话", "13800130028"],
    ]
    run = load(header, rows, "identifier")
    with django_assert_max_num_queries(120):
        imports.execute(run)
    assert counts(run) == (28, 0, 0, 3)
