"""The standard pipelines, reasons and rights that every installation begins with."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.utils import timezone

from kemai.sales.defaults import GRANTS, LOST_REASONS, PIPELINES


def forwards(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    pipeline_model, stage_model = apps.get_model("sales", "Pipeline"), apps.get_model("sales", "Stage")
    reason_model = apps.get_model("sales", "LostReason")
    stamps = {"created_at": timezone.now(), "updated_at": timezone.now()}
    for place, (key, (name, stages)) in enumerate(PIPELINES.items()):
        pipeline = pipeline_model.objects.create(key=key, name=name, position=(place + 1) * 10, **stamps)
        for position, one in enumerate(stages):
            stage_model.objects.create(
                pipeline=pipeline, key=one.key, name=one.name, state=one.state, win_rate=one.win_rate,
                color=one.color, max_days=one.max_days,
                gate={"required": list(one.required), "checklist": list(one.checklist)}, position=(position + 1) * 10, **stamps,
            )
    for position, name in enumerate(LOST_REASONS):
        reason_model.objects.create(name=name, position=(position + 1) * 10, **stamps)
    role_model, grant_model = apps.get_model("platform", "Role"), apps.get_model("platform", "Grant")
    for role_key, verbs, scope, types in GRANTS:
        role = role_model.objects.filter(key=role_key, builtin=True).first()
        if role is not None:
            for type_key in types.split():
                for verb in verbs.split():
                    grant_model.objects.get_or_create(
                        role=role, type_key=type_key, verb=verb, defaults={"scope": scope}
                    )


class Migration(migrations.Migration):
    dependencies = [("sales", "0001_initial"), ("staff", "0003_builtin_roles"), ("platform", "0004_own_fields")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
