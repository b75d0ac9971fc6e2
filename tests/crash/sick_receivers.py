"""Pages, jobs and the server itself while all that is asked outside is sick: single sign-on, mail, the company's
directory and the virus scanner, each met by the sicknesses of `tests.crash.sickness`.

    python -m tests.crash.sick_receivers            prints a line for each kind, then the figures; six minutes

For each kind eight people at once press the button that asks it (a web server has six threads), or three mails wait for
it. Meanwhile somebody opens a page every tenth of a second, small jobs are put in the queue, and threads and memory of
the server with all its processes are watched."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html import unescape
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

from tests.crash import sickness
from tests.crash.others import Browser, Clicker, Sampler, part
from tests.crash.sickness import full, serving
from tests.e2e.company import Company, environment, free_port, load, running

CROWD = 8
PAGES_WITHIN, SERVED_WITHIN = 1.0, 30.0
MORE_THREADS, MORE_MEMORY = 40, 200 * 1024 * 1024
ASKED_WITHIN = 25.0
"""Seconds for one who asked: the deadline of the call, and the queue of those who came at the same moment."""
BREATH = 31.0
"""Until a server that was left alone is asked again (kemai.kit.turns)."""
JOB = "kemai.collab.jobs.sweep_live"


@dataclass
class Found:
    wrong: list[str] = field(default_factory=list)
    kinds: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, kind: str, seconds: float, seen: str, wrong: str = "") -> None:
        with self.lock:
            self.kinds += 1
            print(f"{'WRONG' if wrong else 'ok   '} {kind}: {seconds:.1f} s, {seen} {wrong}", flush=True)
            if wrong:
                self.wrong.append(f"{kind}: {wrong}")


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="kemai-sick-") as name:
        folder = Path(name)
        os.environ.update(environment(folder))
        load(folder, 0.02)
        import django

        django.setup()
        from tests.ldap_server import certificate

        pem, key = certificate(folder, "127.0.0.1")
        both = folder / "both.pem"
        both.write_bytes(pem.read_bytes() + key.read_bytes())
        scanner = free_port()
        settings = {
            "KEMAI_OUTGOING_ALLOW": "127.0.0.1", "KEMAI_CLAMD": f"127.0.0.1:{scanner}", "SSL_CERT_FILE": str(pem),
            "KEMAI_MAIL_FROM": "", "KEMAI_LOG_LEVEL": "CRITICAL",
        }  # fmt: skip
        with running(folder, settings=settings) as company:
            return story(company, both, scanner)


def story(company: Company, trusted: Path, scanner: int) -> int:
    port = int(company.address.rpartition(":")[2])
    found, boss = Found(), Browser(port)
    assert boss.log_in("demo", company.password).status == 302
    for _warm in range(20):
        boss.ask("GET", "/o/customer/")
    clicker, sampler, healthy = Clicker(boss), Sampler(company.pid), Healthy()
    for one in (clicker, sampler, healthy):
        one.start()
    began = time.monotonic()
    mails = threading.Thread(target=mail_kinds, args=(found,))
    mails.start()
    sign_on_kinds(port, trusted, found)
    directory_kinds(port, found)
    mails.join()
    waited = mail_again(found)
    scanner_kinds(boss, scanner, found)
    for other in (healthy, clicker, sampler):
        other.end()
    return told(found, clicker, sampler, healthy, waited, time.monotonic() - began)


def told(
    found: Found, clicker: Clicker, sampler: Sampler, healthy: Healthy, mail: float, seconds: float
) -> int:
    p90, worst = part(clicker.waits, 0.9), max(clicker.waits)
    print(
        f"{found.kinds} kinds in {seconds:.0f} s: {len(clicker.waits)} pages, p50 {part(clicker.waits, 0.5):.2f} s, "
        f"p90 {p90:.2f} s, worst {worst:.2f} s, {len(clicker.wrong)} faults; {len(healthy.waits)} healthy jobs, worst "
        f"{max(healthy.waits, default=0):.1f} s; mail well again after {mail:.1f} s; {sampler.said()}; load "
        f"{os.getloadavg()[0]:.1f}",
        flush=True,
    )
    bad = [
        *found.wrong, *clicker.wrong[:10],
        *(["pages are slow"] if p90 > PAGES_WITHIN else []),
        *(["healthy ones wait"] if max([mail, *healthy.waits, *healthy.left()]) > SERVED_WITHIN else []),
        *(["too many threads"] if sampler.more_threads > MORE_THREADS else []),
        *(["too much memory"] if sampler.more_memory > MORE_MEMORY else []),
    ]  # fmt: skip
    for one in bad:
        print(f"  {one}", flush=True)
    return 1 if bad else 0


class Healthy(threading.Thread):
    """Puts a small job in the queue every two seconds and looks how long each waits."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.waits: list[float] = []
        self.waiting: dict[int, float] = {}
        self.halt = threading.Event()

    def run(self) -> None:
        from kemai.platform.jobs import enqueue
        from kemai.platform.models import Job

        beat = 0
        while not self.halt.wait(0.5):
            if beat % 4 == 0:
                self.waiting[enqueue(JOB).pk] = time.monotonic()
            beat += 1
            for pk in Job.objects.filter(pk__in=list(self.waiting), state="done").values_list(
                "pk", flat=True
            ):
                self.waits.append(time.monotonic() - self.waiting.pop(pk))

    def left(self) -> list[float]:
        return [time.monotonic() - began for began in self.waiting.values()]

    def end(self) -> None:
        self.halt.set()
        self.join(10)


