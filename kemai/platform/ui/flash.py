"""What a page says after the next one has been asked for, kept as Django keeps it: in a cookie, or in the session
where it is too long. Behind HTTPS the cookie has the prefix that all of ours have."""

from __future__ import annotations

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage


class Cookie(CookieStorage):
    cookie_name = f"{settings.COOKIE_PREFIX}messages"


class Storage(FallbackStorage):
    storage_classes = (Cookie, SessionStorage)
