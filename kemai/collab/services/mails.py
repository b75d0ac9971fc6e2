"""Notices by mail: one at once, or those of a day together. Each goes at most once.

A notice that shall go is "due" (or "digest"). Whoever sends first writes "sending" and commits; a send that surely did
not happen puts it back and is tried again. If the process dies in between, nobody knows whether the server took the
mail: it is not sent a second time, since the notice waits in the app anyway."""

from __future__ import annotations

import datetime as dt
import smtplib
import ssl
from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.tokens import default_token_generator
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _

from kemai.collab.models import Notice, NoticeSettings
from kemai.collab.services import notices
from kemai.collab.services.about import person
from kemai.collab.services.mail_server import MailServer, server
from kemai.collab.services.wire import NoAnswer, connected
from kemai.kit.errors import KitError
from kemai.platform.access import actor_for
from kemai.platform.models import Job

MOST_IN_ONE = 100


class NotSent(Exception):
    """The server did not take the mail. `final` says that trying again will not help."""

    def __init__(self, message: str, *, final: bool) -> None:
        super().__init__(message)
        self.final = final


# the wire


def deliver(message: EmailMessage, through: MailServer) -> None:
    """Hands a mail to the server. Raises NotSent when it has surely not taken it."""
    try:
        with connected(through) as client:
            client.send_message(message)
    except NoAnswer as error:
        raise NotSent(_("邮件服务器没有说收没收下，不再重发，以免收到两封"), final=True) from error
    except smtplib.SMTPAuthenticationError as error:
        raise NotSent(
            _("邮件服务器不接受用户名或密码：%(said)s") % {"said": words(error)}, final=True
        ) from error
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _said in error.recipients.values()]
        final = all(code >= 500 for code in codes)
        raise NotSent(_("邮件服务器不接受收件地址"), final=final) from error
    except smtplib.SMTPResponseException as error:
        said = _("邮件服务器拒收：%(said)s") % {"said": words(error)}
        raise NotSent(said, final=error.smtp_code >= 500) from error
    except ssl.SSLError as error:
        raise NotSent(
            _("加密连接失败，请检查加密方式和端口：%(said)s") % {"said": error.reason or error}, final=False
        ) from error
    except (OSError, KitError, ValueError, smtplib.SMTPException) as error:
        said = _("连不上邮件服务器，请检查地址和端口：%(said)s") % {"said": str(error)[:200]}
        raise NotSent(said, final=False) from error


def words(error: smtplib.SMTPResponseException) -> str:
    said = error.smtp_error
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return f"{error.smtp_code} {text}"[:200]


# the letter


def public_url(path: str = "") -> str:
    """The product's address for people outside a browser."""
    base = settings.PUBLIC_URL or next(iter(settings.CSRF_TRUSTED_ORIGINS), "")
    if not base:
        host = next(
            (one for one in settings.ALLOWED_HOSTS if not one.startswith((".", "*", "["))), "localhost"
        )
        scheme = "https" if settings.BEHIND_HTTPS else "http"
        base = f"{scheme}://{host}" + ("" if settings.BEHIND_HTTPS else f":{settings.PORT}")
    return f"{base.rstrip('/')}{path}"


def letter(
    through: MailServer, to: str, name: str, subject: str, template: str, context: dict[str, Any], key: str
) -> EmailMessage:
    """A mail in plain text and simple HTML. `key` makes its Message-ID, so that a mail is known again."""
    context = {**context, "name": name, "settings_url": public_url(reverse("notice_settings"))}
    message = EmailMessage()
    message["Subject"] = " ".join(subject.split())[:200]
    message["From"] = Address(_("客脉"), addr_spec=through.sender)
    message["To"] = to
    message["Date"] = format_datetime(timezone.now())
    message["Message-ID"] = f"<{key}@{through.sender.rpartition('@')[2]}>"
    message["List-Unsubscribe"] = f"<{context['settings_url']}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(render_to_string(f"collab/mail/{template}.txt", context).strip() + "\n")
    message.add_alternative(render_to_string(f"collab/mail/{template}.html", context), subtype="html")
    return message


# one notice


