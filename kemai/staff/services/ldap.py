"""The protocol of logging in by a directory (OpenLDAP, Active Directory): bind as a service account, search for whoever
knocks, look whether their group may come in, bind as them.

Every call goes to an address that was looked at like those of `kemai.kit.outgoing`, inside TLS, and is over in seconds
whatever the other side does. What people type stands escaped in the filter; an empty password, which a directory takes
for an anonymous visitor, is never tried; a directory that points to another one is not followed."""

from __future__ import annotations

import ssl
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from ldap3 import BASE, NONE, SUBTREE, Connection, Tls
from ldap3 import Server as Place
from ldap3.core.exceptions import LDAPCommunicationError, LDAPExceptionError
from ldap3.utils.conv import escape_filter_chars

from kemai.kit.outgoing import Allowed, Guard, OutgoingError, chosen
from kemai.kit.turns import NoTurn, turn

SECONDS = 8
"""For the whole of it: log-ins wait for this in one of a few threads."""
MOST_BYTES = 4 * 1024 * 1024
PLAIN = "ldap+plain"
PORTS = {"ldaps": 636, "ldap": 389, PLAIN: 389}
"""TLS from the start, StartTLS, and nothing, which is for a directory on this very machine."""
PRIMARY = "primaryGroupID"
FIELDS = ("name", "email", "phone", "department")


class DirectoryError(Exception):
    """`code`: unreachable, too_slow, forbidden_address, plain_text, bad_certificate, service_refused, bad_search,
    several, not_allowed, expired, closed, nobody. `detail` is for the log and the administrator."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class Kind(NamedTuple):
    """How directories of one make name things."""

    filter: str
    username: str
    subject: str
    """What stays the same when somebody is renamed."""
    group: str
    """The filter that finds {where} when the one who knocks belongs to the group: the group itself, or the person."""


KINDS: Mapping[str, Kind] = {
    "openldap": Kind(
        "(&(objectClass=person)(|(uid={login})(mail={login})))",
        "uid",
        "entryUUID",
        "(|(member={dn})(uniqueMember={dn})(memberUid={username}))",
    ),
    "ad": Kind(
        "(&(objectCategory=person)(objectClass=user)(!(userAccountControl:1.2.840.113556.1.4.803:=2))"
        "(|(sAMAccountName={login})(userPrincipalName={login})(mail={login})))",
        "sAMAccountName",
        "objectGUID",
        "(memberOf:1.2.840.113556.1.4.1941:={group})",
    ),
}
EXPIRED = ("data 532", "data 773")
"""How Active Directory says of a right password that it has to be changed first."""
CLOSED = ("data 530", "data 531", "data 533", "data 701")
"""And that the account is off or has ended, or may not log in now or from here. (That it is locked it says of a wrong
password as well: so we say no more than to everybody.)"""
WANTS_TLS = 8
"""The result of a directory that takes no passwords in the clear."""


@dataclass(frozen=True, slots=True)
class Directory:
    """Which directory, and how it is asked."""

    url: str
    kind: str = "openldap"
    ca: str = ""
    """The certificates (PEM) that its own is checked by; '' for those that the system knows."""
    bind_dn: str = ""
    bind_password: str = ""
    base: str = ""
    filter: str = ""
    """'' for that of the kind; {login} stands for what was typed."""
    group: str = ""
    """Who may come in; '' for everybody that the filter finds."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Our field → the directory's attribute."""

    @property
    def ways(self) -> Kind:
        return KINDS[self.kind]


class Entry(NamedTuple):
    """Somebody as the directory knows them."""

    dn: str
    subject: str
    username: str
    values: Mapping[str, str]
    primary: str = ""
    """The number of their primary group; Active Directory only."""


