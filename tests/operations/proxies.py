"""Kemai behind nginx and Caddy with the very files of `deploy/`: two web servers, a worker and the live process on one
PostgreSQL, asked as a browser asks. Run by hand, where both proxies are installed:

    python -m tests.operations.proxies [nginx] [caddy]

Prints a line for each thing tried and ends with 1 where one is wrong."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg

from tests.e2e.company import ROOT, environment, free_port
from tools import postgres

HOST = "crm.example.com"
SECRET = "plum-orchard-stones-7"
MB = 1024 * 1024


@dataclass
class Ports:
    """Where everything listens; the files name the usual ones."""

    web: tuple[int, int] = field(default_factory=lambda: (free_port(), free_port()))
    live: int = field(default_factory=free_port)
    plain: int = field(default_factory=free_port)
    tls: int = field(default_factory=free_port)


@dataclass
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Browser:
    """Cookies, and one connection through the proxy for each request."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: SimpleCookie = SimpleCookie()

    @property
    def token(self) -> str:
        return self.cookies["__Host-csrftoken"].value if "__Host-csrftoken" in self.cookies else ""

    def connection(self, timeout: float = 30) -> http.client.HTTPSConnection:
        trusting = ssl.create_default_context()
        trusting.check_hostname = False
        trusting.verify_mode = ssl.CERT_NONE
        made = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout, context=trusting)
        raw = socket.create_connection(("127.0.0.1", self.port), timeout)
        made.sock = trusting.wrap_socket(raw, server_hostname=HOST)
        return made

    def headers(self, more: dict[str, str]) -> dict[str, str]:
        cookie = "; ".join(f"{name}={one.value}" for name, one in self.cookies.items())
        return {"Host": HOST, "Referer": f"https://{HOST}/", "Cookie": cookie, **more}

    def ask(self, method: str, path: str, body: Any = None, **more: str) -> Reply:
        connection = self.connection()
        try:
            headers = {name.replace("_", "-"): value for name, value in more.items()}
            sent = body.encode() if isinstance(body, str) else body
            connection.request(method, path, sent, self.headers(headers))
            answer = connection.getresponse()
            for line in answer.headers.get_all("Set-Cookie") or ():
                self.cookies.load(line)
            return Reply(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def post(self, path: str, values: dict[str, str], **more: str) -> Reply:
        token = self.token
        body = urlencode({**values, "csrfmiddlewaretoken": token})
        return self.ask("POST", path, body, Content_Type="application/x-www-form-urlencoded", **more)

    def log_in(self, name: str, word: str, **more: str) -> Reply:
        page = self.ask("GET", "/login/").body.decode()
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        values = {"login": name, "password": word, "csrfmiddlewaretoken": found[1] if found else ""}
        return self.ask(
            "POST", "/login/", urlencode(values), Content_Type="application/x-www-form-urlencoded", **more
        )

    def announce(self, path: str, size: int) -> int:
        """What is said to a request that announces so many bytes and sends none; 0 for silence, 100 for go on."""
        connection = self.connection(8)
        lines = [f"POST {path} HTTP/1.1", *(f"{key}: {value}" for key, value in self.headers({}).items())]
        token = self.token
        lines += [
            f"Content-Length: {size}",
            "Content-Type: multipart/form-data; boundary=x",
            f"X-CSRFToken: {token}",
        ]
        try:
            connection.sock.sendall("\r\n".join([*lines, "", ""]).encode())
            first = connection.sock.recv(200).split()
            return int(first[1]) if len(first) > 1 else 0
        except TimeoutError:
            return 0
        finally:
            connection.close()


class Verdicts:
    def __init__(self) -> None:
        self.failed = 0

    def say(self, what: str, good: bool, seen: object = "") -> None:
        self.failed += not good
        print(
            f"  {'ok   ' if good else 'WRONG'} {what}{'' if good and seen == '' else f': {seen}'}", flush=True
        )


def nginx(folder: Path, ports: Ports) -> list[str]:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", f"/CN={HOST}",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True,
    )  # fmt: skip
    text = (ROOT / "deploy/nginx.conf").read_text()
    first, second = ports.web
    text = text.replace("server 127.0.0.1:8000", f"server 127.0.0.1:{first}")
    text = text.replace("# server 10.0.0.12:8000", f"server 127.0.0.1:{second}")
    text = text.replace("127.0.0.1:8001", f"127.0.0.1:{ports.live}").replace(
        "listen 80;", f"listen {ports.plain};"
    )
    text = text.replace("listen 443", f"listen {ports.tls}")
    text = re.sub(r"(ssl_certificate\s+).*;", rf"\1{folder}/cert.pem;", text)
    text = re.sub(r"(ssl_certificate_key\s+).*;", rf"\1{folder}/key.pem;", text)
    (folder / "kemai.conf").write_text(text)
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;\nevents {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n"
        f"include {folder}/kemai.conf; }}\n"
    )
    return ["nginx", "-c", str(folder / "nginx.conf")]


