"""Who a session belongs to, read in one question: the person, their department and their roles."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.db.models import F

from kemai.platform.access import Held
from kemai.staff.models import User


class Backend(AuthenticationBackend):  # type: ignore[misc]
    """Every page asks this; the log-in itself is allauth's."""

    def get_user(self, user_id: Any) -> User | None:
        people = User.objects.filter(pk=user_id, is_active=True).select_related("department")
        rows = list(people.annotate(held_role=F("roles__id"), held_admin=F("roles__is_admin")))
        if not rows:
            return None
        user = rows[0]
        user.held_roles = [  # type: ignore[attr-defined]
            Held(row.held_role, bool(row.held_admin)) for row in rows if row.held_role is not None
        ]
        return user