def crowd(act: Callable[[int], int]) -> tuple[list[int], float]:
    """Everybody at once; the statuses, and how long the last one waited."""
    began = time.monotonic()
    with ThreadPoolExecutor(CROWD) as many:
        statuses = list(many.map(act, range(CROWD)))
    return statuses, time.monotonic() - began


def judged(found: Found, kind: str, answers: tuple[list[int], float], good: set[int]) -> None:
    statuses, seconds = answers
    odd = [status for status in statuses if status not in good]
    late = "" if seconds <= ASKED_WITHIN else "waited too long"
    found.note(kind, seconds, f"{sorted(set(statuses))}", f"answered {odd}" if odd else late)


def sign_on_kinds(port: int, trusted: Path, found: Found) -> None:
    people = [Browser(port) for _one in range(CROWD)]
    places: list[str] = []

    def press(number: int) -> int:
        return people[number].ask("GET", places[number]).status

    with well_provider() as there:
        provide(f"http://127.0.0.1:{there}")
        for one in people:
            page = one.ask("GET", "/login/").body.decode()
            link = re.search(r'href="(/[^"]*\?go=[^"]*)"', page)
            places.append(unescape(link[1]) if link else "/no-button")
        judged(found, "a provider that is well", crowd(press), {302})
    foreign = trusted.with_name("foreign.pem")
    foreign.write_bytes(certificate_of_nobody(trusted.parent))
    for kind in (*sickness.HTTP, *sickness.TLS, *sickness.BEHIND_TLS):
        pem = None
        if kind in sickness.BEHIND_TLS:
            pem = foreign if "nobody" in kind else trusted
        with serving(kind, pem) as there:
            provide(f"{'http' if kind in sickness.HTTP else 'https'}://127.0.0.1:{there}")
            judged(found, kind, crowd(press), {403})
    with full() as there:
        provide(f"http://127.0.0.1:{there}")
        judged(found, "never takes anybody", crowd(press), {403})
    provide("")


def certificate_of_nobody(folder: Path) -> bytes:
    from tests.ldap_server import certificate

    pem, key = certificate(folder, "127.0.0.2")
    return pem.read_bytes() + key.read_bytes()


def provide(issuer: str) -> None:
    from kemai.staff.services.sso import Provider, stored

    put("sign-on", stored(), Provider(enabled=bool(issuer), issuer=issuer, client_id="kemai", label="SSO"))


def put(what: str, old: Any, new: Any) -> None:
    from kemai.platform.access import SYSTEM
    from kemai.staff.services import directory, sso

    (sso if what == "sign-on" else directory).STORE.keep(old, new, by=SYSTEM)


@contextlib.contextmanager
def well_provider() -> Iterator[int]:
    place = free_port()
    body = sickness.provider(place)
    sickness.KINDS["well"] = sickness.says(
        sickness.OK + b"Content-Length: %d\r\n\r\n" % len(body) + body
    )  # fmt: skip
    with serving("well", port=place) as there:
        yield there


