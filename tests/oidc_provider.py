"""A provider of single sign-on that runs on this machine: Authlib's authorization server behind Python's HTTP server.

It holds clients to what a real one does: exact redirect address, nonce, PKCE by S256 (a code without challenge is not
given out), client secret, each code once. It logs in whoever `sub` names, without asking. What a hostile provider would
do differently is set on `Provider`."""

from __future__ import annotations

import base64
import http.server
import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, urlsplit

from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    OAuth2Error,
    OAuth2Payload,
    OAuth2Request,
    grants,
)
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT, SECRET = "kemai", "a-secret of/the:client"


@dataclass
class Provider:
    """The state of one provider; `claims` is what it says of the person who comes, `twist` changes a token's claims."""

    redirect_uri: str = ""
    claims: dict[str, Any] = field(default_factory=lambda: {"sub": "1"})
    twist: dict[str, Any] = field(default_factory=dict)
    wrong_key: bool = False
    algorithm: str = "RS256"
    issuer: str = ""
    codes: dict[str, Any] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    tokens: int = 0
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))


class Client:
    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    def get_client_id(self) -> str:
        return CLIENT

    def get_default_redirect_uri(self) -> str:
        return self.provider.redirect_uri

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, uri: str) -> bool:
        return uri == self.provider.redirect_uri

    def check_client_secret(self, secret: str) -> bool:
        return secret == SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, kind: str) -> bool:
        return kind == "code"

    def check_grant_type(self, kind: str) -> bool:
        return kind == "authorization_code"


@dataclass
class Code:
    code: str
    redirect_uri: str
    scope: str
    nonce: str
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> None:
        return None

    get_acr = get_amr = get_auth_time


class Payload(OAuth2Payload):  # type: ignore[misc]
    def __init__(self, data: dict[str, list[str]]) -> None:
        self.given = data

    @cached_property
    def data(self) -> dict[str, str]:
        return {name: values[-1] for name, values in self.given.items()}

    @cached_property
    def datalist(self) -> defaultdict[str, list[str]]:
        return defaultdict(list, self.given)


class Asked(OAuth2Request):  # type: ignore[misc]
    def __init__(self, method: str, uri: str, headers: Any, form: dict[str, list[str]]) -> None:
        super().__init__(method=method, uri=uri, headers=headers)
        self.payload = Payload({**parse_qs(urlsplit(uri).query), **form})
        self.fields = {name: values[-1] for name, values in form.items()}

    @property
    def args(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.uri).query).items()}

    @property
    def form(self) -> dict[str, str]:
        return self.fields


class Grant(grants.AuthorizationCodeGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]

    def save_authorization_code(self, code: str, request: Any) -> None:
        data = request.payload.data
        if data.get("code_challenge_method") != "S256":
            raise OAuth2Error(description="PKCE by S256 is wanted")
        redirect_uri, scope, nonce, challenge = (
            data.get(name, "") for name in ("redirect_uri", "scope", "nonce", "code_challenge")
        )
        self.server.provider.codes[code] = Code(code, redirect_uri, scope, nonce, challenge, "S256")

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        found: Code | None = self.server.provider.codes.get(code)
        return found

    def delete_authorization_code(self, code: Code) -> None:
        del self.server.provider.codes[code.code]

    def authenticate_user(self, code: Code) -> dict[str, Any]:
        claims: dict[str, Any] = self.server.provider.claims
        return claims


class Tokens(OpenIDCode):  # type: ignore[misc]
    def __init__(self, provider: Provider) -> None:
        super().__init__(require_nonce=True)
        self.provider = provider

    def exists_nonce(self, nonce: str, request: Any) -> bool:
        return any(one.nonce == nonce for one in self.provider.codes.values())

    def encode_id_token(self, token: Any, request: Any) -> str:
        said = {
            "iss": self.provider.issuer, **self.get_compatible_claims(request),
            **self.get_authorization_code_claims(request.authorization_code), **self.provider.claims,
            **self.provider.twist,
        }  # fmt: skip
        key = RSAKey.generate_key(2048) if self.provider.wrong_key else self.provider.key
        header = {"alg": self.provider.algorithm, "kid": "one"}
        if self.provider.algorithm == "none":
            parts = [
                base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode()
                for one in (header, said)
            ]
            return ".".join([*parts, ""])
        return jwt.encode(header, {k: v for k, v in said.items() if v is not None}, key)


class Server(AuthorizationServer):  # type: ignore[misc]
    def __init__(self, provider: Provider) -> None:
        super().__init__(scopes_supported=["openid", "profile", "email"])
        self.provider = provider
        self.register_token_generator(
            "default", BearerTokenGenerator(lambda **_given: f"token-{len(provider.asked)}")
        )
        self.register_grant(Grant, [CodeChallenge(required=True), Tokens(provider)])

    def query_client(self, client_id: str) -> Client | None:
        return Client(self.provider) if client_id == CLIENT else None

    def save_token(self, token: Any, request: Any) -> None:
        self.provider.tokens += 1

    def send_signal(self, *_given: Any, **_more: Any) -> None: ...

    def create_oauth2_request(self, request: Any) -> Any:
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> tuple[int, Any, Any]:
        return status, body, headers


class Handler(http.server.BaseHTTPRequestHandler):
    server: Any

    def do_GET(self) -> None:
        provider, place = self.server.provider, urlsplit(self.path).path
        base = provider.issuer
        match place:
            case "/.well-known/openid-configuration":
                self.tell({
                    "issuer": base, "authorization_endpoint": f"{base}/authorize", "token_endpoint": f"{base}/token",
                    "jwks_uri": f"{base}/jwks", "userinfo_endpoint": f"{base}/userinfo",
                })  # fmt: skip
            case "/jwks":
                self.tell(KeySet([provider.key]).as_dict(private=False))
            case "/userinfo":
                self.tell(provider.claims)
            case "/authorize":
                asked = Asked("GET", f"{base}{self.path}", self.headers, {})
                provider.asked.append(asked.args)
                self.answer(*self.authorized(asked))
            case _:
                self.answer(404, "", [])

    def authorized(self, asked: Asked) -> tuple[int, Any, Any]:
        try:
            grant = self.server.oauth.get_consent_grant(asked, self.server.provider.claims)
            answer: tuple[int, Any, Any] = self.server.oauth.create_authorization_response(
                asked, self.server.provider.claims, grant
            )
        except OAuth2Error as error:
            return error.status_code, dict(error.get_body()), []
        return answer

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        asked = Asked("POST", f"{self.server.provider.issuer}{self.path}", self.headers, form)
        self.answer(*self.server.oauth.create_token_response(asked))

    def tell(self, body: Any) -> None:
        self.answer(200, body, [("Content-Type", "application/json")])

    def answer(self, status: int, body: Any, headers: Any) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write((body if isinstance(body, str) else json.dumps(body)).encode())

    def log_message(self, format: str, *args: Any) -> None: ...


@contextmanager
def running(redirect_uri: str) -> Iterator[Provider]:
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web.daemon_threads = True
    provider = Provider(redirect_uri, issuer=f"http://127.0.0.1:{web.server_port}")
    web.provider, web.oauth = provider, Server(provider)  # type: ignore[attr-defined]
    threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield provider
    finally:
        web.shutdown()
        web.server_close()
