"""Where people are logged in: noting it, listing it, ending it."""

from __future__ import annotations

import logging
import time
from importlib import import_module

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from kemai.platform.access.origin import address_of
from kemai.staff.models import LoginSession, User
from kemai.staff.services.security import policy

log = logging.getLogger(__name__)
LOOK, BEGUN = "kemai_look", "kemai_begun"
"""In the session: [when to look at it again, its key then]; when it began. Seconds."""
MOST_SECONDS, LEAST_SECONDS = 600, 30
"""Between two looks at a session: a page view writes at most so often that it is alive."""


def begin(request: HttpRequest, user: User) -> None:
    """Somebody has logged in; the page that they come to sets the session's end."""
    request.session.pop(LOOK, None)
    request.session[BEGUN] = int(time.time())
    note(request, user)
    if policy().single_session:
        end_all(user, but=request.session.session_key)


def seen(request: HttpRequest, user: User) -> bool:
    """Called for every page: writes only now and then. False for a session that has lasted too long.

    Being idle needs no question here: the session's own end is moved on with each look, and what has ended is not
    found again by anybody, the live process included."""
    now, session = int(time.time()), request.session
    look = session.get(LOOK)
    if isinstance(look, list) and look[1] == session.session_key and now < look[0] <= now + MOST_SECONDS:
        return True
    if background(request) and look:
        return True
    rules, begun = policy(), session.get(BEGUN)
    begun = begun if isinstance(begun, int) and begun <= now else now
    rest, idle = begun + rules.absolute_hours * 3600 - now, rules.idle_minutes * 60
    if rest <= 0:
        return False
    if note(request, user):  # a page must not fail because a session could not be written
        session[BEGUN] = begun
        session[LOOK] = [now + max(LEAST_SECONDS, min(idle // 10, MOST_SECONDS)), session.session_key]
        session.set_expiry(min(idle, rest))
    return True


def background(request: HttpRequest) -> bool:
    """What a page asks by itself: nobody sits there for that."""
    return request.method == "GET" and request.headers.get("Accept", "") == "application/json"


def note(request: HttpRequest, user: User) -> bool:
    """Remember (or refresh) the session of this request; False where that could not be written."""
    key = request.session.session_key
    if not key:
        return False
    now = timezone.now()
    values = {
        "user": user,
        "seen_at": now,
        "address": address_of(request),
        "agent": str(request.headers.get("User-Agent", ""))[:200],
    }
    try:
        with transaction.atomic():
            LoginSession.objects.update_or_create(
                session_key=key, defaults=values, create_defaults={**values, "started_at": now}
            )
    except DatabaseError:
        log.warning("a session could not be noted", exc_info=True)
        return False
    return True


def open_sessions(user: User) -> QuerySet[LoginSession]:
    """The user's sessions that are still alive, the latest seen first. Rows of dead ones are cleared away."""
    mine = LoginSession.objects.filter(user=user)
    keys = list(mine.values_list("session_key", flat=True))
    alive = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    mine.exclude(session_key__in=list(alive.values_list("session_key", flat=True))).delete()
    return mine.order_by("-seen_at")


def end(user: User, session_id: int) -> bool:
    """End one of the user's sessions; False if there is none such."""
    found = LoginSession.objects.filter(user=user, pk=session_id).first()
    if found is None:
        return False
    _store(found.session_key).delete()
    found.delete()
    return True


def end_all(user: User, *, but: str | None = None) -> int:
    """End every session of the user but the one with the key `but`; returns how many."""
    ended = 0
    for found in LoginSession.objects.filter(user=user).exclude(session_key=but or ""):
        _store(found.session_key).delete()
        found.delete()
        ended += 1
    return ended


def _store(key: str) -> SessionBase:
    store: SessionBase = import_module(settings.SESSION_ENGINE).SessionStore(key)
    return store
