"""Probes, figures, and a log in which nobody can be found."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection
from django.test import Client, override_settings
from django.utils import timezone

from kemai.platform.access import SYSTEM
from kemai.platform.events import emit
from kemai.platform.jobs import enqueue
from kemai.platform.models import Job
from kemai.platform.monitor import logs
from kemai.platform.monitor.trouble import trouble
from tests.factory import make
from tests.people import Person, browser

NAME, PHONE, MAIL = "欧阳春晓", "13812345678", "chunxiao.ouyang@example.com"
SECRETS = (NAME, PHONE, MAIL, "138 1234 5678", "138-1234-5678", "0571-88886666")


class Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logs.Json())
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))

    @property
    def text(self) -> str:
        return json.dumps(self.lines, ensure_ascii=False)


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler, root = Lines(), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.getLogger("kemai.request").setLevel(logging.INFO)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before)


def test_nothing_personal_in_a_message_or_an_error(lines: Lines) -> None:
    log = logging.getLogger("kemai.test")
    for secret in SECRETS:
        log.info("sent to %s, record 1234567", secret)
        try:
            raise IntegrityError(
                f'duplicate key "x"\nDETAIL:  Key (name, phone)=({secret}, Ann) already exists.'
            )
        except IntegrityError as error:
            try:
                raise ValueError({"name": secret}, ["Ann Smith"]) from error
            except ValueError:
                log.exception("job %s failed for %s", 17, secret)
    for secret in (*SECRETS, "Ann"):
        assert secret not in lines.text
    assert "record 1234567" in lines.lines[0]["message"]
    failed = lines.lines[1]
    assert failed["error"].startswith("builtins.ValueError")
    assert "IntegrityError" in failed["because"][0]
    assert any("test_monitor.py" in one for one in failed["frames"])


@pytest.mark.django_db
def test_searching_creating_and_failing_leave_no_person_in_the_log(
    client: Client, people: dict[str, Person], lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(people["boss"].user)
    client.get("/o/customer/", {"q": NAME})
    client.post("/o/customer/new", {"name": NAME, "phone": PHONE, "email": MAIL})
    client.get(f"/o/customer/{NAME}/")

    def fail(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError(f"{NAME} {PHONE}")

    monkeypatch.setattr("kemai.platform.search.page", fail)
    client.raise_request_exception = False
    failed = client.get("/o/customer/", {"q": PHONE}, headers={"X-Request-ID": "proxy-0001"})
    assert failed.status_code == 500
    assert "proxy-0001" in failed.content.decode()
    for secret in (NAME, PHONE, MAIL):
        assert secret not in lines.text
    told = [one for one in lines.lines if one.get("event") == "request"]
    assert told[0]["user"] == people["boss"].user.pk
    assert told[0]["route"].startswith("o/")
    assert {one["request_id"] for one in lines.lines if one["level"] == "ERROR"} == {"proxy-0001"}


@pytest.mark.django_db
def test_probes_answer_by_address_without_a_name(client: Client) -> None:
    for path in ("/healthz/live", "/healthz", "/healthz/ready"):
        assert client.get(path, headers={"Host": "10.0.0.7"}).status_code == 200
    with override_settings(SECURE_SSL_REDIRECT=True):
        assert client.get("/healthz").status_code == 200


def test_not_ready_while_the_database_is_away(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_args: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(connection, "cursor", away)
    assert client.get("/healthz/live").status_code == 200
    assert client.get("/healthz").status_code == 503


@pytest.mark.django_db
def test_figures_are_for_the_machine_itself_or_who_has_the_token(client: Client) -> None:
    enqueue("kemai.platform.jobs.housekeeping.sweep", run_at=timezone.now() - timedelta(seconds=90))
    Job.objects.create(task="x", state="failed", run_at=timezone.now(), created_at=timezone.now())
    emit("customer.created", "customer", 1)
    client.get("/login/")
    text = client.get("/metrics").content.decode()
    assert 'kemai_jobs{state="failed"} 1.0' in text
    assert "kemai_outbox_waiting 1.0" in text
    age = next(line for line in text.splitlines() if line.startswith("kemai_jobs_oldest_due_seconds "))
    assert 80 < float(age.split()[1]) < 200
    assert 'kemai_requests_total{method="GET",route="login/",status="200"}' in text
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 403
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 403
    with override_settings(METRICS_TOKEN="figures-please"):
        assert client.get("/metrics").status_code == 403
        allowed = client.get(
            "/metrics", headers={"Authorization": "Bearer figures-please"}, REMOTE_ADDR="203.0.113.9"
        )
        assert allowed.status_code == 200


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("database or disk is full", "database_full"),
        ("attempt to write a readonly database", "database_read_only"),
        ("database is locked", "database_busy"),
    ],
)
@pytest.mark.django_db
def test_a_full_or_locked_database_is_said_in_words(
    client: Client, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch, text: str, code: str
) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise OperationalError(text)

    client.force_login(people["boss"].user)
    monkeypatch.setattr("kemai.platform.records.single.create", refuse)
    monkeypatch.setattr("kemai.platform.records.create", refuse)
    page = client.post("/o/customer/new", {"name": "x"}, headers={"HX-Request": "true"})
    assert page.status_code == 503
    assert page.headers["Retry-After"]
    assert "toast" in page.headers["HX-Trigger"]
    program = client.post("/o/customer/new", {"name": "x"}, headers={"Accept": "application/json"})
    assert program.json()["code"] == code


def test_only_troubles_of_the_database_are_called_so() -> None:
    assert trouble(DatabaseError("syntax error")) is None
    assert trouble(ValueError("database is locked")) is None
    assert trouble(None) is None
    assert SYSTEM.request_id
    assert "pytest" in sys.modules


@pytest.mark.django_db
def test_refusals_and_the_door_are_told_to_whoever_watches(people: dict[str, Person], lines: Lines) -> None:
    """Who, from where, which door, why; not what was asked for."""
    alice, foreign = browser(people["alice"]), make("customer", owner=people["charlie"].user.pk, name=NAME)
    assert alice.get(f"/o/customer/{foreign.pk}").status_code == 404
    assert alice.get("/settings/users/").status_code == 403
    assert alice.get("/api/v1/customer", {"sort": "owner__password"}).status_code in {400, 422}
    assert Client().get("/api/v1/customer").status_code == 401
    Client().post("/login/", {"login": MAIL, "password": PHONE})
    told = [one for one in lines.lines if one["logger"] == "kemai.security"]
    kinds = [(one["event"], one.get("status"), one.get("code"), one.get("user")) for one in told]
    key = people["alice"].user.pk
    assert kinds[:2] == [("refused", 404, "not_found", key), ("refused", 403, "denied", key)]
    assert kinds[2][0::3] == ("refused", key)
    assert kinds[3][:2] == ("refused", 401)
    assert [one["kind"] for one in told if one["event"] == "security"] == ["login_failed"]
    assert {one["address"] for one in told} == {"127.0.0.1"}
    assert not any(secret in lines.text for secret in SECRETS)
