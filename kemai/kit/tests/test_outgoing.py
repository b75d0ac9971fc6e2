"""Asking other servers: private addresses in every spelling, names that change, servers that drip or flood."""

from __future__ import annotations

import contextlib
import http.server
import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from kemai.kit.outgoing import Allowed, Limits, OutgoingError, call

HERE = Allowed.of(["127.0.0.0/8"])
INSIDE = [
    "127.0.0.1", "127.1", "0177.0.0.1", "0x7f.0.0.1", "2130706433", "0x7f000001", "localhost", "0.0.0.0", "0",
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1",
    "240.0.0.1", "255.255.255.255", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::ffff:7f00:1]",
    "[fe80::1]", "[fd00::1]", "[ff02::1]", "[2002:7f00:1::]", "[64:ff9b::7f00:1]", "[64:ff9b::a00:1]", "017700000001",
    "127.0.0.1.", "0x7f.1", "0300.0250.0.1", "10.1", "192.168.257", "①②⑦.⓪.⓪.①", "127。0。0。1", "１２７.0.0.1",
    "LOCALHOST", "localhost.", "[0:0:0:0:0:0:0:1]", "[::127.0.0.1]", "[::ffff:a9fe:a9fe]", "[fe80::1%25eth0]",
    "[fec0::1]", "[2001:db8::1]", "0xa9fea9fe", "2852039166",
]  # fmt: skip


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        name = self.path.partition("?")[0].strip("/")
        with contextlib.suppress(OSError):
            getattr(self, f"say_{name or 'hello'}")()

    do_POST = do_GET

    def start(self, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()

    def say_hello(self) -> None:
        self.start(X_Host=self.headers["Host"], X_Auth=self.headers.get("Authorization", ""))
        self.wfile.write("好".encode())

    def say_drip(self) -> None:
        self.start()
        for _turn in range(3000):  # for a minute, unless the other side leaves
            self.wfile.write(b".")
            self.wfile.flush()
            time.sleep(0.02)

    def say_flood(self) -> None:
        self.start()
        for _turn in range(200):
            self.wfile.write(b"x" * 65536)

    def say_away(self) -> None:
        self.start(302, Location="http://10.0.0.1/secret")

    def say_round(self) -> None:
        self.start(302, Location="/round")

    def say_on(self) -> None:
        self.start(302, Location="/hello")

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.daemon_threads = True
    threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    made.server_close()


def refused(url: str, **more: Any) -> str:
    with pytest.raises(OutgoingError) as caught:
        call("GET", url, **more)
    return caught.value.code


@pytest.mark.parametrize("host", INSIDE)
def test_no_spelling_of_a_private_address_gets_out(host: str) -> None:
    assert refused(f"https://{host}/") in {"forbidden_address", "bad_url", "not_found"}


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "gopher://x/", "https://a:b@example.com/", "https://", "https://a b/", "https://x:99999/",
            "http://example.com\r\nHost: x/", "//example.com", "https://例え.テスト\x00/"]
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    assert refused(url) == "bad_url"


def test_a_place_that_the_operator_allows_is_reached(server: str) -> None:
    answer = call("GET", f"{server}/hello", allowed=HERE, headers={"Authorization": "Bearer x"})
    assert (answer.status, answer.body.decode(), answer.headers["x-auth"]) == (200, "好", "Bearer x")
    assert answer.headers["x-host"] == server.removeprefix("http://")
    assert refused(server) == "forbidden_address"


def test_a_name_is_asked_once_and_its_answer_is_kept_to(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: the second answer would be a private address."""
    port = int(server.rpartition(":")[2])
    asked: list[str] = []
    went: list[str] = []
    connect, ask = socket.create_connection, socket.getaddrinfo

    def resolve(host: str, *rest: Any, **more: Any) -> Any:
        if not host.startswith("rebind"):
            return ask(host, *rest, **more)
        asked.append(host)
        address = "93.184.216.34" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def spy(place: tuple[str, int], **more: Any) -> socket.socket:
        went.append(place[0])
        return connect(("127.0.0.1", port), **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", spy)
    call("GET", f"http://rebind.example:{port}/hello", secure=False)
    assert (asked, went) == (["rebind.example"], ["93.184.216.34"])


def test_one_private_address_among_public_ones_forbids_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 443)) for one in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: rows)
    assert refused("https://half.example/") == "forbidden_address"


def test_a_dripping_server_is_cut_off_in_time(server: str) -> None:
    began = time.monotonic()
    assert refused(f"{server}/drip", allowed=HERE, limits=Limits(seconds=0.3)) == "too_slow"
    assert time.monotonic() - began < 30


def test_a_flood_is_not_read(server: str) -> None:
    assert refused(f"{server}/flood", allowed=HERE, limits=Limits(size=100_000)) == "too_large"


def test_redirects_lead_nowhere_forbidden(server: str) -> None:
    here = Limits(redirects=3)
    assert refused(f"{server}/away", allowed=HERE) == "redirected"
    assert refused(f"{server}/away", allowed=HERE, limits=here) == "forbidden_address"
    assert refused(f"{server}/round", allowed=HERE, limits=here) == "redirected"
    assert call("GET", f"{server}/on", allowed=HERE, limits=here).body.decode() == "好"


def test_secrets_do_not_go_in_the_clear() -> None:
    assert refused("http://10.0.0.1/", allowed=Allowed.of(["10.0.0.0/8"])) == "insecure"


def test_what_the_operator_writes_is_checked() -> None:
    assert Allowed.of(["idp.lan", "10.0.0.5"]).names == {"idp.lan"}
    with pytest.raises(ValueError, match="does not appear"):
        Allowed.of(["10.0.0.0/99"])


def test_an_operator_may_name_all_that_is_reached() -> None:
    few = Allowed.of(["10.0.0.0/8"], only=["IDP.example.com", "10.0.0.8"])
    public, inside = ipaddress.ip_address("1.1.1.1"), ipaddress.ip_address("10.0.0.8")
    assert few.takes("idp.example.com.", public)
    assert few.takes("10.0.0.8", inside)
    assert not few.takes("example.com", public)
    assert not few.takes("10.0.0.9", ipaddress.ip_address("10.0.0.9"))
    assert Allowed.of([]).takes("example.com", public)
