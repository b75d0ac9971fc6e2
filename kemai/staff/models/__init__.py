"""The people who work with Kemai, and the departments they work in."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kemai.platform.models import ChoiceColumn, Option, PhoneColumn, RecordBase, Role


class Department(RecordBase):
    """A node of the tree of departments; `path` is the materialised path of ids ("1/4/9/")."""

    name = models.CharField(_("名称"), max_length=80)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("上级部门")
    )
    path = models.CharField(max_length=200, editable=False, db_index=True, default="")

    class Meta:
        verbose_name = _("部门")

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """A member of staff. Scopes follow the department as it is now; the reporting line is separate from it."""

    THEMES = (Option("auto", _("跟随系统")), Option("light", _("浅色")), Option("dark", _("深色")))
    DENSITIES = (Option("normal", _("标准")), Option("compact", _("紧凑")))
    # lint: allow translated — a language is named in itself
    LANGUAGES = (Option("zh-hans", "简体中文"), Option("en", "English"))

    name = models.CharField(_("姓名"), max_length=80)
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="members", verbose_name=_("部门")
    )
    manager = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="reports", verbose_name=_("直属上级")
    )
    phone = PhoneColumn(_("电话"))
    roles = models.ManyToManyField(Role, blank=True, related_name="users", verbose_name=_("角色"))
    away_from = models.DateField(_("休假从"), null=True, blank=True)
    away_until = models.DateField(_("休假到"), null=True, blank=True)
    emergency_until = models.DateTimeField(null=True, editable=False)
    """Until then an administrator sees every record (`services.emergency`); read with the person at each request."""
    language = ChoiceColumn(_("语言"), options=LANGUAGES, default="zh-hans")
    theme = ChoiceColumn(_("外观"), options=THEMES, default="auto")
    density = ChoiceColumn(_("密度"), options=DENSITIES, default="normal")

    class Meta:
        verbose_name = _("员工")

    def __str__(self) -> str:
        return self.name or self.username


class LoginSession(models.Model):
    """A place where somebody is logged in, so that they can look at the list and end one. The row may outlive its
    session; `services.sessions` clears it away."""

    user = models.ForeignKey(User, models.CASCADE, related_name="login_sessions")
    session_key = models.CharField(max_length=40, unique=True)
    address = models.CharField(max_length=64, blank=True, default="")
    agent = models.CharField(max_length=200, blank=True, default="")
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()


class Emergency(models.Model):
    """An administrator saw everything for a while, and why. Never removed; the audit has it besides."""

    HOWS = (
        Option("", _("进行中"), "red"),
        Option("ended", _("已结束"), "gray"),
        Option("expired", _("已到时"), "gray"),
        Option("account", _("账号有变动，已结束"), "gray"),
    )

    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="emergencies")
    name = models.CharField(max_length=80)
    reason = models.TextField()
    begun_at = models.DateTimeField()
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    how = ChoiceColumn(options=HOWS, blank=True, default="")
    ended_by = models.CharField(max_length=80, blank=True, default="")

    @property
    def is_over(self) -> bool:
        """By the clock, though nothing has noted it yet."""
        return self.ended_at is None and self.until <= timezone.now()


class RecoveryCode(models.Model):
    """A code that opens once in place of the second step; `digest` is a keyed hash of it."""

    user = models.ForeignKey(User, models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user", "digest"), name="recovery_once"),)


class ExternalIdentity(models.Model):
    """Who somebody is to a provider of single sign-on: its address and the name that it gives them for good."""

    user = models.ForeignKey(User, models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=300)
    subject = models.CharField(max_length=255)
    linked_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("issuer", "subject"), name="identity_once"),)
