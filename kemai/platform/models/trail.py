"""The audit chain, and who had a record when: rows that are only ever added."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from kemai.platform.models.change import ChangeSet


class AuditEntry(models.Model):
    """One link of the chain: what a change set was when it was sealed, with the digest of its changes, the hash of the
    link before and its own over all of it. A change set that grows (an import in chunks) has an entry for each slice.

    Triggers of the database (migration `history`) refuse to change or remove a row; only what `AuditGate` lets go may
    be removed. No foreign keys: nothing that happens to a person or a change set may touch a row here.
    (Rebuilding the table on SQLite drops its triggers: a later migration that alters it must make them again.)"""

    seq = models.BigIntegerField(primary_key=True)
    changeset_id = models.BigIntegerField(db_index=True)
    at = models.DateTimeField()
    """When it was done; the entry itself is some seconds younger."""
    kind = models.CharField(max_length=24)
    type_key = models.CharField(max_length=40)
    object_id = models.BigIntegerField(null=True)
    """The record, where the slice is about one only."""
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=120)
    source = models.CharField(max_length=24)
    address = models.CharField(max_length=64)
    via = models.CharField(max_length=120)
    request_id = models.CharField(max_length=36)
    reason = models.TextField()
    rule = models.CharField(max_length=120)
    fields = models.TextField()
    """" name phone ": the keys of the fields that changed, for searching."""
    count = models.BigIntegerField()
    """Records of the act (rows of an export); `changes` is how many changes this slice has."""
    changes = models.BigIntegerField()
    first_change = models.BigIntegerField(null=True)
    last_change = models.BigIntegerField(null=True)
    digest = models.CharField(max_length=64)
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        indexes = (
            models.Index(fields=("at", "seq"), name="audit_at"),
            models.Index(fields=("actor_id", "seq"), name="audit_actor"),
            models.Index(fields=("type_key", "seq"), name="audit_type"),
            models.Index(fields=("kind", "seq"), name="audit_kind"),
        )


class AuditGate(models.Model):
    """What the retention may remove now: entries with a number under `below`. One row, written by
    `audit.retention` around its own deletion and by nobody else."""

    below = models.BigIntegerField(default=0)


class OwnerChange(models.Model):
    """A record went from one owner to another: kept with the record for as long as it lives, so that whoever has it
    now knows who had it before, and why it came."""

    type_key = models.CharField(max_length=40)
    object_id = models.BigIntegerField()
    old = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    new = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    reason = models.TextField(blank=True, default="")
    rule = models.CharField(max_length=120, blank=True, default="")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    actor_name = models.CharField(max_length=120)
    changeset = models.ForeignKey(ChangeSet, models.SET_NULL, null=True, related_name="+", db_index=False)
    at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=("type_key", "object_id", "id"), name="owner_history"),)
