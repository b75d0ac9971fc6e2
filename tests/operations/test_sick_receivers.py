"""Every sickness that `python -m tests.crash.sick_receivers` meets with a running server, with the callers alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from pathlib import Path

import pytest
from django.conf import LazySettings

from kemai.collab.services import mails, wire
from kemai.collab.services.mail_server import MailServer
from kemai.kit import clamd
from kemai.kit.outgoing import Allowed, Limits, OutgoingError, call
from kemai.staff.services import ldap
from kemai.staff.services.ldap import Directory, DirectoryError
from tests.crash import sickness
from tests.crash.sickness import full, serving
from tests.ldap_server import certificate

HERE = Allowed.of(["127.0.0.1"])
QUICK = Limits(seconds=0.5)
PATIENCE = 4.0
"""Seconds of a loaded machine for what has half a second."""


def timed(act: Callable[[], object]) -> tuple[object, float]:
    began = time.monotonic()
    return act(), time.monotonic() - began


def asked(url: str) -> object:
    try:
        return call("GET", url, allowed=HERE, limits=QUICK).status
    except OutgoingError as error:
        return error.code


def test_no_sick_server_is_waited_for_longer_than_the_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem, key = certificate(tmp_path, "127.0.0.1")
    both = tmp_path / "both.pem"
    both.write_bytes(pem.read_bytes() + key.read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))

    def meet(kind: str) -> tuple[object, float]:
        with serving(kind, both if kind in sickness.BEHIND_TLS else None) as port:
            return timed(lambda: asked(f"http{'' if kind in sickness.HTTP else 's'}://127.0.0.1:{port}/"))

    kinds = [*sickness.HTTP, *sickness.TLS, *sickness.BEHIND_TLS]
    with ThreadPoolExecutor(8) as many:
        met = dict(zip(kinds, many.map(meet, kinds), strict=True))
    with full() as port:
        met["full"] = timed(lambda: asked(f"http://127.0.0.1:{port}/"))
    assert {kind: seconds for kind, (_said, seconds) in met.items() if seconds > PATIENCE} == {}
    said = {kind: code for kind, (code, _seconds) in met.items()}
    assert said["TLS that nobody knows"] == 200, "the control: this one is known here and well"
    for kind in (
        "drips its headers",
        "drips its body",
        "shakes hands a byte a second",
        "TLS, and drips",
        "full",
    ):
        assert said[kind] == "too_slow", kind
    assert said["gigabytes of body"] == said["TLS, and gigabytes"] == "too_large"


def test_a_mail_goes_or_is_put_off_in_time_and_never_twice(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "SECONDS", 0.5)
    message = EmailMessage()
    message["From"], message["To"] = "a@example.com", "b@example.com"
    final: dict[str, bool] = {}
    for kind in sickness.MAIL:
        with serving(kind) as port:
            began = time.monotonic()
            with pytest.raises(mails.NotSent) as caught:
                mails.deliver(message, MailServer("127.0.0.1", port, security="none"))
            assert time.monotonic() - began < PATIENCE, kind
            final[kind] = caught.value.final
    over = {kind for kind, is_final in final.items() if is_final}
    assert over == {"mail: takes it and says nothing", "mail: hangs up in the middle"}


def test_directory_and_scanner_are_cut_off_too(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OUTGOING_ALLOW = ["127.0.0.1"]
    monkeypatch.setattr(ldap, "SECONDS", 1)
    for kind in sickness.DIRECTORY:
        with serving(kind) as port:
            of = Directory(f"ldap+plain://127.0.0.1:{port}", bind_dn="cn=x", bind_password="x")
            began = time.monotonic()
            with pytest.raises(DirectoryError):
                ldap.check(of, "somebody", "x")
            assert time.monotonic() - began < PATIENCE, kind
    for kind in sickness.SCANNER:
        with serving(kind) as port, pytest.raises(clamd.ScanError):
            clamd.scan(f"127.0.0.1:{port}", [b"x"], 0.5)
