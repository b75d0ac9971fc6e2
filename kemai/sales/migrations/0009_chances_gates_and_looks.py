"""Chances of leads, stages that want an approval, and how many records of a pool somebody may open a day."""

import django.db.models.deletion
import kemai.platform.models.columns
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import F
from django.db.models.functions import Coalesce


def forwards(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """When leads that are over ended, as well as it is known."""
    over = apps.get_model("sales", "Lead").objects.filter(state__in=("converted", "disqualified"))
    over.update(ended_at=Coalesce(F("converted_at"), F("last_contact_at"), F("updated_at")))


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0013_owner_alone'),
        ('sales', '0008_margins'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='LeadChances',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('shown', models.BooleanField(default=False)),
                ('model', models.JSONField(default=dict)),
                ('report', models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name='PoolLook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('type_key', models.CharField(max_length=40)),
                ('object_id', models.BigIntegerField()),
            ],
        ),
        migrations.AddField(
            model_name='deal',
            name='approval',
            field=models.JSONField(default=dict, editable=False),
        ),
        migrations.AddField(
            model_name='deal',
            name='wanted_stage',
            field=kemai.platform.models.columns.ChoiceColumn(blank=True, default='', editable=False, max_length=40, verbose_name='等待批准进入'),
        ),
        migrations.AddField(
            model_name='lead',
            name='chance',
            field=kemai.platform.models.columns.PercentColumn(editable=False, null=True, verbose_name='预测转化率'),
        ),
        migrations.AddField(
            model_name='lead',
            name='chance_basis',
            field=models.JSONField(default=dict, editable=False),
        ),
        migrations.AddField(
            model_name='lead',
            name='ended_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='结束时间'),
        ),
        migrations.AddField(
            model_name='pool',
            name='view_most',
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name='每人每天最多查看几个的详情'),
        ),
        migrations.AddField(
            model_name='stage',
            name='approval',
            field=models.BooleanField(default=False, help_text='商机进入本阶段之前，要由能处理同事商机的人（例如主管）同意', verbose_name='进入要审批'),
        ),
        migrations.AddIndex(
            model_name='lead',
            index=models.Index(fields=['chance', 'id'], name='lead_chance'),
        ),
        migrations.AddField(
            model_name='poollook',
            name='pool',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='sales.pool'),
        ),
        migrations.AddField(
            model_name='poollook',
            name='user',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='poollook',
            index=models.Index(fields=['day'], name='pool_look_day'),
        ),
        migrations.AddIndex(
            model_name='poollook',
            index=models.Index(fields=['pool'], name='pool_look_pool'),
        ),
        migrations.AddConstraint(
            model_name='poollook',
            constraint=models.UniqueConstraint(fields=('user', 'day', 'pool', 'type_key', 'object_id'), name='pool_look_once'),
        ),
        migrations.AlterField(
            model_name="target", name="month",
            field=kemai.platform.models.columns.MonthColumn(verbose_name="月份"),
        ),
        migrations.RunPython(forwards, migrations.RunPython.noop),
    ]
