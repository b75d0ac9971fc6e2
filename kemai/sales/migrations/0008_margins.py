"""Gross profit of contracts, and how long the heading of an erased person stays."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import F

import kemai.platform.models.columns
from kemai.sales.defaults import UNTOLD, UNTOLD_ROLES


def forwards(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """No cost is known yet of what stands in the contracts."""
    apps.get_model("sales", "Contract").objects.update(uncosted=F("amount_base"))
    rule = apps.get_model("platform", "FieldRule")
    for role in apps.get_model("platform", "Role").objects.filter(builtin=True, key__in=UNTOLD_ROLES):
        for type_key, field in UNTOLD:
            rule.objects.get_or_create(
                role=role, type_key=type_key, field=field, defaults={"level": "hidden"}
            )


class Migration(migrations.Migration):

    dependencies = [
        ("sales", "0007_still_at_work"),
        ("customers", "0012_product_cost"),
        ("platform", "0012_export_request"),
        ("staff", "0005_finer_rights"),
    ]

    operations = [
        *(
            migrations.AddField(
                model_name=name, name="cost",
                field=kemai.platform.models.columns.MoneyColumn(null=True, verbose_name="成本"),
            )
            for name in ("dealline", "quoteline", "contractline")
        ),
        migrations.AddField(
            model_name="contract", name="gross",
            field=kemai.platform.models.columns.MoneyColumn(default=0, editable=False, verbose_name="毛利"),
        ),
        migrations.AddField(
            model_name="contract", name="uncosted",
            field=kemai.platform.models.columns.MoneyColumn(default=0, editable=False, verbose_name="成本未知的金额"),
        ),
        migrations.AddField(
            model_name="invoicetitle", name="keep_until", field=models.DateField(editable=False, null=True)
        ),
        migrations.RunPython(forwards, migrations.RunPython.noop),
    ]
