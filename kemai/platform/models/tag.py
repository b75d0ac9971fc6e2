"""Tags with a life: a definition, and assignments with source, evidence and expiry."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kemai.platform.models.base import RecordBase
from kemai.platform.models.columns import ChoiceColumn, Option

SOURCES = (
    Option("manual", _("手工"), "blue"),
    Option("rule", _("规则"), "teal"),
    Option("model", _("模型"), "purple"),
    Option("import", _("导入"), "orange"),
)
COLORS = (
    Option("blue", _("蓝"), "blue"),
    Option("azure", _("天蓝"), "azure"),
    Option("indigo", _("靛蓝"), "indigo"),
    Option("purple", _("紫"), "purple"),
    Option("pink", _("粉"), "pink"),
    Option("red", _("红"), "red"),
    Option("orange", _("橙"), "orange"),
    Option("yellow", _("黄"), "yellow"),
    Option("green", _("绿"), "green"),
    Option("teal", _("青"), "teal"),
)


class Tag(RecordBase):
    name = models.CharField(_("名称"), max_length=80)
    group = models.CharField(_("分组"), max_length=80, blank=True, default="")
    color = ChoiceColumn(_("颜色"), options=COLORS, default="blue")
    description = models.TextField(_("说明"), blank=True, default="")
    valid_days = models.PositiveIntegerField(_("有效天数"), null=True, blank=True)

    class Meta:
        verbose_name = _("标签")
        constraints = (
            models.UniqueConstraint(
                fields=("group", "name"), condition=models.Q(deleted_at=None), name="tag_once",
                violation_error_message=_("这个分组里已经有同名标签"),
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.group}·{self.name}" if self.group else self.name


class Tagging(models.Model):
    """A tag on a record: who or what set it, on what evidence, until when."""

    tag = models.ForeignKey(Tag, models.CASCADE, related_name="taggings")
    type_key = models.CharField(max_length=40)
    object_id = models.BigIntegerField()
    source = ChoiceColumn(options=SOURCES, default="manual")
    evidence = models.CharField(max_length=300, blank=True, default="")
    confidence = models.FloatField(null=True)
    set_at = models.DateTimeField()
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    expires_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        verbose_name = _("标签")
        constraints = (models.UniqueConstraint(fields=("type_key", "object_id", "tag"), name="tagged_once"),)
        indexes = (models.Index(fields=("tag", "type_key", "object_id"), name="tagging_by_tag"),)