def send_notice(notice_id: int, *, last_try: bool = False) -> str:
    """Returns what became of it: sent, dropped (nothing to be sent), failed. Raises NotSent to be tried again."""
    if not Notice.objects.filter(pk=notice_id, mail="due").update(mail="sending"):
        return "dropped"
    notice = Notice.objects.select_related("user__department").get(pk=notice_id)
    return post([notice], "due", "notice", f"notice-{notice.pk}", last_try=last_try)


def send_digest(user_id: int, day: dt.date, *, last_try: bool = False) -> str:
    """What came since the last daily mail, in one; once a day."""
    waiting = Notice.objects.filter(user=user_id, mail="digest").order_by("pk")
    ids = list(waiting.values_list("pk", flat=True)[:MOST_IN_ONE])
    if not ids:
        return "dropped"
    Notice.objects.filter(pk__in=ids, mail="digest").update(mail="sending")
    rows = list(Notice.objects.filter(pk__in=ids).order_by("pk"))
    said = post(rows, "digest", "digest", f"digest-{user_id}-{day}", last_try=last_try)
    NoticeSettings.objects.update_or_create(user_id=user_id, defaults={"digested_on": day})
    return said


def post(rows: Sequence[Notice], before: str, template: str, key: str, *, last_try: bool) -> str:
    """Sends notices of one person with the rights that they have now."""
    mine = Notice.objects.filter(pk__in=[row.pk for row in rows])
    through, member = server(), person(rows[0].user_id)
    if through is None or member is None or not member.email:
        mine.update(mail="")
        return "dropped"
    lines = [one for one in notices.told(actor_for(member), rows) if not one.gone]
    if not lines:
        mine.update(mail="")
        return "dropped"
    with translation.override(member.language):
        n = len(lines)
        subject = lines[0].title if n == 1 else _("客脉：您有 %(n)s 条消息") % {"n": n}
        shown = [
            {"title": one.title, "text": one.text, "url": public_url(reverse("notice_open", args=[one.notice.pk]))}
            for one in lines
        ]  # fmt: skip
        message = letter(through, member.email, str(member), subject, template, {"lines": shown}, key)
        try:
            deliver(message, through)
        except NotSent as error:
            over = error.final or last_try
            mine.update(mail="failed" if over else before)
            if over:
                return "failed"
            raise
    mine.update(mail="sent")
    return "sent"


def send_test(to: str, name: str) -> None:
    """Raises NotSent, with a sentence that says what to change."""
    through = server()
    if through is None:
        raise NotSent(_("还没有设置邮件服务器"), final=True)
    key = f"test-{timezone.now().timestamp():.0f}"
    deliver(letter(through, to, name, _("客脉测试邮件"), "test", {}, key), through)


def states() -> dict[str, int]:
    """How many notices wait, and how many could not be sent: what the settings page shows."""
    counts = {state: Notice.objects.filter(mail=state).count() for state in ("due", "digest", "failed")}
    return {**counts, "waiting": counts["due"] + counts["digest"]}


# forgotten passwords


def owner_of_account(who: str) -> Any:
    """The one active person with this user name or address who can be written to; None for any doubt."""
    people: Any = get_user_model()._default_manager.filter(is_active=True).exclude(email="")
    found = list(people.filter(Q(username__iexact=who) | Q(email__iexact=who))[:2])
    return found[0] if len(found) == 1 else None


def send_link(user_id: int) -> str:
    """The link with which a person sets a new password. The token is made when the mail is, and stored nowhere."""
    member, through = person(user_id), server()
    if member is None or through is None or not member.email:
        return "dropped"
    uid = urlsafe_base64_encode(str(member.pk).encode())
    path = reverse("welcome", args=[uid, default_token_generator.make_token(member)])
    with translation.override(member.language):
        key = f"link-{member.pk}-{timezone.now().timestamp():.0f}"
        context = {"link": public_url(path)}
        deliver(letter(through, member.email, str(member), _("设置新密码"), "link", context, key), through)
    return "sent"


def drop_waiting() -> int:
    """No mail that waits now will go; the notices themselves stay in the notice centre. Returns how many."""
    jobs = Job.objects.filter(
        task__startswith="kemai.collab.jobs.mail_", state__in=("waiting", "running", "paused")
    )
    jobs.update(state="cancelled", finished_at=timezone.now(), leased_until=None)
    return Notice.objects.filter(mail__in=("due", "digest", "sending")).update(mail="")
