"""Secrets that have to be read again (keys of the second step, the password to a sign-on provider) lie encrypted by a
key out of our own secret: a copy of the database alone does not tell them."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

MARK = "sealed:"


def seal(purpose: str, text: str) -> str:
    return MARK + box(purpose).encrypt(text.encode()).decode()


def unseal(purpose: str, text: str) -> str:
    """What was never sealed comes back as it is; '' where our secret has been changed since."""
    if not text.startswith(MARK):
        return text
    try:
        return box(purpose).decrypt(text.removeprefix(MARK).encode()).decode()
    except InvalidToken:
        return ""


def box(purpose: str) -> MultiFernet:
    """Seals by our secret, and opens what former ones have sealed."""
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    digests = (hashlib.sha256(f"kemai {purpose} {secret}".encode()).digest() for secret in secrets)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
