"""What the system tells one person, how they want to be told, and what open pages are told at once."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kemai.platform.models import ChoiceColumn, Option, SealedJSON

KINDS = (
    Option("mention", _("提到我"), "orange"),
    Option("comment", _("评论"), "teal"),
    Option("task", _("任务"), "blue"),
    Option("due", _("到期提醒"), "yellow"),
    Option("nudge", _("督促"), "red"),
    Option("owner", _("转交给我"), "purple"),
    Option("change", _("关注的变化"), "gray"),
    Option("job", _("后台工作"), "azure"),
    Option("other", _("其他"), "gray"),
)
MAIL_STATES = (
    Option("", _("不发邮件")),
    Option("due", _("等待发送")),
    Option("digest", _("等待汇总")),
    Option("sending", _("发送中")),
    Option("sent", _("已发送")),
    Option("failed", _("发送失败")),
)


class Notice(models.Model):
    """A message from the system to one person."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices")
    key = models.CharField(max_length=120, unique=True, null=True)
    """What makes the notice happen once when its cause is delivered twice."""
    kind = ChoiceColumn(options=KINDS, default="other")
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True, default="")
    url = models.CharField(max_length=300, blank=True, default="")
    level = models.CharField(max_length=8, default="info")
    type_key = models.CharField(max_length=40, blank=True, default="")
    object_id = models.BigIntegerField(null=True)
    """The record it is about: whoever may not see that any more is not shown what the notice says of it."""
    times = models.PositiveIntegerField(default=1)
    """How many things of one kind about one record it stands for."""
    hidden = models.BooleanField(default=False)
    """Wanted by mail only: not in the notice centre."""
    mail = ChoiceColumn(options=MAIL_STATES, blank=True, default="")
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=("user", "-at"), name="notice_user"),
            models.Index(
                fields=("user",), condition=models.Q(read_at=None, hidden=False), name="notice_unread"
            ),
            models.Index(fields=("mail", "user"), condition=~models.Q(mail=""), name="notice_mail"),
        )


class NoticeSettings(models.Model):
    """How one person wants to be told: {kind: [in the app, "now" | "daily" | "off" by mail]}, as far as chosen."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notice_settings")
    choices = models.JSONField(default=dict)
    digested_on = models.DateField(null=True)
    """The day of the last daily mail."""


class LiveMessage(models.Model):
    """Something that the open pages of a person shall hear within a second. Kept for an hour."""

    user_id = models.BigIntegerField()
    kind = models.CharField(max_length=16)
    data = SealedJSON(default=dict)
    at = models.DateTimeField(db_index=True)
