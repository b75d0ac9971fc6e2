"""Whether what the operator has named outside this product answers: for `kemai doctor`."""

from __future__ import annotations

import os
import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from kemai.kit import clamd
from kemai.kit.clamd import ScanError
from kemai.kit.outgoing import Allowed
from kemai.kit.stolen import StolenError, is_stolen
from kemai.project import environment as env
from kemai.project import lines
from kemai.project.cli.root import say

KNOWN_BAD = "password"
"""Stands on every list of stolen passwords there is."""
DAYS_LEFT = 14
"""A certificate that ends sooner has not been renewed in time."""


def check_scanner() -> tuple[bool, str, str]:
    try:
        found = clamd.version(settings.CLAMD)
    except ScanError as error:
        found, ok = str(error), False
    else:
        ok = True
    return (
        ok,
        say(f"病毒扫描（{settings.CLAMD}）：{found}", f"Virus scanner ({settings.CLAMD}): {found}"),
        say(
            "文件现在不能上传；请启动 clamd，或改正 KEMAI_CLAMD",
            "No file can be uploaded; start clamd or mend KEMAI_CLAMD",
        ),
    )


def check_stolen() -> tuple[bool, str, str]:
    try:
        ok = is_stolen(
            KNOWN_BAD, settings.STOLEN_PASSWORDS, Allowed.of(settings.OUTGOING_ALLOW, settings.OUTGOING_ONLY)
        )
        found = say("可用", "works") if ok else say("里面没有最常见的密码", "lacks the most common password")
    except StolenError as error:
        ok, found = False, str(error)
    place = settings.STOLEN_PASSWORDS
    return (
        ok,
        say(f"泄露密码名单（{place}）：{found}", f"List of stolen passwords ({place}): {found}"),
        say(
            "新密码现在不对照它检查；请改正 KEMAI_STOLEN_PASSWORDS",
            "New passwords are not compared with it; mend KEMAI_STOLEN_PASSWORDS",
        ),
    )


def plain_lines() -> Iterator[tuple[str, str]]:
    """The lines to other machines on which others could read or write, and what to do about each."""
    from kemai.collab.services.mail_server import server

    database: Any = settings.DATABASES["default"]
    host, mode = str(database.get("HOST", "")), str(database["OPTIONS"].get("sslmode", ""))
    if mode and not lines.stays_here(host) and mode != "verify-full":
        yield f"PostgreSQL (sslmode={mode})", "KEMAI_DATABASE_URL=…?sslmode=verify-full&sslrootcert=…"
    mail = server()
    if mail is not None and mail.security == "none" and not lines.stays_here(mail.host):
        yield f"SMTP ({mail.host})", "smtp://… (STARTTLS), smtps://…"
    if not settings.BEHIND_HTTPS and settings.ALLOWED_HOSTS != settings.LOCAL_HOSTS:
        yield say("网站", "website"), "KEMAI_HTTPS=1"
    if os.environ.get("KEMAI_PLAIN_INSIDE"):
        yield say("代理到网站", "proxy to server"), "KEMAI_TLS_CERT, KEMAI_TLS_KEY"


def check_lines() -> tuple[bool, str, str]:
    found = list(plain_lines())
    named = ", ".join(name for name, _advice in found)
    return (
        not found,
        say(
            f"到别的机器的连接：{f'没有加密或没有核对证书：{named}' if found else '都加密'}",
            f"Lines to other machines: {f'plain, or of an unchecked certificate: {named}' if found else 'encrypted'}",
        ),
        "; ".join(advice for _name, advice in found),
    )


def days_left(address: str) -> float:
    """How long the certificate at an https address is good; it must be one that everybody trusts. Raises OSError."""
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port or 443
    with (
        socket.create_connection((host, port), timeout=10) as raw,
        ssl.create_default_context().wrap_socket(raw, server_hostname=host) as line,
    ):
        ends = dict(line.getpeercert() or {})["notAfter"]
    return (ssl.cert_time_to_seconds(str(ends)) - time.time()) / 86_400


def check_certificate() -> tuple[bool, str, str]:
    """What visitors see: asked for as they ask."""
    place = settings.PUBLIC_URL
    try:
        days = days_left(place)
        found, ok = say(f"还有 {days:.0f} 天", f"{days:.0f} days left"), days > DAYS_LEFT
    except (OSError, KeyError) as error:
        found, ok = str(error), False
    return (
        ok,
        say(f"证书（{place}）：{found}", f"Certificate ({place}): {found}"),
        say(
            "请使用浏览器信任的证书，并及时续期（见 deploy/ 里的 nginx、Caddy 配置）",
            "Use a certificate that browsers trust, and renew it in time (the files in deploy/)",
        ),
    )


def check_forward() -> tuple[bool, str, str]:
    """Whether the receiver of the log's copy answers, and is who it should be."""
    from kemai.kit.syslog import Forward

    url = env.log_receiver("KEMAI_LOG_FORWARD")
    try:
        Forward(url).connected().close()
        found, ok = say("可用", "works"), True
    except OSError as error:
        found, ok = str(error), False
    return (
        ok,
        say(f"日志转发（{url}）：{found}", f"Copy of the log ({url}): {found}"),
        say(
            "请检查接收方及其证书，或改正 KEMAI_LOG_FORWARD",
            "Look at the receiver and its certificate, or mend KEMAI_LOG_FORWARD",
        ),
    )
