"""How allauth behaves here: nobody signs up by himself, and every log-in starts a new session key."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import F, Subquery
from django.http import HttpRequest

from kemai.platform.access import Held, actor_for
from kemai.platform.models import Setting
from kemai.staff.models import User
from kemai.staff.services import sessions, trail

if TYPE_CHECKING:
    from django.db.models import QuerySet

VERSION = {"rights_version": Subquery(Setting.objects.filter(key="rights_version").values("value")[:1])}
"""Read with the person, so that a right taken away is gone at the next request, and costs no question more."""


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """People are taken on by an administrator."""
        return False

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        super().login(request, user)
        # Django keeps the key when the same person logs in again; a new log-in deserves a new key always
        request.session.cycle_key()
        sessions.note(request, cast(User, user))
        trail.at_the_door("login", request, cast(User, user))

    def authentication_failed(self, request: HttpRequest, **credentials: object) -> None:
        """What was tried, never the password."""
        super().authentication_failed(request, **credentials)
        tried = str(credentials.get("username") or credentials.get("email") or "")
        trail.at_the_door("login_failed", request, None, tried[:150])

    def logout(self, request: HttpRequest) -> None:
        if request.user.is_authenticated:
            trail.at_the_door("logout", request, request.user)
        super().logout(request)

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """One's own, on the account's page; administrators' ways are in `services.people`."""
        super().set_password(user, password)
        by = actor_for(user)
        trail.leave("update", "user", cast(User, user).pk, by=by, diff={"password": ["***", "***"]})


class Backend(AuthenticationBackend):  # type: ignore[misc]
    """allauth's way of checking names, e-mail addresses and passwords; a user comes with department and roles."""

    def get_user(self, user_id: int) -> User | None:
        people: QuerySet[User] = User.objects.filter(pk=user_id, is_active=True).select_related("department")
        rows = list(people.annotate(held_role=F("roles__id"), held_admin=F("roles__is_admin"), **VERSION))
        if not rows:
            return None
        user = rows[0]
        held = [Held(row.held_role, bool(row.held_admin)) for row in rows if row.held_role is not None]
        user.held_roles = held  # type: ignore[attr-defined]
        return user
