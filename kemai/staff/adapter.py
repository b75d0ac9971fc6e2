"""How allauth behaves here: nobody signs up by himself, and every log-in starts a new session key."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

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
    """allauth's way of checking names, e-mail addresses and passwords; a user comes with the department."""

    def get_user(self, user_id: int) -> User | None:
        people: QuerySet[User] = User.objects.select_related("department")
        user = people.filter(pk=user_id).first()
        return user if user is not None and user.is_active else None
