"""The table of parties that the engine works on: comparable forms, a chunk at a time, and how common each value is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb
import pyarrow as pa

from kemai.analytics.matching.fields import Shape
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


def create(connection: Connection, *, anew: bool = False, plain: int = 0) -> None:
    """Makes the table where there is none yet, with so many further values."""
    if anew:
        connection.execute("DROP TABLE IF EXISTS party")
    shape = ", ".join(f"{one.name} {SQL.get(str(one.type), 'VARCHAR[]')}" for one in schema(plain))
    connection.execute(f"CREATE TABLE IF NOT EXISTS party ({shape})")


def schema(plain: int) -> pa.Schema:
    return pa.schema([*SHAPE, *((f"x{place}", pa.string()) for place in range(plain))])


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
    shape = schema(len(rows[0][1].plain))
    columns: dict[str, list[object]] = {name: [] for name in shape.names}
    for key, party in rows:
        columns["id"].append(key)
        for name in PLAIN:
            columns[name].append(getattr(party, name))
        columns["domains"].append(domains(party.emails))
        for place, value in enumerate(party.plain):
            columns[f"x{place}"].append(value)
    chunk = pa.table({name: pa.array(columns[name], shape.field(name).type) for name in shape.names})
    connection.register("chunk", chunk)
    connection.execute("INSERT INTO party SELECT * FROM chunk")
    connection.unregister("chunk")


def drop(connection: Connection, ids: Iterable[int]) -> None:
    keys = pa.table({"id": pa.array(list(ids), pa.int64())})
    connection.register("gone", keys)
    connection.execute("DELETE FROM party WHERE id IN (SELECT id FROM gone)")
    connection.unregister("gone")


def keep(connection: Connection, ids: Iterable[int]) -> None:
    """Throws away all parties but these."""
    connection.register("kept", pa.table({"id": pa.array(list(ids), pa.int64())}))
    connection.execute("DELETE FROM party WHERE id NOT IN (SELECT id FROM kept)")
    connection.unregister("kept")


def measure(connection: Connection, shape: Shape) -> int:
    """The parties of one shape as the table `side`, with how many share their name's sound, their first contact's and
    each further value. Returns how many there are."""
    further = [f"x{place}" for place in range(shape.plain)]
    counted = "".join(
        f", by_{one} AS (SELECT {one}, count(*) AS n FROM these WHERE {one} <> '' GROUP BY {one})"
        for one in further
    )
    columns = "".join(f", coalesce(by_{one}.n, 1) AS n_{one}" for one in further)
    joins = "".join(f" LEFT JOIN by_{one} ON by_{one}.{one} = these.{one}" for one in further)
    connection.execute(
        f"CREATE OR REPLACE TEMPORARY TABLE side AS WITH these AS (SELECT * FROM party WHERE {shape.where}), "
        "named AS (SELECT sound, count(*) AS n FROM these GROUP BY sound), "
        "heard AS (SELECT voice, count(*) AS n FROM (SELECT unnest(voices) AS voice FROM these) GROUP BY voice)"
        f"{counted} SELECT these.*, coalesce(named.n, 1) AS n_sound, coalesce(heard.n, 1) AS n_voice{columns} FROM these "
        "LEFT JOIN named ON named.sound = these.sound LEFT JOIN heard ON heard.voice = these.voices[1]"
        + joins
    )
    return int(connection.execute("SELECT count(*) FROM side").fetchall()[0][0])
