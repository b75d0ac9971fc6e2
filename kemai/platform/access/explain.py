"""Who may do what with a record, by which grant, and why somebody may not.

Worked out in memory from the record's facts (owner, department, reporting line, members, rules that match), not by the
SQL of `reach`: a test holds the two against each other, so that what is told is what happens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.platform.access import commons
from kemai.platform.access.actor import OF_EMERGENCY, Actor, Held, actor_for, rights_version
from kemai.platform.access.beyond import LEVEL_OF, Rule, load_shared
from kemai.platform.access.grants import Reach, department_paths, reach_of, root_type
from kemai.platform.access.levels import field_levels
from kemai.platform.access.locks import why_locked
from kemai.platform.access.reach import lineage, where_q
from kemai.platform.access.wording import SCOPE_LABELS, VERB_LABELS, held_roles, role_name
from kemai.platform.fields import clauses
from kemai.platform.models import Change, FieldRule, Grant, Member
from kemai.platform.models.rights import LEVELS
from kemai.platform.models.sharing import SHARE_LEVELS
from kemai.platform.objects import ObjectType, get

Says = Callable[[ObjectType, Any], str]
"""A condition in words; '' where it cannot be told."""


@dataclass(frozen=True)
class Cause:
    """One grant that lets somebody in: `kind` is role, member, rule, manager, place or emergency."""

    kind: str
    text: str


@dataclass(frozen=True)
class Owner:
    id: int
    name: str
    department: int | None
    path: str
    managers: frozenset[int]


@dataclass
class Facts:
    """What decides about one record."""

    type: ObjectType
    id: int
    root: ObjectType
    root_id: int
    owner: Owner | None
    own_owner: Owner | None
    members: Sequence[Member]
    rules: Sequence[Rule]
    manager_sees: bool
    place: commons.Place | None = None
    passed: dict[tuple[str, str], bool] = field(default_factory=dict)
    departments: dict[int, str] = field(default_factory=dict)

    def passes(self, of: ObjectType, where: str, actor: Actor) -> bool:
        """Does the record (or the one it belongs to) pass a stored condition? Asked once for everybody, but for those
        that speak of "me"."""
        known = (of.key, where if '"me"' not in where else f"{actor.user_id} {where}")
        if known not in self.passed:
            key = self.id if of is self.type else self.root_id
            rows = of.records().filter(where_q(actor, of, of, where), pk=key)
            self.passed[known] = rows.exists()
        return self.passed[known]


@dataclass(frozen=True)
class Explained:
    """`causes` by verb; an absent verb is refused, and `refusals` says why."""

    causes: Mapping[str, Sequence[Cause]]
    refusals: Mapping[str, str]

    @property
    def sees(self) -> bool:
        return "view" in self.causes


def facts_of(object_type: ObjectType, key: int) -> Facts | None:
    """None where there is no such record."""
    root = root_type(object_type)
    record: Any = object_type.records().filter(pk=key).first()
    if record is None:
        return None
    above: Any = record
    for step, spec in lineage(object_type):
        named = step.model._default_manager.filter(pk=above.pk).values(spec.value_path)
        above = get(spec.ref).model._default_manager.get(pk__in=named)
    shared = load_shared(rights_version())
    members = []
    if root.key in shared.member_types:
        members = list(Member.objects.filter(type_key=root.key, object_id=above.pk).select_related("user"))
    own = owner_of(record.owner_id) if object_type.parent and object_type.has_owner else None
    return Facts(
        object_type,
        key,
        root,
        above.pk,
        owner_of(above.owner_id) if root.has_owner else None,
        own,
        members,
        [rule for rule in shared.rules if rule.type_key == root.key],
        shared.manager_sees,
        commons.place_of(root, above.pk, rights_version()) if root is object_type else None,
        departments=member_departments(members),
    )


def member_departments(members: Iterable[Member]) -> dict[int, str]:
    wanted = [one.department for one in members if one.department]
    if not wanted:
        return {}
    model: Any = get_user_model()._meta.get_field("department").related_model
    return dict(model._default_manager.filter(pk__in=wanted).values_list("pk", "name"))


def owner_of(key: int | None) -> Owner | None:
    people = get_user_model()._default_manager
    found: Any = people.select_related("department").filter(pk=key).first() if key else None
    if found is None:
        return None
    managers: set[int] = set()
    above = found.manager_id
    while above is not None and above not in managers:
        managers.add(above)
        above = people.filter(pk=above).values_list("manager", flat=True).first()
    path = found.department.path if found.department else ""
    return Owner(found.pk, str(found), found.department_id, path, frozenset(managers))


class Court:
    """Judges everybody about one record; the grants of all roles are read once."""

    def __init__(
        self,
        facts: Facts,
        verbs: Sequence[str] = ("view",),
        *,
        refusals: bool = True,
        says: Says | None = None,
    ) -> None:
        self.facts = facts
        self.says = says
        """Puts the condition of a grant into words, for a reader who may know it."""
        self.refusals = refusals
        """Are the reasons against wanted, too? For a crowd they would cost more than all the rest."""
        self.verbs = verbs
        wanted = {"*", facts.type.key, facts.root.key}
        grants = list(
            Grant.objects.filter(type_key__in=wanted, verb__in={*verbs, "view"}).select_related("role")
        )
        paths = department_paths({int(key) for one in grants for key in one.departments})
        self.grants: dict[int, list[tuple[Grant, Reach]]] = {}
        for one in grants:
            if one.scope != "none":
                self.grants.setdefault(one.role_id, []).append((one, reach_of(one, paths)))

    def explain(self, actor: Actor) -> Explained:
        causes: dict[str, Sequence[Cause]] = {}
        refusals: dict[str, str] = {}
        seeing = {one: self.judge(one, "view") for one in {actor, actor.everyday}}
        for verb in self.verbs:
            sees, why = seeing[actor.judged(verb)]
            found, reason = (sees, why) if verb == "view" else self.judge(actor.judged(verb), verb)
            if found and sees:
                causes[verb] = found
            else:
                refusals[verb] = reason if not found else why
        return Explained(causes, refusals)

    def judge(self, actor: Actor, verb: str) -> tuple[list[Cause], str]:
        """The grants that allow a verb, else why there is none. The parent has to allow being seen as well."""
        if actor.is_system:
            return [Cause("system", _("系统"))], ""
        facts = self.facts
        if facts.type.administered and verb != "view":
            return [], _("%(type)s只能在设置里管理") % {"type": facts.type.label}
        found, reason = self.on(actor, facts.type, verb)
        if found and facts.root is not facts.type:
            above, why = self.on(actor, facts.root, "view")
            if not above:
                return [], _("看不到它所属的%(type)s：%(why)s") % {"type": facts.root.label, "why": why}
        return found, reason

    def on(self, actor: Actor, of: ObjectType, verb: str) -> tuple[list[Cause], str]:
        """What roles grant on a type, and what is shared beyond that where they grant anything."""
        held = [
            (grant, reach)
            for role in actor.role_ids
            for grant, reach in self.grants.get(role, ())
            if grant.verb == verb and grant.type_key in {"*", of.key}
        ]
        if actor.in_emergency and verb in OF_EMERGENCY:
            return [*self.found(actor, of, verb, held), by_emergency(actor)], ""
        if not held:
            if not self.refusals:
                return [], ""
            label = {"type": of.label, "verb": VERB_LABELS[verb]}
            return [], _("没有任何角色给予“%(verb)s%(type)s”的权限") % label
        found = self.found(actor, of, verb, held)
        if found or not self.refusals:
            return found, ""
        return found, clauses([self.outside(held, of, verb), *self.over(actor, verb)])

    def found(
        self, actor: Actor, of: ObjectType, verb: str, held: Sequence[tuple[Grant, Reach]]
    ) -> list[Cause]:
        found = [
            self.by_role(grant, reach)
            for grant, reach in held
            if self.reaches(actor, of, reach, own=verb != "create")
        ]
        return found + self.beyond(actor, of, verb)

    def outside(self, held: Sequence[tuple[Grant, Reach]], of: ObjectType, verb: str) -> str:
        texts = dict.fromkeys(self.granted(grant) for grant, _reach in held)
        owner = self.facts.owner.name if self.facts.owner else _("无（没有负责人）")
        label = {"grants": clauses(texts), "owner": owner, "type": of.label, "verb": VERB_LABELS[verb]}
        if not self.facts.root.has_owner:
            return _("%(grants)s，这条记录不符合条件") % label
        return _("%(grants)s；负责人是 %(owner)s") % label

    def over(self, actor: Actor, verb: str) -> list[str]:
        """Memberships that have ended: what let them in once is the first thing that somebody asks about."""
        levels, root = LEVEL_OF.get(verb, ()), self.facts.root
        if not levels or not root.has_owner:
            return []
        ended = dict.fromkeys(
            str(one["until"])
            for one in ended_members(root.key, self.facts.root_id)
            if one.get("level") in levels and was_for(actor, one)
        )
        return [_("曾是这条记录的成员，到 %(until)s，已到期") % {"until": until} for until in ended]

    def granted(self, grant: Grant) -> str:
        kind = _("所有对象") if grant.type_key == "*" else str(get(grant.type_key).label)
        scope = str(SCOPE_LABELS[grant.scope])
        text = _("角色“%(role)s”对%(type)s“%(verb)s”的范围是“%(scope)s”") % {
            "role": role_name(grant.role), "type": kind, "verb": VERB_LABELS[grant.verb], "scope": scope,
        }  # fmt: skip
        if not grant.where:
            return text
        where = self.says(get(grant.type_key), grant.where) if self.says and grant.type_key != "*" else ""
        if where:
            return _("%(grant)s，只限符合条件的：%(where)s") % {"grant": text, "where": where}
        return _("%(grant)s（带条件）") % {"grant": text}

    def by_role(self, grant: Grant, reach: Reach) -> Cause:
        text = self.granted(grant)
        if reach.scope not in {"all", "none"} and self.facts.owner:
            text = _("%(grants)s；负责人是 %(owner)s") % {"grants": text, "owner": self.facts.owner.name}
        return Cause("role", text)

    def reaches(self, actor: Actor, of: ObjectType, reach: Reach, *, own: bool = True) -> bool:
        facts = self.facts
        if reach.where and not facts.passes(of, reach.where, actor):
            return False
        if reach.scope == "all" or not facts.root.has_owner:
            return True
        owners = [facts.owner]
        if own and of is facts.type and facts.own_owner is not None:
            owners.append(facts.own_owner)
        return any(owner is not None and owned(actor, owner, reach) for owner in owners)

    def beyond(self, actor: Actor, of: ObjectType, verb: str) -> list[Cause]:
        facts, levels = self.facts, LEVEL_OF.get(verb, ())
        if not facts.root.has_owner or not levels:
            return []
        child = "" if of is facts.root else f",{facts.type.key},"
        found = [
            self.by_member(one)
            for one in facts.members
            if one.level in levels and child in one.children and member_now(actor, one)
        ]
        found += [
            Cause("rule", _("共享规则“%(name)s”") % {"name": rule.name})
            for rule in facts.rules
            if rule.level in levels
            and child in rule.children
            and rule.is_for(actor)
            and facts.passes(facts.root, rule.where, actor)
        ]
        managed = facts.owner is not None and actor.user_id in facts.owner.managers
        if facts.manager_sees and verb == "view" and managed and facts.owner:
            found.append(Cause("manager", _("是负责人 %(owner)s 的上级") % {"owner": facts.owner.name}))
        if facts.place is not None and verb == "view" and of is facts.type and facts.place.is_for(actor):
            found.append(Cause("place", _("它在公海“%(name)s”里") % {"name": facts.place.name}))
        return found

    def by_member(self, member: Member) -> Cause:
        level = next((o.label for o in SHARE_LEVELS if o.value == member.level), "")
        if member.user_id:
            text = _("是这条记录的成员（%(level)s）") % {"level": level}
        else:
            name = self.facts.departments.get(member.department or 0, "")
            text = _("所在部门“%(name)s”是这条记录的成员（%(level)s）") % {"name": name, "level": level}
        if member.until:
            text = _("%(text)s，到 %(until)s") % {"text": text, "until": member.until.isoformat()}
        return Cause("member", text)


def by_emergency(actor: Actor) -> Cause:
    until = timezone.localtime(actor.emergency_until, timezone.get_default_timezone())
    return Cause("emergency", _("应急访问，到 %(until)s") % {"until": f"{until:%H:%M}"})


def owned(actor: Actor, owner: Owner, reach: Reach) -> bool:
    if owner.id == actor.user_id:
        return True
    match reach.scope:
        case "reports":
            return actor.user_id in owner.managers
        case "chosen":
            return any(owner.path.startswith(path) for path in reach.paths)
        case "below" if actor.department_path:
            return owner.path.startswith(actor.department_path)
        case "team" | "below":
            return actor.department_id is not None and owner.department == actor.department_id
    return False


def ended_members(type_key: str, key: int) -> list[Mapping[str, Any]]:
    """The memberships of a record whose day is over: those that the clock has taken away already, out of the log, and
    those that it will in a minute."""
    today = timezone.localdate(timezone=timezone.get_default_timezone())
    still = Member.objects.filter(type_key=type_key, object_id=key, until__lt=today)
    found: list[Mapping[str, Any]] = list(still.values("user", "department", "level", "until"))
    logged = Change.objects.filter(type_key=type_key, object_id=key, changeset__outcome__has_key="ended")
    told = logged.order_by("-pk").values_list("changeset__outcome", flat=True)[:50]
    found += [one["ended"] for one in told if one]
    return found


def was_for(actor: Actor, one: Mapping[str, Any]) -> bool:
    if one.get("user") is not None:
        return bool(one["user"] == actor.user_id)
    return one.get("department") in actor.department_ids


def member_now(actor: Actor, member: Member) -> bool:
    today = timezone.localdate(timezone=timezone.get_default_timezone())
    if member.until is not None and member.until < today:
        return False
    if member.user_id is not None:
        return member.user_id == actor.user_id
    return member.department in actor.department_ids


def find_record(object_type: ObjectType, text: str) -> int | None:
    """The key of the record with this key or number: for administrators who ask about somebody's rights."""
    records = object_type.records()
    if object_type.numbering is not None:
        named = records.filter(**{object_type.fields[object_type.numbering.field].path: text})
        found = named.values_list("pk", flat=True).first()
        if text and found is not None:
            return int(found)
    if text.isascii() and text.isdigit() and len(text) < 18 and records.filter(pk=int(text)).exists():
        return int(text)
    return None


