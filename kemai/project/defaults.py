"""What a new installation begins with: roles, strategies of the chain sheet, business defaults."""

from __future__ import annotations


def ensure_defaults() -> None:
    """Makes what is missing and leaves alone what somebody changed. Cheap when all is there."""
    from kemai.customers.services.chain import ensure_defaults as chain_defaults
    from kemai.staff.services.roles import ensure_builtin_roles

    ensure_builtin_roles()
    chain_defaults()
