"""A fuller engine of approval takes the place of the single step, and neither quotes nor contracts know of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from kemai.collab.models import Notice
from kemai.platform import records
from kemai.platform.access import Actor, Denied
from kemai.sales.services import approvals, contracts, quotes
from kemai.sales.tests.selling import fresh, quote_of

pytestmark = pytest.mark.django_db


class InTurn:
    """Two people, one after the other; the first no ends it."""

    def __init__(self, *users: int) -> None:
        self.users = users

    def waits_for(self, type_key: str, document: Any) -> list[int]:
        return [self.users[len(document.approval.get("answers", []))]]

    def why_not(self, type_key: str, document: Any, by: Actor) -> str:
        return "" if [by.user_id] == self.waits_for(type_key, document) else "not your turn"

    def verdict(self, type_key: str, document: Any, *, yes: bool, by: Actor) -> bool | None:
        last = len(document.approval.get("answers", [])) + 1 == len(self.users)
        return yes if last or not yes else None


@pytest.fixture
def in_turn(world: dict[str, Any]) -> Iterator[None]:
    approvals.use(InTurn(world["dora"].user.pk, world["boss"].user.pk))
    yield
    approvals.use(approvals.OneStep())


@pytest.mark.row(59)
@pytest.mark.usefixtures("in_turn")
def test_a_quote_waits_for_both(world: dict[str, Any], client: Client) -> None:
    dora, boss = world["dora"], world["boss"]
    quote = quote_of(world, discount="25")
    quotes.ask_approval(quote.pk, "老客户", by=world["alice"].actor)
    with pytest.raises(Denied):
        quotes.decide(quote.pk, yes=True, note="", by=boss.actor)
    client.force_login(dora.user)
    client.post(f"/quotes/{quote.pk}/decide", {"answer": "yes", "note": "价格可以"})
    assert fresh(quote).state == "review"
    assert Notice.objects.filter(user=boss.user, object_id=quote.pk, kind="task").count() == 1
    assert quotes.decide(quote.pk, yes=True, note="", by=boss.actor).state == "approved"
    assert [one["note"] for one in fresh(quote).approval["answers"]] == ["价格可以"]


@pytest.mark.row(55)
@pytest.mark.usefixtures("in_turn")
def test_a_contract_comes_into_force_with_the_last_yes_and_not_before(world: dict[str, Any]) -> None:
    dora, boss, alice = (world[name].actor for name in ("dora", "boss", "alice"))
    values = {"name": "合同", "customer": world["customer"].pk, "amount": "500"}
    made = records.create("contract", values, by=alice)
    contracts.submit(made.pk, "", by=alice)
    assert contracts.decide(made.pk, yes=True, note="", by=dora).state == "review"
    assert fresh(made).effective_at is None
    assert contracts.decide(made.pk, yes=True, note="", by=boss).state == "effective"
    again = records.create("contract", values, by=alice)
    contracts.submit(again.pk, "", by=alice)
    assert contracts.decide(again.pk, yes=False, note="金额不对", by=dora).state == "draft"
