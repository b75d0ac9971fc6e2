"""Single sign-on against a real provider on this machine (tests/oidc_provider.py), which checks us as we check it."""

from __future__ import annotations

import html
import http.client
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from kemai.platform.access import SYSTEM, Denied, actor_for
from kemai.platform.models import Change, Role, Setting
from kemai.platform.records import FieldErrors
from kemai.staff.models import ExternalIdentity, User
from kemai.staff.services import people, sso
from tests import oidc_provider
from tests.oidc_provider import CLIENT, SECRET, Provider

pytestmark = [pytest.mark.django_db, pytest.mark.row(140)]
BACK = "http://testserver/login/sso/back/"
ALICE = {"sub": "42", "email": "alice@example.com", "email_verified": True, "name": "张丽"}


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with oidc_provider.running(BACK) as provider:
        yield provider


@pytest.fixture
def provider(running: Provider, settings: Settings) -> Iterator[Provider]:
    settings.OUTGOING_ALLOW = ["127.0.0.0/8"]
    cache.clear()
    running.claims, running.twist, running.wrong_key, running.algorithm = dict(ALICE), {}, False, "RS256"
    yield running
    cache.clear()


@pytest.fixture
def alice() -> User:
    return people.create_user({"username": "alice", "name": "张丽", "email": "alice@example.com"}, by=SYSTEM)


def switch_on(provider: Provider, **more: str) -> None:
    typed = {
        "enabled": "1", "issuer": provider.issuer, "client_id": CLIENT, "client_secret": SECRET, "match": "email",
        "label": "云起账号", **more,
    }  # fmt: skip
    sso.save(typed, by=SYSTEM)


def visit(address: str) -> str:
    """What a browser does at the provider: follows the address, and comes back with another."""
    parts = urlsplit(address)
    line = http.client.HTTPConnection(parts.netloc, timeout=5)
    line.request("GET", f"{parts.path}?{parts.query}")
    answer = line.getresponse()
    assert answer.status == 302, answer.read()
    return answer.headers["Location"]


def begin(client: Client, query: str = "") -> Any:
    """By the button on the log-in page."""
    page = client.get(reverse("account_login") + query).content.decode()
    found = re.search(rf'href="({reverse("sso_start")}[^"]*)"', page)
    assert found is not None
    return client.get(html.unescape(found[1]))


def sign_on(client: Client, query: str = "") -> Any:
    start = begin(client, query)
    assert start.status_code == 302, start.content.decode()
    return client.get(visit(start.headers["Location"]))


def is_in(client: Client) -> bool:
    return client.get(reverse("preferences")).status_code == 200


def test_in_by_the_providers_word_and_known_again(client: Client, provider: Provider, alice: User) -> None:
    switch_on(provider)
    page = client.get(reverse("account_login") + "?next=/o/customer/").content.decode()
    assert "云起账号" in page
    answer = sign_on(client, "?next=/o/customer/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/o/customer/")
    assert is_in(client)
    asked = provider.asked[-1]
    assert (asked["code_challenge_method"], len(asked["nonce"]) > 30, len(asked["state"]) > 30) == (
        "S256",
        True,
        True,
    )
    # the identity counts from now on, whatever becomes of the address
    provider.claims = {"sub": "42", "email": "other@example.com", "email_verified": True}
    again = Client()
    sign_on(again, "?next=https://evil.example/")
    assert is_in(again)
    assert User.objects.count() == 1


def test_an_account_with_a_second_step_is_asked_for_it(
    client: Client, provider: Provider, alice: User
) -> None:
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    TOTP.activate(alice, generate_totp_secret())
    switch_on(provider)
    answer = sign_on(client)
    assert answer.headers["Location"].startswith(reverse("mfa_authenticate"))
    assert not is_in(client)


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "1", "email": "alice@example.com"},
        {"sub": "1", "email": "alice@example.com", "email_verified": "true"},
        {"sub": "1", "email": "nobody@example.com", "email_verified": True}, {"sub": "alice"},
    ],
)  # fmt: skip
def test_who_is_nobody_here_stays_out(
    client: Client, provider: Provider, alice: User, claims: dict[str, Any]
) -> None:
    switch_on(provider)
    provider.claims = claims
    answer = sign_on(client)
    assert answer.status_code == 403
    assert "没有与您对应的账号" in answer.content.decode()
    assert not is_in(client)
    assert not ExternalIdentity.objects.exists()


