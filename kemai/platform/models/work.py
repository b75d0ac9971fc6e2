"""Jobs, schedules' slots, import runs, files, search documents, settings and numbers."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kemai.platform.models.change import ChangeSet
from kemai.platform.models.columns import ChoiceColumn, Option
from kemai.platform.models.sealed import SealedJSON

JOB_STATES = (
    Option("waiting", _("等待"), "gray"),
    Option("running", _("进行中"), "blue"),
    Option("paused", _("已暂停"), "yellow"),
    Option("done", _("完成"), "green"),
    Option("failed", _("失败"), "red"),
    Option("cancelled", _("已取消"), "gray"),
)


class Job(models.Model):
    """One piece of background work in the leased queue: at least once, its effects made once by keys."""

    task = models.CharField(max_length=200)
    args = SealedJSON(default=dict)
    queue = models.CharField(max_length=32, default="default")
    priority = models.IntegerField(default=0)
    run_at = models.DateTimeField()
    state = ChoiceColumn(options=JOB_STATES, default="waiting")
    leased_until = models.DateTimeField(null=True)
    worker = models.CharField(max_length=80, blank=True, default="")
    attempts = models.PositiveIntegerField(default=0)
    max_attempts = models.PositiveIntegerField(default=5)
    key = models.CharField(max_length=160, null=True, unique=True)
    error = models.TextField(blank=True, default="")
    result = SealedJSON(null=True)
    title = models.CharField(max_length=200, blank=True, default="")
    message = models.CharField(max_length=300, blank=True, default="")
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    wish = models.CharField(max_length=8, blank=True, default="")
    """What a person asked of the running job: '' | 'pause' | 'cancel'."""
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(
                fields=("queue", "-priority", "run_at"), condition=models.Q(state="waiting"), name="job_next"
            ),
            models.Index(fields=("leased_until",), condition=models.Q(state="running"), name="job_leases"),
        )


class PresentFiles(models.Manager["StoredFile"]):
    """Without those that an undo took away, which a redo may still bring back."""

    def get_queryset(self) -> models.QuerySet[StoredFile]:
        return super().get_queryset().filter(removed_by=None)


class StoredFile(models.Model):
    """A file of a user, kept in the data folder under its content hash; served only as an attachment."""

    name = models.CharField(max_length=200)
    path = models.CharField(max_length=300)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    content_type = models.CharField(max_length=120, blank=True, default="")
    type_key = models.CharField(max_length=40, blank=True, default="")
    object_id = models.BigIntegerField(null=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    brought_by = models.ForeignKey("platform.ChangeSet", models.SET_NULL, null=True, related_name="+")
    """The import (or its redo) that brought it, so that taking that back finds its files."""
    removed_by = models.ForeignKey("platform.ChangeSet", models.CASCADE, null=True, related_name="+")
    """The undo that took it away. It is kept for the days in which a redo could bring it back: `records.purge`."""

    objects = PresentFiles()
    everything: ClassVar[models.Manager[StoredFile]] = models.Manager()

    class Meta:
        verbose_name = _("文件")
        indexes = (models.Index(fields=("type_key", "object_id"), name="file_object"),)


class ExportRequest(models.Model):
    """An export of more rows than leave the house at once, asked of those who may let it go: for once, and for a while.

    `exports.approval` is the only writer; a larger engine of approvals may call its `decide`."""

    STATES = (
        Option("waiting", _("等待批准"), "yellow"),
        Option("approved", _("已批准"), "green"),
        Option("refused", _("已拒绝"), "red"),
        Option("used", _("已导出"), "gray"),
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    type_key = models.CharField(max_length=40)
    order = SealedJSON(default=dict)
    """What is to be written (`exports.Order`), frozen when it was asked for."""
    count = models.PositiveIntegerField()
    reason = models.CharField(max_length=500)
    state = ChoiceColumn(options=STATES, default="waiting")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    """Until when it may be decided; once approved, until when it may be used."""

    class Meta:
        indexes = (models.Index(fields=("state", "-created_at"), name="export_request_open"),)


class ImportRun(models.Model):
    """One upload on its way into records: profile, mapping, rehearsal, run, errors, undo."""

    STATES = (
        Option("uploaded", _("已上传"), "gray"),
        Option("rehearsing", _("预演中"), "blue"),
        Option("rehearsed", _("已预演"), "azure"),
        Option("running", _("导入中"), "blue"),
        Option("paused", _("已暂停"), "yellow"),
        Option("done", _("完成"), "green"),
        Option("cancelled", _("已取消"), "gray"),
        Option("failed", _("失败"), "red"),
        Option("undone", _("已撤销"), "orange"),
    )
    type_key = models.CharField(max_length=40)
    shape = models.CharField(max_length=40, blank=True, default="")
    """'' for one row a record; else the key of a registered import shape (flat till rows, say)."""
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+")
    table = models.ForeignKey(StoredFile, models.SET_NULL, null=True, related_name="+")
    """Where `file` is an archive: the table that stood in it."""
    source = SealedJSON(default=dict)
    mapping = SealedJSON(default=dict)
    options = SealedJSON(default=dict)
    state = ChoiceColumn(options=STATES, default="uploaded")
    rehearsal = SealedJSON(default=dict)
    counts = SealedJSON(default=dict)
    cursor = models.BigIntegerField(default=0)
    """Rows of the file dealt with; moves in the same transaction as the rows' effects, so a restart resumes exactly."""
    changeset = models.ForeignKey(ChangeSet, models.SET_NULL, null=True, related_name="+")
    job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="+")
    error_file = models.ForeignKey(StoredFile, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)


