"""The full-text index over `platform_searchdoc.doc`."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from kemai.platform.begin import SEARCH, run


def forwards(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    run(editor.connection, SEARCH)


class Migration(migrations.Migration):
    dependencies = [("platform", "0002_initial")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