def test_a_dismissed_person_stays_out_by_identity_and_by_address(provider: Provider, alice: User) -> None:
    switch_on(provider, create="1")
    sign_on(Client())
    alice.is_active = False
    alice.save()
    for claims in (ALICE, {**ALICE, "sub": "43"}):
        provider.claims = claims
        client = Client()
        assert sign_on(client).status_code == 403
        assert not is_in(client)
    assert User.objects.count() == 1


def test_a_second_identity_does_not_take_over_an_account(
    client: Client, provider: Provider, alice: User
) -> None:
    switch_on(provider)
    sign_on(Client())
    provider.claims = {**ALICE, "sub": "another"}
    assert sign_on(client).status_code == 403


def test_by_user_name_and_unverified_addresses_only_where_wanted(provider: Provider, alice: User) -> None:
    switch_on(provider, match="username")
    provider.claims = {"sub": "Alice", "email": "x@example.com"}
    client = Client()
    sign_on(client)
    assert is_in(client)
    ExternalIdentity.objects.all().delete()
    switch_on(provider, trust_email="1")
    provider.claims = {"sub": "77", "email": "alice@example.com"}
    other = Client()
    sign_on(other)
    assert is_in(other)


def test_new_people_are_made_only_where_wanted_and_may_nothing(client: Client, provider: Provider) -> None:
    switch_on(provider, create="1")
    provider.claims = {**ALICE, "preferred_username": "zhangli"}
    sign_on(client)
    made = User.objects.get(username="zhangli")
    assert (made.name, made.email, made.roles.count(), made.has_usable_password()) == (
        "张丽",
        "alice@example.com",
        0,
        False,
    )
    assert client.get("/o/customer/").status_code == 403


TWISTS: list[dict[str, Any]] = [
    {"twist": {"nonce": "another"}}, {"twist": {"nonce": None}}, {"twist": {"iss": "http://127.0.0.1:1"}},
    {"twist": {"aud": "somebody-else"}}, {"twist": {"aud": [CLIENT, "other"]}}, {"twist": {"azp": "other"}},
    {"twist": {"exp": 1_000_000_000}}, {"twist": {"sub": None}}, {"twist": {"iat": int(time.time()) + 90_000}},
    {"wrong_key": True}, {"algorithm": "none"},
]  # fmt: skip


@pytest.mark.parametrize("twist", TWISTS, ids=[" ".join(one) + f"-{n}" for n, one in enumerate(TWISTS)])
def test_a_token_that_does_not_hold_opens_nothing(
    client: Client, provider: Provider, alice: User, twist: dict[str, Any]
) -> None:
    switch_on(provider)
    for name, value in twist.items():
        setattr(provider, name, value)
    answer = sign_on(client)
    assert answer.status_code == 403
    assert "不能相信" in answer.content.decode()
    assert not is_in(client)


def test_an_answer_belongs_to_one_browser_one_time(client: Client, provider: Provider, alice: User) -> None:
    switch_on(provider)
    start = begin(client)
    place = visit(start.headers["Location"])
    victim = Client()
    assert victim.get(place).status_code == 403, "an address sent to somebody else logs nobody in"
    query = {key: values[0] for key, values in parse_qs(urlsplit(place).query).items()}
    assert client.get(BACK, {**query, "state": "x"}).status_code == 403
    assert client.get(BACK, query).status_code == 403, "after a wrong state the attempt is over"
    assert sign_on(client).status_code == 302
    assert client.get(place).status_code == 403
    assert client.get(BACK, {"error": "access_denied"}).status_code == 403


def test_no_other_page_begins_a_log_in(client: Client, provider: Provider, alice: User) -> None:
    switch_on(provider)
    mine = begin(client).request["QUERY_STRING"]
    for query in ("", "?next=/o/customer/", f"?{mine[:-1]}x"):
        answer = client.get(reverse("sso_start") + query)
        assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/login/")
    other = Client()
    other.get(reverse("account_login"))
    assert other.get(f"{reverse('sso_start')}?{mine}").headers["Location"].startswith("/login/")


def test_the_provider_holds_us_to_the_protocol(client: Client, provider: Provider, alice: User) -> None:
    """The positive control of the provider: without our verifier, or at another address, it gives nothing."""
    switch_on(provider)
    place = visit(begin(client).headers["Location"])
    session = client.session
    kept = session["kemai_sign_on"]
    session["kemai_sign_on"] = [*kept[:2], "v" * 50, *kept[3:]]
    session.save()
    tokens = provider.tokens
    assert client.get(place).status_code == 403
    assert provider.tokens == tokens
    provider.redirect_uri, before = "http://testserver/elsewhere/", provider.redirect_uri
    try:
        with pytest.raises(AssertionError, match="Redirect URI"):
            visit(begin(client).headers["Location"])
    finally:
        provider.redirect_uri = before


