"""Browsers in which somebody has logged in before. Wrong tries elsewhere do not make the person wait in them, so that
nobody keeps another one out by guessing (what OWASP calls device cookies).

The cookie names the log-in names by keyed hashes and lets nobody in: a browser that has it gets a count of tries of
its own, as small as everybody's. It is void after ninety days."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import salted_hmac

if TYPE_CHECKING:
    from kemai.staff.models import User

SALT = "kemai.known"
SECONDS = 90 * 24 * 3600


def mark(login: str) -> str:
    name = login.strip().casefold().encode("utf-8", "replace").decode()
    return salted_hmac(SALT, name, algorithm="sha256").hexdigest()[:32]


def remember(response: HttpResponseBase, user: User) -> None:
    """Somebody has come in with all steps."""
    names = [mark(name) for name in (user.username, user.email) if name]
    response.set_cookie(
        settings.KNOWN_COOKIE_NAME,
        signing.dumps([secrets.token_hex(8), names], salt=SALT),
        max_age=SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def browser(request: HttpRequest, login: str) -> str:
    """The browser's own name, if this account has been opened in it; else ''."""
    try:
        name, accounts = signing.loads(
            request.COOKIES.get(settings.KNOWN_COOKIE_NAME, ""), salt=SALT, max_age=SECONDS
        )
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return str(name) if mark(login) in accounts else ""
