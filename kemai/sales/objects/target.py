"""Targets. They are set and read on a page of their own, which knows whose target somebody may set."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kemai.platform.objects import Hooks, ObjectType, Section, register
from kemai.sales.models import Target
from kemai.sales.services.targets import first_of_month

TARGET = register(
    ObjectType(
        key="target", model=Target, title="measure", icon="target",
        columns=("month", "measure", "department", "person", "amount"),
        form=(Section(_("目标"), "month", "measure", "department", "person", "amount"),),
        hooks=Hooks(prepare=first_of_month), sort="-id", creatable=False, importable=False, small=True,
    )
)  # fmt: skip