def test_the_page_checks_keeps_the_secret_and_says_what_to_do(provider: Provider, settings: Settings) -> None:
    role = Role.objects.get(key="admin")
    boss = people.create_user({"username": "root", "name": "管理员", "roles": [role.pk]}, by=SYSTEM)
    client = Client()
    client.force_login(boss)
    typed = {
        "part": "sign_on", "enabled": "1", "issuer": provider.issuer, "client_id": CLIENT, "client_secret": SECRET,
        "match": "email",
    }  # fmt: skip
    assert client.post(reverse("security"), typed).status_code == 302
    page = client.get(reverse("security")).content.decode()
    assert BACK in page
    assert SECRET not in page
    stored = Setting.objects.get(key=sso.KEY).value
    assert SECRET not in str(stored)
    assert SECRET not in str(list(Change.objects.values_list("diff", flat=True)))
    assert client.post(reverse("security"), {**typed, "client_secret": "", "label": "x"}).status_code == 302
    assert sso.stored().client_secret == SECRET
    # a secret is not handed to another place
    elsewhere = {**typed, "client_secret": "", "issuer": f"{provider.issuer}/other"}
    assert client.post(reverse("security"), elsewhere).status_code == 422
    settings.OUTGOING_ALLOW = []
    refused = client.post(reverse("security"), typed)
    assert (refused.status_code, "KEMAI_OUTGOING_ALLOW" in refused.content.decode()) == (422, True)
    for issuer in ("ftp://x", "login.example.com", "https://x/?a=1"):
        with pytest.raises(FieldErrors):
            sso.save({**typed, "issuer": issuer}, by=SYSTEM)
    with pytest.raises(Denied):
        sso.save(typed, by=actor_for(people.create_user({"username": "eve", "name": "E"}, by=SYSTEM)))


def test_while_it_is_off_there_is_none(client: Client) -> None:
    assert client.get(reverse("sso_start")).status_code == 404
    assert client.get(reverse("sso_back")).status_code == 404
    # the whole address: three letters alone turn up in a random token now and then
    assert reverse("sso_start") not in client.get(reverse("account_login")).content.decode()


def test_who_has_no_password_here_shows_there_that_it_is_they(provider: Provider, alice: User) -> None:
    """Before what touches an account: the provider asks anew, and says when it did."""
    switch_on(provider)
    client, other = Client(), Client()
    for one in (client, other):
        sign_on(one)
    assert "_auth_user_id" in other.session
    asked = client.post(reverse("sessions_end")).headers["Location"]
    assert asked.startswith(reverse("sso_again"))
    assert User.objects.get(pk=alice.pk).login_sessions.count() == 2, "nothing is done before"
    for claims, twist in (
        (ALICE, {"auth_time": None}),
        (ALICE, {"auth_time": int(time.time()) - 3600}),
        ({**ALICE, "sub": "somebody else"}, {"auth_time": int(time.time())}),
    ):
        provider.claims, provider.twist = dict(claims), dict(twist)
        assert again(client, asked).status_code == 403
        assert User.objects.get(pk=alice.pk).login_sessions.count() == 2
    provider.claims, provider.twist = dict(ALICE), {"auth_time": int(time.time())}
    assert client.get(f"{asked}&go=guessed").status_code == 200, "another site's page begins nothing"
    assert again(client, asked).headers["Location"] == reverse("sessions")
    assert provider.asked[-1]["prompt"] == "login"
    assert provider.asked[-1]["max_age"] == "0"
    assert User.objects.get(pk=alice.pk).login_sessions.count() == 1, "what was sent is done then"
    assert client.get(reverse("account_set_password")).status_code == 200, "asked a moment ago"
    for name in ("account_set_password", "mfa_activate_totp"):
        fresh = Client()
        sign_on(fresh)
        assert fresh.get(reverse(name)).headers["Location"].startswith(reverse("sso_again")), name


def again(client: Client, asked: str) -> Any:
    """By the button of the page that asks."""
    page = client.get(asked).content.decode()
    found = re.search(rf'href="({reverse("sso_again")}[^"]*)"', page)
    assert found is not None
    start = client.get(html.unescape(found[1]))
    return client.get(visit(start.headers["Location"]))