class SearchDoc(models.Model):
    """The words of one record for the search index. `id` = slot << 40 | object id, so that one object type
    is one range of keys; the full-text index over `doc` is made by a migration on either database."""

    id = models.BigIntegerField(primary_key=True)
    doc = models.TextField()


class TypeSlot(models.Model):
    """The number of an object type in search keys; given once, never reused."""

    key = models.CharField(max_length=40, unique=True)


class Setting(models.Model):
    """A business setting; its key, kind and default are declared in code (`objects.settings`)."""

    key = models.CharField(max_length=80, unique=True)
    value = models.JSONField()
    updated_at = models.DateTimeField(auto_now=True)


class Sequence(models.Model):
    """The last number given out under a name ("customer/2026")."""

    name = models.CharField(max_length=80, unique=True)
    value = models.BigIntegerField(default=0)


class SavedView(models.Model):
    """A named state of a list: filter, columns, sort. Shared with nobody, the owner's team or everybody."""

    SHARES = (Option("mine", _("仅自己")), Option("team", _("本部门")), Option("all", _("所有人")))

    type_key = models.CharField(max_length=40, db_index=True)
    name = models.CharField(_("名称"), max_length=80)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    share = ChoiceColumn(options=SHARES, default="mine")
    state = SealedJSON(default=dict)
    """{"where": condition tree, "columns": [...], "sort": "-created_at", "display": "table", "q": ""}"""
    position = models.IntegerField(default=0)


class WritePreview(models.Model):
    """A change that a program has had rehearsed and may carry out once, within minutes: what was typed waits here for
    the person's yes, and is forgotten when it is carried out. `records.twostep` is the only writer."""

    key = models.CharField(max_length=40, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    via = models.CharField(max_length=120)
    """The token that asked: no other may carry it out."""
    type_key = models.CharField(max_length=40)
    object_id = models.BigIntegerField(null=True)
    """The record to change; for a new one, once it is made, its own."""
    values = SealedJSON(default=dict)
    version = models.PositiveIntegerField(null=True)
    """Of the record when it was rehearsed."""
    created_at = models.DateTimeField(db_index=True)
    done_at = models.DateTimeField(null=True)
