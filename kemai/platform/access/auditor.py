"""Who may read the audit: administrators, and those to whose role it is granted by name (安全审计员). "All object
types" does not include it: whoever sees all business data does not thereby see what everybody did."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.db.models import Q

from kemai.platform.access.actor import Actor
from kemai.platform.access.grants import rights
from kemai.platform.models import Grant, Role

AUDIT = "audit"


def may_audit(actor: Actor) -> bool:
    return actor.is_system or actor.is_admin or is_auditor(actor)


def overseers() -> list[int]:
    """Those who are told where somebody may be taking data out: auditors and administrators."""
    audit = Q(type_key=AUDIT, verb="view") & ~Q(scope="none")
    held = Role.objects.filter(Q(is_admin=True) | Q(pk__in=Grant.objects.filter(audit).values("role")))
    people = get_user_model()._default_manager.filter(is_active=True, roles__in=held)
    return list(people.order_by("pk").values_list("pk", flat=True).distinct())


def is_auditor(actor: Actor) -> bool:
    return rights(actor).verbs.get((AUDIT, "view"), "none") != "none"
