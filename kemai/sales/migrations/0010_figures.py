"""Indexes of figures in the order in which these are grouped (docs/adr/046)."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0013_owner_alone'),
        ('sales', '0009_chances_gates_and_looks'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='deal',
            name='deal_funnel',
        ),
        migrations.RemoveIndex(
            model_name='deal',
            name='deal_ended',
        ),
        migrations.RemoveIndex(
            model_name='stageevent',
            name='stage_event_spent',
        ),
        migrations.AddIndex(
            model_name='deal',
            index=models.Index(fields=['pipeline', 'last_stage', 'state', 'created_at', 'owner', 'amount', 'deleted_at'], name='deal_funnel'),
        ),
        migrations.AddIndex(
            model_name='deal',
            index=models.Index(condition=models.Q(('closed_at__isnull', False)), fields=['owner', 'state', 'closed_at', 'amount', 'created_at', 'pipeline', 'deleted_at'], name='deal_ended'),
        ),
        migrations.AddIndex(
            model_name='stageevent',
            index=models.Index(fields=['old', 'at', 'seconds', 'deal'], name='stage_event_spent'),
        ),
        migrations.AddIndex(
            model_name="receiptplan",
            index=models.Index(
                fields=["currency", "customer", "due_on", "open", "deleted_at"], name="receipt_plan_owed"
            ),
        ),
    ]
