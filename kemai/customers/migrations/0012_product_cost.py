"""What one unit of a product costs us, where it is known."""

from django.db import migrations

import kemai.platform.models.columns


class Migration(migrations.Migration):

    dependencies = [("customers", "0011_duplicates_of_types")]

    operations = [
        migrations.AddField(
            model_name="product", name="cost",
            field=kemai.platform.models.columns.MoneyColumn(
                blank=True, help_text="每单位的不含税成本（人民币），用来算毛利；不知道就留空", null=True, verbose_name="成本"
            ),
        ),
    ]
