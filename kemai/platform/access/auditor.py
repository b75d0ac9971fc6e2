"""Who may read the audit: administrators, and those to whose role it is granted by name (安全审计员). "All object
types" does not include it: whoever sees all business data does not thereby see what everybody did."""

from __future__ import annotations

from kemai.platform.access.actor import Actor
from kemai.platform.access.grants import rights

AUDIT = "audit"


def may_audit(actor: Actor) -> bool:
    return actor.is_system or actor.is_admin or is_auditor(actor)


def is_auditor(actor: Actor) -> bool:
    return rights(actor).verbs.get((AUDIT, "view"), "none") != "none"
