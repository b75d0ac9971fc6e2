"""The standard pipelines, the reasons of lost deals and the rights in sales that every installation begins with."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from kemai.platform.models import FieldRule, Grant, Role
from kemai.sales.defaults import FIELD_WORK, GRANTS, LOST_REASONS, PIPELINES, POOLS, UNTOLD, UNTOLD_ROLES
from kemai.sales.models import LostReason, Pipeline, Stage


def begin(connection: BaseDatabaseWrapper) -> None:
    del connection
    now = timezone.now()
    for place, (key, (name, stages)) in enumerate(PIPELINES.items(), 1):
        pipeline = Pipeline.objects.create(
            key=key, name=name, position=place * 10, created_at=now, updated_at=now
        )
        for position, one in enumerate(stages, 1):
            Stage.objects.create(
                pipeline=pipeline, key=one.key, name=one.name, state=one.state, win_rate=one.win_rate,
                color=one.color, max_days=one.max_days, required=list(one.required),
                checklist="\n".join(one.checklist), position=position * 10, created_at=now, updated_at=now,
            )  # fmt: skip
    for position, reason in enumerate(LOST_REASONS, 1):
        LostReason.objects.create(name=reason, position=position * 10, created_at=now, updated_at=now)
    for role_key, verbs, scope, types in (*GRANTS, *FIELD_WORK, *POOLS):
        role = Role.objects.get(key=role_key)
        for type_key in types.split():
            for verb in verbs.split():
                Grant.objects.get_or_create(
                    role=role, type_key=type_key, verb=verb, defaults={"scope": scope}
                )
    for role in Role.objects.filter(key__in=UNTOLD_ROLES):
        for type_key, field in UNTOLD:
            FieldRule.objects.get_or_create(
                role=role, type_key=type_key, field=field, defaults={"level": "hidden"}
            )