def explain(
    actor: Actor, object_type: ObjectType, key: int, verbs: Sequence[str], *, says: Says | None = None
) -> Explained | None:
    """Why the actor may or may not use these verbs on a record; None where there is no such record."""
    facts = facts_of(object_type, key)
    return Court(facts, verbs, says=says).explain(actor) if facts else None


@dataclass(frozen=True)
class Seer:
    id: int
    name: str
    department: str
    causes: Sequence[Cause]
    edits: bool


def seers(object_type: ObjectType, key: int, limit: int = 2000) -> list[Seer]:
    """Everybody working here who sees a record, with the reasons."""
    facts = facts_of(object_type, key)
    if facts is None:
        return []
    court = Court(facts, ("view", "edit"), refusals=False)
    people = get_user_model()._default_manager.filter(is_active=True).select_related("department")
    found = []
    person: Any
    for person in people.prefetch_related("roles").order_by("name", "pk")[:limit]:
        actor = actor_of(person)
        told = court.explain(actor)
        if told.sees:
            department = str(person.department or "")
            found.append(Seer(person.pk, str(person), department, told.causes["view"], "edit" in told.causes))
    return found


def actor_of(person: Any) -> Actor:
    """The actor of a person whose roles have been read ahead."""
    person.held_roles = [Held(role.pk, role.is_admin) for role in person.roles.all()]
    return actor_for(person, sits=True)


def explain_field(actor: Actor, object_type: ObjectType, name: str) -> tuple[str, list[str]]:
    """The level at which the actor sees a field of a type, and what each of their roles says of it."""
    spec = object_type.fields[name]
    rules = dict(
        FieldRule.objects.filter(role__in=actor.role_ids, type_key=object_type.key, field=name).values_list(
            "role", "level"
        )
    )
    labels = {option.value: str(option.label) for option in LEVELS}
    level = field_levels(actor, object_type)[name]
    lines = []
    for role in held_roles(actor):
        told = labels.get(rules[role.pk], "") if role.pk in rules else _("默认")
        lines.append(_("角色“%(role)s”：%(level)s") % {"role": role_name(role), "level": told})
    if why := why_locked(actor, object_type, name):
        lines.append(why)
    if spec.personal:
        lines.append(_("个人信息：没有“查看脱敏内容”权限的记录默认脱敏"))
    return level, lines
