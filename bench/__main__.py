"""`./run bench`: seeds a database once, works on a copy of it, and prints every figure beside what the bare database
or engine needs for the same work in the same run.

./run bench                          SQLite and PostgreSQL, 1,000,000 customers, 10,000,000 orders
./run bench --only pages --database sqlite

A part runs in a process of its own, so that its memory is its own."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import copies

PARTS = (
    "pages",
    "idle",
    "live",
    "load",
    "analysis",
    "own_fields",
    "formulas",
    "pools",
    "selling",
    "reports",
    "incidents",
    "sealed",
    "imports",
    "undo",
)
"""In this order: an import doubles the customers."""
ALONE = "duplicates"
"""A part that needs no database: it runs once."""
SMALL = 100_000
"""The size beside which the pages of a larger one are put."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--size", type=int, default=1_000_000, help="customers; orders are ten times as many")
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument(
        "--only", choices=(*PARTS, ALONE), action="append", help="a part; may be given several times"
    )
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir(), "kemai-bench"))
    parser.add_argument("--inside", choices=("seed", *PARTS, ALONE), help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    options = arguments()
    if options.inside == ALONE:
        from bench import duplicates

        return duplicates.run("", options.size)
    if options.inside:
        return inside(options)
    for database in ("sqlite", "postgres") if options.database == "both" else (options.database,):
        began = time.perf_counter()
        parts = tuple(part for part in options.only or PARTS if part != ALONE)
        if not parts:
            continue
        if "pages" in parts and options.size > SMALL:
            measured(options, database, SMALL, ("pages",))
        measured(options, database, options.size, parts)
        print(f"\n{database}: {(time.perf_counter() - began) / 60:.0f} minutes in all", flush=True)
    if ALONE in (options.only or (ALONE,)):
        run_part(options, options.size, ALONE, {})
    return None


def measured(options: argparse.Namespace, database: str, size: int, parts: tuple[str, ...]) -> None:
    """Seeds if needed, copies, and runs the parts on the copy."""
    folder = options.folder / f"{database}-{size}"
    folder.mkdir(parents=True, exist_ok=True)
    with copies.opened(database, folder) as place:
        run_part(options, size, "seed", place.seeded)
        place.copy()
        try:
            for part in parts:
                run_part(options, size, part, place.work)
        finally:
            place.drop()


def run_part(options: argparse.Namespace, size: int, part: str, where: dict[str, str]) -> None:
    environment = {**os.environ, "KEMAI_HOSTS": "testserver,127.0.0.1,localhost", "KEMAI_LOG_LEVEL": "ERROR"}
    environment.pop("KEMAI_DATABASE_URL", None)
    command = [
        sys.executable,
        "-m",
        "bench",
        "--inside",
        part,
        "--size",
        str(size),
        "--folder",
        str(options.folder),
    ]
    subprocess.run(command, env=environment | where, check=True)


def inside(options: argparse.Namespace) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kemai.project.settings")
    import django

    from kemai.project import settings  # noqa: F401 - the newer SQLite

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT version()" if connection.vendor == "postgresql" else "SELECT sqlite_version()")
        version = str(cursor.fetchone()[0]).split(" on ")[0]
    name = "PostgreSQL" if connection.vendor == "postgresql" else "SQLite"
    label = f"{name}, {options.size:,} customers"
    if options.inside == "seed":
        from bench.seed import timed_seed

        call_command("migrate", verbosity=0, interactive=False)
        seconds = timed_seed(options.size, options.size * 10)
        busy = os.getloadavg()[0]
        print(f"\n## {label} ({version}), seeded in {seconds:.0f} s, load {busy:.1f}", flush=True)
        return
    from bench import (
        analysis,
        formulas,
        idle,
        imports,
        incidents,
        live,
        load,
        own_fields,
        pages,
        pools,
        reports,
        sealed,
        selling,
        undo,
    )

    small = options.folder / f"{connection.vendor}-pages-{SMALL}.json"
    parts = {
        "pages": lambda: pages.run(label, small, first=options.size == SMALL),
        "incidents": lambda: incidents.run(label),
        "sealed": lambda: sealed.run(label),
        "imports": lambda: imports.run(label, options.size),
        "analysis": lambda: analysis.run(label),
        "undo": lambda: undo.run(label),
        "pools": lambda: pools.run(label),
        "selling": lambda: selling.run(label, options.size),
        "reports": lambda: reports.run(label),
        "idle": lambda: idle.run(label),
        "live": lambda: live.run(label),
        "load": lambda: load.run(label),
        "own_fields": lambda: own_fields.run(label),
        "formulas": lambda: formulas.run(label, options.size),
    }
    parts[options.inside]()
    sys.stdout.flush()


if __name__ == "__main__":
    main()
