"""What was changed, by whom, why, and what follows from it: change sets, changes and the outbox."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from kemai.platform.models.columns import ChoiceColumn, Option


class ChangeSet(models.Model):
    """One act, single or mass: it can be explained and undone as a whole. Rows are only added, never edited
    (but for `undone_by`)."""

    KINDS = tuple(
        Option(k, k) for k in "create update delete restore bulk import run undo reveal export".split()
    )

    kind = ChoiceColumn(options=KINDS)
    type_key = models.CharField(max_length=40)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    actor_name = models.CharField(max_length=120)
    source = models.CharField(max_length=24)
    reason = models.TextField(blank=True)
    request_id = models.CharField(max_length=36, blank=True)
    at = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField(default=0)
    undone_by = models.OneToOneField("self", models.SET_NULL, null=True, related_name="undoes")


class Change(models.Model):
    """One record in a change set. `diff` is {field: [old, new]} in JSON form; None for a created record
    (the record itself holds its first values)."""

    changeset = models.ForeignKey(ChangeSet, models.CASCADE, related_name="changes")
    type_key = models.CharField(max_length=40)
    object_id = models.BigIntegerField()
    action = models.CharField(max_length=8)
    diff = models.JSONField(null=True)

    class Meta:
        indexes = (models.Index(fields=("type_key", "object_id"), name="change_object"),)


class OutboxEvent(models.Model):
    """A fact in the past tense, written in the transaction that made it true; the worker acts on it afterwards.

    `object_id` is None for a mass change: the handler reads the change set."""

    name = models.CharField(max_length=80)
    type_key = models.CharField(max_length=40)
    object_id = models.BigIntegerField(null=True)
    changeset = models.ForeignKey(ChangeSet, models.CASCADE, null=True, related_name="+")
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=("id",), condition=models.Q(done_at=None), name="outbox_waiting"),)


class EventDelivery(models.Model):
    """A handler has dealt with an event: what makes its effect happen once when the event is delivered again."""

    event = models.ForeignKey(OutboxEvent, models.CASCADE, related_name="deliveries")
    handler = models.CharField(max_length=120)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("event", "handler"), name="delivered_once"),)
