"""Which pairs are looked at, and how they agree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from kemai.analytics.matching.fields import Block, Field, Shape
from kemai.analytics.matching.table import Connection

MOST = 60
"""Parties with one key that are compared with one another; more say little (a switchboard, 王伟 in 上海)."""
FINER = 4
"""Letters of the sound by which a larger block is divided."""
SAMPLE = 1_000_000


def block(connection: Connection, shape: Shape, *, changed: bool = False) -> None:
    """The table `candidate`: pairs (one < two) with a bit for each block that has both, and how many parties share
    their telephone, address, e-mail. With `changed` only pairs with a party of the table `fresh`."""
    connection.execute(
        "CREATE OR REPLACE TEMPORARY TABLE keyed (key UBIGINT, id BIGINT, rule UTINYINT, finer VARCHAR)"
    )
    for bit, one in enumerate(shape.blocks):
        connection.execute(f"INSERT INTO keyed {keys_sql(one, bit)}")
    if changed:
        connection.execute(
            "DELETE FROM keyed WHERE key NOT IN (SELECT key FROM keyed WHERE id IN (SELECT id FROM fresh))"
        )
    connection.execute(
        "CREATE OR REPLACE TEMPORARY TABLE sized AS SELECT key, count(*) AS n FROM keyed GROUP BY key HAVING count(*) > 1"
    )
    connection.execute(
        "CREATE OR REPLACE TEMPORARY TABLE member AS SELECT "
        f"CASE WHEN n > {MOST} THEN hash(key, finer) ELSE key END AS key, id, rule, n "
        "FROM keyed JOIN sized USING (key)"
    )
    connection.execute("DROP TABLE keyed")
    connection.execute(
        f"DELETE FROM member WHERE key IN (SELECT key FROM member GROUP BY key HAVING count(*) > {MOST} OR count(*) = 1)"
    )
    names = [one.key for one in shape.blocks]
    common = ", ".join(
        f"coalesce(min(a.n) FILTER (a.rule = {names.index(key) if key in names else len(names)}), 1000) AS n_{key}"
        for key in ("phone", "email", "place")
    )
    only = "AND (a.id IN (SELECT id FROM fresh) OR b.id IN (SELECT id FROM fresh)) " if changed else ""
    connection.execute(
        "CREATE OR REPLACE TEMPORARY TABLE candidate AS SELECT a.id AS one, b.id AS two, "
        f"bit_or((1 << a.rule::INTEGER)::INTEGER) AS rules, {common} "
        f"FROM member a JOIN member b ON a.key = b.key AND a.id < b.id {only}GROUP BY a.id, b.id"
    )
    connection.execute("DROP TABLE member")


def keys_sql(one: Block, bit: int) -> str:
    source = "side"
    if one.each:
        source = f"(SELECT *, unnest({one.each}) AS value FROM side)"
    return f"SELECT DISTINCT hash({bit}, {one.value}), id, {bit}, left(near, {FINER}) FROM {source} WHERE {one.where}"


def agree(
    connection: Connection, fields: Sequence[Field], source: str = "candidate", into: str = "pair"
) -> None:
    """The levels of the pairs of a table, and how common the values are on which they agree."""
    levels = ", ".join(f"CAST({one.level} AS TINYINT) AS l_{one.key}" for one in fields)
    common = ", ".join(f"CAST({one.frequency} AS INTEGER) AS f_{one.key}" for one in fields if one.frequency)
    connection.execute(
        f"CREATE OR REPLACE TEMPORARY TABLE {into} AS SELECT c.one, c.two, c.rules, {levels}, {common} "
        f"FROM {source} c JOIN side one ON one.id = c.one JOIN side two ON two.id = c.two"
    )


def sample(connection: Connection, fields: Sequence[Field], count: int) -> None:
    """Random pairs as the table `chance`: the parties in a shuffled order, each with some that stand behind it."""
    ids = connection.execute("SELECT id FROM side").fetchnumpy()["id"]
    rng = np.random.default_rng(count)
    drawn = rng.permutation(ids)[:SAMPLE]
    steps = range(1, max(2, min(40, SAMPLE // max(len(drawn), 1), len(drawn) - 1) + 1))
    one = np.concatenate([drawn for _step in steps])
    two = np.concatenate([np.roll(drawn, step) for step in steps])
    connection.register("drawn", pa.table({"one": one, "two": two}))
    connection.execute(
        "CREATE OR REPLACE TEMPORARY TABLE random_pair AS "
        "SELECT one, two, 0 AS rules, 1 AS n_phone, 1 AS n_email, 1 AS n_place FROM drawn WHERE one <> two"
    )
    connection.unregister("drawn")
    agree(connection, fields, "random_pair", "chance")
    connection.execute("DROP TABLE random_pair")
