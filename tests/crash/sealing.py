"""Kills `kemai columns encrypt`, the change of the key and `decrypt` at random moments on a filled database; run again
each must have done all of it: every value readable, nothing by half, nothing of it in the open (docs/adr/061).

    python -m tests.crash.sealing --rows 3000 --rounds 4          with a folder (or PostgreSQL database) of its own"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import random
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cells import COLUMN_KEY, OTHER_KEY, in_plain
from tests.crash.harness import Stage, kill, places
from tests.e2e.company import free_port

NUMBERS = "1386172"
"""How the telephones begin, and what own fields hold: no table may show it."""
STEPS = (("encrypt", (COLUMN_KEY,)), ("encrypt", (OTHER_KEY, COLUMN_KEY)), ("decrypt", (OTHER_KEY,)))


@dataclass
class Outcome:
    kills: int = 0
    late: int = 0
    """Runs that had ended before they were killed."""
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


def run(
    rounds: int, rows: int, where: Mapping[str, str], folder: Path, *, seed: int, each: int = 4
) -> Outcome:
    """`each`: how often every step is cut off before it may end."""
    chance, found, began = random.Random(seed), Outcome(), time.monotonic()
    stage = Stage(free_port(), {**where, "KEMAI_LOG_LEVEL": "ERROR", "KEMAI_LIVE": "0"}, folder / "stage.log")
    try:
        before = stage.do("sealed_fill", rows=rows)
        lasted = 0.0
        for number in range(rounds):
            for verb, keys in STEPS:
                name = f"round {number}, {verb} with {len(keys)}"
                known = list(dict.fromkeys([*keys, *([COLUMN_KEY] if verb == "encrypt" else [])]))
                for cut in range(each):
                    cut_off(stage, verb, keys, chance.uniform(0, lasted or rows / 1500 + 0.2), found)
                    found.wrong += differs(f"{name}, cut off {cut + 1} times", before, stage, known)
                started = time.monotonic()
                status = stage.do("wait", pid=stage.do("columns", verb=verb, keys=keys)["pid"])["status"]
                lasted = time.monotonic() - started
                found.wrong += [] if status == 0 else [f"{name}: status {status}"]
                left = () if verb == "decrypt" else keys[:1]
                found.wrong += differs(name, before, stage, left)
                found.wrong += [f"{name}: {one}" for one in stage.do("sealed_left", keys=left)]
    finally:
        stage.close()
    found.seconds = time.monotonic() - began
    return found


def cut_off(stage: Stage, verb: str, keys: tuple[str, ...], after: float, found: Outcome) -> None:
    pid = stage.do("columns", verb=verb, keys=keys)["pid"]
    time.sleep(after)
    kill(pid)
    if stage.do("wait", pid=pid)["status"] == -9:
        found.kills += 1
    else:
        found.late += 1


def differs(name: str, before: Any, stage: Stage, keys: Any) -> list[str]:
    now = stage.do("sealed_told", keys=list(keys))
    return [f"{name}: {table} reads otherwise" for table in before if before[table] != now.get(table)]


# ── done by the stage ──


def keyed(keys: list[str]) -> None:
    from django.conf import settings

    settings.COLUMN_KEYS = list(keys)


def columns(verb: str, keys: list[str]) -> int:
    """What `kemai columns` does, in a process that has the product loaded; small bites, so that there are many places
    to be killed at. Returns its exit status."""
    from kemai.platform.records import encrypting
    from kemai.project.cli.columns import columns_command

    keyed(keys)
    encrypting.BITE = 100
    with contextlib.redirect_stdout(sys.stderr):
        return int(columns_command.main([verb], standalone_mode=False) or 0)


def sealed_fill(rows: int) -> dict[str, str]:
    """Customers by import and by hand, one of them changed, saved conditions, an own field that is encrypted."""
    import tempfile

    from kemai.platform import imports, jobs, records
    from kemai.platform.access import SYSTEM
    from kemai.platform.audit.seal import seal_all
    from kemai.platform.define import fields
    from kemai.platform.events import drain_all
    from kemai.platform.models import SavedView
    from kemai.platform.records import encrypting

    keyed([COLUMN_KEY])
    encrypting.widen()
    fields.create_field("customer", "text", {"label": "证件", "sealed": True}, by=SYSTEM, key="crash_id")
    keyed([])
    by = SYSTEM.through("import")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.csv")
        lines = [f"加密{row},{NUMBERS}{row:04},m{NUMBERS}{row}@example.com" for row in range(rows)]
        path.write_text("\n".join(["客户名称,电话,邮箱", *lines]), encoding="utf-8")
        made = imports.upload(path, path.name, "customer", by=by)
        guessed = imports.suggestion(made, by=by)
        imports.configure(made, guessed.columns, guessed.options, by=by)
        imports.execute(made)
    keyed([COLUMN_KEY])
    for row in range(20):
        one = records.create("customer", {"name": f"手工{row}", "crash_id": f"{NUMBERS}{row:011}"}, by=SYSTEM)
        records.update("customer", one.pk, {"phone": f"{NUMBERS}{9000 + row}"}, by=SYSTEM)
    where = {"field": "phone", "op": "eq", "value": f"+86{NUMBERS}0001"}
    SavedView.objects.create(type_key="customer", name="条件", state={"where": where})
    drain_all()
    jobs.run_all()
    seal_all()
    encrypting.BITE = 100
    encrypting.decrypt()
    keyed([COLUMN_KEY])
    field_again()
    return sealed_told([COLUMN_KEY])


def field_again() -> None:
    """The field is to be encrypted again, and its values lie in the open: as a `decrypt` that was cut off leaves it."""
    from kemai.platform.models import FieldDef
    from kemai.platform.objects import meta_changed

    row = FieldDef.objects.get(key="crash_id")
    row.settings = {**row.settings, "sealed": True}
    row.save(update_fields=["settings"])
    meta_changed()


def sealed_told(keys: list[str]) -> dict[str, str]:
    """{table: digest of what its encrypted columns say}."""
    from kemai.platform.models import ExtraColumn
    from kemai.platform.models.sealed import open_value
    from kemai.platform.records import encrypting

    keyed(keys)
    if found := encrypting.problem():
        raise RuntimeError(found)
    told = {}
    for model, columns in encrypting.columns():
        digest = hashlib.sha256()
        for row in model._base_manager.order_by("pk").values("pk", *(one.name for one in columns)):
            for name in (one.name for one in columns if isinstance(one, ExtraColumn)):
                row[name] = {key: open_value(one) for key, one in sorted((row[name] or {}).items())}
            digest.update(json.dumps(row, sort_keys=True, default=str).encode())
        told[model._meta.db_table] = digest.hexdigest()
    return told


def sealed_left(keys: list[str]) -> list[str]:
    """What is wrong once all is done: something in the open, behind an older key, or not found."""
    from kemai.platform import search
    from kemai.platform.access import SYSTEM
    from kemai.platform.audit.verify import verify
    from kemai.platform.models.sealed import current
    from kemai.platform.objects import get
    from kemai.platform.records import encrypting
    from tests.crash.stage import database_faults

    keyed(keys)
    wrong = database_faults()
    seal = current()
    if seal is None:
        wrong += [f"still encrypted: {table}" for table in in_plain("kx1:")]
        field_again()
    else:
        wrong += [f"in the open: {table}" for table in in_plain(NUMBERS)]
        others = [one for key in (COLUMN_KEY, OTHER_KEY) if (one := name_of(key)) != seal.now.name]
        wrong += [f"older key: {table}" for table in in_plain(*(f"kx1:{one}." for one in others))]
        wrong += ["unfinished"] if encrypting.unfinished() else []
    if len(search.search_type(SYSTEM, get("customer"), f"{NUMBERS}9003")) != 1:
        wrong.append("the search does not find a telephone")
    return wrong + [f"audit: {fault}" for fault in verify().faults]


def name_of(key: str) -> str:
    from kemai.kit.columnseal import OneKey, read_key

    return OneKey(read_key(key)).name


ERRANDS: dict[str, Callable[..., Any]] = {
    "sealed_fill": sealed_fill,
    "sealed_told": sealed_told,
    "sealed_left": sealed_left,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    failed = False
    for database in ("sqlite", "postgres") if options.database == "both" else (options.database,):
        with places(database) as (where, folder):
            found = run(options.rounds, options.rows, where, folder, seed=options.seed)
        print(
            f"{database}: {found.kills} kills ({found.late} came late), {options.rows:,} customers, "
            f"{found.seconds:.0f} s, seed {options.seed}, load {os.getloadavg()[0]:.1f}: "
            f"{'WRONG' if found.wrong else 'nothing wrong'}",
            *found.wrong, sep="\n  ", flush=True,
        )  # fmt: skip
        failed = failed or bool(found.wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
