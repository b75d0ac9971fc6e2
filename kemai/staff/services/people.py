"""Taking people on, changing what is known of them, letting them go."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import default_token_generator
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from kemai.kit.errors import KitError
from kemai.kit.numbers import record_key
from kemai.kit.phone import parse_phone
from kemai.platform.access import Actor
from kemai.platform.fields import Saying
from kemai.platform.models import ApiToken, Role
from kemai.platform.records import FieldErrors, Refused
from kemai.staff.models import Department, User
from kemai.staff.services import emergency, recovery, sessions
from kemai.staff.services.trail import an_admin_stays, leave, require_admin

TEXTS = ("username", "name", "email", "phone")
LEAVE = ("away_from", "away_until")
OWN = ("name", "phone", "language", "theme", "density", *LEAVE)
"""What everybody may change about himself."""
LOG_INS_ENDED = Saying(gettext_noop("结束所有登录"))
LINK_MADE = Saying(gettext_noop("生成设置密码的一次性链接"))
PROOFS = {
    "met": gettext_lazy("当面见到本人"),
    "video": gettext_lazy("视频通话，看到本人和工牌或证件"),
    "manager": gettext_lazy("其直属上级当面确认"),
}
"""How an administrator makes sure of a person who has lost the second step: no weaker than handing over the account."""
PROVED = {
    "met": Saying(gettext_noop("关闭两步验证：当面见到本人")),
    "video": Saying(gettext_noop("关闭两步验证：视频通话，看到本人和工牌或证件")),
    "manager": Saying(gettext_noop("关闭两步验证：其直属上级当面确认")),
}
PASSWORD_SET = Saying(gettext_noop("设置密码"))


def people(*, text: str = "", active: bool | None = True) -> QuerySet[User]:
    """Members of staff by name, with department and roles at hand."""
    found = (
        User.objects.select_related("department", "manager").prefetch_related("roles").order_by("name", "pk")
    )
    if active is not None:
        found = found.filter(is_active=active)
    if text:
        found = found.filter(Q(name__icontains=text) | Q(username__icontains=text) | Q(email__icontains=text))
    return found


def create_user(values: Mapping[str, object], *, by: Actor, password: str | None = None) -> User:
    """A new member of staff: username, name, email, phone, department, manager (ids), roles (ids).

    Without a password the account is opened by the one-time link of `welcome_path`. Raises FieldErrors, Denied."""
    require_admin(by)
    user = User(language="zh-hans", date_joined=timezone.now())
    clean = _clean(values, user)
    if password is not None:
        check_password(password, user)
    roles = clean.pop("roles", [])
    for name, value in clean.items():
        setattr(user, name, value)
    if password is None:
        user.set_unusable_password()
    else:
        user.set_password(password)
    with transaction.atomic():
        user.save(force_insert=True)
        user.roles.set(roles)
        leave("create", "user", user.pk, by=by)
    return user


def update_user(user: User, values: Mapping[str, object], *, by: Actor) -> User:
    """Change what is given. Nobody changes his own roles while another administrator could do it.

    Raises FieldErrors, Refused, Denied."""
    require_admin(by)
    clean = _clean(values, user)
    with an_admin_stays():
        old = _plain(user)
        roles = clean.pop("roles", None)
        if roles is not None and {role.pk for role in roles} != set(old["roles"]):
            _check_own_roles(user, by)
            user.roles.set(roles)
            emergency.stopped(user, "account", by=by)
        for name, value in clean.items():
            setattr(user, name, value)
        if clean:
            user.save(update_fields=list(clean))
        _leave_diff(user, old, by=by)
    return user


def update_own(user: User, values: Mapping[str, object], *, by: Actor) -> User:
    """What a person changes about himself: name, phone, language, theme, density, leave. Raises FieldErrors."""
    clean = _clean({key: value for key, value in values.items() if key in OWN}, user)
    with transaction.atomic():
        old = _plain(user)
        for name, value in clean.items():
            setattr(user, name, value)
        user.save(update_fields=list(clean) or None)
        _leave_diff(user, old, by=by)
    return user


def set_active(user: User, active: bool, *, by: Actor) -> None:
    """Let somebody go (sessions and tokens die at once) or take him back. Raises Refused, Denied."""
    require_admin(by)
    if user.pk == by.user_id:
        raise Refused("own_account", _("不能停用自己的账号"))
    with an_admin_stays():
        if user.is_active == active:
            return
        user.is_active = active
        user.save(update_fields=["is_active"])
        if not active:
            emergency.stopped(user, "account", by=by)
            sessions.end_all(user)
            ApiToken.objects.filter(user=user).delete()
        leave("update", "user", user.pk, by=by, diff={"is_active": [not active, active]})


def lock_out(user: User, *, by: Actor) -> None:
    """End all of somebody's sessions."""
    require_admin(by)
    emergency.stopped(user, "account", by=by)
    sessions.end_all(user)
    leave("update", "user", user.pk, by=by, reason=LOG_INS_ENDED.kept())