def caddy(folder: Path, ports: Ports) -> list[str]:
    text = (ROOT / "deploy/Caddyfile").read_text()
    first, second = ports.web
    text = text.replace(
        "reverse_proxy 127.0.0.1:8000 {", f"reverse_proxy 127.0.0.1:{first} 127.0.0.1:{second} {{"
    )
    text = text.replace("127.0.0.1:8001", f"127.0.0.1:{ports.live}")
    text = text.replace("    tls {\n", "    tls internal {\n")
    ends = f"{{\n    admin off\n    skip_install_trust\n    http_port {ports.plain}\n    https_port {ports.tls}\n}}\n"
    (folder / "Caddyfile").write_text(ends + text)
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


PROXIES: dict[str, Callable[[Path, Ports], list[str]]] = {"nginx": nginx, "caddy": caddy}


@contextlib.contextmanager
def running(command: list[str], where: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env=where, stdout=out, stderr=out, start_new_session=True
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(60)


def kemai(where: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "kemai.project.cli", *arguments], cwd=ROOT, env=where, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"kemai {' '.join(arguments)}: {done.stderr[-2000:]}")
    return done.stdout.strip()


def wait_until(good: Callable[[], bool], seconds: float = 60) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if good():
                return True
        time.sleep(0.1)
    return False


