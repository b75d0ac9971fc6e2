"""Notices by mail, against a real SMTP server in this process."""

from __future__ import annotations

import datetime as dt
import smtplib
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from django.core import mail as django_mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from kemai.collab import jobs as clockwork
from kemai.collab.models import Notice
from kemai.collab.services import comments, mail_backend, mail_server, mails, notices, options, preferences
from kemai.collab.services import people as colleagues
from kemai.collab.services.preferences import Choice
from kemai.platform import jobs, records
from kemai.platform.access import SYSTEM, Denied
from kemai.platform.events import drain_all
from kemai.platform.models import Job, Setting
from kemai.platform.records import FieldErrors
from tests.e2e.company import free_port
from tests.factory import make
from tests.people import Person

pytestmark = pytest.mark.django_db


class Box:
    """Keeps what it is given; `answer` is what it says instead of taking a mail, `taken` how often it was asked."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answer = ""
        self.asked = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.asked += 1
        if self.answer:
            return self.answer
        found = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(found, EmailMessage)
        self.mails.append(found)
        return "250 OK"


def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"crm", b"pass word")
    return AuthResult(success=right, handled=False)


@pytest.fixture
def box() -> Iterator[Box]:
    handler = Box()
    port = free_port()
    controller = Controller(
        handler,
        hostname="127.0.0.1",
        port=port,
        authenticator=check,
        auth_require_tls=False,
        auth_required=True,
    )
    controller.start()
    values = {"host": "127.0.0.1", "port": str(port), "user": "crm", "password": "pass word", "security": "none",
              "sender": "crm@example.com"}  # fmt: skip
    cache.clear()
    colleagues.forget()
    mail_server.save(values, by=SYSTEM)
    yield handler
    controller.stop()
    cache.clear()


def texts(message: EmailMessage) -> tuple[str, str]:
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert html is not None
    return plain.get_content(), html.get_content()


def test_a_mention_goes_out_at_once_in_the_persons_language(people: dict[str, Person], box: Box) -> None:
    bob = people["bob"].user
    bob.language = "en"
    bob.save()
    customer = make("customer", owner=people["alice"].user.pk, name="海天<b>贸易</b>")
    comments.write(("customer", customer.pk), "@Bob 看 <script>alert(1)</script>", by=people["alice"].actor)
    drain_all()
    drain_all()
    (message,) = [one for one in box.mails if one["To"] == "bob@example.com"]
    plain, html = texts(message)
    assert "Customer" in message["Subject"]
    assert "海天<b>贸易</b>" in message["Subject"]
    assert "<script>alert(1)</script>" in plain
    assert "<script>" not in html
    assert "/notices/" in plain
    assert reverse("notice_settings") in message["List-Unsubscribe"]
    assert message["Message-ID"].endswith("@example.com>")
    notice = Notice.objects.get(user=bob, kind="mention")
    assert notice.mail == "sent"
    clockwork.mail_notice(jobs.Progress(Job.objects.latest("pk")), notice=notice.pk)
    assert len([one for one in box.mails if one["To"] == "bob@example.com"]) == 1, "never twice"


def test_what_came_in_between_is_not_told(people: dict[str, Person], box: Box) -> None:
    customer = make("customer", owner=people["alice"].user.pk)
    comments.write(("customer", customer.pk), "@Bob 机密", by=people["alice"].actor)
    from kemai.platform.events import drain

    drain()
    records.update("customer", customer.pk, {"owner": people["charlie"].user.pk}, by=SYSTEM)
    drain_all()
    assert [one for one in box.mails if one["To"] == "bob@example.com"] == []


def test_a_day_is_told_in_one_mail(people: dict[str, Person], box: Box) -> None:
    alice = people["alice"].user
    preferences.choose(alice.pk, {"job": Choice(True, "daily")})
    for number in range(3):
        notices.notify(alice.pk, None, f"工作 {number}", kind="job")
    drain_all()
    assert box.mails == []
    progress = jobs.Progress(jobs.enqueue("kemai.collab.jobs.digests"))
    assert clockwork.digests(progress) == 1
    assert clockwork.digests(progress) == 1
    drain_all()
    (message,) = box.mails
    plain, html = texts(message)
    assert all(f"工作 {number}" in plain and f"工作 {number}" in html for number in range(3))
    assert "3" in message["Subject"]
    assert set(Notice.objects.filter(user=alice).values_list("mail", flat=True)) == {"sent"}


def test_a_server_that_is_away_is_tried_again_and_a_refusal_is_not(
    people: dict[str, Person], box: Box
) -> None:
    alice = people["alice"].user
    preferences.choose(alice.pk, {"job": Choice(True, "now")})
    box.answer = "451 try later"
    notices.notify(alice.pk, None, "一", kind="job")
    drain_all()
    job = Job.objects.get(task="kemai.collab.jobs.mail_notice")
    assert (job.state, job.attempts, box.asked) == ("waiting", 0, 1), "a server that is away costs no attempt"
    assert Notice.objects.get(user=alice).mail == "due"
    late = timezone.now() - clockwork.PATIENCE - dt.timedelta(hours=1)
    Job.objects.filter(pk=job.pk).update(run_at=timezone.now(), created_at=late)
    drain_all()
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("waiting", 1), "but not for ever"
    box.answer = ""
    Job.objects.filter(pk=job.pk).update(run_at=timezone.now())
    drain_all()
    assert len(box.mails) == 1
    box.answer = "550 no such user"
    notices.notify(alice.pk, None, "二", kind="job")
    drain_all()
    assert Notice.objects.get(user=alice, title="二").mail == "failed"
    asked = box.asked
    drain_all()
    assert box.asked == asked


def test_a_send_that_was_cut_off_is_not_repeated(people: dict[str, Person], box: Box) -> None:
    alice = people["alice"].user
    preferences.choose(alice.pk, {"job": Choice(True, "now")})
    notices.notify(alice.pk, None, "一", kind="job")
    Notice.objects.filter(user=alice).update(mail="sending")  # the worker died here
    drain_all()
    assert box.mails == []


def test_nobody_gets_mail_without_a_server_an_address_or_the_wish(
    people: dict[str, Person], box: Box
) -> None:
    alice, bob = people["alice"].user, people["bob"].user
    preferences.mail_off(alice.pk)
    bob.email = ""
    bob.save()
    for user in (alice, bob):
        notices.notify(user.pk, None, "x", kind="mention")
    options.set_option("mail", {}, by=SYSTEM)
    notices.notify(people["dora"].user.pk, None, "x", kind="mention")
    drain_all()
    assert box.mails == []
    assert set(Notice.objects.values_list("mail", flat=True)) == {""}


def test_the_settings_page_says_what_the_server_says(people: dict[str, Person], box: Box) -> None:
    boss = people["boss"].user
    role = boss.roles.first()
    role.is_admin = True
    role.save()
    client = Client()
    client.force_login(boss, backend="kemai.staff.adapter.Backend")
    url = reverse("collab_settings")
    assert client.get(url).status_code == 200
    said = client.post(reverse("collab_test_mail"), follow=True).content.decode()
    assert "测试邮件已发到 boss@example.com" in said
    assert box.mails[-1]["To"] == "boss@example.com"
    stored = Setting.objects.get(key="collab.mail").value
    assert "pass word" not in str(stored)
    values = {"part": "mail", "host": "127.0.0.1", "port": str(stored["port"]), "security": "none",
              "user": "crm", "password": "", "sender": "crm@example.com"}  # fmt: skip
    assert client.post(url, values).status_code == 302
    server = mail_server.server()
    assert server is not None
    assert server.password == "pass word", "an empty field keeps it"
    client.post(url, {**values, "password": "wrong"})
    said = client.post(reverse("collab_test_mail"), follow=True).content.decode()
    assert "不接受用户名或密码" in said
    client.post(url, {**values, "port": "1"})
    said = client.post(reverse("collab_test_mail"), follow=True).content.decode()
    assert "连不上邮件服务器" in said
    answer = client.post(url, {**values, "port": "x", "sender": "nobody"})
    assert answer.status_code == 422
    assert "端口是 1 到 65535" in answer.content.decode()
    assert (
        client.post(url, {"part": "rules", "comment_verb": "view", "escalate_days": "7"}).status_code == 302
    )
    assert options.option("escalate_days") == 7
    other = Client()
    other.force_login(people["alice"].user, backend="kemai.staff.adapter.Backend")
    assert other.get(url).status_code == 403
    assert other.post(url, values).status_code == 403
    with pytest.raises(Denied):
        mail_server.save(values, by=people["alice"].actor)


def test_headers_cannot_be_smuggled_in(people: dict[str, Person], box: Box) -> None:
    alice = people["alice"].user
    preferences.choose(alice.pk, {"job": Choice(True, "now")})
    notices.notify(alice.pk, None, "标题\r\nBcc: evil@example.com", kind="job")
    drain_all()
    (message,) = box.mails
    assert message["Bcc"] is None
    with pytest.raises(FieldErrors):
        mail_server.save({"host": "a", "sender": "a@b.c\r\nX: y"}, by=SYSTEM)


def test_the_environment_may_name_the_server(settings: Any) -> None:
    settings.MAIL_URL, settings.MAIL_FROM = "smtps://crm%40x.cn:p%3Aw@mail.example", "crm@x.cn"
    server = mail_server.server()
    assert server is not None
    assert (server.host, server.port, server.user, server.password) == (
        "mail.example",
        465,
        "crm@x.cn",
        "p:w",
    )
    assert (server.security, server.fixed, server.sender) == ("tls", True, "crm@x.cn")


def test_other_mails_go_through_the_same_server(box: Box) -> None:
    message = django_mail.EmailMessage("主题", "内容", "x@y.z", ["someone@example.com"])
    assert mail_backend.Backend().send_messages([message]) == 1
    assert box.mails[0]["From"] == "crm@example.com"
    options.set_option("mail", {}, by=SYSTEM)
    assert mail_backend.Backend().send_messages([message]) == 0


def test_a_server_that_hangs_up_is_no_fault(box: Box, monkeypatch: Any) -> None:
    def broken(*_args: object, **_words: object) -> None:
        raise smtplib.SMTPServerDisconnected("bye")

    monkeypatch.setattr(smtplib.SMTP, "sendmail", broken)
    with pytest.raises(mails.NotSent) as caught:
        mails.send_test("a@example.com", "A")
    assert not caught.value.final


def test_a_forgotten_password_is_set_anew_by_a_link(people: dict[str, Person], box: Box) -> None:
    stranger = Client()
    for who in ("alice", "ALICE@example.com", "nobody-at-all", "x" * 500):
        answer = stranger.post("/login/forgot/", {"login": who})
        assert answer.status_code == 200
        assert "如果有这个账号" in answer.content.decode()
    assert stranger.post("/login/forgot/", {"login": ""}).status_code == 200
    assert box.mails == [], "the page itself asks nobody"
    drain_all()
    drain_all()
    assert [message["To"] for message in box.mails] == ["alice@example.com"] * 2
    plain, _html = texts(box.mails[-1])
    path = "/welcome/" + plain.split("/welcome/")[1].split()[0]
    done = stranger.post(path, {"password": "brand new 77", "again": "brand new 77"})
    assert done.status_code == 302
    people["alice"].user.refresh_from_db()
    assert people["alice"].user.check_password("brand new 77")
    assert stranger.get(path).status_code == 404, "once"
    tries = [stranger.post("/login/forgot/", {"login": "alice"}).status_code for _ in range(9)]
    assert tries[-1] == 429


def test_the_password_stays_readable_under_a_new_secret(settings: Any) -> None:
    held = mail_server.sealed("pass word")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 60, [settings.SECRET_KEY]
    assert mail_server.opened(held) == "pass word"
    settings.SECRET_KEY_FALLBACKS = []
    assert mail_server.opened(held) == ""