def directory_kinds(port: int, found: Found) -> None:
    from kemai.staff.services.directory import Company as Directory
    from kemai.staff.services.directory import stored

    people = [Browser(port) for _one in range(CROWD)]

    def knock(number: int) -> int:
        return people[number].log_in(f"nobody{number}", "wrong-word-1").status

    for kind in sickness.DIRECTORY:
        with serving(kind) as there:
            new = Directory(
                enabled=True, url=f"ldap+plain://127.0.0.1:{there}", bind_dn="cn=crm", bind_password="x",
                base="dc=x",
            )  # fmt: skip
            put("directory", stored(), new)
            judged(found, kind, crowd(knock), {200, 400, 422, 429})
    put("directory", stored(), Directory())


def scanner_kinds(boss: Browser, place: int, found: Found) -> None:

    def upload(_number: int) -> int:
        name = b"--x\r\nContent-Disposition: form-data; name="
        rows = "客户名称\n某某\n".encode()
        parts = (
            name
            + b"kind\r\n\r\ncustomer\r\n"
            + name
            + b'file; filename="a.csv"\r\n\r\n'
            + rows
            + b"\r\n--x--\r\n"
        )
        form = {"Content-Type": "multipart/form-data; boundary=x"}
        return twin(boss).ask("POST", "/imports/new", parts, form).status

    for number, kind in enumerate(sickness.SCANNER):
        if number:
            time.sleep(BREATH)
        with serving(kind, port=place):
            statuses, seconds = crowd(upload)
        odd = [status for status in statuses if status != 422]
        found.note(kind, seconds, f"{sorted(set(statuses))}", f"answered {odd}" if odd else "")


def twin(one: Browser) -> Browser:
    """Another window of the same browser."""
    made = Browser(one.port)
    made.cookies = SimpleCookie({name: kept.value for name, kept in one.cookies.items()})
    return made


def mail_kinds(found: Found) -> None:
    from kemai.platform.models import Job

    for kind in sickness.MAIL:
        with serving(kind) as there:
            began = time.monotonic()
            first = Job.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
            write_through(there, kind)
            mine = Job.objects.filter(pk__gt=first, task__endswith="mail_notice")
            until, tried = began + 60, list(mine.all())
            while time.monotonic() < until:
                tried = [job for job in mine.all() if job.error or job.state in {"done", "failed"}]
                if len(tried) >= 3:
                    break
                time.sleep(0.3)
            states = sorted({f"{job.state} {job.error[:12]}" for job in mine.all()})
            found.note(kind, time.monotonic() - began, str(states), "" if len(tried) >= 3 else "not tried")
            Job.objects.filter(pk__in=[job.pk for job in mine.all()]).exclude(state="running").update(
                state="cancelled"
            )


def write_through(there: int, key: str) -> None:
    """Three mails through the server at this port."""
    from django.contrib.auth import get_user_model
    from django.db import transaction

    from kemai.collab.services import mail_server
    from kemai.collab.services.notices import notify
    from kemai.platform.access import SYSTEM

    values = {
        "host": "127.0.0.1",
        "port": str(there),
        "security": "none",
        "sender": "crm@example.com",
        "user": "",
    }
    mail_server.save(values, by=SYSTEM)
    user = get_user_model().objects.filter(is_active=True).exclude(email="").first()
    assert user is not None
    with transaction.atomic():
        for one in range(3):
            notify(user.pk, f"sick/{key}/{one}", "mail", kind="mention")


def mail_again(found: Found) -> float:
    """Seconds until the mails of a server that is well are there."""
    from tests.crash.harness import MailServer

    server = MailServer()
    began = time.monotonic()
    try:
        write_through(server.port, "well")
        while sum(server.got.values()) < 3 and time.monotonic() - began < 60:
            time.sleep(0.1)
        seconds, count = time.monotonic() - began, sum(server.got.values())
        found.note("a mail server that is well", seconds, f"{count} mails", "" if count >= 3 else "too few")
        return seconds
    finally:
        server.controller.stop()


if __name__ == "__main__":
    sys.exit(main())
