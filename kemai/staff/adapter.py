"""How allauth behaves here: nobody signs up by himself, and every log-in starts a new session key."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import F
from django.http import HttpRequest

from kemai.platform.access import Held
from kemai.staff.models import User
from kemai.staff.services import sessions

if TYPE_CHECKING:
    from django.db.models import QuerySet


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """People are taken on by an administrator."""
        return False

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        super().login(request, user)
        # Django keeps the key when the same person logs in again; a new log-in deserves a new key always
        request.session.cycle_key()
        sessions.note(request, cast(User, user))


class Backend(AuthenticationBackend):  # type: ignore[misc]
    """allauth's way of checking names, e-mail addresses and passwords; a user comes with department and roles."""

    def get_user(self, user_id: int) -> User | None:
        people: QuerySet[User] = User.objects.filter(pk=user_id, is_active=True).select_related("department")
        rows = list(people.annotate(held_role=F("roles__id"), held_admin=F("roles__is_admin")))
        if not rows:
            return None
        user = rows[0]
        held = [Held(row.held_role, bool(row.held_admin)) for row in rows if row.held_role is not None]
        user.held_roles = held  # type: ignore[attr-defined]
        return user
