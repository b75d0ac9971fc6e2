"""Directories that run on this machine: OpenLDAP's slapd where it is installed, and a small server of our own that
reads requests as RFC 4511 writes them (not by the library that we ask with) and also plays Active Directory and a sick
one.

Both hold the same people. The own one answers what the tests ask: bind, search, StartTLS."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.e2e.company import free_port

BASE = "dc=example,dc=com"
SERVICE, SECRET = f"cn=kemai,{BASE}", "a-secret of the service*"
GROUP = f"cn=crm,{BASE}"
ALICE, BOB = f"uid=alice,ou=people,{BASE}", f"uid=bob,ou=people,{BASE}"
PASSWORD = "云起-2026 pass"
PERSON = ["person", "organizationalPerson", "inetOrgPerson"]
TREE: dict[str, dict[str, list[str]]] = {
    BASE: {"objectClass": ["dcObject", "organization"], "dc": ["example"], "o": ["Example"]},
    f"ou=people,{BASE}": {"objectClass": ["organizationalUnit"], "ou": ["people"]},
    SERVICE: {
        "objectClass": ["organizationalRole", "simpleSecurityObject"],
        "cn": ["kemai"],
        "userPassword": [SECRET],
    },
    ALICE: {
        "objectClass": PERSON, "uid": ["alice"], "cn": ["张丽"], "sn": ["张"], "mail": ["Alice@example.com"],
        "mobile": ["13800138000"], "ou": ["销售部"], "userPassword": [PASSWORD],
    },
    BOB: {
        "objectClass": PERSON, "uid": ["bob"], "cn": ["Bob"], "sn": ["Bob"], "mail": ["bob@example.com"],
        "userPassword": [PASSWORD],
    },
    GROUP: {"objectClass": ["groupOfNames"], "cn": ["crm"], "member": [ALICE]},
}  # fmt: skip


@dataclass
class Directory:
    """A running one; of our own: who bound, how long it waits before each answer, what it says to the right password
    of a person."""

    port: int
    tls_port: int
    tree: dict[str, dict[str, list[Any]]]
    binds: list[str] = field(default_factory=list)
    waits: float = 0
    refusal: str = ""

    @property
    def plain(self) -> str:
        return f"ldap+plain://127.0.0.1:{self.port}"

    @property
    def starts_tls(self) -> str:
        return f"ldap://127.0.0.1:{self.port}"

    @property
    def secure(self) -> str:
        return f"ldaps://127.0.0.1:{self.tls_port}"


# Certificates ---------------------------------------------------------------------------------------------------------


def certificate(folder: Path, address: str) -> tuple[Path, Path]:
    """(certificate, key) of a server at this address, which vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "directory")])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    paths = folder / f"{address}.pem", folder / f"{address}.key"
    paths[0].write_bytes(built.public_bytes(serialization.Encoding.PEM))
    shape = serialization.PrivateFormat.PKCS8
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, shape, serialization.NoEncryption()))
    return paths


# OpenLDAP -------------------------------------------------------------------------------------------------------------


