"""`./run bench`: seeds a database once and prints every figure. Each database runs in a process of its own.

./run bench                          SQLite and PostgreSQL, 1,000,000 customers, 10,000,000 orders
./run bench --size 100000 --only pages --database sqlite
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

PARTS = ("pages", "imports", "analysis", "duplicates", "undo", "idle", "live", "own_fields", "formulas")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--size", type=int, default=1_000_000, help="customers; orders are ten times as many")
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--only", choices=PARTS, action="append", help="a part; may be given several times")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir(), "kemai-bench"))
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    options = arguments()
    if options.inside:
        return inside(options)
    databases = ("sqlite", "postgres") if options.database == "both" else (options.database,)
    for database in databases:
        outside(options, database)
    return None


def outside(options: argparse.Namespace, database: str) -> None:
    """Starts the database where one is needed, and the process that measures."""
    folder = options.folder / f"{database}-{options.size}"
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "KEMAI_DATA": str(folder), "KEMAI_HOSTS": "testserver,127.0.0.1,localhost"}
    environment["KEMAI_LOG_LEVEL"] = "WARNING"
    command = [sys.executable, "-m", "bench", "--inside", "--size", str(options.size), "--database", database]
    command += [word for part in options.only or () for word in ("--only", part)]
    if database == "sqlite":
        environment.pop("KEMAI_DATABASE_URL", None)
        subprocess.run(command, env=environment, check=True)
        return
    started = subprocess.run(
        [sys.executable, "-m", "tools.postgres", "start", str(folder / "cluster"), "--durable"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    environment["KEMAI_DATABASE_URL"] = started.stdout.strip().splitlines()[-1]
    try:
        subprocess.run(command, env=environment, check=True)
    finally:
        subprocess.run([sys.executable, "-m", "tools.postgres", "stop", str(folder / "cluster")], check=False)


def inside(options: argparse.Namespace) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kemai.project.settings")
    import django

    from kemai.project import settings  # noqa: F401 - the newer SQLite

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0, interactive=False)
    from bench import analysis, duplicates, formulas, idle, imports, live, own_fields, pages, undo
    from bench.seed import timed_seed

    with connection.cursor() as cursor:
        cursor.execute("SELECT version()" if connection.vendor == "postgresql" else "SELECT sqlite_version()")
        version = str(cursor.fetchone()[0]).split(" on ")[0]
    label = f"{'PostgreSQL' if connection.vendor == 'postgresql' else 'SQLite'}, {options.size:,} customers"
    print(
        f"\n## {label} ({version})\n\nseeded in {timed_seed(options.size, options.size * 10):.0f} s",
        flush=True,
    )
    parts = {
        "pages": lambda: pages.run(label),
        "imports": lambda: imports.run(label, options.size),
        "analysis": lambda: analysis.run(label),
        "duplicates": lambda: duplicates.run(label, options.size),
        "undo": lambda: undo.run(label),
        "idle": lambda: idle.run(label),
        "live": lambda: live.run(label),
        "own_fields": lambda: own_fields.run(label),
        "formulas": lambda: formulas.run(label, options.size),
    }
    for name in options.only or PARTS:
        parts[name]()
        sys.stdout.flush()


if __name__ == "__main__":
    main()
