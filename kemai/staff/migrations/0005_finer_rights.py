"""The rights that came apart from editing, exporting and viewing, for the roles that had them in one; new built-in roles."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from kemai.staff.builtin import ROLES, grants_of

FROM = {"transfer": "edit", "share": "edit", "print": "export", "api": "view"}


def forwards(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    role_model, grant_model = apps.get_model("platform", "Role"), apps.get_model("platform", "Grant")
    if not grant_model.objects.filter(verb__in=list(FROM)).exists():
        rows = grant_model.objects.filter(verb__in=list(FROM.values())).values_list("role", "type_key", "verb", "scope")
        grant_model.objects.bulk_create(
            grant_model(role_id=role, type_key=type_key, verb=new, scope=scope)
            for role, type_key, verb, scope in rows
            for new, old in FROM.items()
            if old == verb
        )
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
    dependencies = [("staff", "0004_own_fields"), ("platform", "0007_access")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
