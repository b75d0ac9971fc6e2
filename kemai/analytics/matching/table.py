"""The table of parties that the engine works on: comparable forms, a chunk at a time, and how common each value is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb
import pyarrow as pa

from kemai.kit.parties import Party, domains

LIST = pa.list_(pa.string())
SHAPE = pa.schema(
    [
        ("id", pa.int64()), ("person", pa.bool_()), ("brand", pa.string()), ("sound", pa.string()),
        ("near", pa.string()), ("trade", pa.string()), ("branch", pa.string()), ("city", pa.string()),
        ("road", pa.string()), ("door", pa.string()), ("code", pa.string()), ("wecom", pa.string()),
        ("birthday", pa.string()), ("phones", LIST), ("emails", LIST), ("contacts", LIST), ("voices", LIST),
        ("domains", LIST),
    ]
)  # fmt: skip
PLAIN = tuple(name for name in SHAPE.names[1:-1])
SQL = {"int64": "BIGINT", "bool": "BOOLEAN", "string": "VARCHAR"}
Connection = duckdb.DuckDBPyConnection


def create(connection: Connection, *, anew: bool = False) -> None:
    """Makes the table where there is none yet."""
    if anew:
        connection.execute("DROP TABLE IF EXISTS party")
    shape = ", ".join(f"{one.name} {SQL.get(str(one.type), 'VARCHAR[]')}" for one in SHAPE)
    connection.execute(f"CREATE TABLE IF NOT EXISTS party ({shape})")


def exists(connection: Connection) -> bool:
    return bool(connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'party'").fetchall())


def count(connection: Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM party").fetchall()[0][0])


def mark(connection: Connection, ids: Iterable[int]) -> None:
    """The table `fresh`: parties that are new or have changed."""
    connection.register("marked", pa.table({"id": pa.array(list(ids), pa.int64())}))
    connection.execute("CREATE OR REPLACE TEMPORARY TABLE fresh AS SELECT id FROM marked")
    connection.unregister("marked")


def add(connection: Connection, rows: Sequence[tuple[int, Party]]) -> None:
    """Stores a chunk of parties that are not there yet."""
    if not rows:
        return
    columns: dict[str, list[object]] = {name: [] for name in SHAPE.names}
    for key, party in rows:
        columns["id"].append(key)
        for name in PLAIN:
            columns[name].append(getattr(party, name))
        columns["domains"].append(domains(party.emails))
    chunk = pa.table({name: pa.array(columns[name], SHAPE.field(name).type) for name in SHAPE.names})
    connection.register("chunk", chunk)
    connection.execute("INSERT INTO party SELECT * FROM chunk")
    connection.unregister("chunk")


def drop(connection: Connection, ids: Iterable[int]) -> None:
    keys = pa.table({"id": pa.array(list(ids), pa.int64())})
    connection.register("gone", keys)
    connection.execute("DELETE FROM party WHERE id IN (SELECT id FROM gone)")
    connection.unregister("gone")


def measure(connection: Connection, *, person: bool) -> int:
    """The parties of one kind as the table `side`, with how many share their name's sound and their first contact's.
    Returns how many there are."""
    connection.execute(
        "CREATE OR REPLACE TEMPORARY TABLE side AS WITH these AS (SELECT * FROM party WHERE person = ?), "
        "named AS (SELECT sound, count(*) AS n FROM these GROUP BY sound), "
        "heard AS (SELECT voice, count(*) AS n FROM (SELECT unnest(voices) AS voice FROM these) GROUP BY voice) "
        "SELECT these.*, coalesce(named.n, 1) AS n_sound, coalesce(heard.n, 1) AS n_voice FROM these "
        "LEFT JOIN named ON named.sound = these.sound LEFT JOIN heard ON heard.voice = these.voices[1]",
        [person],
    )
    return int(connection.execute("SELECT count(*) FROM side").fetchall()[0][0])