def drop_two_step(user: User, proof: str, *, by: Actor) -> None:
    """For whoever has lost the telephone and the recovery codes. `proof` says how the administrator has made sure that
    it is the person: as sure as when the account was handed over. It stands in the audit. Raises FieldErrors."""
    from allauth.mfa.models import Authenticator

    require_admin(by)
    if proof not in PROOFS:
        raise FieldErrors({"proof": _("请选择您是怎样确认本人身份的")})
    emergency.stopped(user, "account", by=by)
    sessions.end_all(user)
    with transaction.atomic():
        Authenticator.objects.filter(user=user).delete()
        recovery.forget(user)
        leave("update", "user", user.pk, by=by, diff={"two_step": [True, False]}, reason=PROVED[proof].kept())


def two_step_users(users: list[User]) -> set[int]:
    """Which of these people log in with a second step."""
    from allauth.mfa.models import Authenticator

    found = Authenticator.objects.filter(user__in=users, type=Authenticator.Type.TOTP)
    return set(found.values_list("user_id", flat=True))


# The one-time link ----------------------------------------------------------------------------------------------------


def welcome_path(user: User, *, by: Actor) -> str:
    """The address at which the person sets a password: good once, for three days, and until the next log-in."""
    require_admin(by)
    leave("update", "user", user.pk, by=by, reason=LINK_MADE.kept())
    uid = urlsafe_base64_encode(str(user.pk).encode())
    return reverse("welcome", args=[uid, quote(default_token_generator.make_token(user))])


def user_of_link(uid: str, token: str) -> User | None:
    """The person whose link this is; None if it is wrong, used or too old."""
    try:
        key = int(urlsafe_base64_decode(uid).decode())
    except (ValueError, UnicodeDecodeError):
        return None
    user = User.objects.filter(pk=key, is_active=True).first() if 0 < key < 2**63 else None
    return user if user is not None and default_token_generator.check_token(user, token) else None


def set_password(user: User, password: str, *, by: Actor) -> None:
    """Raises FieldErrors under "password". All sessions of the person end."""
    check_password(password, user)
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        emergency.stopped(user, "account", by=by)
        sessions.end_all(user)
        diff = {"password": ["***", "***"]}
        leave("update", "user", user.pk, by=by, diff=diff, reason=PASSWORD_SET.kept())


