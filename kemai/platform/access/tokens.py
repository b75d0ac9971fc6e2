"""Keys for programs: shown once, stored as hashes. A token acts with the rights of its user, or only reads so."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from kemai.platform.access.actor import VERSIONS, Actor, Held, actor_for, versions
from kemai.platform.models import ApiToken

PREFIX = "kemai_"
SEEN_EVERY = timedelta(minutes=5)
"""How exactly a token's last use is known; a write per request would cost more than the request."""


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def issue(
    user: Any, name: str, *, read_only: bool = False, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """A new token and its key, which is never to be seen again."""
    key = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user,
        name=name,
        digest=digest(key),
        hint=key[-4:],
        read_only=read_only,
        created_at=timezone.now(),
        expires_at=expires_at,
    )
    return token, key


@cache
def good_tokens() -> QuerySet[ApiToken]:
    """Tokens of active people with department, roles and the versions: a row for each role. Put together once."""
    held = {"held_role": F("user__roles__id"), "held_admin": F("user__roles__is_admin")}
    tokens = ApiToken.objects.filter(user__is_active=True).select_related("user__department")
    return tokens.annotate(**versions(), **held)


def actor_of_token(key: str) -> Actor | None:
    now = timezone.now()
    mine = good_tokens().filter(Q(expires_at=None) | Q(expires_at__gt=now), digest=digest(key))
    found: list[Any] = list(mine)
    if not found:
        return None
    token = found[0]
    token.user.held_roles = [
        Held(row.held_role, bool(row.held_admin)) for row in found if row.held_role is not None
    ]
    if token.last_used_at is None or now - token.last_used_at > SEEN_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    for name in VERSIONS:
        setattr(token.user, name, getattr(token, name))
    actor = actor_for(token.user, source="api")
    return replace(
        actor, read_only=token.read_only, name=f"{actor.name} · {token.name}", via=f"token {token.pk}"
    )


def revoke(number: int) -> bool:
    """The token with this number is of no use from now on. False where there is none."""
    count, _rows = ApiToken.objects.filter(pk=number).delete()
    return bool(count)
