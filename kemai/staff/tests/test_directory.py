"""Logging in by the company's directory, against directories that run on this machine (tests/ldap_server.py)."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from kemai.kit import turns
from kemai.platform.access import SYSTEM, Denied, actor_for
from kemai.platform.models import Change, ChangeSet, RateCount, Role, Setting
from kemai.platform.records import FieldErrors
from kemai.staff.models import ExternalIdentity, User
from kemai.staff.services import directory, ldap, people
from kemai.staff.services.ldap import DirectoryError
from tests import ldap_server
from tests.factory import make
from tests.ldap_server import ALICE, BASE, BOB, GROUP, PASSWORD, SECRET, SERVICE, Directory

pytestmark = [pytest.mark.django_db, pytest.mark.row(140)]
HAS_SLAPD = shutil.which("slapd", path="/usr/sbin:/usr/lib/openldap:/usr/bin") is not None


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return ldap_server.certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1")


@pytest.fixture(scope="module")
def our_own(pair: tuple[Path, Path]) -> Iterator[Directory]:
    with ldap_server.running(pair) as found:
        yield found


@pytest.fixture(scope="module")
def openldap(pair: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Directory]:
    if not HAS_SLAPD:
        pytest.skip("OpenLDAP's slapd is not installed: apt-get install slapd")
    with ldap_server.slapd(tmp_path_factory.mktemp("slapd"), pair) as found:
        yield found


@pytest.fixture(params=["our_own", "openldap"])
def running(request: pytest.FixtureRequest, here: None) -> Directory:
    found: Directory = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def here(settings: Settings) -> Iterator[None]:
    settings.OUTGOING_ALLOW = ["127.0.0.0/8"]
    cache.clear()
    turns.PROCESS.away.clear()
    yield
    cache.clear()


@pytest.fixture
def own(our_own: Directory, here: None) -> Iterator[Directory]:
    """Ours alone, for what slapd cannot play."""
    before = {dn: dict(held) for dn, held in our_own.tree.items()}
    yield our_own
    our_own.tree, our_own.waits, our_own.refusal = before, 0, ""


@pytest.fixture
def alice() -> User:
    return people.create_user({"username": "alice", "name": "Alice"}, by=SYSTEM)


def typed(url: str, **more: str) -> dict[str, str]:
    return {
        "enabled": "1", "kind": "openldap", "url": url, "bind_dn": SERVICE, "bind_password": SECRET, "base": BASE,
        "match": "username", "a_name": "cn", "a_email": "mail", "a_phone": "mobile", "a_department": "ou", **more,
    }  # fmt: skip


def switch_on(url: str, **more: str) -> None:
    directory.save(typed(url, **more), by=SYSTEM)


def log_in(name: str, password: str = PASSWORD) -> tuple[Client, str]:
    client = Client()
    answer = client.post(reverse("account_login"), {"login": name, "password": password})
    return client, answer.content.decode() if answer.status_code != 302 else ""


def is_in(client: Client) -> bool:
    return client.get(reverse("preferences")).status_code == 200


def test_in_by_the_directorys_password_with_what_it_says(running: Directory, alice: User) -> None:
    sales = make("department", name="销售部")
    switch_on(running.plain)
    client, _page = log_in("alice")
    assert is_in(client)
    alice.refresh_from_db()
    assert (alice.name, alice.email, alice.department_id) == ("张丽", "alice@example.com", sales.pk)
    assert alice.phone.endswith("13800138000")
    assert not alice.has_usable_password()
    # known again by the directory's own number for them, whatever they are called here
    User.objects.filter(pk=alice.pk).update(username="renamed")
    client, _page = log_in("alice@example.com")
    assert is_in(client)
    assert User.objects.count() == 1
    for wrong in ("", "x", SECRET):
        assert not is_in(log_in("alice", wrong)[0])
    assert "login" in ChangeSet.objects.values_list("kind", flat=True)
    assert PASSWORD not in str(list(ChangeSet.objects.values())) + str(list(Change.objects.values()))


@pytest.mark.parametrize(
    "name", ["*", "ali*", "alice)(uid=*", "*)(objectClass=*", "a\\2a", "al\0ice", "nobody"]
)
def test_what_is_typed_is_a_name_and_no_filter(running: Directory, alice: User, name: str) -> None:
    switch_on(running.plain, create="1")
    assert not is_in(log_in(name)[0])
    assert User.objects.count() == 1


@pytest.mark.parametrize("way", ["secure", "starts_tls"])
def test_inside_tls_and_only_with_a_certificate_that_holds(
    running: Directory, alice: User, pair: tuple[Path, Path], tmp_path: Path, way: str
) -> None:
    url, ca = getattr(running, way), pair[0].read_text()
    switch_on(url, ca=ca)
    assert is_in(log_in("alice")[0])
    stranger = ldap_server.certificate(tmp_path, "127.0.0.9")[0].read_text()
    for untrusted in ("", stranger):
        with pytest.raises(FieldErrors) as caught:
            switch_on(url, ca=untrusted)
        assert "证书" in caught.value.errors["ca"]


def test_a_certificate_for_another_name_opens_nothing(here: None, tmp_path: Path) -> None:
    pair = ldap_server.certificate(tmp_path, "127.0.0.9")
    with ldap_server.running(pair) as other:
        for url in (other.secure, other.starts_tls):
            with pytest.raises(FieldErrors) as caught:
                switch_on(url, ca=pair[0].read_text())
            assert "证书" in caught.value.errors["ca"]
    assert other.binds == [], "no password was sent to it"


def test_only_who_is_in_the_group(running: Directory, alice: User) -> None:
    people.create_user({"username": "bob", "name": "Bob"}, by=SYSTEM)
    switch_on(running.plain, group=GROUP)
    assert is_in(log_in("alice")[0])
    client, page = log_in("bob")
    assert not is_in(client)
    assert "不在允许登录客脉的组里" in page
    assert "不在允许登录客脉的组里" not in log_in("bob", "wrong")[1], "only who has the password is told"


def test_accounts_are_made_only_where_wanted_and_may_nothing(running: Directory) -> None:
    switch_on(running.plain)
    client, page = log_in("bob")
    assert (is_in(client), "没有与您对应的在职员工" in page) == (False, True)
    switch_on(running.plain, create="1")
    client, _page = log_in("bob")
    bob = User.objects.get(username="bob")
    assert is_in(client)
    assert (bob.name, bob.roles.count(), bob.has_usable_password()) == ("Bob", 0, False)
    assert client.get("/o/customer/").status_code == 403
    people.set_active(bob, False, by=SYSTEM)
    assert not is_in(log_in("bob")[0]), "whoever was dismissed here stays out"
    assert User.objects.count() == 1


def test_by_address_and_never_by_a_guess(own: Directory) -> None:
    people.create_user({"username": "zhang", "name": "张", "email": "alice@example.com"}, by=SYSTEM)
    switch_on(own.plain, match="email")
    assert is_in(log_in("alice")[0])
    own.tree[BOB] = {**own.tree[BOB], "mail": ["alice@example.com"]}
    client, page = log_in("alice@example.com")
    assert (is_in(client), "不止一个" in page) == (False, True)


def test_a_second_step_and_the_throttle_are_as_for_others(own: Directory, alice: User) -> None:
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    switch_on(own.plain)
    TOTP.activate(alice, generate_totp_secret())
    client, _page = log_in("alice")
    assert not is_in(client)
    binds = len(own.binds)
    for _number in range(8):
        log_in("alice", "wrong")
    assert len([dn for dn in own.binds[binds:] if dn == ALICE]) == 5, "then it is not asked any more"
    assert not is_in(log_in("alice")[0])


def test_while_the_directory_is_away_those_with_a_password_come_in(own: Directory, alice: User) -> None:
    boss = people.create_user({"username": "boss", "name": "B"}, by=SYSTEM, password="own-words-77")
    switch_on(own.plain)
    Setting.objects.filter(key=directory.KEY).update(
        value={**Setting.objects.get(key=directory.KEY).value, "url": "ldap+plain://127.0.0.1:1"}
    )
    assert is_in(log_in("boss", "own-words-77")[0])
    client, page = log_in("alice")
    assert (is_in(client), "目录现在连不上" in page) == (False, True)
    RateCount.objects.all().delete()
    switch_on(own.plain)
    assert is_in(log_in("alice")[0])
    assert boss.is_active


def test_a_directory_that_hangs_is_cut_off(
    own: Directory, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch_on(own.plain)
    monkeypatch.setattr(ldap, "SECONDS", 1)
    monkeypatch.setattr(directory, "AWAY_SECONDS", 600)
    own.waits = 120
    began = time.monotonic()
    with pytest.raises(DirectoryError) as caught:
        directory.person("alice", PASSWORD)
    assert caught.value.code in {"too_slow", "unreachable"}
    monkeypatch.setattr(ldap, "SECONDS", 120)
    with pytest.raises(DirectoryError):
        directory.person("alice", PASSWORD)
    assert time.monotonic() - began < 60, "cut off, and the next one does not wait"


def test_active_directory(own: Directory, alice: User) -> None:
    inner = f"cn=sales,{BASE}"
    number = bytes.fromhex("33221100554477668899aabbccddeeff")
    own.tree[inner] = {"objectClass": ["group"], "memberOf": [GROUP]}
    own.tree[ALICE] = {
        "objectClass": ["user"], "objectCategory": ["person"], "sAMAccountName": ["alice"], "objectGUID": [number],
        "userPrincipalName": ["alice@corp.example"], "displayName": ["张丽"], "userAccountControl": ["512"],
        "memberOf": [inner], "userPassword": [PASSWORD],
    }  # fmt: skip
    switch_on(own.plain, kind="ad", a_name="displayName", group=GROUP)
    assert is_in(log_in("alice@corp.example")[0])
    assert ExternalIdentity.objects.get().subject == "00112233-4455-6677-8899-aabbccddeeff"
    own.refusal = "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 773, v4563"
    assert "密码已过期" in log_in("alice")[1]
    own.refusal = own.refusal.replace("773", "533")
    assert "已停用" in log_in("alice")[1]
    own.refusal = own.refusal.replace("533", "775")
    assert "目录" not in log_in("alice")[1], "locked: it says so to anybody, and we to nobody"
    own.refusal = ""
    RateCount.objects.all().delete()
    assert is_in(log_in("CORP\\alice")[0]), "as Windows writes it"
    own.tree[ALICE] = {**own.tree[ALICE], "userAccountControl": ["514"]}
    assert not is_in(log_in("alice")[0]), "an account that is off"
    own.tree[ALICE] = {**own.tree[ALICE], "userAccountControl": ["512"], "memberOf": []}
    assert "组里" in log_in("alice")[1]
    own.tree[ALICE] = {**own.tree[ALICE], "primaryGroupID": ["513"]}
    own.tree[GROUP] = {"objectClass": ["group"], "objectSid": [bytes(20) + (513).to_bytes(4, "little")]}
    assert is_in(log_in("alice")[0]), "the primary group stands in nobody's memberOf"
    tries = len(own.binds)
    for made in range(8):
        log_in(f"MADE{made}\\alice", "wrong")
    assert own.binds[tries:].count(ALICE) == 5, "a made-up domain is no further name to try"


def test_the_page_checks_tries_and_keeps_the_password(
    own: Directory, alice: User, settings: Settings
) -> None:
    role = Role.objects.get(key="admin")
    boss = people.create_user({"username": "root", "name": "管理员", "roles": [role.pk]}, by=SYSTEM)
    client = Client()
    client.force_login(boss)
    form = {"part": "directory", **typed(own.plain, group=GROUP)}
    tried = client.post(reverse("security"), {**form, "try": "1", "try_login": "alice"}).content.decode()
    for words in (ALICE, "张丽", "对应的员工：Alice"):
        assert words in tried, words
    assert directory.company() is None, "trying keeps nothing"
    assert client.post(reverse("security"), form).status_code == 302
    page = client.get(reverse("security")).content.decode()
    stored = Setting.objects.get(key=directory.KEY).value
    assert SECRET not in page + str(stored) + str(list(Change.objects.values_list("diff", flat=True)))
    assert client.post(reverse("security"), {**form, "bind_password": "", "group": ""}).status_code == 302
    assert directory.stored().bind_password == SECRET
    # the password is not handed to another place
    elsewhere: dict[str, Any] = {**form, "bind_password": "", "url": f"ldap+plain://127.0.0.2:{own.port}"}
    assert client.post(reverse("security"), elsewhere).status_code == 422
    for wrong, field in (
        ({"bind_password": "x"}, "bind_password"), ({"base": "dc=nowhere"}, "base"),
        ({"filter": "uid={login}"}, "filter"), ({"filter": "(uid={login}"}, "base"),
        ({"url": "ldap+plain://127.0.0.1:1"}, "url"), ({"url": "http://x"}, "url"),
        ({"url": "ldaps://x:y"}, "url"), ({"a_name": "cn)("}, "a_name"), ({"kind": "x"}, "kind"),
    ):  # fmt: skip
        with pytest.raises(FieldErrors) as caught:
            directory.save({**typed(own.plain), **wrong}, by=SYSTEM)
        assert set(caught.value.errors) == {field}, wrong
    settings.OUTGOING_ALLOW = []
    refused = client.post(reverse("security"), form)
    assert (refused.status_code, "KEMAI_OUTGOING_ALLOW" in refused.content.decode()) == (422, True)
    with pytest.raises(Denied):
        directory.save(form, by=actor_for(alice))


def test_who_has_the_companys_password_only_types_it_again(
    our_own: Directory, here: None, alice: User
) -> None:
    switch_on(our_own.plain)
    client, _page = log_in("alice")
    assert ExternalIdentity.objects.filter(user=alice).exists()
    asked = client.post(reverse("sessions_end")).headers["Location"]
    assert asked.startswith(reverse("account_reauthenticate"))
    assert client.get(asked).status_code == 200
    assert client.post(asked, {"password": "wrong"}).status_code == 200
    assert client.post(asked, {"password": PASSWORD}).headers["Location"] == reverse("sessions")