def check_password(password: str, user: User) -> None:
    """Raises FieldErrors under "password"."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise FieldErrors({"password": " ".join(error.messages)}) from None


# Checking what was typed ----------------------------------------------------------------------------------------------


def _clean(values: Mapping[str, object], user: User) -> dict[str, Any]:
    clean: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for key, value in values.items():
        try:
            clean[key] = CLEANERS[key](value, user)
        except FieldErrors as error:
            errors |= error.errors
    first, last = (clean.get(key) for key in LEAVE)
    if not errors and (bool(first) != bool(last) or (first and last < first)):
        errors["away_until"] = _("请填写休假的第一天和最后一天，最后一天不能早于第一天")
    if errors:
        raise FieldErrors(errors)
    return clean


def _text(value: object) -> str:
    return " ".join(str(value or "").split())


def _username(value: object, user: User) -> str:
    name = _text(value)[:150]
    try:
        UnicodeUsernameValidator()(name)
    except ValidationError:
        raise FieldErrors({"username": _("用户名只能用文字、数字和 @ . + - _")}) from None
    if User.objects.filter(username__iexact=name).exclude(pk=user.pk).exists():
        raise FieldErrors({"username": _("这个用户名已经有人用了")})
    return name


def _name(value: object, user: User) -> str:
    name = _text(value)[:80]
    if not name:
        raise FieldErrors({"name": _("请填写姓名")})
    return name


def _email(value: object, user: User) -> str:
    email = _text(value).lower()
    if not email:
        return ""
    try:
        validate_email(email)
    except ValidationError:
        raise FieldErrors({"email": _("请填写正确的邮箱，例如 name@example.com")}) from None
    if User.objects.filter(email__iexact=email).exclude(pk=user.pk).exists():
        raise FieldErrors({"email": _("这个邮箱已经有人用了")})
    return email


def _phone(value: object, user: User) -> str:
    if not _text(value):
        return ""
    try:
        number = parse_phone(_text(value))
    except KitError:
        raise FieldErrors({"phone": _("请填写正确的电话号码，座机请带区号")}) from None
    return f"{number.e164};{number.ext}" if number.ext else number.e164


def _choice(field: str) -> Any:
    def clean(value: object, user: User) -> str:
        column = User._meta.get_field(field)
        known = {option.value for option in column.options}  # type: ignore[union-attr]
        if str(value) not in known:
            raise FieldErrors({field: _("请从列表中选择")})
        return str(value)

    return clean


def _day(field: str) -> Any:
    def clean(value: object, user: User) -> dt.date | None:
        if value in (None, ""):
            return None
        try:
            return dt.date.fromisoformat(str(value))
        except ValueError:
            raise FieldErrors({field: _("请填写正确的日期，例如 2026-12-01")}) from None

    return clean


def _key(value: object) -> int | None:
    return record_key(str(value or ""))


def _department(value: object, user: User) -> Department | None:
    if value in (None, ""):
        return None
    found = Department.objects.filter(pk=_key(value) or 0, deleted_at=None).first()
    if found is None:
        raise FieldErrors({"department": _("没有这个部门")})
    return found


def _manager(value: object, user: User) -> User | None:
    if value in (None, ""):
        return None
    found = User.objects.filter(pk=_key(value) or 0, is_active=True).first()
    if found is None:
        raise FieldErrors({"manager": _("没有这位员工")})
    above: User | None = found
    for _step in range(50):
        if above is None:
            return found
        if above.pk == user.pk:
            break
        above = above.manager
    raise FieldErrors({"manager": _("直属上级不能是本人或本人的下属")})


def _roles(value: object, user: User) -> list[Role]:
    keys = value if isinstance(value, list | tuple | set) else [value]
    wanted = {_key(key) for key in keys if key not in (None, "")}
    found = list(Role.objects.filter(pk__in=[key for key in wanted if key is not None]))
    if len(found) != len(wanted):
        raise FieldErrors({"roles": _("没有这个角色")})
    return found


CLEANERS = {
    "username": _username,
    "name": _name,
    "email": _email,
    "phone": _phone,
    "language": _choice("language"),
    "theme": _choice("theme"),
    "density": _choice("density"),
    "department": _department,
    "manager": _manager,
    "roles": _roles,
    **{field: _day(field) for field in LEAVE},
}


def _plain(user: User) -> dict[str, Any]:
    """What the log keeps of a person."""
    return {
        **{name: getattr(user, name) for name in (*TEXTS, "language", "theme", "density")},
        **{name: str(getattr(user, name) or "") for name in LEAVE},
        "department": user.department_id,
        "manager": user.manager_id,
        "roles": sorted(user.roles.values_list("pk", flat=True)),
    }


def _leave_diff(user: User, old: dict[str, Any], *, by: Actor) -> None:
    new = _plain(user)
    diff = {key: [old[key], new[key]] for key in new if old[key] != new[key]}
    if diff:
        leave("update", "user", user.pk, by=by, diff=diff)


def _check_own_roles(user: User, by: Actor) -> None:
    others = User.objects.filter(is_active=True, roles__is_admin=True).exclude(pk=user.pk)
    if user.pk == by.user_id and others.exists():
        raise Refused("own_roles", _("不能修改自己的角色，请另一位系统管理员来做"))
