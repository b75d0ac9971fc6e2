"""What was changed, by whom, why, and what follows from it: change sets, changes and the outbox."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kemai.platform.models.columns import ChoiceColumn, Option
from kemai.platform.models.sealed import SealedDiff, SealedJSON


class ChangeSet(models.Model):
    """One act, single or mass: it can be explained and undone as a whole. Rows are only added, never edited
    (but for `count`, `outcome`, `undone_by` and `sealed`, which say how the act went on). Acts that change no record
    (log-ins, exports, downloads) are change sets as well: what is written here is what the audit chain seals."""

    KINDS = (
        Option("create", _("新建"), "green"),
        Option("update", _("修改"), "gray"),
        Option("delete", _("删除"), "red"),
        Option("restore", _("恢复"), "teal"),
        Option("bulk", _("批量修改"), "blue"),
        Option("import", _("导入"), "azure"),
        Option("merge", _("合并"), "purple"),
        Option("transfer", _("转移负责人"), "indigo"),
        Option("handover", _("离职交接"), "indigo"),
        Option("dissolve", _("删除部门"), "indigo"),
        Option("run", _("分析结果"), "gray"),
        Option("lines", _("修改明细"), "gray"),
        Option("step", _("流转"), "blue"),
        Option("undo", _("撤销"), "yellow"),
        Option("redo", _("重做"), "yellow"),
        Option("purge", _("彻底删除"), "red"),
        Option("reveal", _("查看完整信息"), "orange"),
        Option("export", _("导出"), "orange"),
        Option("download", _("下载文件"), "orange"),
        Option("login", _("登录"), "gray"),
        Option("login_failed", _("登录失败"), "red"),
        Option("logout", _("退出登录"), "gray"),
        Option("setting", _("修改设置"), "pink"),
        Option("limit", _("达到上限"), "red"),
        Option("infected", _("拒绝带病毒的文件"), "red"),
        Option("retention", _("清理审计记录"), "red"),
    )

    kind = ChoiceColumn(options=KINDS)
    type_key = models.CharField(max_length=40)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    actor_name = models.CharField(max_length=120)
    source = models.CharField(max_length=24)
    reason = models.TextField(blank=True)
    request_id = models.CharField(max_length=36, blank=True)
    at = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField(default=0)
    undone_by = models.OneToOneField("self", models.SET_NULL, null=True, related_name="undoes")
    address = models.CharField(max_length=64, blank=True, default="")
    """The network address it came from; '' for what the machine does by itself."""
    via = models.CharField(max_length=120, blank=True, default="")
    """The session ("session 1a2b3c4d") or API token ("token 7") it came through."""
    rule = models.CharField(max_length=120, blank=True, default="")
    """The rule that decided it, where a rule did."""
    outcome = SealedJSON(null=True)
    """What the act came to, for its page: what an undo kept, who received what in a hand-over."""
    sealed = models.BigIntegerField(null=True)
    """The number of its (last) entry in the audit chain; None while something of it waits to be sealed."""

    class Meta:
        indexes = (
            models.Index(fields=("id",), condition=models.Q(sealed=None), name="changeset_unsealed"),
            models.Index(fields=("actor", "id"), name="changeset_actor"),
            models.Index(fields=("id",), condition=models.Q(count__gt=1), name="changeset_mass"),
        )


class Change(models.Model):
    """One record in a change set. `diff` is {field: [old, new]} in JSON form; None for a created record
    (the record itself holds its first values)."""

    changeset = models.ForeignKey(ChangeSet, models.CASCADE, related_name="changes")
    type_key = models.CharField(max_length=40)
    object_id = models.BigIntegerField()
    action = models.CharField(max_length=8)
    diff = SealedDiff(null=True)

    class Meta:
        indexes = (models.Index(fields=("type_key", "object_id"), name="change_object"),)


class OutboxEvent(models.Model):
    """A fact in the past tense, written in the transaction that made it true; the worker acts on it afterwards.

    `object_id` is None for a mass change: the handler reads the change set."""

    name = models.CharField(max_length=80)
    type_key = models.CharField(max_length=40)
    object_id = models.BigIntegerField(null=True)
    changeset = models.ForeignKey(ChangeSet, models.CASCADE, null=True, related_name="+")
    payload = SealedJSON(default=dict)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=("id",), condition=models.Q(done_at=None), name="outbox_waiting"),)


class EventDelivery(models.Model):
    """A handler has dealt with an event: what makes its effect happen once when the event is delivered again."""

    event = models.ForeignKey(OutboxEvent, models.CASCADE, related_name="deliveries")
    handler = models.CharField(max_length=120)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("event", "handler"), name="delivered_once"),)
