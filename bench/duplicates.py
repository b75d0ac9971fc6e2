"""Finding doubles among made-up customers of known truth: ours beside Splink on DuckDB.

Both get the same rows in the same comparable form (`kemai.kit.parties`), the same two threads and the same limit on
DuckDB's memory, and neither sees the truth; each runs in a process of its own. Splink is set up as its documentation
advises: chances from random pairs, the prior from deterministic rules, EM over several blocking rules, frequencies of
terms. `python -m bench.duplicates 100000` runs without a database."""

from __future__ import annotations

import argparse
import json
import logging
import resource
import subprocess
import sys
import time
from itertools import pairwise
from typing import Any

import numpy as np

SEED = 20261129
CHUNK = 20_000
LIMIT = "900MB"
LOWEST = 0.001
BANDS = (0.5, 0.75, 0.95, 0.99, 1.01)
ENGINES = ("kemai", "splink")


def run(label: str, size: int) -> None:
    from bench.measure import Table

    head = ("", "precision", "recall", "best F1", "at p", "prepare s", "find s", "CPU s", "memory MB")
    table = Table(f"Doubles · {size:,} made-up customers", head=head)
    told: dict[str, Any] = {}
    for engine in ENGINES:
        command = [sys.executable, "-m", "bench.duplicates", str(size), "--engine", engine]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        told[engine] = one = json.loads(done.stdout.strip().splitlines()[-1])
        table.rows.append(
            [
                engine, f"{one['precision']:.3f}", f"{one['recall']:.3f}", f"{one['f1']:.3f}", f"{one['at']:.2f}",
                f"{one['prepare']:.0f}", f"{one['find']:.0f}", f"{one['cpu']:.0f}", f"{one['memory']:.0f}",
            ]
        )  # fmt: skip
    table.print()
    calibration = Table(
        f"What a probability is worth · {size:,}",
        head=("p", *(f"{engine}: pairs" for engine in ENGINES), *(f"{engine}: true" for engine in ENGINES)),
    )
    for place, low in enumerate(BANDS[:-1]):
        bands = [told[engine]["bands"][place] for engine in ENGINES]
        name = f"{low}–{min(BANDS[place + 1], 1)}"
        calibration.rows.append(
            [name, *(f"{n:,}" for n, _share in bands), *(f"{share:.3f}" for _n, share in bands)]
        )
    calibration.print()


