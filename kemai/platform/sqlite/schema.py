"""Upgrades that cost what they change (docs/adr/067).

Django's editor asks SQLite after every migration for the foreign keys of the whole database: with ten million orders
half a minute of a processor for a migration that adds one empty table. And it copies a table for every column that may
not be empty. Here SQLite itself says what a migration writes (it asks an "authorizer" before it prepares a statement),
and only what may have been broken is looked at, before the migration is committed. A column with a plain value for the
rows that are there is put into the definition of the table, which touches none of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.sqlite3 import schema
from django.db.models.expressions import Value

INSERT, UPDATE, DELETE, DROP = 18, 23, 9, 11
"""SQLite's numbers of what a statement is about to do (SQLITE_INSERT and so on)."""
WRITES = frozenset({INSERT, UPDATE, DELETE, DROP})
OK = 0

Field = models.Field[Any, Any]
Note = tuple[int, str, str]
"""What was done to which table, and to which column where one was set."""
Key = tuple[str, str, str, str | None]
"""A foreign key: table and column, table and column that it points to (None: its primary key)."""


class Notes:
    """What has been written since the editor was opened."""

    def __init__(self) -> None:
        self.found: set[Note] = set()

    def listen(
        self, action: int, table: str | None, column: str | None, where: str | None, _by: object
    ) -> int:
        if action in WRITES and where == "main" and table and not table.startswith("sqlite_"):
            self.found.add((action, table, column or ""))
        return OK

    def renamed(self, old: str, new: str) -> None:
        self.found = {
            (action, new if table == old else table, column) for action, table, column in self.found
        }

    def without(self, before: set[Note], tables: Iterable[str]) -> None:
        """Forgets what has been noted of these tables since `before`."""
        self.found = {note for note in self.found if note in before or note[1] not in tables}


def doubtful(notes: Iterable[Note], columns: dict[str, set[str]], keys: Iterable[Key]) -> set[str] | None:
    """The tables whose foreign keys may not hold any more. None: all, since a table was written that is not there under
    this name."""
    written: set[tuple[str, str]] = set()
    gone: set[tuple[str, str | None]] = set()
    dropped = {table for action, table, _column in notes if action == DROP}
    for action, table, column in notes:
        if table not in columns and table not in dropped:
            return None
        known = columns.get(table, set())
        touched = {(table, one) for one in ({column} if column in known else known)}
        if action in (INSERT, UPDATE):
            written |= touched
        if action in (DELETE, DROP, UPDATE):
            gone |= {*touched, (table, None)}
    return {
        table
        for table, column, target, aimed in keys
        if (table, column) in written
        or (target, aimed) in gone
        or (target in dropped and target not in columns)
    }


class SchemaEditor(schema.DatabaseSchemaEditor):
    def __init__(
        self, connection: BaseDatabaseWrapper, collect_sql: bool = False, atomic: bool = True
    ) -> None:
        super().__init__(connection, collect_sql, atomic)
        self.notes = Notes()

    def __enter__(self) -> SchemaEditor:
        super().__enter__()
        self.listen(self.notes.listen)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Django's own would ask for all foreign keys, also after an error, and would leave the transaction open where
        one does not hold."""
        self.listen(None)
        try:
            if kind is None:
                self.connection.check_constraints(self.doubtful())
        except BaseException:
            BaseDatabaseSchemaEditor.__exit__(self, *sys.exc_info())
            raise
        else:
            BaseDatabaseSchemaEditor.__exit__(self, kind, error, trace)
        finally:
            self.connection.enable_constraint_checking()

    def listen(self, heard: Callable[..., int] | None) -> None:
        self.connection.connection.set_authorizer(heard)

    def doubtful(self) -> set[str] | None:
        if not self.notes.found:
            return set()
        columns, keys = self.shape()
        return doubtful(self.notes.found, columns, keys)

    def shape(self) -> tuple[dict[str, set[str]], list[Key]]:
        columns: dict[str, set[str]] = {}
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT t.name, c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'"
            )
            for table, column in cursor.fetchall():
                columns.setdefault(table, set()).add(column)
            cursor.execute(
                'SELECT t.name, k."from", k."table", k."to" FROM sqlite_master t'
                " JOIN pragma_foreign_key_list(t.name) k WHERE t.type = 'table'"
            )
            return columns, list(cursor.fetchall())

    def alter_db_table(self, model: type[models.Model], old_db_table: str, new_db_table: str) -> None:
        super().alter_db_table(model, old_db_table, new_db_table)
        self.notes.renamed(old_db_table, new_db_table)

    def skip_default_on_alter(self, field: Field) -> bool:
        """SQLite cannot take a column's default away; nothing in the product leaves a column out of what it adds."""
        return True

    def add_field(self, model: type[models.Model], field: Field) -> None:
        if self.joins(field):
            BaseDatabaseSchemaEditor.add_field(self, model, field)
        else:
            super().add_field(model, field)

    def joins(self, field: Field) -> bool:
        """Whether the column can be put into the definition of the table, its value for old rows with it."""
        if not field.concrete or field.generated or field.unique or field.remote_field:
            return False
        if field.has_db_default():
            return isinstance(field.db_default, Value)
        return not field.null and self.effective_default(field) is not None

    def _remake_table(
        self,
        model: type[models.Model],
        create_field: Field | None = None,
        delete_field: Field | None = None,
        alter_fields: Sequence[tuple[Field, Field]] | None = None,
    ) -> None:
        """All rows move to a table of the same name: only columns that changed can have broken anything."""
        table, before = model._meta.db_table, set(self.notes.found)
        super()._remake_table(model, create_field, delete_field, alter_fields)  # type: ignore[misc]
        self.notes.without(before, (table, f"new__{table}"))
        self.notes.found |= set(changed(table, create_field, delete_field, alter_fields or ()))


def changed(
    table: str, created: Field | None, deleted: Field | None, altered: Iterable[tuple[Field, Field]]
) -> Iterator[Note]:
    """What may have been broken: where the columns point to, and what points to them."""
    for field in (created, *(field for pair in altered for field in pair)):
        if field is not None and (field.remote_field or field.unique):
            yield UPDATE, table, field.column or ""
    if deleted is not None and deleted.unique:
        yield UPDATE, table, deleted.column or ""
