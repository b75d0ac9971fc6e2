"""Grants beyond scope: members of single records, rules that share records, managers who see what their people own.

They widen what a role grants, and only where it grants: who may view no customers at all sees none by being a member
of one. A member sees, or sees and edits; export, transfer, sharing and deletion come from roles alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from django.db.models import Q, QuerySet
from django.utils import timezone

from kemai.platform.access import commons
from kemai.platform.access.actor import Actor
from kemai.platform.access.grants import forgetting, version_of
from kemai.platform.models import Member, Setting, ShareRule
from kemai.platform.objects import ObjectType

LEVEL_OF = {"view": ("read", "edit"), "edit": ("edit",), "create": ("edit",)}
"""The member levels that carry a verb; `create` is for children of the record."""
MANAGER_SEES = "access.manager_sees"


class Rule(NamedTuple):
    id: int
    name: str
    type_key: str
    where: str
    target: str
    target_id: int
    level: str
    children: str

    def is_for(self, actor: Actor) -> bool:
        mine: tuple[int | None, ...] = {
            "user": (actor.user_id,),
            "department": actor.department_ids,
            "role": actor.role_ids,
        }.get(self.target, ())
        return self.target_id in mine


class Shared(NamedTuple):
    """What is shared in the company at all: mostly nothing of a type, and then its queries stay as they are."""

    member_types: frozenset[str]
    rules: tuple[Rule, ...]
    manager_sees: bool
    by_department: bool


@dataclass(frozen=True)
class Extras:
    """What an actor has beyond scope for one verb on one root type."""

    levels: tuple[str, ...]
    members: bool = False
    rules: tuple[Rule, ...] = ()
    reports: bool = False
    places: tuple[int, ...] = ()
    """Where records lie open to the actor (`commons`); their children do not come along."""

    def __bool__(self) -> bool:
        return self.members or self.reports or bool(self.rules or self.places)

    def carried(self, child: str) -> Extras:
        """Those that come along to the child records of a type. What one's people own, its children belong to."""
        rules = tuple(one for one in self.rules if f",{child}," in one.children)
        return Extras(self.levels, self.members, rules, self.reports)


@lru_cache(maxsize=4)
def load_shared(version: str) -> Shared:
    types = frozenset(Member.objects.order_by().values_list("type_key", flat=True).distinct())
    rules = tuple(
        Rule(
            one.pk, one.name, one.type_key, json.dumps(one.where or {}), one.target, one.target_id, one.level,
            one.children,
        )
        for one in ShareRule.objects.filter(active=True).order_by("pk")
    )  # fmt: skip
    sees = Setting.objects.filter(key=MANAGER_SEES).values_list("value", flat=True).first()
    return Shared(types, rules, bool(sees), Member.objects.exclude(department=None).exists())


@lru_cache(maxsize=4096)
def member_of(user_id: int | None, departments: tuple[int, ...], version: str) -> frozenset[tuple[str, str]]:
    """(object key, level) of whatever these are members of, now or formerly."""
    rows = members_for(user_id, departments).order_by().values_list("type_key", "level").distinct()
    return frozenset(rows)


forgetting += [load_shared.cache_clear, member_of.cache_clear]


def members_for(user_id: int | None, departments: tuple[int, ...]) -> QuerySet[Member]:
    mine = Q(user=user_id) | Q(department__in=departments) if departments else Q(user=user_id)
    return Member.objects.filter(mine)


def extras(actor: Actor, root: ObjectType, verb: str) -> Extras:
    """What the actor has beyond scope on records of a type that belong to nobody else's."""
    levels = LEVEL_OF.get(verb, ())
    if actor.is_system or not levels or not root.has_owner or (actor.read_only and verb != "view"):
        return Extras(levels)
    version = version_of(actor)
    shared = load_shared(version)
    rules = tuple(
        one for one in shared.rules if one.type_key == root.key and one.level in levels and one.is_for(actor)
    )
    members = False
    if root.key in shared.member_types:
        found = member_of(actor.user_id, actor.department_ids, version)
        members = any((root.key, level) in found for level in levels)
    places = tuple(one.id for one in commons.open_to(actor, root)) if verb == "view" else ()
    return Extras(levels, members, rules, shared.manager_sees and verb == "view", places)


def member_keys(
    actor: Actor, root: ObjectType, levels: tuple[str, ...], child: str = ""
) -> list[QuerySet[Member]]:
    """The keys of the records of which the actor is a member today (with a child type, of those that carry it): his
    own and his departments' apart, since a database answers each from an index and the two in one from none."""
    mine = [Member.objects.filter(user=actor.user_id)]
    if actor.department_ids and load_shared(version_of(actor)).by_department:
        mine.append(Member.objects.filter(department__in=actor.department_ids))
    return [narrowed(one.filter(type_key=root.key), levels, child) for one in mine]


def narrowed(found: QuerySet[Member], levels: tuple[str, ...], child: str) -> QuerySet[Member]:
    if levels != ("read", "edit"):
        found = found.filter(level__in=levels)
    if child:
        found = found.filter(children__contains=f",{child},")
    today = timezone.localdate(timezone=timezone.get_default_timezone())
    return found.filter(Q(until=None) | Q(until__gte=today))
