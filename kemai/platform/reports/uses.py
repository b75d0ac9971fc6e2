"""Which reports name a field: told before it is taken away."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.platform.define import usage
from kemai.platform.define.usage import Source, Use
from kemai.platform.fields import listed
from kemai.platform.models import Report
from kemai.platform.reports.definition import Definition


def find(type_key: str, key: str) -> Iterator[Use]:
    for report in Report.objects.filter(deleted_at=None).select_related("user").order_by("pk"):
        parts = []
        if usage.names((report.state or {}).get("where"), key, type_key, report.type_key):
            parts.append(_("条件"))
        if report.type_key == type_key:
            definition = Definition.of(type_key, report.state or {})
            axes = (*definition.rows, *((definition.column,) if definition.column else ()))
            parts += [_("分组")] * (key in {name for name, _by in axes})
            parts += [_("统计值")] * (key in {name for _aggregate, name in definition.measures})
        if parts:
            owner = str(report.user) if report.user else ""
            yield Use(
                report.name,
                " · ".join(part for part in (owner, listed(parts)) if part),
                reverse("report", args=(report.pk,)),
            )


def register() -> None:
    usage.register(Source("report", gettext_lazy("报表"), find))
