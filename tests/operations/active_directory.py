"""Logging in by a real Active Directory: Samba's domain controller, provisioned anew. As root on Debian 12:

    apt-get install samba samba-ad-dc samba-ad-provision samba-dsdb-modules ldb-tools winbind
    python -m pytest tests/operations/active_directory.py

Not part of the suite: it wants those packages and root, and two free ports below 1024 on 127.0.0.1 (389 and 636)."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from kemai.platform.access import SYSTEM
from kemai.platform.records import FieldErrors
from kemai.staff.models import ExternalIdentity, User
from kemai.staff.services import directory, ldap, people
from tests.ldap_server import certificate, until_open

pytestmark = pytest.mark.django_db
BASE = "DC=ad,DC=example,DC=com"
INSIDE = f"CN=Users,{BASE}"
SERVICE, SECRET, PASSWORD = "svc@ad.example.com", "Serv1ce-of-Kemai", "云起-2026 Pass"
GROUP, DOMAIN_USERS = f"CN=客脉用户,{INSIDE}", f"CN=Domain Users,{INSIDE}"
SECURE, STARTS_TLS, PLAIN = "ldaps://127.0.0.1", "ldap://127.0.0.1", "ldap+plain://127.0.0.1"
MANY = 1200
LASTING = "66048"
"""An account whose password does not run out; others' do after 42 days."""
LONG_AGO = "116444736000000000"
"""1970, in hundreds of nanoseconds since 1601."""

SETUP = r"""
import json, sys
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB
import ldb

told = json.load(sys.stdin)
conf = LoadParm(); conf.load(told["conf"])
sam = SamDB(url=told["sam"], session_info=system_session(conf), lp=conf)
sam.transaction_start()
for dn, values in told["entries"]:
    entry = {"dn": dn, **values}
    if "unicodePwd" in entry:
        entry["unicodePwd"] = ('"' + entry["unicodePwd"] + '"').encode("utf-16-le")
    sam.add(entry)
for dn, name, value in told["changes"]:
    message = ldb.Message(ldb.Dn(sam, dn))
    message[name] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, name)
    sam.modify(message)
sam.transaction_commit()
"""
"""Run by the system's Python, which has Samba's own libraries."""


def somebody(login: str, name: str, **more: object) -> tuple[str, dict[str, object]]:
    return f"CN={name},{INSIDE}", {
        "objectClass": "user", "sAMAccountName": login, "userPrincipalName": f"{login}@ad.example.com",
        "displayName": name, "userAccountControl": LASTING, "unicodePwd": PASSWORD, **more,
    }  # fmt: skip


def group(name: str, *members: str) -> tuple[str, dict[str, object]]:
    return f"CN={name},{INSIDE}", {
        "objectClass": "group", "sAMAccountName": name, "member": [f"CN={one},{INSIDE}" for one in members],
    }  # fmt: skip


ENTRIES = [
    somebody("svc", "svc", unicodePwd=SECRET),
    somebody("zhangli", "张丽", mail="zhangli@example.com", mobile="13800138000", department="销售部"),
    somebody("lina", "李娜（二组）"),
    somebody("off", "停用", userAccountControl="66050"),
    somebody("must", "须改密", userAccountControl="512"),
    somebody("ended", "账号到期", accountExpires=LONG_AGO),
    somebody("locked", "锁定"),
    somebody("chen", "陈 𠮷"),
    *(somebody(f"u{number}", f"员工{number}") for number in range(MANY)),
    group("二组", "李娜（二组）"),
    group("销售部", "二组"),
    group("客脉用户", "张丽", "销售部", "停用", "须改密", "账号到期", "锁定"),
]
CHANGES = [
    (f"CN=须改密,{INSIDE}", "pwdLastSet", "0"),
    (BASE, "lockoutThreshold", "3"),
]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1")


