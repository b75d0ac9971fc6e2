"""Which segments and started plays name a field: told before the field is taken away."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext_lazy

from kemai.customers.models import ChainPlay, EntryStandard, RetentionRule, Segment
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


def standards(type_key: str, key: str) -> Iterator[Use]:
    for one in EntryStandard.objects.filter(deleted_at=None).order_by("pk"):
        if usage.names(one.where, key, type_key, "customer"):
            yield Use(one.name, "", reverse("record", args=("entry_standard", one.pk)))


def retention_rules(type_key: str, key: str) -> Iterator[Use]:
    for rule in RetentionRule.objects.filter(deleted_at=None).order_by("pk"):
        if usage.names(rule.where, key, type_key, rule.type_key):
            yield Use(rule.name, "", reverse("record", args=("retention_rule", rule.pk)))


def register() -> None:
    usage.register(Source("entry_standard", gettext_lazy("录入标准"), standards))
    usage.register(Source("retention_rule", gettext_lazy("保存期限规则"), retention_rules))
    usage.register(Source("segment", gettext_lazy("分群"), segments))
    usage.register(Source("play", gettext_lazy("客户链动作"), plays, breaks=False))
