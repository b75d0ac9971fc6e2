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

from kemai.staff.models import LoginSession, User

log = logging.getLogger(__name__)
NOTE_SECONDS = 600
"""A page view notes at most this often that the session is alive."""
_noted: dict[str, float] = {}


def note(request: HttpRequest, user: User) -> None:
    """Remember (or refresh) the session of this request. A page must not fail because this could not be written."""
    key = request.session.session_key
    if not key:
        return
    now = timezone.now()
    values = {
        "user": user,
        "seen_at": now,
        "address": str(request.META.get("REMOTE_ADDR", ""))[:64],
        "agent": str(request.headers.get("User-Agent", ""))[:200],
    }
    try:
        with transaction.atomic():
            LoginSession.objects.update_or_create(
                session_key=key, defaults=values, create_defaults={**values, "started_at": now}
            )
    except DatabaseError:
        log.warning("a session could not be noted", exc_info=True)
    if len(_noted) > 10_000:
        _noted.clear()
    _noted[key] = time.monotonic() + NOTE_SECONDS


def seen(request: HttpRequest, user: User) -> None:
    """Called for every page: writes only now and then."""
    key = request.session.session_key or ""
    if _noted.get(key, 0.0) < time.monotonic():
        note(request, user)


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
