"""The one way in which this product asks another server by HTTP on somebody's word: single sign-on, webhooks, imports
by address. What somebody typed must not reach the machines beside ours (SSRF), nor hold us up.

The name is resolved once, every address that it has must be allowed, and the connection goes to the very address that
was looked at: a name that changes its mind between looking and connecting (DNS rebinding) gains nothing. A deadline
counts for the whole call, so that a server that sends a byte a second is cut off like one that says nothing."""

from __future__ import annotations

import http.client
import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import SplitResult, urljoin, urlsplit

from kemai.kit.errors import KitError

IP = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class OutgoingError(KitError):
    """The call was not made, or came to nothing. Codes:

    bad_url (url), forbidden_address (host, address), not_found (host), unreachable (host, detail), too_slow (seconds),
    too_large (limit), redirected (to), bad_answer (detail), insecure (url).
    """


@dataclass(frozen=True, slots=True)
class Allowed:
    """Which private places the operator lets us reach: networks, and names (without port) that may be at any. `only`
    are the names of all that may be reached, public or not; empty where that is not bounded."""

    networks: Sequence[Network] = ()
    names: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()

    @classmethod
    def of(cls, words: Sequence[str], only: Sequence[str] = ()) -> Allowed:
        """Of "10.0.0.0/8", "192.168.1.5", "idp.lan". Raises ValueError for what is neither network nor name."""
        networks: list[Network] = []
        names: set[str] = set()
        for word in words:
            try:
                networks.append(ipaddress.ip_network(word.strip(), strict=False))
            except ValueError:
                if not word.strip() or "/" in word or ":" in word:
                    raise
                names.add(word.strip().lower().rstrip("."))
        return cls(
            tuple(networks), frozenset(names), frozenset(one.strip().lower().rstrip(".") for one in only)
        )

    def takes(self, host: str, address: IP) -> bool:
        inner = unwrapped(address)
        if self.only and host.lower().rstrip(".") not in self.only:
            return False
        if is_public(inner) or host.lower().rstrip(".") in self.names:
            return True
        return any(inner.version == one.version and inner in one for one in self.networks)


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for the whole call with its redirects; bytes of the answer; redirects that are followed (GET only)."""

    seconds: float = 10.0
    size: int = 1024 * 1024
    redirects: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` have lower-case names; `url` is where the answer came from in the end."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


NONE = Allowed()
DEFAULT = Limits()


def unwrapped(address: IP) -> IP:
    """The IPv4 address inside an IPv6 one (mapped, 6to4, NAT64): that is where it leads."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return inner or address
    return address


def is_public(address: IP) -> bool:
    """Old private addresses of IPv6 (fec0::/10) are global to Python, and still routed inside of some houses."""
    old = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    return address.is_global and not (old or address.is_multicast or address.is_reserved)


def call(
    method: Literal["GET", "POST", "PUT", "DELETE"],
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    allowed: Allowed = NONE,
    limits: Limits = DEFAULT,
    secure: bool = True,
) -> Answer:
    """One request and its answer, whatever its status. `secure` wants https, but for this very machine.

    Raises OutgoingError."""
    deadline, target = time.monotonic() + limits.seconds, url
    for _hop in range(limits.redirects + 1):
        answer = once(
            Request(method, url, dict(headers or {}), body), allowed, limits, deadline, secure=secure
        )
        place = answer.headers.get("location", "")
        if answer.status not in {301, 302, 303, 307, 308} or not place:
            return answer
        target = urljoin(url, place)
        if method != "GET" or urlsplit(target).netloc != urlsplit(url).netloc:
            headers = {}  # what was meant for one server is not told to another
        if method != "GET":
            break
        url = target
    raise OutgoingError("redirected", to=target[:200])


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


