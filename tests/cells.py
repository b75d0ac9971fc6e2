"""Every cell of the database as it lies there, past every column that would decrypt it (docs/adr/061)."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

COLUMN_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
OTHER_KEY = "ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0-P0A="


def everything() -> Iterator[tuple[str, str]]:
    """(table, what the cells of a row say), of tables that no model knows as well."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            for row in cursor.fetchall():
                yield table, " ".join(map(told, row))


def told(cell: object) -> str:
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)


def in_plain(*texts: str) -> set[str]:
    """The tables in which one of the texts can be read."""
    return {table for table, cells in everything() if any(text in cells for text in texts)}
