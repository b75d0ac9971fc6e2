"""The hand-over desk: everything that a leaver had goes to others, and so does the leaver's name where own fields of
records bear it, in one act that can be taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kemai.platform import audit, events
from kemai.platform.access import Actor, NotVisible
from kemai.platform.fields import Ref, Saying
from kemai.platform.jobs import Progress, enqueue
from kemai.platform.models import ChangeSet, Job
from kemai.platform.objects import ObjectType
from kemai.platform.records import FieldErrors, Kept, Refused
from kemai.platform.records.belongings import Belonging, belongings
from kemai.platform.records.bulk import chunks
from kemai.platform.records.halving import Refusals, halved
from kemai.platform.records.naming import Naming, namings
from kemai.platform.records.recycle import every
from kemai.staff import rules
from kemai.staff.models import User
from kemai.staff.services import people
from kemai.staff.services.trail import require_admin

Part = Belonging | Naming
"""What may go over: the records of a person, and own fields of records that name that person."""
CHUNK = 5000
MOST_LISTED = 1000
"""Refused records that the report names; their number is always exact."""
WORK = "kemai.staff.services.handover.work"
HANDED_OVER = Saying(gettext_noop("离职交接：%(name)s"))


@dataclass(frozen=True)
class Wish:
    """Who leaves, what of his goes over, to whom and how it is dealt out."""

    leaver: int
    types: tuple[str, ...]
    method: str
    receivers: tuple[int, ...] = ()
    weights: tuple[tuple[int, int], ...] = ()
    departments: tuple[int, ...] = ()
    """Their members receive, besides those named."""
    without: tuple[int, ...] = ()
    """People who get nothing (on leave, say)."""
    spare: tuple[str, ...] = ()
    """Numbers or keys of records that stay where they are."""
    reason: str = ""
    deactivate: bool = True

    def plain(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def of(plain: Mapping[str, Any]) -> Wish:
        pairs = tuple((int(user), int(weight)) for user, weight in plain["weights"])
        lists = {
            name: tuple(plain[name]) for name in ("types", "receivers", "departments", "without", "spare")
        }
        return Wish(**{**plain, **lists, "weights": pairs})


@dataclass(frozen=True)
class Line:
    """What goes over of one type or field: how many, and how many to whom."""

    part: Part
    count: int
    to: Mapping[int, int]


def parts() -> list[Part]:
    """Records before fields: who gets a record is named in its fields too."""
    return [*belongings(), *namings("user")]


def holdings(leaver: User) -> list[tuple[Part, int]]:
    """What the person has, by type, and where the person is named, by field."""
    found = [(one, one.of(leaver.pk).count()) for one in parts()]
    return [(one, count) for one, count in found if count]


def receivers_of(wish: Wish) -> list[User]:
    """The people who would receive, in the order of their names. Raises FieldErrors."""
    named = User.objects.filter(is_active=True, pk__in=wish.receivers)
    members = User.objects.none()
    if wish.departments and wish.method != "one":
        members = User.objects.filter(is_active=True, department__in=wish.departments)
    found = (named | members).exclude(pk=wish.leaver).exclude(pk__in=wish.without).distinct()
    order = {key: place for place, key in enumerate(wish.receivers)}
    people_found = sorted(found, key=lambda one: (order.get(one.pk, len(order)), one.name, one.pk))
    if not people_found:
        raise FieldErrors({"receivers": _("请选择接收人（在职，且不是离职者本人）")})
    return people_found[:1] if wish.method == "one" else people_found


def rows_of(wish: Wish, one: Part) -> Any:
    """The leaver's records of a type, or those whose field names the leaver, without those to be spared."""
    rows = one.of(wish.leaver)
    numbering = one.type.numbering
    if wish.spare and numbering is not None:
        rows = rows.exclude(**{f"{one.type.fields[numbering.field].path}__in": wish.spare})
    return rows


def dealt(wish: Wish, receivers: Sequence[User]) -> Iterator[tuple[Part, dict[int, int]]]:
    """Who gets what, part by part in chunks: {record: user}. What follows another record goes where that went."""
    keys = [one.pk for one in receivers]
    went: dict[tuple[str, int], int] = {}
    for one in parts():
        if one.key not in wish.types:
            continue
        loads = one.counts(keys) if wish.method == "load" else {}
        turn = rules.deal(wish.method, keys, dict(wish.weights), loads)
        ids = rows_of(wish, one).order_by("pk").values_list("pk", flat=True)
        for chunk in chunks(list(ids), CHUNK):
            leads = leads_of(one, chunk)
            to: dict[int, int] = {}
            for key in chunk:
                known = [went[lead] for lead in leads.get(key, ()) if lead in went]
                to[key] = known[0] if known else next(turn, keys[0])
                if isinstance(one, Belonging):
                    went[one.type_key, key] = to[key]
            yield one, to


def leads_of(one: Part, ids: Sequence[int]) -> dict[int, list[tuple[str, int]]]:
    """The records whose receiver each of these goes to as well: a field that of its own record before all."""
    found: dict[int, list[tuple[str, int]]] = {}
    if isinstance(one, Naming):
        found = {key: [(one.type_key, key)] for key in ids}
    elif one.follow:
        return {key: [lead] for key, lead in one.follow(ids).items()}
    for key, lead in parents(one.type, ids).items():
        found.setdefault(key, []).append(lead)
    return found


