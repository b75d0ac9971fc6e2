"""Keys for programs: shown once, stored as hashes. A token acts with the rights of its user, or only reads so."""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.db.models import F, QuerySet
from django.utils import timezone

from kemai.platform.access.actor import VERSIONS, Actor, Held, actor_for, versions
from kemai.platform.models import ApiToken
from kemai.platform.objects import get

PREFIX = "kemai_"
LIFE = timedelta(days=365)
"""Nobody remembers a key for longer."""
SEEN_EVERY = timedelta(minutes=5)
"""How exactly a token's last use is known; a write per request would cost more than the request."""


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def issue(
    user: Any,
    name: str,
    *,
    read_only: bool = False,
    expires_at: datetime | None = None,
    addresses: Sequence[str] = (),
    types: Iterable[str] = (),
) -> tuple[ApiToken, str]:
    """A new token and its key, which is never to be seen again. `addresses` are the networks that it may be used from;
    with `types` it reaches these objects alone, and those that they belong to, without which they are not seen. Raises
    ValueError (no network), UnknownObject."""
    now = timezone.now()
    key = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user,
        name=name,
        digest=digest(key),
        hint=key[-4:],
        read_only=read_only,
        created_at=now,
        expires_at=min(expires_at or now + LIFE, now + LIFE),
        addresses=[str(ipaddress.ip_network(one.strip(), strict=False)) for one in addresses],
        types=sorted(bound(types)),
    )
    return token, key


def bound(types: Iterable[str]) -> set[str]:
    """These types and all above them."""
    found: set[str] = set()
    for key in types:
        object_type = get(key)
        found.add(key)
        while object_type.parent:
            object_type = get(object_type.fields[object_type.parent].ref)
            found.add(object_type.key)
    return found


def from_there(token: ApiToken, address: str) -> bool:
    """Whether the token may be used from this address."""
    if not token.addresses:
        return True
    try:
        came = ipaddress.ip_address(address)
    except ValueError:
        return False
    came = getattr(came, "ipv4_mapped", None) or came
    return any(came in ipaddress.ip_network(one) for one in token.addresses)


@cache
def good_tokens() -> QuerySet[ApiToken]:
    """Tokens of active people with department, roles and the versions: a row for each role. Put together once."""
    held = {"held_role": F("user__roles__id"), "held_admin": F("user__roles__is_admin")}
    tokens = ApiToken.objects.filter(user__is_active=True).select_related("user__department")
    return tokens.annotate(**versions(), **held)


def actor_of_token(key: str, address: str) -> Actor | None:
    now = timezone.now()
    found: list[Any] = list(good_tokens().filter(expires_at__gt=now, digest=digest(key)))
    if not found or not from_there(found[0], address):
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
        actor, read_only=token.read_only, types=frozenset(token.types), name=f"{actor.name} · {token.name}",
        via=f"token {token.pk}",
    )  # fmt: skip


def revoke(number: int) -> bool:
    """The token with this number is of no use from now on. False where there is none."""
    count, _rows = ApiToken.objects.filter(pk=number).delete()
    return bool(count)
