"""Figures of logging in, against a running server: how long a wrong password takes for somebody whom there is and for
somebody whom there is not, and how soon the open line of an ended session is closed.

    python -m tests.crash.logins"""

from __future__ import annotations

import http.client
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.crash.others import Browser, part
from tests.e2e.company import Company, environment, load, running

FACTOR, LINES_END_WITHIN = 2.0, 5.0
TRIES, PEOPLE = 3, 5
"""Five wrong ones of an account, fifty of an address are let in."""
LINES = 3


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="kemai-logins-") as name:
        folder = Path(name)
        os.environ.update(environment(folder))
        load(folder, 0.02)
        import django

        django.setup()
        with running(folder) as company:
            return wrong_passwords(company) + ended_sessions(company)


def wrong_passwords(company: Company) -> int:
    from django.contrib.auth import get_user_model

    names = list(get_user_model().objects.filter(is_active=True).exclude(username="demo")[:PEOPLE])
    browser = Browser(int(company.address.rpartition(":")[2]))
    browser.ask("GET", "/login/")
    times: dict[bool, list[float]] = {True: [], False: []}
    for number in range(TRIES * len(names)):
        for known in (True, False):
            began = time.monotonic()
            name = names[number % len(names)].username if known else f"nobody{number}"
            browser.post("/login/", {"login": name, "password": "wrong-word-1"})
            times[known].append(time.monotonic() - began)
    there, nobody = (part(times[known], 0.5) for known in (True, False))
    factor = max(there, nobody) / min(there, nobody)
    print(
        f"{'ok   ' if factor <= FACTOR else 'WRONG'} a wrong password, median of {len(times[True])}: "
        f"{there * 1000:.0f} ms for somebody, {nobody * 1000:.0f} ms for nobody, factor {factor:.2f}; load "
        f"{os.getloadavg()[0]:.1f}",
        flush=True,
    )
    return int(factor > FACTOR)


def ended_sessions(company: Company) -> int:
    """A line that is open when the session is ended elsewhere."""
    from django.contrib.sessions.models import Session

    waits = []
    for _one in range(LINES):
        browser = Browser(int(company.address.rpartition(":")[2]))
        assert browser.log_in("demo", company.password).status == 302
        key = browser.cookies["sessionid"].value
        line = http.client.HTTPConnection("127.0.0.1", int(company.live.rpartition(":")[2]), timeout=30)
        line.request("GET", "/live/stream", headers={"Cookie": f"sessionid={key}"})
        answer = line.getresponse()
        assert answer.status == 200, answer.status
        answer.readline()
        Session.objects.filter(session_key=key).delete()
        began = time.monotonic()
        while answer.readline():
            pass
        waits.append(time.monotonic() - began)
        line.close()
    good = max(waits) <= LINES_END_WITHIN
    print(
        f"{'ok   ' if good else 'WRONG'} the line of an ended session: closed after "
        f"{', '.join(f'{one:.1f}' for one in waits)} s; load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
