"""The roles that every installation begins with."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from kemai.staff.builtin import ROLES, grants_of


def forwards(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    role_model, grant_model = apps.get_model("platform", "Role"), apps.get_model("platform", "Grant")
    for one in ROLES:
        role, new = role_model.objects.get_or_create(
            key=one.key,
            defaults={"name": one.name, "description": one.description, "is_admin": one.is_admin, "builtin": True},
        )
        if new:
            grant_model.objects.bulk_create(
                grant_model(role=role, type_key=type_key, verb=verb, scope=scope)
                for type_key, verb, scope in grants_of(one)
            )


class Migration(migrations.Migration):
    dependencies = [("staff", "0002_loginsession"), ("platform", "0002_initial")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
