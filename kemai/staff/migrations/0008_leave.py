from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("staff", "0007_appearance"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="away_from",
            field=models.DateField(blank=True, null=True, verbose_name="休假从"),
        ),
        migrations.AddField(
            model_name="user",
            name="away_until",
            field=models.DateField(blank=True, null=True, verbose_name="休假到"),
        ),
    ]
