"""What the tables of a new database need besides themselves: the full-text index, and the guard of the audit chain.

Run once, by `migrate`, when the tables have been made. A migration that alters SearchDoc or AuditEntry must make their
triggers again: rebuilding a table on SQLite drops them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db.backends.base.base import BaseDatabaseWrapper

_DROP = "INSERT INTO search_index(search_index, rowid, doc) VALUES ('delete', old.id, old.doc);"
_ADD = "INSERT INTO search_index(rowid, doc) VALUES (new.id, new.doc);"
SEARCH = {
    # FTS5 without its own copy of the text, kept by triggers, so that any way of writing the table keeps the index
    "sqlite": (
        (
            "CREATE VIRTUAL TABLE search_index USING fts5(doc, content='platform_searchdoc', content_rowid='id', "
            "detail=none, tokenize='unicode61 remove_diacritics 0')"
        ),
        f"CREATE TRIGGER search_added AFTER INSERT ON platform_searchdoc BEGIN {_ADD} END",
        f"CREATE TRIGGER search_removed AFTER DELETE ON platform_searchdoc BEGIN {_DROP} END",
        f"CREATE TRIGGER search_changed AFTER UPDATE ON platform_searchdoc BEGIN {_DROP} {_ADD} END",
    ),
    # an index over the words as `platform.search.words` has made them, without dictionary or parser
    "postgresql": (
        (
            "CREATE INDEX search_index ON platform_searchdoc USING gin (array_to_tsvector(string_to_array(doc, ' ')))"
            " WITH (fastupdate = off)"
        ),
    ),
}
_REFUSED = "audit entries are never changed or removed"
_OPEN = "EXISTS (SELECT 1 FROM platform_auditgate WHERE below > OLD.seq)"
AUDIT = {
    "sqlite": (
        (
            "CREATE TRIGGER audit_unchanged BEFORE UPDATE ON platform_auditentry "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
        ),
        (
            f"CREATE TRIGGER audit_kept BEFORE DELETE ON platform_auditentry WHEN NOT {_OPEN} "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
        ),
    ),
    "postgresql": (
        (
            "CREATE FUNCTION kemai_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "  # noqa: S608 - constant
            f"IF TG_OP = 'DELETE' THEN IF {_OPEN} THEN RETURN OLD; END IF; END IF; "
            "IF TG_OP = 'TRUNCATE' THEN IF NOT EXISTS (SELECT 1 FROM platform_auditentry e WHERE NOT EXISTS "
            "(SELECT 1 FROM platform_auditgate g WHERE g.below > e.seq)) THEN RETURN NULL; END IF; END IF; "
            f"RAISE EXCEPTION '{_REFUSED}'; END $$"
        ),
        (
            "CREATE TRIGGER audit_kept BEFORE UPDATE OR DELETE ON platform_auditentry "
            "FOR EACH ROW EXECUTE FUNCTION kemai_audit_refuse()"
        ),
        (
            "CREATE TRIGGER audit_emptied BEFORE TRUNCATE ON platform_auditentry "
            "FOR EACH STATEMENT EXECUTE FUNCTION kemai_audit_refuse()"
        ),
    ),
}


def begin(connection: BaseDatabaseWrapper) -> None:
    run(connection, SEARCH)
    run(connection, AUDIT)


def run(connection: BaseDatabaseWrapper, statements: Mapping[str, Sequence[str]]) -> None:
    """Those of this kind of database."""
    with connection.cursor() as cursor:
        for statement in statements[connection.vendor]:
            cursor.execute(statement)
