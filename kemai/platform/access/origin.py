"""Where a request came from, as the audit keeps it."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from django.conf import settings
from django.http import HttpRequest

from kemai.platform.access.actor import Actor


def address_of(request: HttpRequest) -> str:
    """The visitor's network address: the connection's, or behind our own proxy the one that the proxy saw."""
    if settings.BEHIND_HTTPS:
        passed_on = request.headers.get("X-Forwarded-For", "").split(",")
        if passed_on[-1].strip():
            return passed_on[-1].strip()[:64]
    return str(request.META.get("REMOTE_ADDR", ""))[:64]


def session_mark(key: str | None) -> str:
    """A session's name in the audit: its key would be as good as a password."""
    return f"session {hashlib.sha256(key.encode()).hexdigest()[:8]}" if key else ""


def located(actor: Actor, request: HttpRequest) -> Actor:
    """The actor with the place of this request. A token has its own mark already."""
    via = actor.via or session_mark(request.session.session_key)
    return replace(actor, address=address_of(request), via=via)
