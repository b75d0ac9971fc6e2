"""How allauth behaves here: nobody signs up by himself, wrong tries are counted by us, every log-in starts a new
session key, and secrets lie encrypted."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db.models import F
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy

from kemai.platform.access import Held, actor_for, versions
from kemai.platform.access.origin import address_of
from kemai.staff.models import User
from kemai.staff.services import directory, emergency, known, sealing, sessions, throttle, trail
from kemai.staff.services.ldap import DirectoryError

if TYPE_CHECKING:
    from django.db.models import QuerySet


log = logging.getLogger(__name__)
SAID = {
    "unreachable": gettext_lazy("公司目录现在连不上，请稍后再试。"),
    "not_allowed": gettext_lazy("密码正确，但您不在允许登录客脉的组里，请联系管理员。"),
    "nobody": gettext_lazy("密码正确，但客脉里没有与您对应的在职员工，请联系管理员。"),
    "closed": gettext_lazy("密码正确，但您在公司目录里的账号已停用、已到期，或现在不许登录，请联系管理员。"),
    "expired": gettext_lazy("公司目录里的密码已过期，请先在公司电脑或门户上修改。"),
    "several": gettext_lazy("公司目录里有不止一个这样的人，请用另一个登录名，或联系管理员。"),
}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """People are taken on by an administrator."""
        return False

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        super().login(request, user)
        # Django keeps the key when the same person logs in again; a new log-in deserves a new key always
        request.session.cycle_key()
        sessions.begin(request, cast(User, user))
        trail.at_the_door("login", request, cast(User, user))

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **told: Any) -> HttpResponseBase:
        answer: HttpResponseBase = super().post_login(request, user, **told)
        known.remember(answer, cast(User, user))
        return answer

    def pre_authenticate(self, request: HttpRequest, **credentials: object) -> None:
        """Raises ValidationError after too many wrong tries."""
        name = tried(credentials)
        if not throttle.admit(name, address_of(request), known.browser(request, name)):
            raise self.validation_error("too_many_login_attempts")

    def authenticate(self, request: HttpRequest, **credentials: object) -> AbstractBaseUser | None:
        try:
            user: AbstractBaseUser | None = super().authenticate(request, **credentials)
        except DirectoryError as error:
            log.warning("log-in by the directory: %s", error)
            self.authentication_failed(request, reason=error.code, **credentials)
            raise ValidationError(SAID.get(error.code, SAID["unreachable"])) from error
        if user is not None:
            name = tried(credentials)
            throttle.forgive(name, address_of(request), known.browser(request, name))
        return user

    def authentication_failed(self, request: HttpRequest, **credentials: object) -> None:
        """What was tried, never the password."""
        super().authentication_failed(request, **credentials)
        reason = str(credentials.get("reason", ""))
        trail.at_the_door("login_failed", request, None, f"{tried(credentials)[:150]} {reason}".strip())

    def logout(self, request: HttpRequest) -> None:
        if request.user.is_authenticated:
            trail.at_the_door("logout", request, request.user)
            end_emergency(request.user, "ended")
        super().logout(request)

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """One's own, on the account's page; administrators' ways are in `services.people`."""
        super().set_password(user, password)
        by = actor_for(user)
        trail.leave("update", "user", cast(User, user).pk, by=by, diff={"password": ["***", "***"]})
        end_emergency(cast(User, user), "account")

    def get_reauthentication_methods(self, user: AbstractBaseUser) -> list[dict[str, Any]]:
        """Who has the password of the company's directory types that one."""
        known: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if known or not directory.has_password(cast(User, user)):
            return known
        return [{"id": "reauthenticate", "description": "", "url": reverse("account_reauthenticate")}]

    def reauthenticate(self, user: AbstractBaseUser, password: str) -> bool:
        if user.has_usable_password():
            return bool(super().reauthenticate(user, password))
        found = self.authenticate(
            context.request, username=directory.login_of(cast(User, user)), password=password
        )
        return found is not None and found.pk == user.pk


def end_emergency(user: User, how: str) -> None:
    """It was declared by whoever sat there with this password; whoever comes in anew declares it anew."""
    if user.emergency_until is not None:
        emergency.stopped(user, how, by=actor_for(user))


def tried(credentials: Mapping[str, object]) -> str:
    """The name that was typed, without the domain before it as Windows writes it (CORP\\zhangli): no name of ours has a
    backslash, and each made-up domain would otherwise be a name with tries of its own."""
    return str(credentials.get("username") or credentials.get("email") or "").rpartition("\\")[2]


class SecondStepAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Keys of the second step lie encrypted by a key out of our secret: a copy of the database does not tell them."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": gettext_lazy("验证码不对"),
        "too_many_codes": gettext_lazy("输错的次数太多，请十分钟后再试"),
    }

    def encrypt(self, text: str) -> str:
        return sealing.seal("second step", text)

    def decrypt(self, encrypted_text: str) -> str:
        return sealing.unseal("second step", encrypted_text)


@cache
def known_people() -> QuerySet[User]:
    """Active people with department, roles and the versions: a row for each role. Put together once."""
    held_by = {"held_role": "roles__id", "held_admin": "roles__is_admin", "held_two_step": "roles__two_step"}
    people = User.objects.filter(is_active=True).select_related("department")
    return people.annotate(**{name: F(path) for name, path in held_by.items()}, **versions())


class Backend(AuthenticationBackend):  # type: ignore[misc]
    """allauth's way of checking names, e-mail addresses and passwords, and after ours the company's directory; a user
    comes with department and roles."""

    def _authenticate(self, request: HttpRequest | None, **credentials: Any) -> AbstractBaseUser | None:
        """Raises DirectoryError where the directory has more to say than no."""
        user: AbstractBaseUser | None = super()._authenticate(request, **credentials)
        return user or directory.person(tried(credentials), str(credentials.get("password", "")))

    def get_user(self, user_id: int) -> User | None:
        rows: list[Any] = list(known_people().filter(pk=user_id))
        if not rows:
            return None
        user = rows[0]
        held = [Held(row.held_role, bool(row.held_admin)) for row in rows if row.held_role is not None]
        user.held_roles = held
        user.wants_two_step = any(row.held_two_step for row in rows)
        return cast(User, user)
