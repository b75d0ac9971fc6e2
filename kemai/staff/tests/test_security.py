"""Wrong tries, how long a log-in lasts, the second step and its codes, and the settings of a server behind HTTPS."""

from __future__ import annotations

import hashlib
import math
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone
from pytest_django import Settings

from kemai.platform.access import SYSTEM
from kemai.platform.models import Role
from kemai.platform.records import FieldErrors
from kemai.staff.models import LoginSession, RecoveryCode, User
from kemai.staff.services import people, recovery, sealing, security, sessions, throttle

pytestmark = pytest.mark.django_db
PASSWORD = "云淡风轻-2026"


@pytest.fixture(autouse=True)
def _quick_and_forgetful(settings: Settings, db: None) -> Iterator[None]:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    caches["shared"].clear()
    yield
    caches["shared"].clear()


@pytest.fixture
def alice() -> User:
    values = {"username": "alice", "name": "张丽", "email": "alice@example.com"}
    return people.create_user(values, by=SYSTEM, password=PASSWORD)


def log_in(client: Client, login: str = "alice", password: str = PASSWORD, **more: Any) -> Any:
    return client.post(reverse("account_login"), {"login": login, "password": password}, **more)


def is_in(client: Client) -> bool:
    return client.get(reverse("preferences")).status_code == 200


def code_now(secret: str) -> str:
    counter = next(iter(yield_hotp_counters_from_time()))
    return str(format_hotp_value(hotp_value(secret, counter)))


# Wrong tries ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", ["alice", "nobody-at-all"])
def test_after_five_wrong_tries_every_try_has_to_wait_whoever_it_is(
    client: Client, alice: User, login: str
) -> None:
    said = [
        re.sub(r'value="[^"]*"', "", log_in(Client(), login, "wrong").content.decode()) for _n in range(7)
    ]
    waiting = ["稍后" in page for page in said]
    assert waiting == [False] * 5 + [True] * 2
    if login == "alice":
        log_in(client)
        assert not is_in(client), "the right password waits as well"
        log_in(client, "alice@example.com")
        assert is_in(client), "others' tries by another name do not keep the owner of the address out"


def test_nobody_is_kept_out_of_a_known_browser_by_somebody_who_guesses(alice: User) -> None:
    mine, other = Client(), Client()
    log_in(mine)
    mine.post(reverse("account_logout"))
    for _n in range(7):
        log_in(other, password="wrong", REMOTE_ADDR="198.51.100.7")
    log_in(other, REMOTE_ADDR="198.51.100.8")
    assert not is_in(other), "elsewhere the right password waits"
    log_in(mine)
    assert is_in(mine)
    mine.post(reverse("account_logout"))
    for _n in range(6):
        log_in(mine, password="wrong")
    log_in(mine)
    assert not is_in(mine), "a known browser has as few tries as any"
    forged = Client()
    forged.cookies["kemai_known"] = mine.cookies["kemai_known"].value[:-4] + "AAAA"
    log_in(forged, REMOTE_ADDR="198.51.100.9")
    assert not is_in(forged)


def test_one_address_cannot_try_many_accounts(
    client: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "PER_ADDRESS", 8)
    for n in range(10):
        log_in(client, f"person{n}", "wrong")
    log_in(client)
    assert not is_in(client)
    elsewhere = Client()
    log_in(elsewhere, REMOTE_ADDR="198.51.100.7")
    assert is_in(elsewhere)


def test_right_passwords_use_nothing_up(alice: User) -> None:
    for _n in range(7):
        client = Client()
        log_in(client)
        assert is_in(client)


def test_an_ipv6_visitor_counts_as_one(alice: User) -> None:
    assert throttle.of("a", "2001:db8:1:2:3::4") == throttle.of("A ", "2001:db8:1:2:ffff::1")
    assert throttle.of("a", "2001:db8:1:3::4") != throttle.of("a", "2001:db8:1:2::4")
    assert throttle.of("a", "::ffff:1.2.3.4") == throttle.of("a", "1.2.3.4")