@contextmanager
def slapd(folder: Path, pair: tuple[Path, Path]) -> Iterator[Directory]:
    """OpenLDAP's own server, on a database of its own."""
    config, data, ldif = folder / "slapd.conf", folder / "data", folder / "tree.ldif"
    data.mkdir()
    schemas = "\n".join(
        f"include /etc/ldap/schema/{name}.schema" for name in ("core", "cosine", "inetorgperson")
    )
    config.write_text(
        f"{schemas}\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\nTLSCertificateFile {pair[0]}\n"
        f"TLSCertificateKeyFile {pair[1]}\npidfile {folder}/pid\ndatabase mdb\nsuffix \"{BASE}\"\n"
        f"directory {data}\naccess to attrs=userPassword by anonymous auth\naccess to * by * read\n"
    )  # fmt: skip
    ldif.write_text("\n\n".join(
        "\n".join([f"dn: {dn}", *(f"{name}: {value}" for name, values in held.items() for value in values)])
        for dn, held in TREE.items()
    ) + "\n")  # fmt: skip
    program = shutil.which("slapd", path="/usr/sbin:/usr/lib/openldap:/usr/bin") or "slapd"
    subprocess.run([program, "-T", "add", "-f", config, "-l", ldif], check=True, capture_output=True)
    ports = free_port(), free_port()
    places = f"ldap://127.0.0.1:{ports[0]}/ ldaps://127.0.0.1:{ports[1]}/"
    process = subprocess.Popen(
        [program, "-h", places, "-f", config, "-d", "0"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until_open(ports[1])
        yield Directory(*ports, tree={})
    finally:
        process.terminate()
        process.wait(10)


def until_open(port: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError("slapd does not answer")


# Our own --------------------------------------------------------------------------------------------------------------


Node = tuple[int, bytes]
"""A tag and what it holds."""


def tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x82, size >> 8, size & 255])
    return bytes([tag]) + length + content


def text(value: str | bytes) -> bytes:
    return tlv(0x04, value if isinstance(value, bytes) else value.encode())


def first(raw: bytes) -> tuple[Node, bytes] | None:
    """The first node of some bytes and what comes after it; None while it is not whole."""
    if len(raw) < 2:
        return None
    head = 2 + (raw[1] & 127 if raw[1] > 127 else 0)
    end = head + (int.from_bytes(raw[2:head], "big") if raw[1] > 127 else raw[1])
    return ((raw[0], raw[head:end]), raw[end:]) if len(raw) >= end >= head else None


def nodes(raw: bytes) -> list[Node]:
    found = []
    while (one := first(raw)) is not None:
        found.append(one[0])
        raw = one[1]
    return found


class Talk(socketserver.BaseRequestHandler):
    """One connection: requests are read one after the other."""

    server: Any

    def handle(self) -> None:
        self.waiting = b""
        while (message := self.message()) is not None:
            number, (kind, asked) = int.from_bytes(message[0][1], "big"), message[1]
            time.sleep(self.server.directory.waits)
            if kind == 0x60:
                self.bind_as(number, nodes(asked))
            elif kind == 0x63:
                self.search(number, nodes(asked))
            elif kind == 0x77:  # StartTLS
                self.answer(number, 0x78, 0)
                self.request = self.server.context.wrap_socket(self.request, server_side=True)
            else:
                return

    def message(self) -> list[Node] | None:
        while (one := first(self.waiting)) is None:
            got = b""
            with contextlib.suppress(OSError):
                got = self.request.recv(65536)
            if not got:
                return None
            self.waiting += got
        self.waiting = one[1]
        return nodes(one[0][1])

    def answer(self, number: int, tag: int, code: int, words: str = "", *before: bytes) -> None:
        done = tlv(tag, tlv(0x0A, bytes([code])), text(""), text(words))
        frames = [tlv(0x30, tlv(0x02, number.to_bytes(2, "big")), one) for one in (*before, done)]
        with contextlib.suppress(OSError):
            self.request.sendall(b"".join(frames))

    def bind_as(self, number: int, asked: list[Node]) -> None:
        directory = self.server.directory
        dn, password = asked[1][1].decode(), asked[2][1].decode()
        directory.binds.append(dn)
        right = not dn or password in directory.tree.get(dn, {}).get("userPassword", [])
        if right and dn not in {"", SERVICE} and directory.refusal:
            return self.answer(number, 0x61, 49, directory.refusal)
        # a real directory takes a name without a password for an anonymous visitor, and says yes
        return self.answer(number, 0x61, 0 if right or not password else 49)

    def search(self, number: int, asked: list[Node]) -> None:
        directory, base = self.server.directory, asked[0][1].decode()
        if base not in directory.tree:
            return self.answer(number, 0x65, 32, "no such object")
        inside = [base] if asked[1][1] == b"\0" else [dn for dn in directory.tree if dn.endswith(base)]
        rows = [dn for dn in inside if self.holds(asked[6], dn)]
        wanted = {name.decode().lower() for _tag, name in nodes(asked[7][1])}
        most = int.from_bytes(asked[3][1], "big") or 1000
        frames = [self.entry(dn, wanted) for dn in rows[:most]]
        return self.answer(number, 0x65, 4 if len(rows) > most else 0, "", *frames)

    def entry(self, dn: str, wanted: set[str]) -> bytes:
        told = [
            tlv(0x30, text(name), tlv(0x31, *(text(value) for value in values)))
            for name, values in self.server.directory.tree[dn].items()
            if name.lower() in wanted
        ]
        return tlv(0x64, text(dn), tlv(0x30, *told))

    def holds(self, asked: Node, dn: str) -> bool:
        kind, inner = asked
        if kind == 0x87:  # present
            return bool(valued(self.server.directory.tree[dn], inner.decode()))
        parts = nodes(inner)
        if kind == 0xA0:
            return all(self.holds(one, dn) for one in parts)
        if kind == 0xA1:
            return any(self.holds(one, dn) for one in parts)
        if kind == 0xA2:
            return not self.holds(parts[0], dn)
        if kind == 0xA3:  # equal
            return parts[1][1].lower() in valued(self.server.directory.tree[dn], parts[0][1].decode())
        if kind == 0xA9:  # by a named rule
            said = dict(parts)
            return self.matches(said[0x81].decode(), said[0x82].decode(), said[0x83], dn)
        return True  # substrings and the like: whoever gets them into a filter finds everybody

    def matches(self, rule: str, name: str, value: bytes, dn: str) -> bool:
        """Active Directory's two rules: bits that are set, and groups in groups."""
        held = valued(self.server.directory.tree.get(dn, {}), name)
        if rule.endswith(".803"):
            return any(int(one) & int(value) == int(value) for one in held)
        return value.lower() in held or any(self.matches(rule, name, value, one.decode()) for one in held)


def valued(held: dict[str, list[Any]], name: str) -> set[bytes]:
    """Names of attributes and most values are the same in capitals."""
    found = next((values for key, values in held.items() if key.lower() == name.lower()), [])
    return {one.lower() if isinstance(one, bytes) else one.lower().encode() for one in found}


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    directory: Directory
    context: ssl.SSLContext
    secure = False

    def get_request(self) -> tuple[socket.socket, Any]:
        line, place = super().get_request()
        line.settimeout(20)
        if self.secure:
            line = self.context.wrap_socket(line, server_side=True)
        return line, place

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A visitor who does not like our certificate goes away."""


@contextmanager
def running(pair: tuple[Path, Path]) -> Iterator[Directory]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    servers = [Server(("127.0.0.1", 0), Talk) for _number in range(2)]
    tree = {dn: {name: list(values) for name, values in held.items()} for dn, held in TREE.items()}
    for number, dn in enumerate(tree):
        tree[dn]["entryUUID"] = [f"00000000-0000-0000-0000-{number:012d}"]
    directory = Directory(servers[0].server_address[1], servers[1].server_address[1], tree)
    for one in servers:
        one.directory, one.context, one.secure = directory, context, one is servers[1]
        threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield directory
    finally:
        for one in servers:
            one.shutdown()
            one.server_close()
