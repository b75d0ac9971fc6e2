"""What is said about a record, and who wants to hear of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kemai.platform.models import ChoiceColumn, Option

LONGEST = 10_000


class Comment(models.Model):
    """Something a person said about a record (`type_key`, `object_id`). Who may see the record may read it; there is
    no other right to it. What was edited or deleted stays in the log of changes under the key "comment"."""

    type_key = models.CharField(max_length=40)
    object_id = models.BigIntegerField()
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="replies")
    """The comment that this one answers; a thread has two floors."""
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    author_name = models.CharField(max_length=120)
    body = models.TextField(_("内容"), max_length=LONGEST)
    mentions = models.JSONField(default=list)
    """[[user id, name as it was written], …]"""
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=("type_key", "object_id", "created_at", "id"), name="comment_about"),)

    def __str__(self) -> str:
        return self.body[:60]


class Follow(models.Model):
    """A person wants to hear of a record, or (`muted`) does not although they own it or once spoke there."""

    WHYS = (
        Option("manual", _("手动关注")),
        Option("created", _("由我创建")),
        Option("commented", _("我评论过")),
        Option("mentioned", _("提到过我")),
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="follows")
    type_key = models.CharField(max_length=40)
    object_id = models.BigIntegerField()
    why = ChoiceColumn(options=WHYS, default="manual")
    muted = models.BooleanField(default=False)
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("type_key", "object_id", "user"), name="follow_once"),)
