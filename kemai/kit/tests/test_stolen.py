"""Stolen passwords: a sorted file, a folder of ranges, and a service that is told five digits and no more."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kemai.kit.outgoing import Allowed
from kemai.kit.stolen import StolenError, is_stolen

STOLEN = ["password", "correct horse", "密码一二三四", "Tr0ub4dor&3"]
FINE = ["云淡风轻-2026", "", "passwords", "x" * 300]
HERE = Allowed.of(["127.0.0.0/8"])


def digest(password: str) -> str:
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


def ranges() -> dict[str, list[str]]:
    """As the service answers: two real neighbours, the stolen one, and padding that was seen no times."""
    found: dict[str, list[str]] = {}
    for password in STOLEN:
        whole = digest(password)
        lines = ["0" * 35 + ":3", f"{whole[5:]}:42", "F" * 35 + ":1"]
        found[whole[:5]] = lines
    fine = digest(FINE[0])
    found[fine[:5]] = [f"{fine[5:]}:0"]
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two thousand hashes of what nobody types, and ours among them, in order."""
    path = tmp_path_factory.mktemp("stolen") / "pwned.txt"
    hashes = sorted([digest(f"n{n}") for n in range(2000)] + [digest(password) for password in STOLEN])
    path.write_bytes(b"".join(f"{one}:{index + 1}\r\n".encode() for index, one in enumerate(hashes)))
    return path


def test_a_sorted_file_is_halved(whole: Path, tmp_path: Path) -> None:
    assert all(is_stolen(password, str(whole)) for password in STOLEN)
    assert all(is_stolen(f"n{n}", str(whole)) for n in range(2000))
    assert not any(is_stolen(password, str(whole)) for password in FINE)
    assert not any(is_stolen(f"m{n}", str(whole)) for n in range(500))
    empty = tmp_path / "empty"
    empty.touch()
    assert not is_stolen("password", str(empty))


def test_a_folder_of_ranges(tmp_path: Path) -> None:
    for prefix, lines in ranges().items():
        (tmp_path / f"{prefix}.txt").write_text("\r\n".join(lines))
    assert all(is_stolen(password, str(tmp_path)) for password in STOLEN)
    assert not is_stolen(FINE[0], str(tmp_path))
    with pytest.raises(StolenError) as caught:
        is_stolen("not downloaded", str(tmp_path))
    assert caught.value.code == "unreadable"


class Service(http.server.BaseHTTPRequestHandler):
    asked: list[str] = []
    status = 200

    def do_GET(self) -> None:
        type(self).asked.append(f"{self.path} {self.headers['Add-Padding']}")
        self.send_response(type(self).status)
        self.end_headers()
        self.wfile.write("\r\n".join(ranges().get(self.path.rpartition("/")[2], ["0" * 35 + ":1"])).encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def service() -> Iterator[str]:
    Service.asked, Service.status = [], 200
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{made.server_port}/range/"
    made.shutdown()
    made.server_close()


def test_a_service_learns_five_digits(service: str) -> None:
    assert all(is_stolen(password, service, HERE) for password in STOLEN)
    assert not any(is_stolen(password, service, HERE) for password in FINE)
    assert Service.asked == [f"/range/{digest(one)[:5]} true" for one in [*STOLEN, *FINE]]
    with pytest.raises(StolenError):
        is_stolen("password", service)  # a private address that the operator has not allowed
    Service.status = 503
    with pytest.raises(StolenError):
        is_stolen("password", service, HERE)


def test_what_is_no_list_says_so(tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("hello\nworld\n" * 50)
    for source in (str(other), str(tmp_path / "gone")):
        with pytest.raises(StolenError):
            is_stolen("password", source)