@pytest.fixture(scope="module")
def controller(pair: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("ad")
    ours = [
        "interfaces=127.0.0.1", "bind interfaces only=yes", "server services=ldap", f"pid directory={folder}",
        f"ncalrpc dir={folder}/ncalrpc", f"log file={folder}/log", f"tls certfile={pair[0]}", f"tls keyfile={pair[1]}",
        f"tls cafile={pair[0]}",
    ]  # fmt: skip
    subprocess.run(
        ["samba-tool", "domain", "provision", f"--targetdir={folder}", "--realm=AD.EXAMPLE.COM", "--domain=ADEX",
         "--server-role=dc", "--use-rfc2307", "--dns-backend=NONE", "--adminpass=Adm1n-of-Kemai", "--host-name=dc1",
         "--host-ip=127.0.0.1", *(f"--option={one}" for one in ours[:2])],
        check=True, capture_output=True,
    )  # fmt: skip
    conf = folder / "etc/smb.conf"
    told = {"conf": str(conf), "sam": str(folder / "private/sam.ldb"), "entries": ENTRIES, "changes": CHANGES}
    subprocess.run(["/usr/bin/python3", "-c", SETUP], input=json.dumps(told).encode(), check=True)
    pair[1].chmod(0o600)
    options = [f"--option={one}" for one in ours]
    process = subprocess.Popen(["samba", "-F", "-M", "single", "--no-process-group", "-s", conf, *options])
    try:
        until_open(636)
        yield
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(autouse=True)
def here(controller: None, settings: Settings) -> Iterator[None]:
    settings.OUTGOING_ALLOW = ["127.0.0.0/8"]
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def ca(pair: tuple[Path, Path]) -> str:
    return pair[0].read_text()


def switch_on(ca: str, **more: str) -> None:
    asked = {
        "enabled": "1", "kind": "ad", "url": SECURE, "ca": ca, "bind_dn": SERVICE, "bind_password": SECRET,
        "base": BASE, "match": "username", "create": "1", "a_name": "displayName", "a_email": "mail",
        "a_phone": "mobile", "a_department": "department",
    }  # fmt: skip
    directory.save({**asked, **more}, by=SYSTEM)


def log_in(name: str, password: str = PASSWORD) -> tuple[Client, str]:
    client = Client()
    answer = client.post(reverse("account_login"), {"login": name, "password": password})
    return client, answer.content.decode() if answer.status_code != 302 else ""


def comes_in(name: str, password: str = PASSWORD) -> bool:
    return log_in(name, password)[0].get(reverse("preferences")).status_code == 200


@pytest.mark.parametrize("url", [SECURE, STARTS_TLS])
def test_names_of_all_kinds_and_what_it_says_of_them(url: str, ca: str) -> None:
    switch_on(ca, url=url)
    for login in ("zhangli", "ZHANGLI", "zhangli@ad.example.com", "zhangli@example.com", "ADEX\\zhangli"):
        assert comes_in(login), login
    one = User.objects.get()
    assert (one.username, one.name, one.email) == ("zhangli", "张丽", "zhangli@example.com")
    assert one.phone.endswith("13800138000")
    assert len(ExternalIdentity.objects.get().subject) == 36
    assert comes_in("chen")
    assert User.objects.get(username="chen").name == "陈 𠮷"
    for wrong in ("", "x", SECRET):
        assert not comes_in("u9", wrong)
    assert not comes_in("nobody-of-that-name")


def test_who_stays_out_and_what_they_hear(ca: str) -> None:
    switch_on(ca)
    assert "密码已过期" in log_in("must")[1], "must be changed at the next log-in"
    assert "停用" in log_in("ended")[1]
    assert "停用" not in log_in("ended", "wrong")[1], "only who has the password is told"
    assert not comes_in("off"), "not even found"
    for _try in range(3):
        log_in("locked", "wrong")
    assert not comes_in("locked"), "locked by the directory after three, before our own five"
    assert User.objects.count() == 0


def test_groups_in_groups_and_the_primary_one(ca: str) -> None:
    switch_on(ca, group=GROUP)
    assert comes_in("zhangli")
    assert comes_in("lina"), "by a group in a group in the group"
    assert "组里" in log_in("u1")[1]
    switch_on(ca, group=DOMAIN_USERS)
    assert comes_in("u1"), "everybody's primary group stands in nobody's memberOf"
    switch_on(ca, group=f"CN=Domain Admins,{INSIDE}")
    assert "组里" in log_in("u2")[1]


def test_a_thousand_people_and_more(ca: str) -> None:
    """Active Directory answers with a thousand at most and with referrals to its other parts; one is looked for."""
    switch_on(ca)
    for number in (0, MANY // 2, MANY - 1):
        assert comes_in(f"u{number}")
    with pytest.raises(FieldErrors) as caught:
        switch_on(ca, filter="(|(objectClass=user)(sAMAccountName={login}))")
    assert "不止一个" in caught.value.errors["filter"]


def test_it_wants_tls_and_so_do_we(ca: str, tmp_path: Path) -> None:
    with pytest.raises(FieldErrors) as caught:
        switch_on(ca, url=PLAIN)
    assert "ldaps://" in caught.value.errors["url"], "it refuses passwords in the clear"
    stranger = certificate(tmp_path, "127.0.0.1")[0].read_text()
    for url in (SECURE, STARTS_TLS):
        with pytest.raises(FieldErrors) as caught:
            switch_on(stranger, url=url)
        assert "证书" in caught.value.errors["ca"]
    for wrong, place in (
        ({"bind_password": "x"}, "bind_password"), ({"base": "DC=nowhere"}, "base"),
        ({"filter": "(sAMAccountName={login}"}, "base"),
    ):  # fmt: skip
        with pytest.raises(FieldErrors) as caught:
            switch_on(ca, **wrong)
        assert set(caught.value.errors) == {place}


def test_it_takes_a_moment(ca: str) -> None:
    switch_on(ca)
    people.create_user({"username": "zhangli", "name": "张丽"}, by=SYSTEM)
    began = time.monotonic()
    assert ldap.check(directory.stored().asked, "zhangli", PASSWORD) is not None
    assert time.monotonic() - began < 2
