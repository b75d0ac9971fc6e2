"""`python -m tools.suite check [--long] | test [PYTEST ARGS]`: what a commit must pass, with a table of times.

The checks run two at a time; then pytest on SQLite, then again on PostgreSQL where a server is installed. All steps run
even when one fails, so that one run shows everything; the exit status is 1 if any failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tools import postgres

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PYTEST_NOTHING_COLLECTED = 5
WORKERS = str(min(os.cpu_count() or 2, 8))


@dataclass(frozen=True, slots=True)
class Step:
    """One command and what it is called in the table."""

    name: str
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step went; `note` stands in the table in place of a verdict when it was skipped."""

    name: str
    ok: bool
    seconds: float
    note: str = ""


def python(module: str, *arguments: str) -> tuple[str, ...]:
    """A command that runs a module with this interpreter."""
    return (sys.executable, "-m", module, *arguments)


# the longest first, so that the others run beside it
CHECKS = (
    Step("types (mypy)", python("mypy")),
    Step("types and tests of the front end", python("tools.frontend", "check")),
    Step("lint (ruff)", (str(BIN / "ruff"), "check", ".")),
    Step("format (ruff)", (str(BIN / "ruff"), "format", "--check", "--output-format", "concise", ".")),
    Step("import walls", (str(BIN / "lint-imports"), "--no-cache")),
    Step("own lints", python("tools.lints")),
    Step("migrations complete", python("django", "makemigrations", "--check", "--dry-run")),
    Step("messages complete", python("tools.messages", "check")),
)


def run_quietly(step: Step, environment: dict[str, str]) -> Outcome:
    """Run a check; its output is shown only if it fails."""
    begun = time.monotonic()
    done = subprocess.run(
        step.command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    outcome = Outcome(step.name, done.returncode == 0, time.monotonic() - begun)
    said = "" if outcome.ok else f"{done.stdout.rstrip()}\n"
    print(
        f"{'ok    ' if outcome.ok else 'FAILED'} {step.name} ({outcome.seconds:.1f} s)\n{said}",
        end="",
        flush=True,
    )
    return outcome


def checks() -> list[Outcome]:
    """All lints and types, on data folders of their own."""
    with TemporaryDirectory(prefix="kemai-check-") as folder, ThreadPoolExecutor(2) as pool:
        environment = {**os.environ, "KEMAI_DATA": folder, "KEMAI_DATABASE_URL": ""}
        return list(pool.map(lambda step: run_quietly(step, environment), CHECKS))


def pytest_lane(
    name: str, arguments: list[str], *, may_be_empty: bool = False, **environment: str
) -> Outcome:
    """One pass of pytest, its output straight to the terminal."""
    print(f"\n=== {name}\n", flush=True)
    begun = time.monotonic()
    parallel = [] if "-n" in arguments or "--pdb" in arguments else ["-n", WORKERS, "--dist", "loadgroup"]
    command = [*python("pytest"), "-q", *parallel, *arguments]
    status = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=False).returncode
    ok = status == 0 or (may_be_empty and status == PYTEST_NOTHING_COLLECTED)
    return Outcome(name, ok, time.monotonic() - begun)


def sqlite_lane(arguments: list[str]) -> Outcome:
    """The tests on SQLite."""
    return pytest_lane("tests on SQLite", arguments, KEMAI_TEST_DATABASE="sqlite")


def postgres_lane(arguments: list[str]) -> Outcome:
    """The tests that ask a database, browser tests left out: they proved the screens on SQLite already."""
    name = "tests on PostgreSQL"
    try:
        with postgres.throwaway() as url:
            settings = {"KEMAI_TEST_DATABASE": "postgres", "KEMAI_TEST_POSTGRES_URL": url}
            chosen = [*([] if "-m" in arguments else ["-m", "not e2e"]), *arguments]
            return pytest_lane(name, chosen, may_be_empty=bool(arguments), **settings)
    except postgres.NoServer as error:
        print(f"\n=== {name}: SKIPPED: {error}\n", flush=True)
        return Outcome(name, True, 0.0, note="SKIPPED: no server installed")


def long() -> list[Outcome]:
    """What takes too long for every commit: writes on the disk, a full disk, odd requests, servers and workers
    killed two hundred times on either database, sick receivers, bombs."""
    databases = ["sqlite", "postgres"]
    try:
        postgres.programs()
    except postgres.NoServer:
        databases.remove("postgres")
    kills = ("--rounds", os.environ.get("KEMAI_KILLS", "200"))
    steps = [("what is acknowledged is on the disk", python("tests.crash.durability", *databases))]
    steps.append(("disks that fail under open files", python("tests.crash.sick_disk")))
    fuzz = ("env", "KEMAI_FUZZ=30000", f"KEMAI_FUZZ_SEED={int(time.time())}")
    steps.append(
        ("thirty thousand odd requests", (*fuzz, *python("pytest", "-q", "tests/contracts/test_fuzz.py")))
    )
    steps += [
        (f"killed at random moments: {one}", python("tests.crash.harness", *kills, "--database", one))
        for one in databases
    ]
    steps += [
        (f"a change of key killed: {one}", python("tests.crash.sealing", "--database", one))
        for one in databases
    ]
    steps.append(("known and unknown people, ended sessions", python("tests.crash.logins")))
    steps.append(("receivers sick in fifty ways", python("tests.crash.sick_receivers")))
    steps.append(("bombs and a million bad rows", python("tests.crash.bombs")))
    steps.append(("twenty at the same moment, twenty times", python("tests.crash.races", *databases)))
    outcomes = []
    for name, command in steps:
        print(f"\n=== {name}\n", flush=True)
        begun = time.monotonic()
        status = subprocess.run(command, cwd=ROOT, check=False).returncode
        outcomes.append(Outcome(name, status == 0, time.monotonic() - begun))
    return outcomes


def table(outcomes: list[Outcome]) -> None:
    """Print what ran, how long it took and what failed."""
    print("\n" + "-" * 60)
    for outcome in outcomes:
        verdict = outcome.note or ("ok" if outcome.ok else "FAILED")
        print(f"{outcome.name:36s} {outcome.seconds:7.1f} s  {verdict}")
    print("-" * 60, flush=True)


def main(arguments: list[str]) -> int:
    """Entry point."""
    verb, rest = (arguments[0], arguments[1:]) if arguments else ("test", [])
    lanes: tuple[Callable[[list[str]], Outcome], ...] = (
        () if verb == "check" else (sqlite_lane, postgres_lane)
    )
    outcomes = checks()
    outcomes += [lane(rest) for lane in lanes]
    if verb == "check" and "--long" in rest:
        outcomes += long()
    table(outcomes)
    return 0 if all(outcome.ok for outcome in outcomes) else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