def test_known_and_unknown_people_cost_the_same(
    client: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hash is nearly all of the time that a try takes: it is worked out once, whether there is somebody or not."""
    worked: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        worked.append(password)
        return str(encode(self, password, salt))

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    counts = []
    for login in ("alice", "nobody-at-all", "alice@example.com", "nobody@example.com"):
        worked.clear()
        log_in(client, login, "wrong")
        counts.append(len(worked))
    assert max(counts) <= 2 * min(counts)
    assert min(counts) > 0


# How long a log-in lasts ----------------------------------------------------------------------------------------------


def test_who_does_nothing_is_logged_out_and_who_works_is_not(
    client: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    security.save({"idle_minutes": "30", "absolute_hours": "8"}, by=SYSTEM)
    log_in(client)
    assert is_in(client)
    end = Session.objects.get(pk=client.session.session_key).expire_date
    assert 29 * 60 < (end - timezone.now()).total_seconds() <= 30 * 60
    now = time.time()
    monkeypatch.setattr(sessions.time, "time", lambda: now + 1200)  # type: ignore[attr-defined]
    client.get("/notices/unread/", headers={"Accept": "application/json"})
    assert Session.objects.get(pk=client.session.session_key).expire_date == end, (
        "a page's own questions do not count"
    )
    answer = client.get(reverse("preferences"))
    assert Session.objects.get(pk=client.session.session_key).expire_date > end
    assert answer.cookies["sessionid"]["max-age"] == 1800, "the browser keeps the cookie for as long"
    Session.objects.update(expire_date=timezone.now())
    assert not is_in(client)


def test_in_one_place_only_where_that_is_wanted(alice: User) -> None:
    first, second, other = Client(), Client(), Client()
    people.create_user({"username": "bob", "name": "Bob"}, by=SYSTEM, password=PASSWORD)
    log_in(other, "bob")
    log_in(first)
    log_in(second)
    assert (is_in(first), is_in(second)) == (True, True)
    security.save({"idle_minutes": "30", "absolute_hours": "8", "single_session": "1"}, by=SYSTEM)
    third = Client()
    log_in(third, password="wrong")
    assert is_in(first), "a wrong try ends nothing"
    log_in(third)
    assert [is_in(one) for one in (first, second, third, other)] == [False, False, True, True]


def test_nobody_stays_longer_than_the_longest_time(
    client: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    security.save({"idle_minutes": "60", "absolute_hours": "1"}, by=SYSTEM)
    log_in(client)
    now = time.time()
    monkeypatch.setattr(sessions.time, "time", lambda: now + 3000)  # type: ignore[attr-defined]
    assert is_in(client)
    end = Session.objects.get(pk=client.session.session_key).expire_date
    assert (end - timezone.now()).total_seconds() <= 600
    monkeypatch.setattr(sessions.time, "time", lambda: now + 3700)  # type: ignore[attr-defined]
    answer = client.get(reverse("preferences"), follow=True)
    assert "登录已到最长时限" in answer.content.decode()
    assert not is_in(client)
    assert not Session.objects.filter(pk=client.session.session_key).exists()


def test_a_clock_that_jumped_keeps_nobody_in_for_ever(client: Client, alice: User) -> None:
    log_in(client)
    session = client.session
    session[sessions.LOOK] = [int(time.time()) + 10**6, session.session_key]
    session[sessions.BEGUN] = int(time.time()) + 10**6
    session.save()
    assert is_in(client)
    assert client.session[sessions.LOOK][0] < time.time() + 700
    assert client.session[sessions.BEGUN] <= time.time()


def test_the_log_in_is_noted_again_only_after_a_while(
    client: Client, alice: User, django_assert_num_queries: Any
) -> None:
    log_in(client)
    is_in(client)
    seen = LoginSession.objects.get().seen_at
    is_in(client)
    assert LoginSession.objects.get().seen_at == seen


@pytest.mark.parametrize(
    "typed",
    [
        {"idle_minutes": "4"}, {"idle_minutes": "²"}, {"absolute_hours": ""},
        {"idle_minutes": "600", "absolute_hours": "1"},
    ],
)  # fmt: skip
def test_limits_that_make_no_sense_are_refused(typed: dict[str, str]) -> None:
    with pytest.raises(FieldErrors):
        security.save({"idle_minutes": "60", "absolute_hours": "8", **typed}, by=SYSTEM)


# The second step ------------------------------------------------------------------------------------------------------


def set_up(client: Client) -> tuple[str, list[str]]:
    """Through the pages; returns the key and the recovery codes."""
    page = client.get(reverse("mfa_activate_totp"))
    if page.status_code == 302:  # what touches the account's safety asks for the password again
        client.post(page.headers["Location"], {"password": PASSWORD})
        page = client.get(reverse("mfa_activate_totp"))
    secret = client.session["mfa.totp.secret"]
    assert secret in page.content.decode()
    done = client.post(reverse("mfa_activate_totp"), {"code": code_now(secret)})
    assert done.status_code == 200, done.content.decode()
    return secret, re.findall(r"<code>((?:[a-z2-9]{4}-){5}[a-z2-9]{4})</code>", done.content.decode())


def test_a_second_step_with_codes_that_are_shown_once(client: Client, alice: User) -> None:
    log_in(client)
    secret, codes = set_up(client)
    assert len(set(codes)) == recovery.HOW_MANY
    assert recovery.LENGTH * math.log2(len(recovery.LETTERS)) >= 112
    stored = Authenticator.objects.get(user=alice)
    assert secret not in str(stored.data), "the key lies encrypted"
    assert not {code.replace("-", "") for code in codes} & set(
        RecoveryCode.objects.values_list("digest", flat=True)
    )
    for name in ("mfa_index", "two_step_codes", "mfa_deactivate_totp"):
        page = client.get(reverse(name))
        assert page.status_code == 200, name
        assert codes[0] not in page.content.decode()

    fresh = Client()
    assert log_in(fresh).status_code == 302
    assert not is_in(fresh)
    assert "两步验证" in fresh.get(reverse("mfa_authenticate")).content.decode()
    assert fresh.post(reverse("mfa_authenticate"), {"code": "000000"}).status_code == 200
    assert not is_in(fresh)
    fresh.post(reverse("mfa_authenticate"), {"code": codes[0].upper().replace("-", " ")})
    assert is_in(fresh)
    assert "还有 9 个可用" in fresh.get(reverse("mfa_index")).content.decode()
    again = Client()
    log_in(again)
    again.post(reverse("mfa_authenticate"), {"code": codes[0]})
    assert not is_in(again), "a recovery code opens once"

    renewed = client.post(reverse("two_step_codes")).content.decode()
    assert codes[1] not in renewed
    again.post(reverse("mfa_authenticate"), {"code": codes[1]})
    assert not is_in(again), "new codes end the old ones"
    client.post(reverse("mfa_deactivate_totp"))
    assert not RecoveryCode.objects.exists()


def test_codes_cannot_be_tried_out(client: Client, alice: User) -> None:
    log_in(client)
    _secret, codes = set_up(client)
    fresh = Client()
    log_in(fresh)
    said = [fresh.post(reverse("mfa_authenticate"), {"code": f"{n:06d}"}).content.decode() for n in range(7)]
    assert "输错的次数太多" in said[-1]
    fresh.post(reverse("mfa_authenticate"), {"code": codes[0]})
    assert not is_in(fresh)


def test_a_role_can_want_the_second_step(client: Client, alice: User) -> None:
    log_in(client)
    assert client.get("/").status_code == 200
    role = Role.objects.get(key="sales")
    alice.roles.add(role)
    role.two_step = True
    role.save()
    for method, place, headers, status in (
        ("get", "/o/customer/", {}, 302), ("get", "/o/customer/", {"HX-Request": "true"}, 204),
        ("post", "/o/customer/new", {}, 403), ("get", "/notices/unread/", {"Accept": "application/json"}, 403),
        ("get", "/api/v1/customer", {"Accept": "application/json"}, 403),
        ("get", reverse("mfa_index"), {}, 200), ("post", reverse("prefs"), {}, 204),
    ):  # fmt: skip
        answer = getattr(client, method)(place, headers=headers)
        assert answer.status_code == status, (method, place, answer.status_code)
    assert "您的角色要求两步验证" in client.get("/o/customer/", follow=True).content.decode()
    set_up(client)
    assert client.get("/o/customer/").status_code == 200


# The server -----------------------------------------------------------------------------------------------------------


def test_djangos_own_check_of_a_deployment_finds_nothing(tmp_path: Any) -> None:
    environment = {
        **os.environ, "KEMAI_DATA": str(tmp_path), "KEMAI_DATABASE_URL": "", "KEMAI_HTTPS": "1",
        "KEMAI_HOSTS": "crm.example.com", "KEMAI_DEBUG": "0", "DJANGO_SETTINGS_MODULE": "kemai.project.settings",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "django", "check", "--deploy", "--fail-level", "WARNING"],
        env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_stolen_password_is_refused_and_a_list_that_is_away_stops_nobody(
    settings: Any, tmp_path: Path
) -> None:
    digests = (
        hashlib.sha1(one.encode(), usedforsecurity=False).hexdigest() for one in ("yunqi-Xinren-2026", "b")
    )
    listed = tmp_path / "stolen.txt"
    listed.write_text("".join(f"{one}:3\n" for one in sorted(digests)))
    validate_password("yunqi-Xinren-2026")
    settings.STOLEN_PASSWORDS = str(listed)
    with pytest.raises(ValidationError) as caught:
        validate_password("yunqi-Xinren-2026")
    assert caught.value.error_list[0].code == "stolen"
    validate_password("yunqi-Xinren-2027")
    listed.unlink()
    validate_password("yunqi-Xinren-2026")


def test_behind_https_every_cookie_is_of_this_host_alone(tmp_path: Path) -> None:
    told = (
        "import django; from kemai.project import settings as s; django.setup();"
        "from kemai.platform.ui.flash import Cookie;"
        "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.LANGUAGE_COOKIE_NAME, s.KNOWN_COOKIE_NAME,"
        "Cookie.cookie_name)"
    )
    environment = {
        **os.environ, "KEMAI_DATA": str(tmp_path), "KEMAI_DATABASE_URL": "", "KEMAI_HTTPS": "1",
        "DJANGO_SETTINGS_MODULE": "kemai.project.settings",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", told], env=environment, capture_output=True, text=True, check=True
    )
    names = done.stdout.split()
    assert (len(names), all(name.startswith("__Host-") for name in names)) == (5, True)


def test_only_what_wants_a_token_of_its_own_takes_writes_without_the_form_s() -> None:
    """Cross-site forgery: an address that is let off is one that no cookie opens."""

    def exempt(patterns: Any, before: str = "") -> Iterator[str]:
        for one in patterns:
            route = before + str(one.pattern)
            if hasattr(one, "url_patterns"):
                yield from exempt(one.url_patterns, route)
            elif getattr(one.callback, "csrf_exempt", False):
                yield route

    let_off = set(exempt(get_resolver().url_patterns))
    assert "api/v1/<slug:type_key>" in let_off
    assert {route.partition("/")[0] for route in let_off} == {"api"}


def test_a_new_secret_goes_on_with_what_the_old_one_has_sealed(
    client: Client, alice: User, settings: Any
) -> None:
    log_in(client)
    _key, codes = set_up(client)
    held = sealing.seal("x", "word")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 60, [settings.SECRET_KEY]
    assert is_in(client), "sessions go on"
    fresh = Client()
    log_in(fresh)
    fresh.post(reverse("mfa_authenticate"), {"code": codes[0]})
    assert is_in(fresh)
    assert sealing.unseal("x", sealing.seal("x", "new")) == "new"
    assert sealing.unseal("x", held) == "word"
    settings.SECRET_KEY_FALLBACKS = []
    assert sealing.unseal("x", held) == ""
