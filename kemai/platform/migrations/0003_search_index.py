"""The full-text index over `platform_searchdoc.doc`, in the words that `platform.search.words` has made.

SQLite: FTS5 without its own copy of the text, kept by triggers, so that any way of writing the table keeps the index.
(Rebuilding the table drops its triggers: a later migration that alters SearchDoc must make them again.)
PostgreSQL: a GIN index over the words as they are, without dictionary or parser."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

DROP = "INSERT INTO search_index(search_index, rowid, doc) VALUES ('delete', old.id, old.doc);"
ADD = "INSERT INTO search_index(rowid, doc) VALUES (new.id, new.doc);"
SQLITE = (
    "CREATE VIRTUAL TABLE search_index USING fts5("
    "doc, content='platform_searchdoc', content_rowid='id', detail=none, tokenize='unicode61 remove_diacritics 0')",
    f"CREATE TRIGGER search_added AFTER INSERT ON platform_searchdoc BEGIN {ADD} END",
    f"CREATE TRIGGER search_removed AFTER DELETE ON platform_searchdoc BEGIN {DROP} END",
    f"CREATE TRIGGER search_changed AFTER UPDATE ON platform_searchdoc BEGIN {DROP} {ADD} END",
    "INSERT INTO search_index(search_index) VALUES ('rebuild')",
)
SQLITE_BACK = (
    "DROP TRIGGER search_added",
    "DROP TRIGGER search_removed",
    "DROP TRIGGER search_changed",
    "DROP TABLE search_index",
)
POSTGRES = (
    "CREATE INDEX search_index ON platform_searchdoc USING gin (array_to_tsvector(string_to_array(doc, ' ')))"
    " WITH (fastupdate = off)",
)
POSTGRES_BACK = ("DROP INDEX search_index",)


def run(editor: BaseDatabaseSchemaEditor, statements: tuple[str, ...]) -> None:
    with editor.connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def forwards(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    run(editor, POSTGRES if editor.connection.vendor == "postgresql" else SQLITE)


def backwards(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    run(editor, POSTGRES_BACK if editor.connection.vendor == "postgresql" else SQLITE_BACK)


class Migration(migrations.Migration):
    dependencies = [("platform", "0002_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
