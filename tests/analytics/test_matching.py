"""The engine that looks for doubles, beside the same said slowly in plain Python."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
import pytest

from bench.doubles_made_up import Maker
from kemai.analytics.matching import engine, learning, model, pairs, table
from kemai.analytics.matching.fields import COMPANY, COMPANY_SHAPE, PERSON_SHAPE, fields_of, shape_of
from kemai.kit.agreement import compare
from kemai.kit.parties import Party, make


def made_up(count: int, seed: int = 5) -> tuple[list[Party], list[int]]:
    rows = list(Maker(seed).rows(count))
    found = [
        make(
            person=row.person, name=row.name, phones=row.phones, emails=[row.email], code=row.code, wecom=row.wecom,
            region=row.region, address=row.address, contacts=[row.contact], birthday=row.birthday,
        )
        for row in rows
    ]  # fmt: skip
    return found, [row.truth for row in rows]


@pytest.fixture
def connection() -> Iterator[Any]:
    opened = duckdb.connect()
    opened.execute("SET threads = 2")
    yield opened
    opened.close()


def fill(connection: Any, parties: list[Party]) -> None:
    table.create(connection)
    table.add(connection, list(enumerate(parties)))


@pytest.mark.row(11)
@pytest.mark.parametrize("person", [True, False])
def test_sql_and_python_agree_on_every_level_and_every_probability(connection: Any, person: bool) -> None:
    parties, _truth = made_up(1500)
    fill(connection, parties)
    known = engine.find(connection, shape_of(person=person), kept=0.0001)
    assert known is not None
    fields = fields_of(person=person)
    common = [one.key for one in fields if one.frequency]
    columns = ", ".join([*(f"l_{one.key}" for one in fields), *(f"f_{key}" for key in common)])
    rows = connection.execute(f"SELECT one, two, p, {columns} FROM found").fetchall()
    assert len(rows) > 100
    for one, two, p, *rest in rows:
        levels = dict(zip((one.key for one in fields), rest, strict=False))
        assert levels == compare(parties[one], parties[two])
        shared = dict(zip(common, rest[len(fields) :], strict=True))
        odds, _related = model.odds(fields, known, levels, shared)
        assert p == pytest.approx(1 / (1 + np.exp(-odds)), abs=1e-6)


def slow_blocks(parties: list[Party], *, person: bool) -> set[tuple[int, int]]:
    """Pairs that share a telephone, an e-mail, a code, or brand and city, found by looking at all of them."""
    found = set()
    for (a, one), (b, two) in itertools.combinations(enumerate(parties), 2):
        if one.person != person or two.person != person:
            continue
        keys = (set(one.phones) & set(two.phones), set(one.emails) & set(two.emails))
        same_name = one.sound and one.sound == two.sound and one.city and one.city == two.city
        if any(keys) or same_name or (one.code and one.code == two.code):
            found.add((a, b))
    return found


@pytest.mark.row(11)
def test_no_pair_with_a_common_key_is_overlooked(connection: Any) -> None:
    parties, _truth = made_up(500)
    fill(connection, parties)
    for person in (True, False):
        table.measure(connection, shape_of(person=person))
        pairs.block(connection, shape_of(person=person))
        seen = set(connection.execute("SELECT one, two FROM candidate").fetchall())
        assert slow_blocks(parties, person=person) <= seen
        assert all(one < two for one, two in seen)


@pytest.mark.row(11)
@pytest.mark.row(14)
def test_doubles_are_found_and_what_is_called_certain_is(connection: Any) -> None:
    parties, truth = made_up(8000)
    fill(connection, parties)
    for person in (True, False):
        engine.find(connection, shape_of(person=person))
        found = connection.execute("SELECT one, two, p FROM found").fetchnumpy()
        right = np.array(truth)[found["one"]] == np.array(truth)[found["two"]]
        assert right[found["p"] >= 0.99].mean() > 0.985
        assert right.mean() > 0.9
        mine = [t for t, party in zip(truth, parties, strict=True) if party.person == person]
        counts = np.unique(mine, return_counts=True)[1]
        assert right.sum() / (counts * (counts - 1) // 2).sum() > 0.8


@pytest.mark.row(11)
def test_looking_only_at_what_is_new_finds_the_same(connection: Any) -> None:
    parties, _truth = made_up(3000)
    fill(connection, parties)
    known = engine.find(connection, COMPANY_SHAPE)
    assert known is not None
    fresh = list(range(2900, 3000))
    every = {
        (one, two): p
        for one, two, p in connection.execute("SELECT one, two, p FROM found").fetchall()
        if one in fresh or two in fresh
    }
    table.mark(connection, fresh)
    engine.find(connection, COMPANY_SHAPE, known=known, changed=True)
    again = {(one, two): p for one, two, p in connection.execute("SELECT one, two, p FROM found").fetchall()}
    assert again == pytest.approx(every)


def test_giant_blocks_do_not_explode(connection: Any) -> None:
    """A switchboard of two thousand companies."""
    parties = [
        make(person=False, name=f"华{n}兴贸易有限公司", phones=["+8657188888888"]) for n in range(2000)
    ]
    fill(connection, parties)
    table.measure(connection, COMPANY_SHAPE)
    pairs.block(connection, COMPANY_SHAPE)
    (count,) = connection.execute("SELECT count(*) FROM candidate").fetchone()
    assert count < 2000 * pairs.MOST


def test_nothing_to_compare_is_no_fault(connection: Any) -> None:
    fill(connection, [make(person=False, name="华兴")])
    assert engine.find(connection, COMPANY_SHAPE) is None
    assert engine.find(connection, PERSON_SHAPE) is None


@pytest.mark.row(11)
def test_decisions_correct_levels_once_there_are_enough() -> None:
    """People keep saying that companies of different trade are not one, which the engine had thought likely."""
    sure = {"trade": [2, 3.0], model.PLAIN: [0, 2.0]}
    wrong = {"trade": [0, -2.0], model.PLAIN: [0, 2.0]}
    few = [(sure, True), (wrong, False)] * 50
    assert learning.lean(few, COMPANY) == {}
    taught = learning.lean(few * 4, COMPANY)
    assert taught["trade:0"] < -1.5
    assert taught["trade:2"] > 0
    assert learning.lean([(sure, True)] * 500, COMPANY) == {}
