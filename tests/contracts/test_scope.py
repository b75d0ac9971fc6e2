"""What the one filter lets through, held against the explanation of it, over worlds drawn at random."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from kemai.platform import access, records
from kemai.platform.access import SYSTEM, Actor, actor_for
from kemai.platform.access.explain import Court, facts_of
from kemai.platform.models import Grant, Member, Role, Setting, ShareRule
from kemai.platform.objects import get
from tests.factory import make
from tests.people import department, person

pytestmark = pytest.mark.django_db
TYPES = ("customer", "contact", "interaction", "task")
VERBS = ("view", "edit", "create", "delete")
SCOPES = ("own", "reports", "team", "below", "chosen", "all")
WHERES: tuple[dict[str, Any] | None, ...] = (
    None, None, {"field": "stage", "op": "eq", "value": "new"}, {"field": "gone", "op": "eq", "value": "x"},
)  # fmt: skip


class World:
    """Departments, people with managers, roles with whatever grants, records, members and rules."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        draw = self.draw
        root = department("总部")
        self.departments = [root]
        for n in range(4):
            self.departments.append(department(f"部门{n}", draw.choice(self.departments)))
        self.roles = [self.role(n) for n in range(5)]
        self.users: list[Any] = []
        for n in range(6):
            where = draw.choice([*self.departments, None])
            held = draw.sample(self.roles, draw.choice([0, 1, 1, 2]))
            user = person(f"u{n}", where, *held).user
            user.manager = draw.choice([*self.users, None]) if self.users else None
            user.save()
            self.users.append(user)
        self.records = self.fill()
        for _n in range(draw.randint(0, 4)):
            self.member()
        for _n in range(draw.randint(0, 2)):
            self.rule()
        Setting.objects.create(key="access.manager_sees", value=draw.random() < 0.5)
        access.rights_changed()
        self.actors: list[Actor] = [actor_for(user) for user in self.users]

    def role(self, n: int) -> Role:
        role = Role.objects.create(key=f"r{n}", name=f"角色{n}")
        for verb in VERBS:
            for type_key in ("*", *TYPES):
                if self.draw.random() < 0.45:
                    scope = self.draw.choice(SCOPES)
                    where = self.draw.choice(WHERES) if type_key == "customer" else None
                    chosen = (
                        [d.pk for d in self.draw.sample(self.departments, 2)] if scope == "chosen" else []
                    )
                    Grant.objects.create(
                        role=role, type_key=type_key, verb=verb, scope=scope, departments=chosen, where=where
                    )
        return role

    def fill(self) -> list[tuple[str, int]]:
        found: list[tuple[str, int]] = []
        people = [*(user.pk for user in self.users), None]
        for _n in range(6):
            stage = self.draw.choice(["new", "contacted"])
            customer = make("customer", owner=self.draw.choice(people), stage=stage)
            found.append(("customer", customer.pk))
            found.append(("contact", make("contact", customer=customer.pk).pk))
            visit = make("interaction", customer=customer.pk, owner=self.draw.choice(people))
            found.append(("interaction", visit.pk))
        found.append(("task", make("task", owner=self.draw.choice(people)).pk))
        return found

    def target(self) -> dict[str, Any]:
        if self.draw.random() < 0.5:
            return {"user_id": self.draw.choice(self.users).pk}
        return {"department": self.draw.choice(self.departments).pk}

    def member(self) -> None:
        customer = self.draw.choice([key for kind, key in self.records if kind == "customer"])
        until = self.draw.choice([None, timezone.localdate(), timezone.localdate() - timedelta(days=2)])
        target = self.target()
        if Member.objects.filter(type_key="customer", object_id=customer, **target).exists():
            return
        Member.objects.create(
            type_key="customer", object_id=customer, **target, level=self.draw.choice(["read", "edit"]), until=until,
            children=self.draw.choice(["", ",contact,", ",contact,interaction,"]), added_at=timezone.now(),
        )  # fmt: skip

    def rule(self) -> None:
        kind = self.draw.choice(["user", "department", "role"])
        pool: list[Any] = {"user": self.users, "department": self.departments, "role": self.roles}[kind]
        ShareRule.objects.create(
            name="规则", type_key="customer", where=self.draw.choice([{}, WHERES[2]]), target=kind,
            target_id=self.draw.choice(pool).pk, level=self.draw.choice(["read", "edit"]),
            children=self.draw.choice(["", ",interaction,"]), created_at=timezone.now(),
        )  # fmt: skip


@pytest.mark.row(134)
@pytest.mark.parametrize("seed", range(8))
def test_the_filter_and_its_explanation_agree(seed: int) -> None:
    world = World(seed)
    found = {
        (type_key, verb, actor.user_id): set(access.scope(actor, type_key, verb).values_list("pk", flat=True))
        for type_key in TYPES
        for verb in VERBS
        for actor in world.actors
    }
    for type_key, key in world.records:
        facts = facts_of(get(type_key), key)
        assert facts is not None
        court = Court(facts, VERBS)
        for actor in world.actors:
            told = court.explain(actor)
            for verb in VERBS:
                passes = key in found[type_key, verb, actor.user_id]
                assert passes is (verb in told.causes), (type_key, key, verb, actor.name, told)
                assert bool(told.refusals.get(verb)) is not passes


@pytest.mark.parametrize("seed", range(3))
def test_abilities_are_those_of_the_filter(seed: int) -> None:
    world = World(seed + 100)
    for type_key, key in world.records:
        for actor in world.actors:
            if not access.scope(actor, type_key).filter(pk=key).exists():
                continue  # abilities are asked about a record that is open before one
            mine = {verb for verb in VERBS if access.scope(actor, type_key, verb).filter(pk=key).exists()}
            assert access.abilities(actor, type_key, key, VERBS) == mine


def test_system_sees_all(settings: Any) -> None:
    make("customer")
    assert access.scope(SYSTEM, "customer").count() == 1
    assert records.members_of("customer", 1) == []
