from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0012_product_cost'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(model_name='customer', name='customer_owner'),
        migrations.AddIndex(
            model_name='customer',
            index=models.Index(fields=['owner', 'id', 'deleted_at'], name='customer_owner'),
        ),
    ]
