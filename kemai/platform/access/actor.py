"""Who acts. Every read and write of records names its actor; nothing looks for one in the air."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Subquery
from django.utils import timezone

from kemai.kit import tracing
from kemai.platform.fields import Moment
from kemai.platform.models import Setting
from kemai.platform.objects import own

EMERGENCY = 0
"""Among an actor's roles: an emergency is running (`Actor.emergency_until`). No role in the database has this key, so
that nobody can be given it; it is another set of roles to whatever is kept by roles."""
OF_EMERGENCY = frozenset({"view", "reveal"})
"""What an emergency gives. Whatever else somebody does is judged as on every other day."""


@dataclass(frozen=True)
class Actor:
    """A person, a program with a person's token, or the system itself (analyses, schedules, the demo).

    `source` says through which door: form, api, mcp, import, rule, analysis, system."""

    name: str
    user_id: int | None = None
    department_id: int | None = None
    department_path: str = ""
    role_ids: tuple[int, ...] = ()
    is_admin: bool = False
    is_system: bool = False
    read_only: bool = False
    types: frozenset[str] = frozenset()
    """The objects that a token is bound to; empty: no bound but the roles'."""
    source: str = "form"
    language: str = "zh-hans"
    address: str = ""
    """The network address the request came from."""
    via: str = ""
    """The session or token it came through, as the audit names it."""
    rights_version: str = ""
    """As read with the person; "" looks it up."""
    emergency_until: datetime | None = None
    """Until then an emergency runs: the pages say so. It counts where `in_emergency`."""
    request_id: str = field(default_factory=lambda: tracing.current() or tracing.fresh())

    @property
    def department_ids(self) -> tuple[int, ...]:
        """The actor's department and all above it: what is shared with one of them is shared with the actor."""
        return tuple(int(part) for part in self.department_path.split("/") if part)

    @property
    def in_emergency(self) -> bool:
        return EMERGENCY in self.role_ids

    @property
    def everyday(self) -> Actor:
        """The actor without what a running emergency lets them see."""
        if not self.in_emergency:
            return self
        held = tuple(one for one in self.role_ids if one != EMERGENCY)
        return replace(self, role_ids=held)

    def judged(self, verb: str) -> Actor:
        """As whom a verb is judged."""
        return self if verb in OF_EMERGENCY else self.everyday

    def through(self, source: str) -> Actor:
        """The same actor at another door; an emergency stays at the page where somebody sits."""
        return replace(self if source == "form" else self.everyday, source=source)

    def moment(self, now: datetime | None = None) -> Moment:
        return Moment(now or timezone.now(), timezone.get_default_timezone(), self.user_id)


SYSTEM = Actor(name="system", is_system=True, source="system")


class Held(NamedTuple):
    """A role that a person has."""

    id: int
    is_admin: bool


_looked_up: list[tuple[float, str]] = []
"""Until when the version of the rights is known, and the version."""

VERSIONS = (own.RIGHTS, own.META)


def versions() -> dict[str, Subquery]:
    """What a person's row is annotated with: the versions of rights and of definitions, so that a right taken away is
    gone and a form published is there at the next request, in every process, and costs no question more."""
    return {key: Subquery(Setting.objects.filter(key=key).values("value")[:1]) for key in VERSIONS}


def rights_version() -> str:
    """Changes whenever a role, a member or the tree of departments does; shared by all processes through a setting
    row. Requests read it with the person (Actor.rights_version), others look it up once a second."""
    until, version = _looked_up[0] if _looked_up else (0.0, "")
    # asked some dozens of times a page: a cache's lock and pickle would cost more
    if until < time.monotonic():
        version = own.look()["rights_version"]
        _looked_up[:] = [(time.monotonic() + 1, version)]
    return version


def forget_version() -> None:
    _looked_up.clear()


def noticed(version: str) -> None:
    """A request has read this version of the rights: one that was looked up before is no longer good enough. What a
    page tells about others (`explain`) must not be older than what it lets its reader do."""
    if _looked_up and _looked_up[0][1] != version:
        forget_version()


def actor_for(user: Any, *, source: str = "form", sits: bool = False) -> Actor:
    """The actor of a user: a row of the user model with department, roles and language. One query for the roles,
    none where the log-in has read them with the person (`held_roles`).

    `sits` says that the person sits at a page: then alone an emergency of theirs counts, never for programs and jobs
    that act with their rights. It ends by the clock, whether or not anything has swept it away."""
    held = getattr(user, "held_roles", None)
    roles = [Held(*pair) for pair in user.roles.values_list("id", "is_admin")] if held is None else held
    department = user.department
    if hasattr(user, own.META):
        own.noticed(str(getattr(user, own.META) or ""))
    rights = str(getattr(user, own.RIGHTS, None) or "")
    if rights:
        noticed(rights)
    is_admin = any(role.is_admin for role in roles)
    until = user.emergency_until if sits and is_admin else None
    if until is not None and until <= timezone.now():
        until = None
    held_ids = [role.id for role in roles] + ([EMERGENCY] if until else [])
    return Actor(
        name=str(user),
        user_id=user.pk,
        department_id=user.department_id,
        department_path=department.path if department else "",
        role_ids=tuple(sorted(held_ids)),
        is_admin=is_admin,
        source=source,
        language=user.language,
        rights_version=rights,
        emergency_until=until,
    )
