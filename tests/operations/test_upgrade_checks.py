"""An upgrade on SQLite looks at the foreign keys of what it wrote, and refuses what does not hold; old tables stay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connections, models
from django.db.migrations import (
    AddField,
    AlterField,
    CreateModel,
    DeleteModel,
    Migration,
    RemoveField,
    RunSQL,
)
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from kemai.platform.sqlite.base import DatabaseWrapper
from kemai.platform.sqlite.schema import SchemaEditor
from tests.operations.test_lock import opened

pytestmark = pytest.mark.django_db
ALIAS = "upgrades"
SHOPS = [
    CreateModel(
        "Chain", [("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=9))]
    ),
    CreateModel(
        "Shop",
        [
            ("id", models.BigAutoField(primary_key=True)),
            ("chain", models.ForeignKey("up.Chain", models.CASCADE, null=True)),
            ("note", models.CharField(max_length=9)),
        ],
    ),
    CreateModel(
        "Till",
        [
            ("id", models.BigAutoField(primary_key=True)),
            ("shop", models.ForeignKey("up.Shop", models.CASCADE)),
        ],
    ),
    RunSQL("INSERT INTO up_chain VALUES (1, 'a'), (2, 'b')"),
    RunSQL("INSERT INTO up_shop (id, note, chain_id) VALUES (1, 'x', 1), (2, 'y', NULL)"),
    RunSQL("INSERT INTO up_till VALUES (1, 1)"),
]


class Upgrades:
    """A database of three tables that point to each other, and what was asked for at the end of each migration."""

    def __init__(self, connection: DatabaseWrapper, asked: list[set[str] | None]) -> None:
        self.connection = connection
        self.state = ProjectState()
        self.asked = asked
        self.run(*SHOPS)

    def run(self, *operations: Operation) -> set[str] | None:
        """The tables that were looked at."""
        migration = type("Migration", (Migration,), {"operations": list(operations)})("0001", "up")
        with self.connection.schema_editor(atomic=True) as editor:
            self.state = migration.apply(self.state, editor)
        return self.asked[-1]

    def rows(self, question: str) -> list[Any]:
        with self.connection.cursor() as cursor:
            cursor.execute(question)
            return list(cursor.fetchall())


@pytest.fixture
def upgrades(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Upgrades]:
    connection = opened(tmp_path)
    connection.alias = ALIAS
    connections[ALIAS] = connection
    asked: list[set[str] | None] = []
    found = SchemaEditor.doubtful

    def noted(editor: SchemaEditor) -> set[str] | None:
        asked.append(found(editor))
        return asked[-1]

    monkeypatch.setattr(SchemaEditor, "doubtful", noted)
    yield Upgrades(connection, asked)
    connection.close()
    del connections[ALIAS]


BROKEN = {
    "a row that points nowhere": RunSQL("INSERT INTO up_till (id, shop_id) VALUES (9, 77)"),
    "a reference that is set wrongly": RunSQL("UPDATE up_shop SET chain_id = 77 WHERE id = 2"),
    "what others point to is deleted": RunSQL("DELETE FROM up_shop WHERE id = 1"),
    "a key that others point to changes": RunSQL("UPDATE up_chain SET id = 7 WHERE id = 1"),
    "a table that others point to is emptied by name": RunSQL("DELETE FROM up_chain"),
    "a new reference with a wrong value": AddField(
        "Till", "chain", models.ForeignKey("up.Chain", models.CASCADE, default=77)
    ),
    "an empty reference gets a wrong value": AlterField(
        "Shop", "chain", models.ForeignKey("up.Chain", models.CASCADE, default=77)
    ),
    "what points nowhere moves to another name": RunSQL(
        "INSERT INTO up_till (id, shop_id) VALUES (9, 77); ALTER TABLE up_till RENAME TO up_counter"
    ),
}
ALL = [f"SELECT * FROM {table}" for table in ("sqlite_master", "up_chain", "up_shop", "up_till")]


@pytest.mark.parametrize("name", BROKEN)
def test_what_does_not_hold_is_refused_and_the_old_tables_stay(upgrades: Upgrades, name: str) -> None:
    before = [upgrades.rows(question) for question in ALL]
    with pytest.raises(IntegrityError):
        upgrades.run(AddField("Till", "size", models.IntegerField(default=3)), BROKEN[name])
    assert not upgrades.connection.in_atomic_block
    assert [upgrades.rows(question) for question in ALL] == before
    with pytest.raises(IntegrityError):  # and keys are looked at again outside of migrations
        upgrades.rows("INSERT INTO up_till VALUES (9, 77)")


CHEAP = {
    "a new column with a value for the rows that are there": AddField(
        "Shop", "size", models.IntegerField(default=3)
    ),
    "a new table": CreateModel("Other", [("id", models.BigAutoField(primary_key=True))]),
    "a column that points to nothing is written": RunSQL("UPDATE up_shop SET note = 'z'"),
    "a table is made anew for a column's sake": AlterField("Shop", "note", models.CharField(max_length=12)),
    "a column goes": RemoveField("Shop", "note"),
    "a reference goes": RemoveField("Shop", "chain"),
    "a table goes to which nothing points": DeleteModel("Till"),
}


@pytest.mark.parametrize("name", CHEAP)
def test_what_can_have_broken_nothing_is_not_looked_at(upgrades: Upgrades, name: str) -> None:
    assert upgrades.run(CHEAP[name]) == set()
    assert upgrades.rows("PRAGMA foreign_key_check") == []
    assert len(upgrades.rows("SELECT * FROM up_shop")) == 2


def test_what_was_written_is_looked_at_and_nothing_else(upgrades: Upgrades) -> None:
    assert upgrades.run(RunSQL("INSERT INTO up_till VALUES (2, 2)")) == {"up_till"}
    assert upgrades.run(RunSQL("INSERT INTO up_chain VALUES (3, 'c')")) == set()
    assert upgrades.run(RunSQL("DELETE FROM up_chain WHERE id = 2")) == {"up_shop"}
    assert upgrades.run(RunSQL("CREATE TEMP TABLE up_aside (x); INSERT INTO up_aside VALUES (1)")) == set()


def test_a_new_column_has_its_value_in_old_rows_and_new_ones(upgrades: Upgrades) -> None:
    """Also where the value holds a quotation mark, a bracket or a percent sign, and after the table is made anew."""
    value = "it's, (50%)"
    upgrades.run(
        AddField("Shop", "said", models.CharField(max_length=20, default=value)),
        AddField("Shop", "tags", models.JSONField(default=list)),
        AddField("Shop", "open", models.BooleanField(default=True)),
    )
    assert upgrades.rows("SELECT said, tags, open FROM up_shop") == [(value, "[]", 1)] * 2
    upgrades.run(AlterField("Shop", "note", models.CharField(max_length=13)))
    assert upgrades.rows("SELECT said, tags, open FROM up_shop") == [(value, "[]", 1)] * 2
    assert "DEFAULT" not in upgrades.rows("SELECT sql FROM sqlite_master WHERE name = 'up_shop'")[0][0]