def parents(object_type: ObjectType, ids: Sequence[int]) -> dict[int, tuple[str, int]]:
    """The records that these belong to, where their type has a parent."""
    if not object_type.parent:
        return {}
    spec = object_type.fields[object_type.parent]
    rows = every(object_type).filter(pk__in=ids).values_list("pk", spec.value_path)
    return {key: (spec.ref, parent) for key, parent in rows if parent is not None}


def preview(wish: Wish, *, by: Actor) -> list[Line]:
    """What would go to whom. Raises Denied, FieldErrors."""
    require_admin(by)
    receivers = receivers_of(wish)
    found: dict[str, tuple[Part, Counter[int]]] = {}
    for one, to in dealt(wish, receivers):
        found.setdefault(one.key, (one, Counter()))[1].update(to.values())
    return [Line(one, to.total(), to) for one, to in found.values()]


def start(wish: Wish, *, by: Actor) -> tuple[ChangeSet, Job]:
    """Begins the hand-over: the account is closed at once where that was wished (sessions and tokens die), the records
    follow in the background. Raises Denied, FieldErrors, Refused."""
    require_admin(by)
    leaver = User.objects.filter(pk=wish.leaver).first()
    if leaver is None:
        raise FieldErrors({"leaver": _("没有这位员工")})
    if not wish.types:
        raise FieldErrors({"types": _("请至少选择一类要交接的内容")})
    receivers_of(wish)
    with transaction.atomic():
        if wish.deactivate:
            people.set_active(leaver, False, by=by)
        title = _("离职交接：%(name)s") % {"name": leaver.name}
        changes = audit.open_set(
            "handover", "user", by=by, reason=wish.reason or HANDED_OVER.kept(name=leaver.name)
        )
        told = {"leaver": leaver.pk, "name": leaver.name, "wish": wish.plain(), "lines": {}}
        ChangeSet.objects.filter(pk=changes.pk).update(outcome=told)
        args = {"changeset": changes.pk, "by": by.user_id, "address": by.address, "via": by.via}
        job = enqueue(WORK, args, key=f"handover/{leaver.pk}", user=by.user_id, title=title, again=True)
    return changes, job


def report_of(pk: int) -> tuple[ChangeSet, Job | None]:
    """A hand-over and its job. Raises NotVisible."""
    changes = ChangeSet.objects.filter(pk=pk, kind="handover").first() if 0 < pk < 2**63 else None
    if changes is None or not changes.outcome:
        raise NotVisible
    job = Job.objects.filter(key=f"handover/{changes.outcome['leaver']}", args__changeset=changes.pk).first()
    return changes, job


def work(progress: Progress, *, changeset: int, by: int, address: str = "", via: str = "") -> dict[str, int]:
    """The job. What has gone over already is not the leaver's any more, so that a second run goes on with the rest."""
    from kemai.platform.access import actor_for

    changes = ChangeSet.objects.get(pk=changeset)
    if changes.undone_by_id is not None:
        raise Refused("undone", _("这次交接已经撤销"))
    told = dict(changes.outcome or {})
    wish = Wish.of(told["wish"])
    user = User.objects.select_related("department").get(pk=by)
    # an administrator may not read customers, yet must be able to hand them over: only owners change here
    actor = replace(actor_for(user), is_system=True, address=address, via=via)
    receivers = receivers_of(wish)
    names = {one.pk: one.name for one in receivers}
    total = sum(rows_of(wish, one).count() for one in parts() if one.key in wish.types)
    lines: dict[str, Counter[str]] = {key: Counter(value) for key, value in told["lines"].items()}
    left: list[Kept] = []
    done = 0
    for one, to in dealt(wish, receivers):
        with transaction.atomic():
            gone, refused = hand(
                one, {key: Ref(user, names[user]) for key, user in to.items()}, actor, changes
            )
            field = one.field if isinstance(one, Naming) else ""
            left += [Kept(one.type_key, key, field, why) for key, why in refused]
            lines.setdefault(one.key, Counter()).update(str(to[key]) for key in gone)
            told |= {"lines": {key: dict(value) for key, value in lines.items()}}
            told |= {"left": [list(kept) for kept in left[:MOST_LISTED]], "left_count": len(left)}
            ChangeSet.objects.filter(pk=changes.pk).update(outcome=told)
        done += len(to)
        progress(done, total)
    with transaction.atomic():
        payload = {"name": told["name"], "lines": told["lines"]}
        events.emit("handover.done", "user", wish.leaver, changes, payload)
    return {"changeset": changes.pk, "count": done}


def hand(one: Part, to: Mapping[int, Ref], by: Actor, changes: ChangeSet) -> tuple[set[int], Refusals]:
    """One chunk; a record that a rule refuses (a field that must be unique, say) stays, and the others go."""
    return halved(list(to), lambda some: one.put({key: to[key] for key in some}, by=by, changes=changes))
