"""Sixteen people who claim at once, in as many processes as `kemai serve` has on two cores: what each process does."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

PROCESSES, THREADS = 2, 8
CLIENTS = PROCESSES * THREADS
Work = tuple[int, Sequence[Any]]
"""A person and what he reaches for: keys, or lists of keys that he asks for in one go."""
Act = Callable[[Any, Any], int]


def together(act: str, work: Sequence[Work]) -> tuple[int, int, float]:
    """Everybody at once: (taken, asked, seconds from the first to the last)."""
    context = multiprocessing.get_context("spawn")
    gate, answers = context.Barrier(PROCESSES), context.Queue()
    parts = [list(work[number::PROCESSES]) for number in range(PROCESSES)]
    found = [context.Process(target=process, args=(act, part, gate, answers)) for part in parts]
    for one in found:
        one.start()
    told = [answers.get(timeout=300) for _one in found]
    for one in found:
        one.join()
    taken, asked = (sum(one[place] for one in told) for place in (0, 1))
    return taken, asked, max(one[3] for one in told) - min(one[2] for one in told)


def process(act: str, work: Sequence[Work], gate: Any, answers: Any) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kemai.project.settings")
    import django

    from kemai.project import settings  # noqa: F401 - the newer SQLite

    django.setup()
    from django.contrib.auth import get_user_model
    from django.db import connections

    from kemai.platform.access import actor_for

    keys = [person for person, _wanted in work]
    people = {user.pk: actor_for(user) for user in get_user_model()._default_manager.filter(pk__in=keys)}
    taken: list[int] = []
    ready = threading.Barrier(len(work) + 1)

    def run(person: int, wanted: Sequence[Any]) -> None:
        try:
            try:
                ACTS[act](people[person], [])  # opens the connection and reads what each process reads once
            finally:
                ready.wait(timeout=60)
            taken.append(sum(ACTS[act](people[person], one) for one in wanted))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=one) for one in work]
    for one in threads:
        one.start()
    gate.wait(timeout=60)
    ready.wait(timeout=60)
    began = time.time()
    for one in threads:
        one.join()
    answers.put((sum(taken), sum(len(wanted) for _person, wanted in work), began, time.time()))


def claim(actor: Any, wanted: Any) -> int:
    from kemai.sales.services.pools import claims

    keys = [wanted] if isinstance(wanted, int) else list(wanted)
    return sum(one.taken for one in claims.claim("customer", keys, by=actor))


def bare(actor: Any, wanted: Any) -> int:
    """The rows that a claim leaves behind, and nothing else: no question asked, no check made."""
    from django.db import connection, transaction
    from django.utils import timezone

    if not isinstance(wanted, int):
        return 0
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE customers_customer SET owner_id = %s, version = version + 1, updated_at = %s WHERE id = %s "
            "AND owner_id IS NULL AND deleted_at IS NULL RETURNING id",
            [actor.user_id, now, wanted],
        )
        if cursor.fetchone() is None:
            return 0
        cursor.execute(
            "INSERT INTO platform_changeset (kind, type_key, actor_id, actor_name, source, reason, request_id, at, count,"
            " address, via, rule) VALUES ('update', 'customer', %s, %s, 'form', '', '', %s, 1, '', '', '') RETURNING id",
            [actor.user_id, actor.name, now],
        )
        key = cursor.fetchone()[0]
        cursor.execute(
            "INSERT INTO platform_change (changeset_id, type_key, object_id, action, diff) "
            "VALUES (%s, 'customer', %s, 'update', %s)",
            [key, wanted, f'{{"owner": [null, {actor.user_id}]}}'],
        )
        cursor.execute(
            "INSERT INTO platform_ownerchange (type_key, object_id, new_id, reason, rule, actor_id, actor_name,"
            " changeset_id, at) VALUES ('customer', %s, %s, '', '', %s, %s, %s, %s)",
            [wanted, actor.user_id, actor.user_id, actor.name, key, now],
        )
        cursor.execute(
            "UPDATE sales_customerkeeping SET pool_id = NULL, pooled_at = NULL, pool_reason = '', received_on = %s,"
            " return_due_on = %s WHERE customer_id = %s",
            [str(now)[:10], "2027-01-01", wanted],
        )
        cursor.execute(
            "INSERT INTO sales_poolmove (type_key, object_id, user_id, move, by_id, reason, changeset_id, at) "
            "VALUES ('customer', %s, %s, 'claim', %s, '', %s, %s)",
            [wanted, actor.user_id, actor.user_id, key, now],
        )
        cursor.execute(
            "INSERT INTO platform_outboxevent (name, type_key, object_id, changeset_id, payload, created_at) "
            "VALUES ('customer.updated', 'customer', %s, %s, %s, %s)",
            [wanted, key, '{"fields": ["owner"]}', now],
        )
    return 1


ACTS: dict[str, Act] = {"claim": claim, "bare": bare}
