"""New records shaped in a thread while the database writes those before them."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper

from kemai.platform import imports, records
from kemai.platform.imports import drafts, services
from kemai.platform.imports.tests.conftest import IMPORTER, Load, counts, customers
from kemai.platform.imports.tests.test_running import GOOD, HEADER
from kemai.platform.objects import own


@pytest.mark.usefixtures("small_chunks")
def test_rows_shaped_ahead_of_the_database_end_as_all_others(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the database is a server new records are shaped in a thread, which asks it nothing: the same records, the
    same refusals, in the language of whoever imports."""
    header = [*HEADER, "有效性", "无效原因"]
    rows = [[*row, "", ""] for row in GOOD]
    rows[3] = ["M2", "重复", "", "", "", "", "", ""]
    rows[4] = ["M90", "", "", "", "", "", "", ""]
    rows[5] = ["M91", "坏", "123", "不是", "朝阳区", "1990-02-30", "", ""]
    rows[6] = ["M92", "无因", "", "", "", "", "invalid", ""]
    rows[7] = ["M93", "有因", "", "", "", "", "valid", "dead_number"]
    here, ensure = threading.current_thread(), BaseDatabaseWrapper.ensure_connection

    def only_here(database: BaseDatabaseWrapper) -> None:
        assert threading.current_thread() is here
        ensure(database)

    monkeypatch.setattr(BaseDatabaseWrapper, "ensure_connection", only_here)
    monkeypatch.setattr(own, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(services, "actor_of", lambda _run: replace(IMPORTER, language="en"))
    found = []
    for early in (True, False):
        monkeypatch.setattr(drafts, "possible", lambda _work, how=early: how)
        records.create("customer", {"number": "M1", "name": "旧名"}, by=IMPORTER)
        run = load(header, rows)
        said = imports.rehearse(run)
        imports.execute(run)
        assert counts(run) == (5, 1, 0, 4), said["reasons"]
        shown = customers("number", "name", "name_sort", "phone", "region", "validity", "invalid_reason")
        found.append((said["counts"], said["reasons"], said["samples"], shown))
        imports.undo(run, by=IMPORTER, now=True)
        records.delete("customer", [key for (key,) in customers("id")], by=IMPORTER)
    assert found[0] == found[1]
    assert "Choose why the customer is invalid" in str(found[0][1])