def check(of: Directory, login: str, password: str) -> Entry | None:
    """Who it is; None for an unknown name or a wrong password. Raises DirectoryError."""
    if not login or not password:
        return None
    with connected(of) as line:
        entry = found(line, of, login)
        if entry is None or not opens(line, entry, password):
            return None
        if of.group:
            as_service(line, of)
            if not belongs(line, of, entry):
                raise DirectoryError("not_allowed", entry.dn)
        return entry


@contextmanager
def connected(of: Directory) -> Iterator[Connection]:
    """A connection on which the service account has logged in. Raises DirectoryError."""
    parts = urlsplit(of.url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    deadline = time.monotonic() + SECONDS
    try:
        with turn(f"{host}:{port}"), asked(of, host, port, deadline) as line:
            yield line
    except NoTurn as error:
        raise DirectoryError("too_slow" if error.code == "busy" else "unreachable", error.code) from error


@contextmanager
def asked(of: Directory, host: str, port: int, deadline: float) -> Iterator[Connection]:
    parts = urlsplit(of.url)
    try:
        address = chosen(host, port, Allowed.of(settings.OUTGOING_ALLOW, settings.OUTGOING_ONLY), SECONDS)
    except OutgoingError as error:
        raise DirectoryError(
            error.code if error.code == "forbidden_address" else "unreachable", str(error)
        ) from error
    if parts.scheme == PLAIN and not address.is_loopback:
        raise DirectoryError("plain_text", of.url)
    tls = WatchedTls(
        validate=ssl.CERT_REQUIRED, ca_certs_data=of.ca or None, valid_names=[host], sni=host
    )  # fmt: skip
    tls.deadline = deadline
    place = Place(
        str(address), port, use_ssl=parts.scheme == "ldaps", tls=tls, connect_timeout=SECONDS, get_info=NONE,
        allowed_referral_hosts=[],
    )  # fmt: skip
    line = Connection(
        place, of.bind_dn or None, of.bind_password or None, auto_referrals=False, receive_timeout=SECONDS,
        read_only=True, check_names=False,
    )  # fmt: skip
    with translated(line):
        line.open(read_server_info=False)
        with Guard(line.socket, deadline - time.monotonic()) as guard:
            try:
                if parts.scheme == "ldap":
                    line.start_tls(read_server_info=False)
                line.socket = Bounded(line.socket)
                as_service(line, of)
                yield line
            except LDAPExceptionError as error:
                if guard.over:
                    raise DirectoryError("too_slow", of.url) from error
                raise


class WatchedTls(Tls):
    """ldap3 shakes hands while it opens the line: a directory that does that a byte a second is cut off as well."""

    deadline = 0.0

    def wrap_socket(self, connection: Connection, do_handshake: bool = False) -> None:
        with Guard(connection.socket, self.deadline - time.monotonic()):
            super().wrap_socket(connection, do_handshake)


class Bounded:
    """The line to a directory, which takes so many bytes and no more: ldap3 would keep whatever length it is told."""

    def __init__(self, line: Any) -> None:
        self.line = line
        self.left = MOST_BYTES

    def __getattr__(self, name: str) -> Any:
        return getattr(self.line, name)

    def recv(self, size: int) -> bytes:
        data: bytes = self.line.recv(size)
        self.left -= len(data)
        if self.left < 0:
            raise OSError("too long an answer")
        return data


@contextmanager
def translated(line: Connection) -> Iterator[None]:
    """ldap3's errors in our words; the connection is closed in the end."""
    try:
        yield
    except LDAPExceptionError as error:
        text = f"{type(error).__name__} {error}"[:300]
        raise DirectoryError(
            "bad_certificate" if "certificate" in text.lower() else "unreachable", text
        ) from error
    finally:
        line.strategy.close()


def as_service(line: Connection, of: Directory) -> None:
    if of.bind_dn:
        line.rebind(of.bind_dn, of.bind_password, read_server_info=False)
    else:
        line.rebind(authentication="ANONYMOUS", read_server_info=False)
    if line.result["result"] != 0:
        raise DirectoryError(
            "plain_text" if line.result["result"] == WANTS_TLS else "service_refused", said(line)
        )


def found(line: Connection, of: Directory, login: str) -> Entry | None:
    """The one entry that the filter finds. Raises DirectoryError, also for two: nobody comes in by a guess."""
    ways = of.ways
    wanted = {ways.username, ways.subject, *(name for name in of.attributes.values() if name)}
    if of.kind == "ad":
        wanted.add(PRIMARY)
    rows = searched(line, of.base, filled(of.filter or ways.filter, login=login), SUBTREE, wanted)
    if len(rows) > 1:
        raise DirectoryError("several", login)
    if not rows:
        return None
    dn, told = str(rows[0]["dn"]), rows[0]["raw_attributes"]
    username = text_of(told, ways.username)
    return Entry(
        dn,
        subject_of(told, ways.subject) or dn,
        username or login,
        {ours: text_of(told, of.attributes[ours]) for ours in FIELDS if of.attributes.get(ours)},
        text_of(told, PRIMARY),
    )


def belongs(line: Connection, of: Directory, entry: Entry) -> bool:
    """Whether they are in the group; in Active Directory also by a group in it, or as their primary one (Domain Users),
    which stands in nobody's memberOf."""
    where = entry.dn if of.kind == "ad" else of.group
    asked = filled(of.ways.group, dn=entry.dn, group=of.group, username=entry.username)
    if searched(line, where, asked, BASE, {"objectClass"}):
        return True
    return of.kind == "ad" and bool(entry.primary) and entry.primary == number_of(line, of.group)


def number_of(line: Connection, group: str) -> str:
    """The last part of the group's SID, by which the people name it whose primary group it is."""
    rows = searched(line, group, "(objectClass=group)", BASE, {"objectSid"})
    sid = next(iter(rows[0]["raw_attributes"].get("objectSid", [])), b"") if rows else b""
    return str(int.from_bytes(sid[-4:], "little")) if sid else ""


def searched(line: Connection, base: str, asked: str, scope: Any, wanted: set[str]) -> list[dict[str, Any]]:
    try:
        line.search(base, asked, scope, attributes=sorted(wanted), size_limit=2, time_limit=SECONDS)
    except LDAPExceptionError as error:
        if isinstance(error, LDAPCommunicationError):
            raise
        raise DirectoryError("bad_search", f"{type(error).__name__} {error}"[:300]) from error
    if line.result["result"] not in {0, 4}:  # 4: more than two
        raise DirectoryError("bad_search", said(line))
    return [row for row in line.response or [] if row.get("type") == "searchResEntry"]


def opens(line: Connection, entry: Entry, password: str) -> bool:
    """Whether the directory takes the password for theirs. Raises DirectoryError for one that has run out, and for
    an account that is closed."""
    line.rebind(entry.dn, password, read_server_info=False)
    if line.result["result"] == 0:
        return True
    for code, words in (("expired", EXPIRED), ("closed", CLOSED)):
        if any(word in said(line) for word in words):
            raise DirectoryError(code, entry.dn)
    return False


def filled(pattern: str, **values: str) -> str:
    for name, value in values.items():
        pattern = pattern.replace(f"{{{name}}}", escape_filter_chars(value))
    return pattern


def said(line: Connection) -> str:
    return f"{line.result['description']} {line.result['message']}"[:300]


def text_of(told: Mapping[str, list[bytes]], name: str) -> str:
    values = next((values for key, values in told.items() if key.lower() == name.lower()), [])
    return values[0].decode("utf-8", "replace").strip() if values else ""


def subject_of(told: Mapping[str, list[bytes]], name: str) -> str:
    """Active Directory's is sixteen bytes, the others' is text."""
    values = next((values for key, values in told.items() if key.lower() == name.lower()), [])
    if values and name == "objectGUID" and len(values[0]) == 16:
        return str(uuid.UUID(bytes_le=values[0]))
    return text_of(told, name)
