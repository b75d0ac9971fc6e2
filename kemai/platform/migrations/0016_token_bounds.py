"""A token ends within a year, and may be bound to networks and objects."""

import datetime as dt

from django.db import migrations, models


def end_all(apps, schema_editor):
    """Those that had no end have a year from now."""
    tokens = apps.get_model("platform", "ApiToken").objects.filter(expires_at=None)
    tokens.update(expires_at=dt.datetime.now(dt.UTC) + dt.timedelta(days=365))


class Migration(migrations.Migration):
    dependencies = [("platform", "0015_reports")]

    operations = [
        migrations.AddField("apitoken", "addresses", models.JSONField(default=list)),
        migrations.AddField("apitoken", "types", models.JSONField(default=list)),
        migrations.RunPython(end_all, migrations.RunPython.noop),
    ]
