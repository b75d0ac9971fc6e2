"""The protocol of single sign-on: OpenID Connect's authorization code flow with PKCE, state and nonce.

Everything that the provider says is asked of it by our own client for outgoing calls, and believed only after its
signature, issuer, audience, times and nonce have been looked at."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from django.conf import settings
from django.core.cache import cache
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from kemai.kit.outgoing import Allowed, OutgoingError, call
from kemai.kit.turns import NoTurn, turn

SIGNATURES = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""By a key that only the provider has: never "none", never by our shared secret."""
SCOPE = "openid profile email"
FRESH_SECONDS = 600
LEEWAY = 60


class SignOnError(Exception):
    """`code`: unreachable, forbidden_address, not_a_provider, refused, bad_token. `detail` is for the log."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Client:
    """Who we are to which provider."""

    issuer: str
    client_id: str
    client_secret: str


@dataclass(frozen=True, slots=True)
class Begun:
    """What we keep while somebody is at the provider."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Known:
    """What the provider says of somebody."""

    subject: str
    email: str
    email_verified: bool
    name: str
    username: str
    shown_at: float = 0
    """When the person last typed a password (or the like) there; 0 where the provider does not say."""


def begin(client: Client, redirect_uri: str, *, again: bool = False) -> tuple[str, Begun]:
    """The address to send the browser to, and what to remember; `again` where a log-in that the provider still knows
    does not do. Raises SignOnError."""
    found = discover(client.issuer)
    begun = Begun(*(secrets.token_urlsafe(32) for _word in range(3)))
    challenge = (
        base64.urlsafe_b64encode(hashlib.sha256(begun.verifier.encode()).digest()).rstrip(b"=").decode()
    )
    asked = {
        "response_type": "code", "client_id": client.client_id, "redirect_uri": redirect_uri, "scope": SCOPE,
        "state": begun.state, "nonce": begun.nonce, "code_challenge": challenge, "code_challenge_method": "S256",
    }  # fmt: skip
    asked |= {"prompt": "login", "max_age": "0"} if again else {}
    place = str(found["authorization_endpoint"])
    return f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}", begun


def finish(client: Client, begun: Begun, answer: Mapping[str, str], redirect_uri: str) -> Known:
    """Who it is that came back with `answer` (the query of the address). Raises SignOnError."""
    if not secrets.compare_digest(answer.get("state", "").encode(), begun.state.encode()):
        raise SignOnError("bad_token", "state")
    if answer.get("iss", client.issuer) != client.issuer:
        raise SignOnError("bad_token", "iss of the answer")
    if "error" in answer or not answer.get("code"):
        raise SignOnError("refused", answer.get("error", "no code")[:100])
    found = discover(client.issuer)
    told = exchange(client, found, answer["code"], begun.verifier, redirect_uri)
    claims = believed(client, found, str(told.get("id_token", "")), begun.nonce)
    if not claims.get("email") and found.get("userinfo_endpoint"):
        claims = {**claims, **more_about(found, str(told.get("access_token", "")), str(claims["sub"]))}
    return Known(
        str(claims["sub"])[:255],
        str(claims.get("email") or "")[:254],
        claims.get("email_verified") is True,
        str(claims.get("name") or "")[:80],
        str(claims.get("preferred_username") or "")[:150],
        moment(claims.get("auth_time")),
    )


def moment(told: object) -> float:
    return float(told) if isinstance(told, int | float) and not isinstance(told, bool) else 0


