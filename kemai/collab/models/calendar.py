"""A person's calendar as other programs may read it."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class CalendarFeed(models.Model):
    """A secret address under which a calendar program fetches what this person may see. Only its hash is stored."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="calendar_feeds")
    name = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=8)
    layers = models.JSONField(default=list)
    """The layers that it shows; [] for all."""
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
