"""The lines between the parts of an installation: which of them leave the machine, and whether they are encrypted."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Mapping
from pathlib import Path

LOCAL = ("", "localhost")
DATABASE_TLS = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
CERTIFICATES = ("sslrootcert", "sslcert", "sslkey")


def stays_here(host: str) -> bool:
    """Whether what is said to this host leaves the machine: a socket's path or a loopback address does not."""
    if host in LOCAL or host.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def database_options(host: str, query: Mapping[str, str]) -> dict[str, str]:
    """How PostgreSQL is spoken to. A database on another machine is never spoken to in plain because it happens to
    offer nothing better: whoever wants that says so (`sslmode=disable`). Raises ValueError."""
    mode = query.get("sslmode") or ("prefer" if stays_here(host) else "require")
    if mode not in DATABASE_TLS:
        raise ValueError(f"sslmode={mode}: use {' or '.join(DATABASE_TLS)}")
    given = {name: query[name] for name in CERTIFICATES if query.get(name)}
    missing = [path for path in given.values() if path != "system" and not Path(path).exists()]
    if missing:
        raise ValueError(f"{missing[0]} is not there")
    return {"sslmode": mode, **given}


def certificate(cert: str, key: str) -> tuple[Path, Path] | None:
    """What our own servers show to the proxy; None where they speak plain. Raises ValueError."""
    if not cert and not key:
        return None
    if not (cert and key):
        raise ValueError("a certificate wants its key, and a key its certificate")
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(cert, key)
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"{cert}, {key}: {error.strerror or error}") from error
    return Path(cert), Path(key)
