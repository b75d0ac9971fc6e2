"""Grants beyond a role's scope: members of single records, and rules that share records by what they are."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kemai.platform.models.columns import ChoiceColumn, Option
from kemai.platform.models.sealed import SealedJSON

SHARE_LEVELS = (Option("read", _("只读"), "gray"), Option("edit", _("可编辑"), "blue"))


class Member(models.Model):
    """Somebody (a person, or a department with those below it) may see or edit one record that is not theirs, up to
    and including a day. `children` names the types of its child records that come along, as ",contact,order,"."""

    type_key = models.CharField(max_length=40)
    object_id = models.BigIntegerField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+", db_index=False
    )
    department = models.BigIntegerField(null=True)
    level = ChoiceColumn(_("级别"), options=SHARE_LEVELS, default="read")
    children = models.CharField(max_length=400, blank=True, default="")
    until = models.DateField(_("到期日"), null=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    added_at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=("type_key", "object_id"), name="member_record"),
            models.Index(fields=("until",), condition=models.Q(until__isnull=False), name="member_until"),
        )
        constraints = (
            models.UniqueConstraint(fields=("user", "type_key", "object_id"), name="member_user_once"),
            models.UniqueConstraint(fields=("department", "type_key", "object_id"), name="member_dept_once"),
        )


class ShareRule(models.Model):
    """Records of a type that pass `where` are shared with a person, a department (and those below) or a role."""

    TARGETS = (Option("user", _("员工")), Option("department", _("部门")), Option("role", _("角色")))

    name = models.CharField(_("名称"), max_length=80)
    type_key = models.CharField(max_length=40)
    where = SealedJSON(default=dict)
    target = ChoiceColumn(options=TARGETS)
    target_id = models.BigIntegerField()
    level = ChoiceColumn(_("级别"), options=SHARE_LEVELS, default="read")
    children = models.CharField(max_length=400, blank=True, default="")
    active = models.BooleanField(_("启用"), default=True)
    created_at = models.DateTimeField()


class CacheRow(models.Model):
    """The table of Django's database cache, made like any other so that migrating is all an installation needs."""

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "kemai_cache"


class RateCount(models.Model):
    """How often something was done within a window, counted for all processes together: log-ins that failed, records
    read through the API. `bucket` names what and whose, `window` is its beginning in seconds."""

    bucket = models.CharField(max_length=120)
    window = models.BigIntegerField(db_index=True)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("bucket", "window"), name="rate_once"),)