def once(request: Request, allowed: Allowed, limits: Limits, deadline: float, *, secure: bool) -> Answer:
    parts, host, port = taken_apart(request.url)
    address = chosen(host, port, allowed, left(deadline, limits))
    if secure and parts.scheme != "https" and not address.is_loopback:
        raise OutgoingError("insecure", url=request.url[:200])
    try:
        raw = socket.create_connection((str(address), port), timeout=left(deadline, limits))
    except TimeoutError as error:
        raise OutgoingError("too_slow", seconds=limits.seconds) from error
    except OSError as error:
        raise OutgoingError("unreachable", host=host, detail=str(error)[:200]) from error
    guard = Guard(raw, left(deadline, limits))
    try:
        with guard:
            line: socket.socket = raw
            if parts.scheme == "https":
                line = ssl.create_default_context().wrap_socket(raw, server_hostname=host)
            answer = talk(line, parts, request, limits)
        if guard.over:  # an answer cut short looks like one that has ended
            raise OutgoingError("too_slow", seconds=limits.seconds)
        return answer
    except (OSError, http.client.HTTPException, ValueError) as error:
        if guard.over:
            raise OutgoingError("too_slow", seconds=limits.seconds) from error
        if isinstance(error, OutgoingError):
            raise
        raise OutgoingError("bad_answer", detail=f"{type(error).__name__} {error}"[:200]) from error
    finally:
        raw.close()


class Guard:
    """Cuts the line when the time is over, whatever the other side sends meanwhile. It holds the line by a number of
    its own: a socket that TLS is put around gives its number away, and cutting that one would cut nothing."""

    def __init__(self, line: socket.socket, seconds: float) -> None:
        self.line = socket.fromfd(line.fileno(), line.family, line.type)
        self.over = False
        self.timer = threading.Timer(seconds, self.cut)
        self.timer.daemon = True

    def cut(self) -> None:
        self.over = True
        with suppress(OSError):
            self.line.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Guard:
        self.timer.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.timer.cancel()
        self.line.close()


def talk(line: socket.socket, parts: SplitResult, request: Request, limits: Limits) -> Answer:
    line.settimeout(limits.seconds)
    connection = http.client.HTTPConnection(parts.hostname or "", timeout=limits.seconds)
    connection.sock = line
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    wanted = {
        "Host": parts.netloc,
        "Accept-Encoding": "identity",
        "Connection": "close",
        "User-Agent": "Kemai",
    }
    connection.request(request.method, path, body=request.body, headers={**request.headers, **wanted})
    answer = connection.getresponse()
    body = answer.read(limits.size + 1)
    if len(body) > limits.size:
        raise OutgoingError("too_large", limit=limits.size)
    found = {name.lower(): value for name, value in answer.getheaders()}
    return Answer(answer.status, found, body, request.url)


def taken_apart(url: str) -> tuple[SplitResult, str, int]:
    """(parts, host in ASCII, port). Raises OutgoingError(bad_url)."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = (parts.hostname or "").encode("idna").decode("ascii")
    except (ValueError, UnicodeError) as error:
        raise OutgoingError("bad_url", url=url[:200]) from error
    clean = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in {"http", "https"} or not host or parts.username is not None or not clean:
        raise OutgoingError("bad_url", url=url[:200])
    return parts, host, port


def chosen(host: str, port: int, allowed: Allowed, seconds: float) -> IP:
    """The address to connect to. One forbidden address among those of a name forbids the name."""
    addresses = resolved(host, port, seconds)
    for one in addresses:
        if not allowed.takes(host, one):
            raise OutgoingError("forbidden_address", host=host, address=str(one))
    return addresses[0]


def resolved(host: str, port: int, seconds: float) -> list[IP]:
    """Asked beside the call, because a resolver knows no deadline."""
    found: queue.Queue[list[IP]] = queue.Queue()

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.put([ipaddress.ip_address(str(row[4][0]).partition("%")[0]) for row in rows])
        except (OSError, UnicodeError, ValueError):
            found.put([])

    threading.Thread(target=ask, daemon=True).start()
    try:
        addresses = found.get(timeout=seconds)
    except queue.Empty:
        raise OutgoingError("too_slow", seconds=seconds) from None
    if not addresses:
        raise OutgoingError("not_found", host=host)
    return addresses


def left(deadline: float, limits: Limits) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise OutgoingError("too_slow", seconds=limits.seconds)
    return seconds
