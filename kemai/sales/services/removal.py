"""Taking stages and pipelines away: while deals stand there they are refused, with how many, until it is said where
those go. Nothing of a deal is lost on the way: what is over stays over since the day it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kemai.platform import access, records
from kemai.platform.access import Actor
from kemai.platform.fields import Saying, listed
from kemai.platform.records import FieldErrors, Refused
from kemai.sales.models import Deal, Pipeline, Stage
from kemai.sales.services import stages
from kemai.sales.services.deals import REMOVAL
from kemai.sales.services.stages import StageRow

Values = dict[str, Any]
STAGE_GONE = Saying(gettext_noop("原来的销售阶段已删除"))


@dataclass(frozen=True)
class Standing:
    """The deals in some stages, by the key of the stage."""

    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def text(self) -> str:
        """How many, stage by stage where there are several."""
        parts = [
            _("“%(stage)s” %(n)s 个") % {"stage": row.label if (row := stages.find(key)) else key, "n": n}
            for key, n in self.counts.items()
        ]
        return listed(parts)


def standing_in(keys: Sequence[str]) -> Standing:
    """Open and ended deals, those in the recycle bin left out. One query."""
    rows = Deal.objects.filter(stage__in=list(keys), deleted_at=None).order_by()
    found = dict(rows.values_list("stage").annotate(n=Count("pk")))
    return Standing({key: found[key] for key in keys if key in found})


# in the write door


def check_delete_stage(gone: Sequence[Stage], by: Actor) -> None:
    there = standing_in([one.key for one in gone])
    if there.total:
        text = _(
            "还有 %(n)s 个商机在这里（%(where)s），不能删除。请在“销售流程”页面点删除，选择把它们移到哪里"
        )
        raise Refused("in_use", text % {"n": there.total, "where": there.text()})


def check_delete_pipeline(gone: Sequence[Pipeline], by: Actor) -> None:
    own = Stage.objects.filter(pipeline__in=gone, deleted_at=None).order_by("position")
    check_delete_stage(list(own), by)


def check_stages(values: Sequence[Values], existing: Sequence[Stage | None], by: Actor) -> None:
    """A stage in which deals stand keeps its pipeline and its meaning: both are written in those deals as well. One
    query."""
    turned = [
        old
        for one, old in zip(values, existing, strict=True)
        if old is not None
        and (one.get("state", old.state) != old.state or pipeline_of(one, old) != old.pipeline_id)
    ]
    there = standing_in([one.key for one in turned]) if turned else Standing({})
    if there.total:
        text = _(
            "还有 %(n)s 个商机在这个阶段，不能改变它的含义或换到别的管道；请新建一个阶段，再把商机移过去"
        )
        raise FieldErrors({"state": text % {"n": there.total}})


def pipeline_of(values: Values, existing: Stage) -> int:
    given = values.get("pipeline")
    return existing.pipeline_id if given is None else getattr(given, "id", None) or given.pk


# on the page of the course


def targets_of_stage(stage: Stage) -> list[StageRow]:
    """Where the deals of a stage may go: to stages of the pipeline that mean the same."""
    own = stages.of_pipeline(stage.pipeline.key)
    return [row for row in own if row.step.state == stage.state and row.step.key != stage.key]


def targets_of_pipeline(pipeline: Pipeline) -> list[StageRow]:
    """Where the open deals of a pipeline may go; what has ended goes to the same end of that pipeline."""
    active = {option.value for option in stages.PIPELINES} - {pipeline.key}
    return [row for row in stages.rows() if row.step.pipeline in active and row.step.state == "open"]


def remove_stage(pk: int, into: str, *, by: Actor) -> int:
    """Moves the deals of a stage into another one and takes the stage away. Returns how many were moved. Raises
    access.NotVisible, access.Denied, FieldErrors."""
    with transaction.atomic():
        stage: Stage = access.one(by, "stage", pk, "delete")
        there = standing_in([stage.key])
        if there.total:
            known = {row.step.key: row for row in targets_of_stage(stage)}
            if into not in known:
                raise FieldErrors({"into": _("请选择这些商机移到哪个阶段")})
            move({stage.key: known[into]}, by)
        records.delete("stage", [pk], by=by)
    return there.total


def remove_pipeline(pk: int, into: str, *, by: Actor) -> int:
    """The same for all stages of a pipeline. Raises Refused as well, where the other pipeline has no such end."""
    with transaction.atomic():
        pipeline: Pipeline = access.one(by, "pipeline", pk, "delete")
        own = stages.of_pipeline(pipeline.key)
        there = standing_in([row.step.key for row in own])
        if there.total:
            target = next((row for row in targets_of_pipeline(pipeline) if row.step.key == into), None)
            if target is None:
                raise FieldErrors({"into": _("请选择这些商机移到哪个阶段")})
            move({row.step.key: end_of(row, target) for row in own if row.step.key in there.counts}, by)
        records.delete("pipeline", [pk], by=by)
    return there.total


def end_of(stage: StageRow, target: StageRow) -> StageRow:
    """The stage of the target's pipeline for what stands in `stage`. Raises Refused."""
    if stage.step.state == "open":
        return target
    found = stages.ends(target.step.pipeline, stage.step.state)
    if found is None:
        raise Refused("no_end", _("那个销售管道没有与“%(stage)s”含义相同的阶段，请先在那里新建一个") % {
            "stage": stage.label,
        })  # fmt: skip
    return found


def move(course: Mapping[str, StageRow], by: Actor) -> None:
    """One change set, which can be undone while the stages are there."""
    rows = Deal.objects.filter(stage__in=list(course), deleted_at=None).order_by("pk")
    wanted: dict[int, Values] = {}
    for pk, stage, closed_at, since in rows.values_list("pk", "stage", "closed_at", "stage_since"):
        wanted[pk] = {"pipeline": course[stage].step.pipeline, "stage": course[stage].step.key}
        if closed_at is not None:
            wanted[pk] |= {"closed_at": closed_at, "stage_since": since}
    system = replace(by, is_system=True, source=REMOVAL)
    records.bulk_update("deal", wanted, by=system, reason=STAGE_GONE.kept(), parsed=True)
