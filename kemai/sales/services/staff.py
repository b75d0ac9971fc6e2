"""Whose figures an actor may look at: the people within the reach of their rights on deals, by department."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, Q

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.objects import get
from kemai.sales.models import Deal
from kemai.staff.models import Department, User


@dataclass(frozen=True)
class Person:
    pk: int
    name: str
    department: int | None
    path: str


@dataclass(frozen=True)
class Unit:
    """A department with those directly below it."""

    pk: int
    name: str
    path: str
    parent: int | None


@dataclass(frozen=True)
class Reach:
    """`whole`: everybody. Units are those that hold the people, with the ones above them as far as the actor's own."""

    whole: bool
    people: Sequence[Person] = ()
    units: Sequence[Unit] = ()
    by_key: dict[int, Person] = field(default_factory=dict)

    def inside(self, unit: int) -> list[Person]:
        """The people of a department and those below it."""
        path = next((one.path for one in self.units if one.pk == unit), None)
        return [] if path is None else [one for one in self.people if one.path.startswith(path)]


def leads(actor: Actor) -> bool:
    """Does the actor answer for others' deals as well?"""
    return actor.is_system or access.verb_scope(actor, get("deal"), "view") not in {"none", "own"}


def sees_everybody(actor: Actor) -> bool:
    return actor.is_system or access.verb_scope(actor, get("deal"), "view") == "all"


def reach(actor: Actor) -> Reach:
    """Sellers within reach: those who own deals, may have them by their role, or are the actor. Two queries."""
    whole = sees_everybody(actor)
    users = User.objects.filter(is_active=True).filter(people_q(actor)).select_related("department")
    theirs = Deal.objects.filter(owner=OuterRef("pk"), deleted_at=None)
    users = users.filter(Exists(theirs) | Q(pk=actor.user_id))
    people = [
        Person(user.pk, user.name, user.department_id, user.department.path if user.department else "")
        for user in users.order_by("department__path", "pk")
    ]
    return Reach(whole, people, units_of(people, actor, whole=whole), {one.pk: one for one in people})


def people_q(actor: Actor) -> Q:
    """After the scopes of access: own, those who report, the department, with all below it, chosen ones, everybody."""
    scope = "all" if actor.is_system else access.verb_scope(actor, get("deal"), "view")
    me = Q(pk=actor.user_id)
    if scope == "all":
        return Q()
    if scope == "below" and actor.department_path:
        return me | Q(department__path__startswith=actor.department_path)
    if scope == "team" and actor.department_id:
        return me | Q(department=actor.department_id)
    if scope == "reports":
        return me | Q(manager=actor.user_id)
    if scope == "chosen":
        owners = access.scope(actor, "deal").order_by().values("owner").distinct()
        return me | Q(pk__in=owners)
    return me


def units_of(people: Sequence[Person], actor: Actor, *, whole: bool) -> list[Unit]:
    """The departments that hold somebody, and those between them and the top (or the actor's own department)."""
    wanted = {int(part) for one in people for part in one.path.split("/") if part}
    rows = Department.objects.filter(pk__in=wanted, deleted_at=None).order_by("path")
    units = [Unit(one.pk, one.name, one.path, one.parent_id) for one in rows]
    if whole:
        return units
    return [one for one in units if actor.department_path and one.path.startswith(actor.department_path)]
