"""Twenty at the same moment, twenty times over: who gets it, and how often.

    python -m tests.crash.races                both databases, where the means are there; prints a table

Each of the twenty has a connection of its own to a database on the disk; all of them wait at one gate."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.crash.harness import places
from tests.gate import together

SHOTS = ROUNDS = 20
INSIDE = "--inside"


def outcomes(acts: list[Callable[[], object]]) -> list[str]:
    """All at once; "yes", or how it was refused."""
    said = together(acts)
    return [type(one).__name__ if isinstance(one, Exception) else "yes" if one else "no" for one in said]


def races() -> dict[str, tuple[Callable[[int], list[str]], Callable[[Counter[str]], bool]]]:
    """What is tried in each round, and what its answers have to be."""
    from kemai.customers.models import Customer
    from kemai.platform import records
    from kemai.platform.access import rights_changed
    from kemai.platform.exports import Order, approval
    from kemai.sales.models import PoolMove
    from kemai.sales.services.pools import claims
    from kemai.sales.tests.test_pools import lying, make_pool
    from kemai.staff.services import throttle
    from tests.people import crowd, customer, person, role

    people = crowd()
    boss = people["boss"].actor
    everything = role("t_all", dict.fromkeys(("view", "create", "edit", "release", "export"), "all"))
    rights_changed()
    many = [person(f"p{number}", None, everything).actor for number in range(SHOTS)]
    pool = make_pool(daily_most="")

    def claim(_round: int) -> list[str]:
        one = lying(pool)
        got = outcomes([lambda by=by: claims.claim("customer", [one.pk], by=by)[0].taken for by in many])  # type: ignore[misc]
        if PoolMove.objects.filter(object_id=one.pk, move="claim").count() != 1:
            got.append("claimed twice in the log")
        return got

    def stale(number: int) -> list[str]:
        one = customer()

        def save(shot: int) -> Any:
            return records.update(
                "customer", one.pk, {"note": f"{number}-{shot}"}, by=many[shot], version=one.version
            )

        return outcomes([lambda shot=shot: save(shot) for shot in range(SHOTS)])  # type: ignore[misc]

    def numbers(number: int) -> list[str]:
        name = f"同时{number}"
        got = outcomes([lambda by=by: records.create("customer", {"name": name}, by=by) for by in many])  # type: ignore[misc]
        given = list(Customer.objects.filter(name=name).values_list("number", flat=True))
        return got if len(set(given)) == SHOTS else [*got, "a number twice"]

    def approve(_round: int) -> list[str]:
        key = approval.ask(boss, Order("customer", format="csv"), reason="同时批准的试验").pk
        got = outcomes([lambda by=by: approval.decide(key, approve=True, by=by) for by in many])  # type: ignore[misc]
        used = outcomes([lambda: approval.spend(boss, key) for _shot in many])
        return got if Counter(used)["yes"] == 1 else [*got, f"used {Counter(used)}"]

    def knock(number: int) -> list[str]:
        return outcomes([lambda: throttle.admit(f"who{number}", f"192.0.2.{number}") for _shot in many])

    def exactly(count: int) -> Callable[[Counter[str]], bool]:
        return lambda found: found["yes"] == count and sum(found.values()) == SHOTS

    return {
        "one customer of a pool is claimed": (claim, exactly(1)),
        "one version of a record is saved": (stale, exactly(1)),
        "numbers are given once": (numbers, exactly(SHOTS)),
        "an export is approved once, and used once": (approve, exactly(1)),
        "wrong passwords are let in five times": (knock, exactly(5)),
    }


def inside() -> int:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    from kemai.project.defaults import ensure_defaults

    ensure_defaults()
    wrong = 0
    for name, (act, good) in races().items():
        began, answers = time.monotonic(), Counter[str]()
        bad = 0
        for number in range(ROUNDS):
            found = Counter(act(number))
            answers += found
            bad += not good(found)
        told = ", ".join(f"{count} {what}" for what, count in answers.most_common())
        print(f"{'WRONG' if bad else 'ok':<7}{name:<45}{told}; {time.monotonic() - began:.1f} s", flush=True)
        wrong += bad
    return 1 if wrong else 0


def main() -> int:
    status = 0
    for database in sys.argv[1:] or ["sqlite", "postgres"]:
        with places(database) as (where, _folder):
            print(f"{database}, load {os.getloadavg()[0]:.1f}", flush=True)
            where = {
                **where,
                "DJANGO_SETTINGS_MODULE": "kemai.project.settings",
                "KEMAI_LOG_LEVEL": "CRITICAL",
            }
            status |= subprocess.run(
                [sys.executable, "-m", "tests.crash.races", INSIDE], env=where, check=False
            ).returncode
    return status


if __name__ == "__main__":
    sys.exit(inside() if INSIDE in sys.argv else main())
