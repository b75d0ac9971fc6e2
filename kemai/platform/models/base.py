"""What every record has, whatever it is about."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kemai.platform.models.extra import ExtraColumn


class RecordBase(models.Model):
    """A record of a registered object type. Written only through `platform.records`, read through `platform.access`."""

    id = models.BigAutoField(primary_key=True)
    created_at = models.DateTimeField(_("创建时间"), editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+", db_index=False,
        verbose_name=_("创建人"),
    )  # fmt: skip
    updated_at = models.DateTimeField(_("更新时间"), editable=False, db_index=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)
    extra = ExtraColumn(default=dict, editable=False)
    """Values of own fields (`FieldDef`) by key."""

    class Meta:
        abstract = True


class OwnedRecord(RecordBase):
    """A record that belongs to a member of staff: data scopes are computed from its owner."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("负责人"),
        db_index=False,
    )  # fmt: skip
    """Each type declares its own index that begins with the owner."""

    class Meta:
        abstract = True
