"""Logging in by the company's directory, as an administrator sets it up, and who of us somebody is that it knows.

A password of ours is tried first: whoever has one comes in also while the directory is away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from django.core.cache import cache
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.platform.access import SYSTEM, Actor
from kemai.platform.records import FieldErrors
from kemai.staff.models import Department, User
from kemai.staff.services import identities, ldap, people
from kemai.staff.services.identities import Store
from kemai.staff.services.ldap import DirectoryError, Entry
from kemai.staff.services.trail import require_admin

KEY = "staff.directory"
TEXTS = {
    "url": 300, "kind": 20, "ca": 20_000, "bind_dn": 300, "base": 300, "filter": 1000, "group": 300, "match": 20,
    "a_name": 60, "a_email": 60, "a_phone": 60, "a_department": 60,
}  # fmt: skip
FLAGS = ("enabled", "create")
AWAY_SECONDS = 10
"""For so long a directory that did not answer is not asked again: each try holds up a thread."""
PROBE = "kemai-test"
WORDS = {
    "unreachable": gettext_lazy("连不上这个目录服务器，请检查地址、端口和网络"),
    "too_slow": gettext_lazy("目录服务器太久没有应答"),
    "forbidden_address": gettext_lazy(
        "这是内网地址。请系统运维在 KEMAI_OUTGOING_ALLOW 中加上它，例如 KEMAI_OUTGOING_ALLOW=10.0.0.8"
    ),
    "plain_text": gettext_lazy(
        "不加密的连接（ldap+plain://）只能用于本机的目录，请用 ldaps:// 或 ldap://（StartTLS）"
    ),
    "bad_certificate": gettext_lazy(
        "目录服务器的证书不能相信：名称不符、已过期，或者签发它的机构不认识。自建机构请填写它的证书"
    ),
    "service_refused": gettext_lazy("目录拒绝了服务账号，请检查服务账号和密码"),
    "bad_search": gettext_lazy("目录不能按这样查找，请检查查找的起点、过滤条件和允许登录的组"),
    "several": gettext_lazy("过滤条件找到不止一个人，请写得更窄"),
    "not_allowed": gettext_lazy("这个人不在允许登录的组里"),
    "nobody": gettext_lazy("客脉里没有与这个人对应的在职员工"),
}


@dataclass(frozen=True, slots=True)
class Company:
    """The directory of the company, as it is set up."""

    enabled: bool = False
    url: str = ""
    kind: str = "openldap"
    ca: str = ""
    bind_dn: str = ""
    bind_password: str = ""
    """As it is; stored sealed."""
    base: str = ""
    filter: str = ""
    group: str = ""
    match: str = "username"
    """"username" or "email": what makes somebody in the directory one of us at the first log-in."""
    create: bool = False
    """Make an account, without any role, for whoever has none."""
    a_name: str = "cn"
    a_email: str = "mail"
    a_phone: str = ""
    a_department: str = ""
    """Attributes of the directory that name, mail, telephone and department are taken from; '' for none."""

    @property
    def asked(self) -> ldap.Directory:
        attributes = {name: getattr(self, f"a_{name}") for name in ldap.FIELDS}
        return ldap.Directory(
            self.url, self.kind, self.ca, self.bind_dn, self.bind_password, self.base, self.filter, self.group,
            attributes,
        )  # fmt: skip

    @property
    def issuer(self) -> str:
        """By which identities are kept: not by the server's address, which may change."""
        return f"ldap:{self.base.casefold()}"[:300]


STORE = Store(Company, KEY, "directory", "bind_password")


def stored() -> Company:
    return STORE.read()


def company() -> Company | None:
    """None while nobody logs in by a directory."""
    found = stored()
    return found if found.enabled and found.url else None


# Setting it up --------------------------------------------------------------------------------------------------------


def typed_in(typed: Mapping[str, str]) -> Company:
    """What the page holds; an empty password keeps the one there is, for the same server and account only."""
    old = stored()
    text = {name: typed.get(name, "").strip()[:most] for name, most in TEXTS.items()}
    same = (text["url"], text["bind_dn"]) == (old.url, old.bind_dn)
    password = typed.get("bind_password", "")[:500] or (old.bind_password if same else "")
    return Company(bind_password=password, **text, **{name: bool(typed.get(name)) for name in FLAGS})  # type: ignore[arg-type]


def save(typed: Mapping[str, str], *, by: Actor) -> Company:
    """A directory that is switched on is asked at once. Raises FieldErrors, Denied."""
    require_admin(by)
    old, new = stored(), typed_in(typed)
    errors = problems(new)
    if new.enabled and not errors:
        try:
            with ldap.connected(new.asked) as line:
                ldap.found(line, new.asked, PROBE)
        except DirectoryError as error:
            errors[place_of(error)] = told(error)
    if errors:
        raise FieldErrors(errors)
    STORE.keep(old, new, by=by)
    cache.delete(away_key(new))
    return new


