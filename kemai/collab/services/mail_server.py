"""Which mail server sends for us: out of the environment, else what an administrator has set on the page."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote, urlsplit

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.translation import gettext as _

from kemai.collab.services.options import option, set_option
from kemai.platform.access import Actor
from kemai.platform.records import FieldErrors

SECURITIES = ("starttls", "tls", "none")


@dataclass(frozen=True)
class MailServer:
    host: str
    port: int = 587
    user: str = ""
    password: str = ""
    security: str = "starttls"
    sender: str = ""
    fixed: bool = False
    """Set by the environment: the page shows it and cannot change it."""


def server() -> MailServer | None:
    """None while nobody has set one."""
    if settings.MAIL_URL:
        return replace(of_url(settings.MAIL_URL), sender=settings.MAIL_FROM, fixed=True)
    stored: Mapping[str, Any] = option("mail") or {}
    if not stored.get("host"):
        return None
    return MailServer(
        str(stored["host"]),
        int(stored.get("port") or 587),
        str(stored.get("user") or ""),
        opened(str(stored.get("password") or "")),
        str(stored.get("security") or "starttls"),
        str(stored.get("sender") or ""),
    )


def configured() -> bool:
    return bool(settings.MAIL_URL or (option("mail") or {}).get("host"))


def of_url(url: str) -> MailServer:
    """smtp://user:password@host:587 (STARTTLS), smtps://…:465 (TLS from the start), smtp+plain://… (neither)."""
    parts = urlsplit(url)
    security = {"smtp": "starttls", "smtps": "tls", "smtp+plain": "none"}.get(parts.scheme, "starttls")
    port = parts.port or {"tls": 465, "none": 25}.get(security, 587)
    return MailServer(
        parts.hostname or "", port, unquote(parts.username or ""), unquote(parts.password or ""), security
    )


def save(typed: Mapping[str, str], *, by: Actor) -> MailServer | None:
    """What the page holds; an empty password keeps the one there is, an empty host turns mail off.

    Raises FieldErrors, access.Denied."""
    host, sender = typed.get("host", "").strip(), typed.get("sender", "").strip()
    before: Mapping[str, Any] = option("mail") or {}
    errors = problems(typed, host, sender)
    if errors:
        raise FieldErrors(errors)
    if not host:
        set_option("mail", {}, by=by)
        return None
    password = typed.get("password", "")
    values = {
        "host": host,
        "port": int(typed.get("port") or 587),
        "user": typed.get("user", "").strip(),
        "password": sealed(password) if password else before.get("password", ""),
        "security": typed.get("security", "starttls"),
        "sender": sender,
    }
    set_option("mail", values, by=by)
    return server()


def problems(typed: Mapping[str, str], host: str, sender: str) -> dict[str, str]:
    errors: dict[str, str] = {}
    port = typed.get("port", "") or "587"
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
        errors["port"] = _("端口是 1 到 65535 的整数，常用 587、465 或 25")
    if typed.get("security", "starttls") not in SECURITIES:
        errors["security"] = _("没有这种加密方式")
    elif typed.get("security") == "none" and not is_here(host):
        errors["security"] = _("不加密只能用于本机上的邮件服务器")
    if host and any(char.isspace() or char in "/@" for char in host):
        errors["host"] = _("只填服务器名称，例如 smtp.example.com")
    if host and ("@" not in sender or any(char in sender for char in "\r\n<>")):
        errors["sender"] = _("请填写发件人邮箱，例如 crm@example.com")
    return errors


def is_here(host: str) -> bool:
    """Is the server on this very machine? What is said to it needs no encryption then."""
    try:
        return host in {"", "localhost"} or ip_address(host).is_loopback
    except ValueError:
        return False


def box() -> MultiFernet:
    """Passwords of others lie encrypted by a key out of our secret: a copy of the database alone does not tell them."""
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    digests = (hashlib.sha256(b"kemai mail server" + secret.encode()).digest() for secret in secrets)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


def sealed(password: str) -> str:
    return box().encrypt(password.encode()).decode()


def opened(text: str) -> str:
    """'' where the secret has been changed since: the server will say that it wants a password."""
    if not text:
        return ""
    try:
        return box().decrypt(text.encode()).decode()
    except InvalidToken:
        return ""
