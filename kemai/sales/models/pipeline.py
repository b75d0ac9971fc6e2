"""The standard course of a sale: pipelines, their stages, and why deals are lost."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kemai.platform.models import ChoiceColumn, MultiChoiceColumn, Option, PercentColumn, RecordBase
from kemai.platform.models.tag import COLORS

STATES = (
    Option("open", _("进行中"), "blue"),
    Option("won", _("赢单"), "green"),
    Option("lost", _("输单"), "red"),
    Option("invalid", _("无效"), "gray"),
)
"""What a stage means for the deal that stands in it."""


class Pipeline(RecordBase):
    """A standard course for one kind of business (new customers, renewals …). `key` never changes."""

    key = models.SlugField(_("标识"), max_length=40, unique=True, editable=False)
    name = models.CharField(_("名称"), max_length=80)
    position = models.IntegerField(_("顺序"), default=50)
    active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = _("销售管道")

    def __str__(self) -> str:
        return self.name


class Stage(RecordBase):
    """One step of a pipeline, with what must be true before a deal may leave it. `key` never changes."""

    key = models.SlugField(_("标识"), max_length=40, unique=True, editable=False)
    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="stages", verbose_name=_("销售管道"))
    name = models.CharField(_("名称"), max_length=80)
    color = ChoiceColumn(_("颜色"), options=COLORS, default="blue")
    state = ChoiceColumn(_("含义"), options=STATES, default="open")
    position = models.IntegerField(_("顺序"), default=50)
    win_rate = PercentColumn(_("赢率"), default=0.1)
    max_days = models.PositiveIntegerField(_("最长停留天数"), null=True, blank=True)
    may_go_back = models.BooleanField(_("允许退回"), default=True)
    required = MultiChoiceColumn(_("必填字段"))
    """Fields of the deal that must be filled before it leaves the stage forwards."""
    checklist = models.TextField(
        _("检查清单"), blank=True, default="", help_text=_("每行一项，离开本阶段之前要逐项勾选")
    )
    tasks = models.TextField(
        _("自动任务"), blank=True, default="",
        help_text=_("每行一项，进入本阶段时建给负责人；可写几天内完成：准备报价单 | 3"),
    )  # fmt: skip
    approval = models.BooleanField(
        _("进入要审批"),
        default=False,
        help_text=_("商机进入本阶段之前，要由能处理同事商机的人（例如主管）同意"),
    )
    next = MultiChoiceColumn(_("之后只能进入"))
    """Keys of the stages that may follow, none for any of the pipeline."""

    class Meta:
        verbose_name = _("销售阶段")
        indexes = (models.Index(fields=("pipeline", "position"), name="stage_order"),)

    def __str__(self) -> str:
        return self.name


class LostReason(RecordBase):
    name = models.CharField(_("名称"), max_length=80)
    position = models.IntegerField(_("顺序"), default=50)
    active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = _("输单原因")

    def __str__(self) -> str:
        return self.name


class Competitor(RecordBase):
    name = models.CharField(_("名称"), max_length=120)
    strengths = models.TextField(_("优势"), blank=True, default="")
    weaknesses = models.TextField(_("劣势"), blank=True, default="")
    website = models.URLField(_("网站"), blank=True, default="")

    class Meta:
        verbose_name = _("竞争对手")

    def __str__(self) -> str:
        return self.name