def discover(issuer: str, *, fresh: bool = False) -> dict[str, Any]:
    """The provider's own description; it must speak of itself as the very issuer that it was asked as."""
    key = f"oidc/{hashlib.sha256(issuer.encode()).hexdigest()}"
    found = None if fresh else cache.get(key)
    if found is None:
        found = asked(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        wanted = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if found.get("issuer") != issuer or not all(isinstance(found.get(name), str) for name in wanted):
            raise SignOnError("not_a_provider", "issuer or endpoints")
        if urlsplit(found["authorization_endpoint"]).scheme not in {"https", "http"}:
            raise SignOnError("not_a_provider", "authorization_endpoint")
        cache.set(key, found, FRESH_SECONDS)
    return dict(found)


def exchange(
    client: Client, found: Mapping[str, Any], code: str, verifier: str, redirect_uri: str
) -> dict[str, Any]:
    sent = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier,
    }  # fmt: skip
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    methods: Sequence[str] = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    if client.client_secret and "client_secret_basic" in methods:
        pair = f"{quote(client.client_id, safe='')}:{quote(client.client_secret, safe='')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        sent |= {"client_id": client.client_id}
        sent |= {"client_secret": client.client_secret} if client.client_secret else {}
    return asked(str(found["token_endpoint"]), headers, urlencode(sent).encode())


def believed(client: Client, found: Mapping[str, Any], token: str, nonce: str) -> dict[str, Any]:
    """The claims of an identity token. An unknown key is asked for once more: providers change theirs."""
    place = str(found["jwks_uri"])
    claims = opened(token, keys_of(place, fresh=False)) or opened(token, keys_of(place, fresh=True))
    if claims is None:
        raise SignOnError("bad_token", "signature")
    wanted: dict[str, Any] = {
        "iss": {"essential": True, "value": client.issuer}, "aud": {"essential": True, "value": client.client_id},
        "sub": {"essential": True}, "exp": {"essential": True}, "iat": {"essential": True},
        "nonce": {"essential": True, "value": nonce},
    }  # fmt: skip
    try:
        jwt.JWTClaimsRegistry(leeway=LEEWAY, **wanted).validate(claims)
    except (JoseError, ValueError, TypeError) as error:
        raise SignOnError("bad_token", f"claims: {error}"[:200]) from error
    audience = claims["aud"]
    others = isinstance(audience, list) and len(audience) > 1
    if (others or "azp" in claims) and claims.get("azp") != client.client_id:
        raise SignOnError("bad_token", "azp")
    return claims


def opened(token: str, keys: KeySet) -> dict[str, Any] | None:
    """What a token says whose signature is right; None for any other."""
    try:
        return dict(jwt.decode(token, keys, algorithms=SIGNATURES).claims)
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def keys_of(place: str, *, fresh: bool) -> KeySet:
    key = f"oidc-keys/{hashlib.sha256(place.encode()).hexdigest()}"
    found = None if fresh else cache.get(key)
    if found is None:
        found = asked(place)
        cache.set(key, found, FRESH_SECONDS)
    try:
        return KeySet.import_key_set(found)  # type: ignore[arg-type]
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise SignOnError("not_a_provider", f"keys: {error}"[:200]) from error


def more_about(found: Mapping[str, Any], access_token: str, subject: str) -> dict[str, Any]:
    told = asked(str(found["userinfo_endpoint"]), {"Authorization": f"Bearer {access_token}"})
    if told.get("sub") != subject:
        raise SignOnError("bad_token", "sub of userinfo")
    return told


def asked(url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> dict[str, Any]:
    try:
        allowed = Allowed.of(settings.OUTGOING_ALLOW, settings.OUTGOING_ONLY)
        with turn(urlsplit(url).netloc):
            answer = call("POST" if body else "GET", url, headers=headers, body=body, allowed=allowed)
    except (OutgoingError, NoTurn) as error:
        code = error.code if error.code == "forbidden_address" else "unreachable"
        raise SignOnError(code, str(error)) from error
    try:
        told = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise SignOnError("not_a_provider", f"{answer.status} is no JSON") from error
    if answer.status != 200 or not isinstance(told, dict):
        said = told.get("error", "") if isinstance(told, dict) else ""
        raise SignOnError("refused" if body else "not_a_provider", f"{answer.status} {said}"[:200])
    return told