def straight(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def answered_by(ports: Ports) -> list[int]:
    """How many log-in pages each web server has answered."""
    found = []
    for port in ports.web:
        told = straight(port, "/metrics")
        lines = [line for line in told.splitlines() if line.startswith("kemai_requests_total")]
        found.append(int(sum(float(line.rpartition(" ")[2]) for line in lines if "login" in line)))
    return found


def the_pages(told: Verdicts, browser: Browser, ports: Ports) -> None:
    plain = http.client.HTTPConnection("127.0.0.1", ports.plain, timeout=10)
    plain.request("GET", "/o/customer/", headers={"Host": HOST})
    moved = plain.getresponse()
    target = str(moved.getheader("Location")).replace(f":{ports.tls}", "")
    told.say(
        "http leads to https", moved.status in {301, 308} and target == f"https://{HOST}/o/customer/", target
    )
    for method, path in (("GET", "/api/v1/customer"), ("POST", "/login/"), ("GET", "/live/stream")):
        plain.close()
        plain.request(method, path, headers={"Host": HOST})
        told.say(f"{method} {path} by http is refused", plain.getresponse().status == 403)
    told.say("/.git is hidden", browser.ask("GET", "/.git/config").status == 404)
    page = browser.ask("GET", "/login/")
    told.say("log-in page", page.status == 200, page.status)
    policy = page.headers.get("Content-Security-Policy", "")
    told.say(
        "policy and HSTS arrive",
        "default-src 'none'" in policy
        and page.headers.get_all("Strict-Transport-Security") == ["max-age=31536000; includeSubDomains"],
    )
    closed = browser.ask("GET", "/metrics").headers.get_all("Strict-Transport-Security")
    told.say(
        "HSTS also of the proxy's own answers", closed == ["max-age=31536000; includeSubDomains"], closed
    )
    the_line(told, ports)
    told.say(
        "foreign host name", browser.ask("GET", "/login/", Host="evil.example").status in {308, 400, 404, 421}
    )
    plain.close()
    plain.request("GET", "/login/", headers={"Host": "evil.example"})
    stranger = plain.getresponse().status
    told.say("foreign host name without TLS", stranger in {301, 308, 400, 404, 421}, stranger)
    told.say("/metrics is closed", browser.ask("GET", "/metrics").status == 403)
    entered = browser.log_in("admin", SECRET)
    told.say("logging in", entered.status == 302, entered.status)
    cookies = [line.lower() for line in entered.headers.get_all("Set-Cookie") or ()]
    session = next((line for line in cookies if "session" in line.partition("=")[0]), "")
    told.say(
        "cookies are secure",
        session.startswith("__host-") and "secure" in session and "httponly" in session,
        "" if session else cookies,
    )
    told.say("a page", browser.ask("GET", "/o/customer/").status == 200)
    before = answered_by(ports)
    for _time in range(12):
        browser.ask("GET", "/login/")
    shares = [after - first for after, first in zip(answered_by(ports), before, strict=True)]
    told.say("both web servers answer", all(shares), shares)


def spoken(ports: Ports, **limits: Any) -> str:
    """The suite that is agreed upon with a visitor who knows only so much; '' where there is none."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    trusting.maximum_version = limits.get("newest", ssl.TLSVersion.TLSv1_3)
    trusting.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    trusting.set_ciphers(limits.get("suites", "ALL:@SECLEVEL=0"))
    try:
        with (
            socket.create_connection(("127.0.0.1", ports.tls), 10) as raw,
            trusting.wrap_socket(raw, server_hostname=HOST) as line,
        ):
            return (line.cipher() or ("",))[0]
    except (ssl.SSLError, ConnectionError):
        return ""


def the_line(told: Verdicts, ports: Ports) -> None:
    """Which versions and suites of TLS the proxy takes."""
    seen = spoken(ports)
    told.say("TLS 1.3", seen.startswith("TLS_"), seen)
    seen = spoken(ports, newest=ssl.TLSVersion.TLSv1_2)
    strong = seen.startswith("ECDHE") and ("AES256-GCM" in seen or "CHACHA20" in seen)
    told.say("TLS 1.2 with the strongest suite first", strong, seen)
    told.say("no TLS 1.1", not spoken(ports, newest=ssl.TLSVersion.TLSv1_1))
    weak = "AES128-SHA:AES256-SHA:AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"
    seen = spoken(ports, newest=ssl.TLSVersion.TLSv1_2, suites=weak)
    told.say("no suite without forward secrecy or with CBC", not seen, seen)


def live(told: Verdicts, browser: Browser, key: str, user: int) -> None:
    connection = browser.connection(20)
    connection.request("GET", "/live/stream", headers=browser.headers({"Accept": "text/event-stream"}))
    began = time.monotonic()
    answer = connection.getresponse()
    first = answer.readline()
    told.say(
        "live updates begin at once", answer.status == 200 and time.monotonic() - began < 3, answer.status
    )
    task = {"title": "经过代理", "kind": "call", "owner": user, "due_at": "2026-12-01T09:00:00+08:00"}
    made = browser.ask(
        "POST",
        "/api/v1/task",
        json.dumps(task),
        Authorization=f"Bearer {key}",
        Content_Type="application/json",
    )
    began, heard = time.monotonic(), b""
    with contextlib.suppress(TimeoutError):
        while b"notice" not in heard and time.monotonic() - began < 20:
            heard += answer.readline()
    seconds = time.monotonic() - began
    good = b"notice" in heard and made.status == 201
    told.say(
        "a notice comes through unbuffered", good, f"{seconds:.1f} s" if good else (made.status, first, heard)
    )
    connection.close()


def uploads(told: Verdicts, browser: Browser, key: str) -> None:
    made = browser.ask(
        "POST",
        "/api/v1/customer",
        '{"name": "代理"}',
        Authorization=f"Bearer {key}",
        Content_Type="application/json",
    )
    record = json.loads(made.body)["id"]

    def upload(size: int) -> Reply:
        body = (
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
            + bytes(size)
            + b"\r\n--x--\r\n"
        )
        token = browser.token
        return browser.ask(
            "POST", f"/o/customer/{record}/files", body, Content_Type="multipart/form-data; boundary=x",
            X_CSRFToken=token, HX_Request="true",
        )  # fmt: skip

    fits, over = upload(25 * MB), upload(25 * MB + 1)
    told.say("an attachment of 25 MB", fits.status in {200, 204, 302}, fits.status)
    told.say(
        "one byte more is refused in words", over.status == 422 and "25" in over.body.decode(), over.status
    )
    for path, size, wanted in (
        (f"/o/customer/{record}/files", 310 * MB, {413}),
        ("/imports/new/customer", 1900 * MB, {0, 100}),
        ("/imports/new/customer", 2200 * MB, {413}),
    ):  # fmt: skip
        seen = browser.announce(path, size)
        told.say(
            f"{size // MB} MB for {path.split('/')[1]}: {'413' if 413 in wanted else 'taken'}",
            seen in wanted,
            seen,
        )


def addresses(told: Verdicts, browser: Browser, key: str, url: str, port: int) -> None:
    for forged in ("203.0.113.7", "127.0.0.9, 198.51.100.1"):
        browser.ask(
            "POST", "/api/v1/customer", '{"name": "从哪里来"}', Authorization=f"Bearer {key}",
            Content_Type="application/json", X_Forwarded_For=forged, X_Real_IP=forged, Forwarded=f"for={forged}",
        )  # fmt: skip
        with psycopg.connect(url) as database:
            row = database.execute(
                "SELECT address FROM platform_changeset ORDER BY id DESC LIMIT 1"
            ).fetchone()
        told.say(f"forged X-Forwarded-For {forged}", row == ("127.0.0.1",), row)
    with psycopg.connect(url) as database:
        database.execute("DELETE FROM platform_ratecount")
    tries = 0
    for number in range(60):
        tries = number
        page = (
            Browser(port).log_in(f"who{number}", "wrong", X_Forwarded_For=f"203.0.113.{number}").body.decode()
        )
        if "十分钟" in page or "稍后" in page or "分钟后" in page:
            break
    told.say(
        "wrong log-ins under sixty forged addresses count as one", tries == 50, f"stopped at {tries + 1}"
    )
    with psycopg.connect(url) as database:
        database.execute("DELETE FROM platform_ratecount")
    plain = Browser(port).ask("GET", "/login/", X_Forwarded_Proto="http")
    told.say("a forged X-Forwarded-Proto leads nowhere", plain.status == 200, plain.status)


def assistants(told: Verdicts, browser: Browser, key: str) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
    seen = browser.ask(
        "POST", "/api/mcp", body, Authorization=f"Bearer {key}", Content_Type="application/json",
        Origin=f"https://{HOST}",
    )  # fmt: skip
    told.say("assistants' door", seen.status == 200 and b"preview_create" in seen.body, seen.status)


def loss(told: Verdicts, browser: Browser, web: subprocess.Popen[bytes]) -> None:
    """One of the two web servers dies in the middle."""
    os.killpg(web.pid, signal.SIGKILL)
    seen = [browser.ask("GET", "/o/customer/").status for _time in range(10)]
    told.say("one web server is killed: the pages go on", seen == [200] * 10, seen)


def trial(name: str, url: str, folder: Path) -> int:
    ports, told = Ports(), Verdicts()
    where = {
        **environment(folder), "KEMAI_DATABASE_URL": url, "KEMAI_HOSTS": HOST, "KEMAI_ORIGINS": f"https://{HOST}",
        "KEMAI_HTTPS": "1", "KEMAI_SECRET_KEY": "x" * 50, "KEMAI_LIVE_URL": "/live/stream",
    }  # fmt: skip
    print(f"{name}:", flush=True)
    kemai(where, "migrate")
    kemai(
        where,
        "user",
        "create",
        "admin",
        "--admin",
        "--role",
        "director",
        "--password",
        SECRET,
        "--without-two-step",
    )
    kemai(where, "user", "create", "mate", "--role", "director", "--password", SECRET)
    key = kemai(where, "token", "create", "mate").split()[-1]
    with psycopg.connect(url) as database:
        found = database.execute("SELECT id FROM staff_user WHERE username = 'admin'").fetchone()
        database.execute("DELETE FROM platform_ratecount")
    user = int(found[0]) if found else 0
    serve = [sys.executable, "-m", "kemai.project.cli", "serve", "--no-migrate"]
    first = [*serve, "--port", str(ports.web[0])]
    second = [*serve, "--port", str(ports.web[1]), "--no-worker", "--no-live"]
    with contextlib.ExitStack() as stack:
        log = folder / f"{name}.log"
        stack.enter_context(running(first, {**where, "KEMAI_LIVE_PORT": str(ports.live)}, log))
        other = stack.enter_context(running(second, where, log))
        stack.enter_context(
            running(PROXIES[name](folder, ports), dict(os.environ), folder / f"{name}-proxy.log")
        )
        browser = Browser(ports.tls)
        ready = all(wait_until(lambda port=port: "ok" in straight(port, "/healthz")) for port in ports.web)  # type: ignore[misc]
        ready = ready and wait_until(lambda: browser.ask("GET", "/healthz").status == 200)
        told.say("it starts", ready, "" if ready else (folder / f"{name}-proxy.log").read_text()[-800:])
        if ready:
            the_pages(told, browser, ports)
            live(told, browser, key, user)
            uploads(told, browser, key)
            addresses(told, browser, key, url, ports.tls)
            assistants(told, browser, key)
            loss(told, browser, other)
    return told.failed


def main() -> int:
    failed = 0
    for name in sys.argv[1:] or list(PROXIES):
        if shutil.which(name) is None:
            print(f"{name} is not installed: sudo apt-get install {name}")
            failed += 1
            continue
        with postgres.throwaway() as url, tempfile.TemporaryDirectory(prefix="kemai-proxy-") as folder:
            # nginx's workers are another user when it is started as root
            Path(folder).chmod(0o755)
            failed += trial(name, url, Path(folder))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
