"""Several people reach for one customer at the same moment: exactly one has it, and nobody goes over his limit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from django.db import connection, connections, transaction
from django.db.models import F

from kemai.customers.models import Customer
from kemai.platform.models import OwnerChange
from kemai.sales.models import CustomerKeeping, PoolMove
from kemai.sales.services.pools import claims
from kemai.sales.tests.test_pools import lying, make_pool
from tests.gate import together
from tests.people import Person, crowd


@pytest.mark.row(38)
@pytest.mark.django_db(transaction=True)
def test_exactly_one_of_many_gets_it() -> None:
    """Four people after one customer; then one person after five, with a limit of three."""
    if connection.vendor == "sqlite" and "memory" in str(connection.settings_dict["NAME"]):
        pytest.skip("threads share no database in memory")
    people = crowd()
    pool = make_pool(daily_most="3")
    one = lying(pool)

    def taker(person: Person, key: int) -> Callable[[], claims.Answer]:
        return lambda: claims.claim("customer", [key], by=person.actor)[0]

    names = ("alice", "bob", "charlie", "dora")
    answers = together([taker(people[name], one.pk) for name in names])
    assert len(answers) == 4
    taken = [answer for answer in answers if isinstance(answer, claims.Answer) and answer.taken]
    assert len(taken) == 1
    one.refresh_from_db()
    assert one.owner_id in {people[name].user.pk for name in names}
    assert PoolMove.objects.filter(object_id=one.pk, move="claim").count() == 1
    assert OwnerChange.objects.filter(object_id=one.pk).count() == 1
    assert CustomerKeeping.objects.get(pk=one.pk).pool_id is None

    boss = people["boss"]
    many = [lying(pool, name=f"客户{n}") for n in range(5)]
    answers = together([taker(boss, found.pk) for found in many])
    assert sum(isinstance(answer, claims.Answer) and answer.taken for answer in answers) == 3


@pytest.mark.django_db(transaction=True)
def test_who_had_to_wait_looks_again() -> None:
    """While somebody waits for a record it comes into another pool, which lets nobody claim: nothing that was true
    before counts."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite locks everything before it looks")
    people = crowd()
    pool, shut = make_pool(), make_pool(name="关着", claimable="")
    one = lying(pool)
    found: list[claims.Answer] = []

    def claim() -> None:
        try:
            found.extend(claims.claim("customer", [one.pk], by=people["alice"].actor))
        finally:
            connections.close_all()

    waiter = threading.Thread(target=claim)
    with transaction.atomic():
        Customer.objects.filter(pk=one.pk).update(version=F("version") + 1)
        CustomerKeeping.objects.filter(pk=one.pk).update(pool=shut)
        waiter.start()
        until = time.monotonic() + 120
        while not waiting() and time.monotonic() < until:
            time.sleep(0.02)
    waiter.join(timeout=300)
    assert [answer.taken for answer in found] == [False]
    assert [check.key for check in found[0].checks] == ["scope"]


def waiting() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])
