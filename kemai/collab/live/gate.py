"""Who may listen: the browser's own session, from our own pages only, and for a record only whoever may see it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user, get_user_model
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host
from django.utils import timezone

from kemai.kit.numbers import record_key
from kemai.platform import access
from kemai.platform.access import Actor, actor_for
from kemai.platform.access.actor import rights_version
from kemai.platform.objects import UnknownObject, get

About = tuple[str, int]
Headers = dict[str, str]


class Entry(NamedTuple):
    """Somebody who may listen; `mark` is what their rights hang on."""

    actor: Actor
    session_key: str
    mark: tuple[object, ...]
    at: About | None
    unread: int


def same_house(headers: Headers) -> bool:
    """Does the request come from one of our pages? Browsers name the page's origin whenever it differs from ours; one
    that does not is refused, and so is whatever a foreign page embeds."""
    host = headers.get("host", "")
    domain, _port = split_domain_port(host)
    if not domain or not validate_host(domain, settings.ALLOWED_HOSTS):
        return False
    origin = headers.get("origin", "")
    if not origin:
        return headers.get("sec-fetch-site", "same-origin") in {"same-origin", "none"}
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    parts = urlsplit(origin)
    if parts.scheme not in {"http", "https"} or parts.hostname is None:
        return False
    port = parts.port or (443 if parts.scheme == "https" else 80)
    ours = {settings.PORT, split_port(host, parts.scheme)}
    return parts.hostname == domain.strip("[]") and port in ours


def split_port(host: str, scheme: str) -> int:
    _domain, port = split_domain_port(host)
    return int(port) if port.isdigit() else (443 if scheme == "https" else 80)


def session_key(headers: Headers) -> str:
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    morsel = cookies.get(settings.SESSION_COOKIE_NAME)
    return morsel.value if morsel is not None else ""


def admit(key: str, at: str) -> Entry | None:
    """The person of a session; None for strangers. Asks the database: runs in the watcher's thread."""
    from kemai.collab.services import notices

    user = user_of(key)
    if user is None:
        return None
    actor = actor_for(user, sits=True)
    about = wanted(at)
    if about is not None and not sees(actor, about):
        about = None
    return Entry(actor, key, mark_of(user.pk), about, notices.unread(user.pk))


def user_of(key: str) -> Any:
    if not key:
        return None
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    user = get_user(request)
    return user if user.is_authenticated and user.is_active else None


def wanted(text: str) -> About | None:
    """ "customer/12" in the address says which record the page shows."""
    type_key, _slash, key = text.partition("/")
    number = record_key(key)
    return None if number is None else (type_key, number)


def sees(actor: Actor, about: About) -> bool:
    try:
        object_type = get(about[0])
    except UnknownObject:
        return False
    return 0 < about[1] < 2**63 and bool(access.scope(actor, object_type).filter(pk=about[1]).exists())


def mark_of(user_id: int) -> tuple[object, ...]:
    return marks([user_id]).get(user_id, ())


def marks(users: Sequence[int]) -> dict[int, tuple[object, ...]]:
    """What the rights of these people hang on; whoever has left is missing."""
    model: Any = get_user_model()
    version = rights_version()
    held: dict[int, list[int]] = {}
    links = model.roles.through._default_manager.filter(user_id__in=users).values_list("user_id", "role_id")
    for user_id, role_id in links:
        held.setdefault(user_id, []).append(role_id)
    rows = model._default_manager.filter(pk__in=users, is_active=True)
    columns = ("pk", "emergency_until", "department_id", "department__path", "password")
    now = timezone.now()
    return {
        key: (version, until is not None and until > now, *rest, tuple(sorted(held.get(key, ()))))
        for key, until, *rest in rows.values_list(*columns)
    }


def alive(keys: Iterable[str]) -> set[str]:
    """Those of the sessions that have not ended."""
    found = Session.objects.filter(session_key__in=list(keys), expire_date__gt=timezone.now())
    return set(found.values_list("session_key", flat=True))