def problems(one: Company) -> dict[str, str]:
    if not one.enabled and not one.url:
        return {}
    checks = {
        "url": (good_url(one.url), _("请填写 ldaps:// 或 ldap:// 开头的地址，例如 ldaps://ad.example.com")),
        "kind": (one.kind in ldap.KINDS, _("请从列表中选择")),
        "match": (one.match in {"username", "email"}, _("请从列表中选择")),
        "base": (bool(one.base), _("请填写查找的起点，例如 ou=people,dc=example,dc=com")),
        "filter": (
            not one.filter or ("{login}" in one.filter and one.filter.startswith("(")),
            _("过滤条件写在括号里，用 {login} 代表登录时填写的名字，例如 (uid={login})"),
        ),
        "bind_password": (bool(one.bind_password) or not one.bind_dn, _("请填写服务账号的密码")),
        "a_email": (one.match != "email" or bool(one.a_email), _("按邮箱对应时要填写邮箱的属性")),
    }
    for name in ldap.FIELDS:
        value = getattr(one, f"a_{name}")
        fine = re.fullmatch(r"[A-Za-z][A-Za-z0-9;.-]*|", value, re.ASCII) is not None
        if not fine:
            checks[f"a_{name}"] = (False, _("请填写目录里属性的名称，例如 mail"))
    return {name: str(words) for name, (fine, words) in checks.items() if not fine}


def good_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0 and parts.username is None
    except ValueError:
        return False
    return named and parts.scheme in ldap.PORTS and parts.path in {"", "/"} and not parts.query


def place_of(error: DirectoryError) -> str:
    return {
        "bad_certificate": "ca", "service_refused": "bind_password", "bad_search": "base", "several": "filter",
    }.get(error.code, "url")  # fmt: skip


def told(error: DirectoryError) -> str:
    """What is wrong in words, with what the directory itself said."""
    words = str(WORDS.get(error.code, WORDS["unreachable"]))
    return words if error.code in {"forbidden_address", "plain_text"} else f"{words}（{error.detail[:150]}）"


def tried(typed: Mapping[str, str], login: str, *, by: Actor) -> list[str]:
    """What comes of it, step by step; nothing is changed. Raises FieldErrors, Denied."""
    require_admin(by)
    of = typed_in(typed)
    if errors := problems(replace(of, enabled=True)):
        raise FieldErrors(errors)
    try:
        with ldap.connected(of.asked) as line:
            steps = [_("已连上目录，服务账号可以登录。")]
            entry = ldap.found(line, of.asked, login or PROBE)
            if not login:
                return [*steps, _("可以查找。填写一个人的登录名可以看到找到的是谁。")]
            if entry is None:
                return [*steps, _("没有找到 %(login)s。") % {"login": login}]
            steps.append(_("找到 %(dn)s") % {"dn": entry.dn})
            steps += [f"{name}: {value}" for name, value in entry.values.items() if value]
            if of.group and not ldap.belongs(line, of.asked, entry):
                return [*steps, str(WORDS["not_allowed"])]
    except DirectoryError as error:
        raise FieldErrors({place_of(error): told(error)}) from error
    user = linked(entry, of) or named(entry, of)
    if user is not None:
        return [*steps, _("对应的员工：%(name)s") % {"name": str(user)}]
    return [*steps, _("第一次登录时会新建账号。") if of.create else str(WORDS["nobody"])]


# Who somebody is ------------------------------------------------------------------------------------------------------


def person(login: str, password: str) -> User | None:
    """Who comes in with this name and password; None for whom the directory does not know, or not so. Raises
    DirectoryError."""
    of = company()
    if of is None:
        return None
    if cache.get(away_key(of)):
        raise DirectoryError("unreachable", "asked a moment ago")
    try:
        entry = ldap.check(of.asked, login[:150], password)
    except DirectoryError as error:
        if error.code in {"unreachable", "too_slow"}:
            cache.set(away_key(of), True, AWAY_SECONDS)
        raise
    if entry is None:
        return None
    with transaction.atomic():
        user = linked(entry, of) or newly_linked(entry, of)
        if user is None or not user.is_active:
            raise DirectoryError("nobody", entry.dn)
        refresh(user, entry)
    return user


def has_password(user: User) -> bool:
    """Does the directory know a password of theirs, where we know none?"""
    of = company()
    return of is not None and not user.has_usable_password() and identities.is_linked(user, of.issuer)


def login_of(user: User) -> str:
    """The name by which the directory finds them."""
    of = company()
    return user.email if of is not None and of.match == "email" and user.email else user.username


def away_key(of: Company) -> str:
    return f"directory-away/{of.url}"


def linked(entry: Entry, of: Company) -> User | None:
    return identities.linked(of.issuer, entry.subject[:255])


def newly_linked(entry: Entry, of: Company) -> User | None:
    found = named(entry, of) or (made(entry) if of.create else None)
    if found is not None:
        identities.link(found, of.issuer, entry.subject[:255], {"directory": [None, entry.dn[:200]]})
    return found


def named(entry: Entry, of: Company) -> User | None:
    rows = identities.unlinked(of.issuer)
    email = entry.values.get("email", "")
    if of.match == "username":
        return identities.only(rows.filter(username__iexact=entry.username))
    return identities.only(rows.filter(email__iexact=email)) if email else None


def made(entry: Entry) -> User | None:
    name = entry.values.get("name", "") or entry.username
    return identities.made({"username": entry.username[:150], "name": name[:80]})


def refresh(user: User, entry: Entry) -> None:
    """What the directory says of them is so from now on; what we cannot take (a number that is none, the address of
    another) stays as it was."""
    values: dict[str, object] = {name: value for name, value in entry.values.items() if value}
    if "department" in values:
        rows = Department.objects.filter(name=values.pop("department"), deleted_at=None)
        found = list(rows.values_list("pk", flat=True)[:2])
        if len(found) == 1:
            values["department"] = found[0]
    values = {name: value for name, value in values.items() if value != held(user, name)}
    while values:
        try:
            people.update_user(user, values, by=SYSTEM)
            return
        except FieldErrors as error:
            values = {name: value for name, value in values.items() if name not in error.errors}


def held(user: User, name: str) -> object:
    return getattr(user, "department_id" if name == "department" else name)
