"""Logging in, sessions and the one-time link, through the pages themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from kemai.platform.access import SYSTEM
from kemai.platform.models import ChangeSet
from kemai.staff.models import LoginSession, User
from kemai.staff.services import people

pytestmark = pytest.mark.django_db
PASSWORD = "云淡风轻-2026"


@pytest.fixture(autouse=True)
def _quick_and_forgetful(settings: Settings, db: None) -> Iterator[None]:
    """A cheap password hash, and no counters left over from other tests."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    caches["shared"].clear()
    yield
    caches["shared"].clear()


@pytest.fixture
def alice() -> User:
    values = {"username": "alice", "name": "张丽", "email": "alice@example.com"}
    return people.create_user(values, by=SYSTEM, password=PASSWORD)


def log_in(client: Client, login: str = "alice", password: str = PASSWORD) -> int:
    answer = client.post(reverse("account_login"), {"login": login, "password": password})
    return answer.status_code


def is_in(client: Client) -> bool:
    return client.get(reverse("preferences")).status_code == 200


@pytest.mark.row(150)
def test_the_page_speaks_chinese_and_the_browsers_english(client: Client) -> None:
    page = client.get(reverse("account_login"))
    assert page.status_code == 200
    assert "登录" in page.content.decode()
    assert page.headers["Content-Language"] == "zh-hans"
    english = client.get(reverse("account_login"), headers={"Accept-Language": "en-US,en;q=0.9"})
    assert english.headers["Content-Language"] == "en"


@pytest.mark.parametrize("login", ["alice", "ALICE", "alice@example.com"])
def test_in_by_name_or_mail_and_out(client: Client, alice: User, login: str) -> None:
    assert not is_in(client)
    assert log_in(client, login) == 302
    assert is_in(client)
    assert client.post(reverse("account_logout")).status_code == 302
    assert not is_in(client)


def test_a_stranger_is_sent_to_the_log_in_page_and_a_script_told_so(client: Client) -> None:
    page = client.get(reverse("preferences"))
    assert page.status_code == 302
    assert page.headers["Location"].startswith("/login/")
    assert client.get(reverse("preferences"), headers={"HX-Request": "true"}).status_code == 401


def test_wrong_password_unknown_name_and_dismissed_look_the_same(client: Client, alice: User) -> None:
    def answer(login: str, password: str) -> str:
        page = client.post(reverse("account_login"), {"login": login, "password": password})
        assert page.status_code == 200
        return re.sub(r'value="[^"]*"|csrf[^>]*>', "", page.content.decode())

    wrong = answer("alice", "wrong")
    assert answer("nobody", "wrong") == wrong
    alice.is_active = False
    alice.save()
    assert answer("alice", "wrong") == wrong
    assert not is_in(client)


def test_the_right_password_of_a_dismissed_person_does_not_open(client: Client, alice: User) -> None:
    alice.is_active = False
    alice.save()
    log_in(client)
    assert not is_in(client)


def test_a_log_in_starts_a_new_session_key(client: Client, alice: User) -> None:
    client.get(reverse("account_login"))
    session = client.session
    session["planted"] = "1"
    session.save()
    planted = session.session_key
    log_in(client)
    assert client.session.session_key != planted
    assert not Session.objects.filter(session_key=planted).exists()


def test_nobody_signs_up(client: Client) -> None:
    page = client.get(reverse("account_signup"))
    assert "不开放注册" in page.content.decode()
    values = {"username": "eve", "password1": PASSWORD, "password2": PASSWORD}
    client.post(reverse("account_signup"), values)
    assert not User.objects.filter(username="eve").exists()


def test_a_changed_password_ends_the_other_sessions_only(client: Client, alice: User) -> None:
    other = Client()
    log_in(client)
    log_in(other)
    before = client.session.session_key
    values = {"oldpassword": PASSWORD, "password1": "另一个-长密码-88", "password2": "另一个-长密码-88"}
    page = client.post(reverse("account_change_password"), values)
    assert page.status_code == 302, page.content.decode()
    assert is_in(client)
    assert client.session.session_key != before
    assert not is_in(other)


def test_sessions_are_listed_and_can_be_ended(client: Client, alice: User) -> None:
    log_in(client)
    other, third = Client(), Client(headers={"User-Agent": "Phone"})
    log_in(other)
    log_in(third)
    page = client.get(reverse("sessions")).content.decode()
    assert page.count('name="id"') == 2
    assert "Phone" in page
    phone = LoginSession.objects.get(agent="Phone")
    asked = client.post(reverse("sessions_end"), {"id": phone.pk}).headers["Location"]
    assert asked.startswith(reverse("account_reauthenticate"))
    assert is_in(third), "nobody who only finds an open screen ends others' sessions"
    client.post(asked, {"password": PASSWORD})
    assert not is_in(third)
    assert is_in(other)
    client.post(reverse("sessions_end"))
    assert not is_in(other)
    assert is_in(client)


def test_nobody_ends_a_foreign_session(client: Client, alice: User) -> None:
    bob = people.create_user({"username": "bob", "name": "李波"}, by=SYSTEM, password=PASSWORD)
    bobs = Client()
    log_in(bobs, "bob")
    log_in(client)
    asked = client.post(reverse("sessions_end"), {"id": LoginSession.objects.get(user=bob).pk}).headers[
        "Location"
    ]
    client.post(asked, {"password": PASSWORD})
    assert is_in(bobs)


def test_the_one_time_link_opens_once(client: Client) -> None:
    user = people.create_user({"username": "carol", "name": "王红"}, by=SYSTEM)
    assert log_in(client, "carol", "") == 200
    link = people.welcome_path(user, by=SYSTEM)
    assert "carol" in client.get(link).content.decode()
    assert client.post(link, {"password": "12345678", "again": "12345678"}).status_code == 422
    assert client.post(link, {"password": PASSWORD, "again": "other"}).status_code == 422
    assert client.post(link, {"password": PASSWORD, "again": PASSWORD}).status_code == 302
    assert client.get(link).status_code == 404
    assert client.post(link, {"password": "noch-einmal-1", "again": "noch-einmal-1"}).status_code == 404
    assert log_in(client, "carol") == 302


@pytest.mark.parametrize(
    "link", ["/welcome/MQ/abc/", "/welcome/!!/x/", "/welcome/OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5/x/"]
)
def test_invented_links_open_nothing(client: Client, link: str) -> None:
    assert client.get(link).status_code == 404


def test_preferences_are_kept_and_logged(client: Client, alice: User) -> None:
    log_in(client)
    assert client.post(reverse("prefs"), {"density": "compact", "theme": "dark"}).status_code == 204
    values = {
        "name": "张丽丽",
        "phone": "138 1234 5678",
        "language": "en",
        "theme": "dark",
        "density": "compact",
    }
    assert client.post(reverse("preferences"), values).status_code == 302
    alice.refresh_from_db()
    assert (alice.name, alice.phone, alice.language, alice.density) == (
        "张丽丽",
        "+8613812345678",
        "en",
        "compact",
    )
    assert client.get(reverse("preferences")).headers["Content-Language"] == "en"
    wrong = client.post(reverse("preferences"), {**values, "phone": "12", "theme": "pink"})
    assert wrong.status_code == 422
    assert ChangeSet.objects.filter(type_key="user", kind="update", actor=alice).exists()
    client.post(reverse("preferences"), {**values, "is_superuser": "1", "username": "root", "roles": "1"})
    alice.refresh_from_db()
    assert (alice.username, alice.is_superuser, alice.roles.count()) == ("alice", False, 0)
