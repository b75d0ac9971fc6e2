"""What people owe one another."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kemai.platform.models import ChoiceColumn, Option, OwnedRecord


class Task(OwnedRecord):
    """Something a person must do by a moment, usually about a record (`type_key`, `object_id`)."""

    KINDS = (
        Option("todo", _("待办"), "gray"),
        Option("call", _("电话"), "blue"),
        Option("visit", _("拜访"), "purple"),
        Option("message", _("发消息"), "teal"),
        Option("callback", _("回访"), "orange"),
        Option("care", _("关怀"), "pink"),
    )
    REPEATS = (
        Option("", _("不重复"), "gray"),
        Option("daily", _("每天"), "blue"),
        Option("workday", _("每个工作日"), "azure"),
        Option("weekly", _("每周"), "teal"),
        Option("monthly", _("每月"), "purple"),
    )
    STATES = (
        Option("open", _("未完成"), "blue"),
        Option("done", _("已完成"), "green"),
        Option("dropped", _("已取消"), "gray"),
    )

    title = models.CharField(_("标题"), max_length=200)
    kind = ChoiceColumn(_("类型"), options=KINDS, default="todo")
    state = ChoiceColumn(_("状态"), options=STATES, default="open")
    due_at = models.DateTimeField(_("截止时间"), null=True, blank=True)
    remind_minutes = models.PositiveIntegerField(
        _("提前提醒（分钟）"), null=True, blank=True, help_text=_("到期前多少分钟提醒；留空为 15 分钟")
    )
    repeat = ChoiceColumn(_("重复方式"), options=REPEATS, blank=True, default="")
    repeat_until = models.DateField(_("重复到"), null=True, blank=True)
    done_at = models.DateTimeField(_("完成时间"), null=True, editable=False)
    note = models.TextField(_("说明"), blank=True, default="")
    type_key = models.CharField(max_length=40, blank=True, default="", editable=False)
    object_id = models.BigIntegerField(null=True, editable=False)
    origin = models.CharField(max_length=80, blank=True, default="", editable=False)
    """What made the task ("chain/12" for a play of the chain sheet); empty when a person did."""
    series = models.BigIntegerField(null=True, editable=False)
    """The first of a row of repeating tasks."""
    escalated_at = models.DateTimeField(null=True, editable=False)
    """When the manager was told that it is overdue."""

    class Meta:
        verbose_name = _("任务")
        indexes = (
            models.Index(fields=("owner", "state", "due_at"), name="task_agenda"),
            models.Index(fields=("type_key", "object_id", "state", "due_at"), name="task_about"),
            models.Index(fields=("due_at", "id"), name="task_due"),
        )

    def __str__(self) -> str:
        return self.title
