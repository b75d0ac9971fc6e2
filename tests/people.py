"""The people of every permission test: alice, bob on her team, charlie elsewhere, dora her manager, nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from kemai.customers.models import Customer
from kemai.platform import records
from kemai.platform.access import SYSTEM, Actor, actor_for, rights_changed
from kemai.platform.access.tokens import issue
from kemai.platform.models import Grant, Role
from kemai.platform.objects import VERBS
from kemai.staff.models import Department

PASSWORD = "correct horse 7"


@dataclass(frozen=True)
class Person:
    user: Any
    actor: Actor
    key: str
    """A bearer token of the API."""


def role(key: str, scopes: dict[str, str], *, is_admin: bool = False) -> Role:
    """A role that grants each verb of `scopes` over every type."""
    found, _created = Role.objects.get_or_create(key=key, defaults={"name": key, "is_admin": is_admin})
    for verb, reach in scopes.items():
        Grant.objects.get_or_create(role=found, type_key="*", verb=verb, defaults={"scope": reach})
    return found


def person(username: str, department: Department | None, *roles: Role) -> Person:
    user = get_user_model().objects.create_user(
        username, f"{username}@example.com", PASSWORD, name=username.title(), department=department
    )
    user.roles.set(roles)
    return Person(user, actor_for(user), issue(user, "test")[1])


def department(name: str, parent: Department | None = None) -> Department:
    now = timezone.now()
    found = Department.objects.create(name=name, parent=parent, created_at=now, updated_at=now)
    found.path = f"{parent.path if parent else ''}{found.pk}/"
    found.save()
    return found


def crowd() -> dict[str, Person]:
    company = department("Company")
    east = department("East", company)
    first, south = department("East 1", east), department("South", company)
    everything = dict.fromkeys(VERBS, "all")
    own = {"view": "own", "api": "own", "create": "own", "edit": "own", "delete": "own"}
    team = {"view": "team", "api": "team", "create": "team", "edit": "own"}
    sales, mate = role("t_sales", own), role("t_mate", team)
    lead = role("t_lead", dict.fromkeys(VERBS, "below"))
    boss = role("t_boss", everything, is_admin=True)
    rights_changed()
    return {
        "alice": person("alice", first, sales),
        "bob": person("bob", first, mate),
        "charlie": person("charlie", south, sales),
        "dora": person("dora", east, lead),
        "boss": person("boss", company, boss),
        "nobody": person("nobody", south),
    }


def browser(person: Person) -> Client:
    """A browser in which the person has logged in."""
    client = Client()
    client.force_login(person.user)
    return client


def customer(owner: Person | None = None, **values: Any) -> Customer:
    """A customer called 张伟 where nothing else is said, somebody's or nobody's."""
    given = {"name": "张伟", "owner": owner.user.pk if owner else None, **values}
    made = records.create("customer", given, by=SYSTEM)
    assert isinstance(made, Customer)
    return made
