"""The standard course: pipelines, stages, reasons and competitors."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kemai.platform.objects import Hooks, ObjectType, Section, register
from kemai.sales.models import Competitor, LostReason, Pipeline, Stage
from kemai.sales.services import configuration, courses, removal, stages

PIPELINE = register(
    ObjectType(
        key="pipeline", model=Pipeline, title="name", icon="git-branch", nav="settings:sales", nav_order=60,
        columns=("name", "position", "active"),
        form=(Section(_("销售管道"), "name", "position", "active"),),
        purpose=_("一类生意一条管道，各有自己的阶段；平时在“销售流程”里改。"),
        unique=("key",), small=True, sort="position", importable=False,
        hooks=Hooks(prepare=courses.give_key, check_delete=removal.check_delete_pipeline),
    )
)  # fmt: skip
STAGE = register(
    ObjectType(
        key="stage", model=Stage, title="name", icon="stairs-up", nav="settings:sales", nav_order=61,
        columns=("name", "pipeline", "state", "position", "win_rate", "max_days", "color", "approval", "may_go_back"),
        form=(
            Section(_("销售阶段"), "name", "pipeline", "state", "win_rate", "max_days", "color"),
            Section(_("规则"), "approval", "required", "checklist", "tasks", "next", "may_go_back", "position"),
        ),
        purpose=_("商机走过的每一步；平时在“销售流程”里拖动和设置。"),
        badges=("state",), unique=("key",), small=True, sort="position", importable=False,
        hooks=Hooks(
            prepare=courses.prepare_stage, check=removal.check_stages,
            check_delete=removal.check_delete_stage,
        ),
        choices={"required": stages.ASKABLE, "next": stages.STAGES},
    )
)  # fmt: skip
LOST_REASON = register(
    ObjectType(
        key="lost_reason", model=LostReason, title="name", icon="mood-sad", nav="settings:sales", nav_order=62,
        columns=("name", "position", "active"), form=(Section(_("输单原因"), "name", "position", "active"),),
        purpose=_("输单时选的原因，销售分析按它归类。"), small=True, sort="position",
    )
)  # fmt: skip
COMPETITOR = register(
    ObjectType(
        key="competitor", model=Competitor, title="name", icon="swords", nav="sales", nav_order=70, search=("name",),
        columns=("name", "website", "strengths", "weaknesses"),
        form=(Section(_("竞争对手"), "name", "website", "strengths", "weaknesses"),), small=True, sort="name",
    )
)  # fmt: skip
configuration.register()
