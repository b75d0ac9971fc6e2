"""What binds records to one another: relations between any two, and merges with the aliases that they leave."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kemai.platform.models.change import ChangeSet
from kemai.platform.models.sealed import SealedJSON


class Link(models.Model):
    """A typed relation between two records of any types, as of dates. Of a directed kind, `a` is what the kind's first
    word names (the parent company, the supplier); of a symmetric one the ends are stored in the order of their keys."""

    kind = models.CharField(max_length=24)
    a_type = models.CharField(max_length=40)
    a_id = models.BigIntegerField()
    b_type = models.CharField(max_length=40)
    b_id = models.BigIntegerField()
    since = models.DateField(_("开始日期"), null=True)
    until = models.DateField(_("结束日期"), null=True)
    note = models.CharField(_("说明"), max_length=200, blank=True, default="")
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("关系")
        constraints = (
            models.UniqueConstraint(fields=("kind", "a_type", "a_id", "b_type", "b_id"), name="linked_once"),
        )
        indexes = (
            models.Index(fields=("a_type", "a_id"), name="link_a"),
            models.Index(fields=("b_type", "b_id"), name="link_b"),
        )


class Merge(models.Model):
    """Records that became one, and all that it takes to part them again.

    `kept` is {"fields": {key: [before, after]}, "parts": {part: [before, after]}}; `moved` lists what was moved or put
    aside, per merged record: {gone id: [{"model", "field", "ids"} | {"model", "rows"}]}; `made` what was made on the
    way ({"model", "ids"})."""

    changeset = models.OneToOneField(ChangeSet, models.CASCADE, related_name="merge")
    type_key = models.CharField(max_length=40)
    keep_id = models.BigIntegerField()
    gone_ids = models.JSONField(default=list)
    kept = SealedJSON(default=dict)
    moved = SealedJSON(default=dict)
    made = SealedJSON(default=list)
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=("type_key", "keep_id", "at"), name="merge_keep"),)


class Alias(models.Model):
    """A record that is now another: its address leads there, and its number and name still find it."""

    type_key = models.CharField(max_length=40)
    old_id = models.BigIntegerField()
    keep_id = models.BigIntegerField()
    merge = models.ForeignKey(Merge, models.CASCADE, related_name="aliases")
    words = SealedJSON(default=list)
    """What the old record was found by: (kind, text) pairs for the search index."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("type_key", "old_id"), name="alias_once"),)
        indexes = (models.Index(fields=("type_key", "keep_id"), name="alias_keep"),)