def parties(size: int) -> tuple[list[Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    from bench.doubles_made_up import Maker

    rows = list(Maker(SEED).rows(size))
    truth = np.array([row.truth for row in rows])
    return rows, truth, np.array([row.person for row in rows])


def prepare(connection: Any, rows: list[Any]) -> float:
    from kemai.analytics.matching import table
    from kemai.kit.parties import make

    began = time.perf_counter()
    table.create(connection)
    for start in range(0, len(rows), CHUNK):
        chunk = [
            (
                start + place,
                make(
                    person=row.person, name=row.name, phones=row.phones, emails=[row.email], code=row.code, wecom=row.wecom,
                    region=row.region, address=row.address, contacts=[row.contact], birthday=row.birthday,
                ),
            )
            for place, row in enumerate(rows[start : start + CHUNK])
        ]  # fmt: skip
        table.add(connection, chunk)
        rows[start : start + CHUNK] = [None] * len(chunk)
    return time.perf_counter() - began


def by_kemai(connection: Any, *, person: bool) -> tuple[Any, Any, Any]:
    from kemai.analytics.matching import engine
    from kemai.analytics.matching.fields import shape_of

    engine.find(connection, shape_of(person=person), kept=LOWEST)
    found = connection.execute("SELECT one, two, p FROM found").fetchnumpy()
    return found["one"], found["two"], found["p"]


def by_splink(connection: Any, *, person: bool) -> tuple[Any, Any, Any]:
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    from kemai.analytics.matching import table
    from kemai.analytics.matching.fields import shape_of

    logging.getLogger("splink").setLevel(logging.ERROR)
    table.measure(connection, shape_of(person=person))
    connection.execute(
        "CREATE OR REPLACE TABLE parties AS SELECT id AS unique_id, nullif(brand, '') AS brand, "
        "nullif(sound, '') AS sound, nullif(trade, '') AS trade, nullif(branch, '') AS branch, nullif(city, '') AS city, "
        "phones[1] AS phone, emails[1] AS email, nullif(code, '') AS code, nullif(wecom, '') AS wecom, "
        "nullif(door, '') AS door, voices[1] AS voice, nullif(birthday, '') AS birthday, left(near, 4) AS near, "
        "right(phones[1], 4) AS tail FROM side"
    )
    api = DuckDBAPI(connection=connection)
    comparisons, blocks, sure, taught = person_settings() if person else company_settings()
    rules: list[Any] = [block_on(*columns) for columns in blocks]
    settings = SettingsCreator(
        link_type="dedupe_only", comparisons=comparisons, blocking_rules_to_generate_predictions=rules,
        retain_matching_columns=False, unique_id_column_name="unique_id",
    )  # fmt: skip
    linker = Linker(api.register("parties"), settings)
    training = linker.training
    training.estimate_probability_two_random_records_match([block_on(*one) for one in sure], recall=0.6)
    training.estimate_u_using_random_sampling(max_pairs=1e7, seed=1)
    for columns in taught:
        training.estimate_parameters_using_expectation_maximisation(block_on(*columns))
    predicted = linker.inference.predict(threshold_match_probability=LOWEST)
    found = connection.execute(
        f"SELECT unique_id_l AS one, unique_id_r AS two, match_probability AS p FROM {predicted.physical_name}"
    ).fetchnumpy()
    return found["one"], found["two"], found["p"]


def company_settings() -> tuple[Any, ...]:
    import splink.comparison_level_library as cll
    import splink.comparison_library as cl

    brand = cl.CustomComparison(
        [
            cll.NullLevel("brand"),
            cll.ExactMatchLevel("brand", term_frequency_adjustments=True),
            cll.ExactMatchLevel("sound", term_frequency_adjustments=True),
            cll.JaroWinklerLevel("sound", 0.93),
            cll.ElseLevel(),
        ],
        output_column_name="brand",
    )
    code = cl.LevenshteinAtThresholds("code", 2)
    trade = levels(
        "trade",
        ("trade_l IS NULL AND trade_r IS NULL", True),
        ("trade_l = trade_r", False),
        (
            "contains(coalesce(trade_l, ''), coalesce(trade_r, '')) OR contains(coalesce(trade_r, ''), coalesce(trade_l, ''))",
            False,
        ),
    )
    branch = levels(
        "branch",
        ("branch_l IS NULL AND branch_r IS NULL", True),
        ("branch_l = branch_r", False),
        ("branch_l IS NULL OR branch_r IS NULL", False),
    )
    comparisons = [
        brand, trade, branch, cl.ExactMatch("city"),
        cl.ExactMatch("phone").configure(term_frequency_adjustments=True),
        cl.ExactMatch("email").configure(term_frequency_adjustments=True), code,
        cl.ExactMatch("door").configure(term_frequency_adjustments=True),
        cl.ExactMatch("voice").configure(term_frequency_adjustments=True),
    ]  # fmt: skip
    blocks = (
        ("phone",), ("email",), ("code",), ("sound", "city"), ("voice", "city"), ("door", "city"), ("near", "tail"),
        ("sound", "trade"), ("near", "voice"),
    )  # fmt: skip
    return (
        comparisons,
        blocks,
        (("code",), ("phone", "sound"), ("email",)),
        (("phone",), ("sound", "city"), ("door", "city")),
    )


def levels(name: str, *conditions: tuple[str, bool]) -> Any:
    import splink.comparison_library as cl

    listed: list[Any] = [
        {"sql_condition": sql, "label_for_charts": str(place), "is_null_level": null}
        for place, (sql, null) in enumerate(conditions)
    ]
    listed.append({"sql_condition": "ELSE", "label_for_charts": "else"})
    return cl.CustomComparison(listed, output_column_name=name)


def person_settings() -> tuple[Any, ...]:
    import splink.comparison_level_library as cll
    import splink.comparison_library as cl

    name = cl.CustomComparison(
        [
            cll.NullLevel("brand"),
            cll.ExactMatchLevel("brand", term_frequency_adjustments=True),
            cll.ExactMatchLevel("sound", term_frequency_adjustments=True),
            cll.JaroWinklerLevel("sound", 0.9),
            cll.ElseLevel(),
        ],
        output_column_name="name",
    )
    comparisons = [
        name, cl.ExactMatch("city"), cl.ExactMatch("phone").configure(term_frequency_adjustments=True),
        cl.ExactMatch("email").configure(term_frequency_adjustments=True), cl.ExactMatch("wecom"),
        cl.ExactMatch("door").configure(term_frequency_adjustments=True), cl.ExactMatch("birthday"),
    ]  # fmt: skip
    blocks = (
        ("phone",), ("email",), ("wecom",), ("sound", "city"), ("door", "city"), ("sound", "tail"), ("sound", "birthday"),
    )  # fmt: skip
    return (
        comparisons,
        blocks,
        (("wecom",), ("phone", "sound"), ("email",)),
        (("phone",), ("sound", "city"), ("email",)),
    )


def measured(size: int, engine: str) -> dict[str, Any]:
    import duckdb

    rows, truth, person = parties(size)
    connection = duckdb.connect()
    connection.execute(f"SET memory_limit = '{LIMIT}'; SET threads = 2; SET enable_progress_bar = false")
    cpu = time.process_time()
    prepared = prepare(connection, rows)
    began = time.perf_counter()
    find = by_kemai if engine == "kemai" else by_splink
    parts = [find(connection, person=kind) for kind in (False, True)]
    seconds = time.perf_counter() - began
    one, two, p = (np.concatenate([part[place] for part in parts]) for place in range(3))
    total = sum(true_pairs(truth[person == kind]) for kind in (False, True))
    return {
        **quality(truth[one] == truth[two], p, total), "prepare": prepared, "find": seconds,
        "cpu": time.process_time() - cpu, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
    }  # fmt: skip


def true_pairs(truth: np.ndarray[Any, Any]) -> int:
    _keys, counts = np.unique(truth, return_counts=True)
    return int((counts * (counts - 1) // 2).sum())


def quality(good: np.ndarray[Any, Any], p: np.ndarray[Any, Any], total: int) -> dict[str, Any]:
    """At the threshold where F1 is best, and how often each band of probabilities is right."""
    order = np.argsort(-p, kind="stable")
    hits = np.cumsum(good[order])
    precision, recall = hits / np.arange(1, len(order) + 1), hits / total
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    best = int(f1.argmax())
    bands = []
    for low, high in pairwise(BANDS):
        inside = (p >= low) & (p < high)
        bands.append([int(inside.sum()), float(good[inside].mean()) if inside.any() else 0.0])
    return {
        "precision": float(precision[best]), "recall": float(recall[best]), "f1": float(f1[best]),
        "at": float(p[order][best]), "bands": bands,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.duplicates", description=__doc__)
    parser.add_argument("size", type=int, nargs="?", default=100_000)
    parser.add_argument("--engine", choices=ENGINES)
    options = parser.parse_args()
    if options.engine:
        print(json.dumps(measured(options.size, options.engine)))
    else:
        run("", options.size)


if __name__ == "__main__":
    main()
