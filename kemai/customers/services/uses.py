"""Which segments and started plays name a field: told before the field is taken away."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext_lazy

from kemai.customers.models import ChainPlay, Segment
from kemai.platform.define import usage
from kemai.platform.define.usage import Source, Use


def segments(type_key: str, key: str) -> Iterator[Use]:
    for segment in Segment.objects.filter(deleted_at=None).order_by("pk"):
        if usage.names(segment.where, key, type_key, "customer"):
            yield Use(segment.name, "", reverse("record", args=("segment", segment.pk)))


def plays(type_key: str, key: str) -> Iterator[Use]:
    for play in ChainPlay.objects.order_by("-pk")[:200]:
        if usage.names(play.where, key, type_key, "customer"):
            yield Use(play.at.strftime("%Y-%m-%d"))


def register() -> None:
    usage.register(Source("segment", gettext_lazy("分群"), segments))
    usage.register(Source("play", gettext_lazy("客户链动作"), plays, breaks=False))
