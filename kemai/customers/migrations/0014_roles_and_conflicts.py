"""What customers are to us, when we last turned to them, how fresh their record is, and values that were not taken."""

from datetime import timedelta
from typing import Any

import django.db.models.deletion
import kemai.customers.models.customer
import kemai.platform.models.columns
from django.db import migrations, models
from django.utils import timezone

STRIDE = 20_000


def fill(apps: Any, schema_editor: Any) -> None:
    """Whoever has bought is a customer; how fresh a record is says when it was verified."""
    customers = apps.get_model("customers", "Customer").objects
    facts = apps.get_model("customers", "CustomerFacts").objects
    last = customers.order_by("-pk").values_list("pk", flat=True).first() or 0
    for first in range(0, last + 1, STRIDE):
        span = (first, first + STRIDE - 1)
        bought = facts.filter(customer__pk__range=span, last_order_at__isnull=False)
        customers.filter(pk__in=bought.values("pk")).update(roles=["customer"])
    now = timezone.now()
    for state, youngest, oldest in (("fresh", 0, 90), ("ageing", 90, 180), ("stale", 180, 36500)):
        found = facts.filter(verified_at__lte=now - timedelta(days=youngest))
        found.filter(verified_at__gt=now - timedelta(days=oldest)).update(freshness=state)


class Migration(migrations.Migration):

    dependencies = [
        ("customers", "0013_owner_alone"),
        ("platform", "0013_write_preview"),
    ]

    operations = [
        migrations.CreateModel(
            name="ValueConflict",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("field", models.CharField(max_length=40)),
                ("value", models.JSONField()),
                ("source", models.CharField(max_length=24)),
                ("by_name", models.CharField(max_length=120)),
                ("at", models.DateTimeField()),
                ("state", kemai.platform.models.columns.ChoiceColumn(default="open", max_length=24)),
                ("decided_by", models.CharField(blank=True, default="", max_length=120)),
                ("decided_at", models.DateTimeField(null=True)),
                ("decided_set", models.BigIntegerField(null=True)),
                ("changeset", models.ForeignKey(
                    null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="platform.changeset"
                )),
                ("customer", models.ForeignKey(
                    on_delete=django.db.models.deletion.CASCADE, related_name="value_conflicts",
                    to="customers.customer",
                )),
            ],
        ),
        migrations.AddField(
            model_name="customer", name="roles",
            field=kemai.platform.models.columns.MultiChoiceColumn(
                blank=True, default=kemai.customers.models.customer.first_roles, verbose_name="角色"
            ),
        ),
        migrations.AddField(
            model_name="customerfacts", name="conflicts",
            field=models.SmallIntegerField(default=0, verbose_name="待处理的资料冲突"),
        ),
        migrations.AddField(
            model_name="customerfacts", name="freshness",
            field=kemai.platform.models.columns.ChoiceColumn(
                default="unchecked", max_length=24, verbose_name="资料新鲜度"
            ),
        ),
        migrations.AddField(
            model_name="customerfacts", name="last_outbound_at",
            field=models.DateTimeField(null=True, verbose_name="我方最近联系"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="customerfacts",
            index=models.Index(fields=["last_inbound_at", "customer"], name="facts_last_inbound"),
        ),
        migrations.AddIndex(
            model_name="customerfacts",
            index=models.Index(fields=["last_outbound_at", "customer"], name="facts_last_outbound"),
        ),
        migrations.AddIndex(
            model_name="customerfacts",
            index=models.Index(
                condition=models.Q(("conflicts__gt", 0)), fields=["conflicts", "customer"], name="facts_conflicts"
            ),
        ),
    ]
