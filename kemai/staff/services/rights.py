"""What administrators set about rights besides roles: limits, the manager's sight; and whom a question is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from kemai.platform import access
from kemai.platform.access import Actor, Limits, actor_for, beyond, limits, reading
from kemai.platform.access.limits import KEY
from kemai.platform.access.wording import VERB_LABELS, scope_text
from kemai.platform.models import Setting, ShareRule
from kemai.platform.objects import VERBS, ObjectType, all_types
from kemai.platform.records import FieldErrors, sharing
from kemai.staff.models import User
from kemai.staff.services.trail import leave, require_admin

RANGES = {
    "reveal_day": (0, 10_000), "reveal_warn": (0, 10_000), "export_rows": (0, 1_000_000),
    "api_rows_hour": (0, 10_000_000), "page_rows_hour": (reading.LEAST, 1_000_000), "export_day": (0, 10_000_000),
}  # fmt: skip


@dataclass(frozen=True)
class ScopeLine:
    """What somebody may do with one type: {verb: the scope's name}."""

    type: ObjectType
    cells: Mapping[str, str]


def manager_sees() -> bool:
    found = Setting.objects.filter(key=beyond.MANAGER_SEES).values_list("value", flat=True).first()
    return bool(found)


def save_limits(values: Mapping[str, str], sees: bool, *, by: Actor) -> None:
    """Raises Denied, FieldErrors."""
    require_admin(by)
    errors, wanted = {}, {}
    for name in RANGES:
        number, errors_of = limit_of(name, str(values.get(name, "")))
        if number is None:
            errors[name] = errors_of
        else:
            wanted[name] = number
    if errors:
        raise FieldErrors(errors)
    with transaction.atomic():
        old = {**limits()._asdict(), "manager_sees": manager_sees()}
        new = {**Limits(**wanted)._asdict(), "manager_sees": sees}
        diff = {name: [old[name], new[name]] for name in new if old[name] != new[name]}
        if diff:
            Setting.objects.update_or_create(key=KEY, defaults={"value": wanted})
            Setting.objects.update_or_create(key=beyond.MANAGER_SEES, defaults={"value": sees})
            leave("update", "access", 0, by=by, diff=diff)
            access.rights_changed()


def limit_of(name: str, typed: str) -> tuple[int | None, str]:
    """The number that was typed for a limit, or what is wrong with it."""
    low, most = RANGES[name]
    text = typed.strip()
    if text.isascii() and text.isdigit() and len(text) < 9 and low <= int(text) <= most:
        return int(text), ""
    return None, _("请填写 %(low)s 到 %(most)s 的整数") % {"low": low, "most": f"{most:,}"}


def rule_rows() -> QuerySet[ShareRule]:
    return ShareRule.objects.order_by("pk")


def rules() -> list[ShareRule]:
    return list(rule_rows())


def shareable_types() -> list[ObjectType]:
    return [one for one in all_types() if sharing.shareable(one)]


def person_of(key: str) -> User | None:
    if not (key.isascii() and key.isdigit() and len(key) < 18):
        return None
    return User.objects.select_related("department").filter(pk=int(key)).first()


def scopes_of(user: User) -> list[ScopeLine]:
    """Everything that somebody's roles allow, type by type: what the pages look like to them."""
    actor = actor_for(user)
    found = []
    for one in all_types():
        cells = {
            verb: scope_text(scope, conditional=False)
            for verb in VERBS
            if (scope := access.verb_scope(actor, one, verb)) != "none"
        }
        if cells:
            found.append(ScopeLine(one, cells))
    return found


def verbs() -> list[dict[str, Any]]:
    return [{"key": verb, "label": VERB_LABELS[verb]} for verb in VERBS]
