"""The standard course: pipelines, stages, reasons and competitors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from kemai.platform.access import Actor
from kemai.platform.objects import Hooks, ObjectType, Section, register
from kemai.sales.models import Competitor, LostReason, Pipeline, Stage
from kemai.sales.services import stages


def changed(objects: Sequence[Any], fields: frozenset[str], by: Actor) -> None:
    stages.forget()


PIPELINE = register(
    ObjectType(
        key="pipeline", model=Pipeline, title="name", icon="git-branch", nav="settings", nav_order=60,
        columns=("name", "key", "position", "active"),
        form=(Section(_("销售管道"), "name", "key", "position", "active"),),
        unique=("key",), small=True, sort="position", hooks=Hooks(after=changed), importable=False,
    )
)  # fmt: skip
STAGE = register(
    ObjectType(
        key="stage", model=Stage, title="name", icon="stairs-up", nav="settings", nav_order=61,
        columns=("name", "pipeline", "state", "position", "win_rate", "max_days", "color", "may_go_back"),
        form=(
            Section(_("销售阶段"), "name", "key", "pipeline", "state", "position"),
            Section(_("规则"), "win_rate", "max_days", "may_go_back", "color"),
        ),
        badges=("state",), unique=("key",), small=True, sort="position", hooks=Hooks(after=changed), importable=False,
    )
)  # fmt: skip
LOST_REASON = register(
    ObjectType(
        key="lost_reason", model=LostReason, title="name", icon="mood-sad", nav="settings", nav_order=62,
        columns=("name", "position", "active"), form=(Section(_("输单原因"), "name", "position", "active"),),
        small=True, sort="position",
    )
)  # fmt: skip
COMPETITOR = register(
    ObjectType(
        key="competitor", model=Competitor, title="name", icon="swords", nav="sales", nav_order=70, search=("name",),
        columns=("name", "website", "strengths", "weaknesses"),
        form=(Section(_("竞争对手"), "name", "website", "strengths", "weaknesses"),), small=True, sort="name",
    )
)  # fmt: skip
