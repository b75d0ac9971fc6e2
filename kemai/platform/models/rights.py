"""Roles and what they grant. Rights only add up over a person's roles; there is no denial."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kemai.platform.models.columns import ChoiceColumn, Option
from kemai.platform.models.sealed import SealedJSON

SCOPES = (
    Option("none", _("无")),
    Option("own", _("仅本人")),
    Option("reports", _("本人及下属")),
    Option("team", _("本部门")),
    Option("below", _("本部门及下级")),
    Option("chosen", _("指定部门")),
    Option("all", _("全部")),
)
LEVELS = (
    Option("hidden", _("隐藏")),
    Option("masked", _("脱敏")),
    Option("read", _("只读")),
    Option("edit", _("可编辑")),
)


class Role(models.Model):
    key = models.SlugField(max_length=40, unique=True)
    name = models.CharField(_("名称"), max_length=80)
    description = models.TextField(_("说明"), blank=True)
    is_admin = models.BooleanField(_("可管理系统设置"), default=False)
    two_step = models.BooleanField(_("必须两步验证"), default=False)
    """Whoever has this role opens nothing before a second step of logging in is set up."""
    builtin = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.name


class Grant(models.Model):
    """A role may do `verb` with records of `type_key` within `scope`; `*` stands for every object type.

    `departments` are the ids of chosen ones (those below them come along); `where` is a condition tree that the
    records have to pass besides, before and after they are written."""

    role = models.ForeignKey(Role, models.CASCADE, related_name="grants")
    type_key = models.CharField(max_length=40)
    verb = models.CharField(max_length=16)
    scope = ChoiceColumn(options=SCOPES)
    departments = models.JSONField(default=list)
    where = SealedJSON(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("role", "type_key", "verb"), name="grant_once"),)


class FieldRule(models.Model):
    """A role sees this field at `level`; without a rule a field is editable, or masked if it is personal."""

    role = models.ForeignKey(Role, models.CASCADE, related_name="field_rules")
    type_key = models.CharField(max_length=40)
    field = models.CharField(max_length=60)
    level = ChoiceColumn(options=LEVELS)
    locked_where = SealedJSON(null=True)
    """A condition tree: on records that pass it as they are, what this role may edit may only be read."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("role", "type_key", "field"), name="field_rule_once"),)


class ApiToken(models.Model):
    """A key for programs. Only its hash is stored; it acts with the rights of its user, at most reading if so made."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("名称"), max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=8)
    read_only = models.BooleanField(_("只读"), default=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(_("到期时间"), null=True)
    addresses = models.JSONField(default=list)
    """Networks that it may be used from (10.0.0.0/8); empty: from anywhere."""
    types = models.JSONField(default=list)
    """Objects that it reaches; empty: those that its user reaches."""
    last_used_at = models.DateTimeField(null=True)
