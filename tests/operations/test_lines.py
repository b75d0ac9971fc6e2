"""What leaves the machine is encrypted unless the operator says that it need not be."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from kemai.project import environment as env
from kemai.project import lines
from tests.e2e.company import ROOT, environment, free_port


@pytest.mark.parametrize(
    ("address", "mode"),
    [
        ("postgresql://k:p@db.internal/kemai", "require"), ("postgresql://k:p@10.0.0.9/kemai", "require"),
        ("postgresql://k:p@127.0.0.1:5432/kemai", "prefer"), ("postgresql:///kemai?host=/run/postgresql", "prefer"),
        ("postgresql://k:p@db.internal/kemai?sslmode=verify-full&prepare=0", "verify-full"),
        ("postgresql://k:p@db.internal/kemai?sslmode=disable", "disable"),
    ],
)  # fmt: skip
def test_a_database_elsewhere_is_spoken_to_by_tls(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str, mode: str
) -> None:
    monkeypatch.setenv("KEMAI_DATABASE_URL", address)
    found: Any = env.database("KEMAI_DATABASE_URL", tmp_path)
    assert found["OPTIONS"]["sslmode"] == mode


def test_certificates_of_the_database_s_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    trusted = tmp_path / "ca.pem"
    address = f"postgresql://k@db/kemai?sslmode=verify-full&sslrootcert={trusted}"
    monkeypatch.setenv("KEMAI_DATABASE_URL", address)
    with pytest.raises(env.BadSetting, match="is not there"):
        env.database("KEMAI_DATABASE_URL", tmp_path)
    trusted.touch()
    found: Any = env.database("KEMAI_DATABASE_URL", tmp_path)
    assert found["OPTIONS"]["sslrootcert"] == str(trusted)
    monkeypatch.setenv("KEMAI_DATABASE_URL", "postgresql://k@db/kemai?sslmode=maybe")
    with pytest.raises(env.BadSetting, match="verify-full"):
        env.database("KEMAI_DATABASE_URL", tmp_path)


def test_what_cannot_be_encrypted_stays_on_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("/run/clamav/clamd.ctl", "127.0.0.1:3310", "[::1]:3310", "localhost:3310"):
        monkeypatch.setenv("KEMAI_CLAMD", place)
        assert env.daemon("KEMAI_CLAMD") == place
    monkeypatch.setenv("KEMAI_CLAMD", "scan.internal:3310")
    with pytest.raises(env.BadSetting, match="tunnel"):
        env.daemon("KEMAI_CLAMD")
    monkeypatch.setenv("KEMAI_STOLEN_PASSWORDS", "http://lists.internal/range")
    with pytest.raises(env.BadSetting):
        env.stolen_list("KEMAI_STOLEN_PASSWORDS")


def test_places_on_this_machine() -> None:
    here = ("", "localhost", "127.0.0.1", "127.8.9.1", "::1", "[::1]", "/run/postgresql")
    assert all(lines.stays_here(host) for host in here)
    assert not any(
        lines.stays_here(host) for host in ("0.0.0.0", "::", "10.0.0.1", "db", "localhost.example.com")
    )


def served(where: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "kemai.project.cli", "live", *arguments], cwd=ROOT, env=where, text=True,
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
    )  # fmt: skip


def test_behind_https_nothing_listens_to_others_in_plain(tmp_path: Path) -> None:
    where = {**environment(tmp_path), "KEMAI_HTTPS": "1", "KEMAI_LANG": "en"}
    refused = served(where, "--host", "0.0.0.0", "--port", str(free_port()))
    assert "KEMAI_TLS_CERT" in refused.communicate(timeout=300)[1]
    assert refused.returncode


def test_our_own_servers_speak_tls_1_3_where_they_have_a_certificate(tmp_path: Path) -> None:
    cert, key, port = tmp_path / "cert.pem", tmp_path / "key.pem", free_port()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
         "-subj", "/CN=kemai.internal", "-addext", "subjectAltName=DNS:kemai.internal", "-keyout", key, "-out", cert],
        check=True, capture_output=True,
    )  # fmt: skip
    where = environment(tmp_path) | {"KEMAI_TLS_CERT": str(cert), "KEMAI_TLS_KEY": str(key)}
    trusting = ssl.create_default_context(cafile=str(cert))
    process = served(where, "--port", str(port))
    try:
        until, line = time.monotonic() + 60, None
        while line is None and time.monotonic() < until:
            try:
                line = trusting.wrap_socket(
                    socket.create_connection(("127.0.0.1", port), 5), server_hostname="kemai.internal"
                )
            except ConnectionError:
                time.sleep(0.1)
        assert line is not None
        assert line.version() == "TLSv1.3"
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.sock = line
        connection.request("GET", "/live/stream")
        assert connection.getresponse().status in {401, 403}
        connection.close()
        old = ssl.create_default_context(cafile=str(cert))
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises((ssl.SSLError, ConnectionError)):
            old.wrap_socket(
                socket.create_connection(("127.0.0.1", port), 5), server_hostname="kemai.internal"
            )
    finally:
        process.terminate()
        process.communicate(timeout=300)


def test_a_certificate_that_cannot_be_used_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(os.environ, "KEMAI_TLS_CERT", str(tmp_path / "none.pem"))
    with pytest.raises(env.BadSetting):
        env.certificate()
    monkeypatch.setitem(os.environ, "KEMAI_TLS_KEY", str(tmp_path / "none.pem"))
    with pytest.raises(env.BadSetting):
        env.certificate()
