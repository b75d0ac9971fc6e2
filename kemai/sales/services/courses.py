"""Pipelines and stages as an administrator shapes them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from kemai.kit import pinyin
from kemai.platform import access, records
from kemai.platform.access import Actor
from kemai.platform.records import FieldErrors, Refused
from kemai.sales.models import Deal, Pipeline, Stage
from kemai.sales.rules.stages import StageTask, lines, parse_task
from kemai.sales.services import stages

Values = dict[str, Any]
STEP = 10
ENDS = {"won": 1.0, "lost": 0.0, "invalid": 0.0}


def give_key(values: Values, existing: Pipeline | Stage | None, by: Actor) -> None:
    """A new one gets a key made of its name; nobody types it and it never changes, because deals hold it."""
    if existing is None and not values.get("key"):
        stem = "".join(
            one for one in pinyin.full(str(values.get("name", ""))) if one.isascii() and one.isalnum()
        )
        values["key"] = f"{stem[:24] or 'stage'}_{secrets.token_hex(3)}"


def prepare_stage(values: Values, existing: Stage | None, by: Actor) -> None:
    give_key(values, existing, by)
    state = values.get("state", existing.state if existing else "open")
    if state in ENDS:
        values["win_rate"] = ENDS[state]
    rate = values.get("win_rate", existing.win_rate if existing else 0.1)
    if not 0 <= (rate or 0) <= 1:
        raise FieldErrors({"win_rate": _("赢率在 0 到 100% 之间")})
    for line in lines(values.get("tasks") or ""):
        if parse_task(line) is None:
            raise FieldErrors(
                {"tasks": _("看不懂“%(line)s”：请写“任务 | 天数”，天数 1 到 365") % {"line": line[:60]}}
            )
    pipeline = values.get("pipeline", existing.pipeline if existing else None)
    check_next(values.get("next") or [], getattr(pipeline, "pk", None) or getattr(pipeline, "id", None))


def check_next(keys: list[str], pipeline: int | None) -> None:
    """Only stages of the same pipeline can follow."""
    own = set(stages.keys_of(pipeline)) if pipeline else set()
    for key in keys:
        row = stages.find(key)
        if row is not None and own and key not in own:
            raise FieldErrors({"next": _("“%(stage)s”不是这个销售管道的阶段") % {"stage": row.name}})


@dataclass(frozen=True)
class StageLine:
    """A stage as the page shows it: its rules in words, how many open deals stand in it."""

    stage: Stage
    required: list[str]
    checklist: tuple[str, ...]
    tasks: tuple[StageTask, ...]
    next: list[str]
    deals: int


@dataclass(frozen=True)
class Course:
    pipeline: Pipeline
    lines: list[StageLine]
    missing: list[str]
    """States that the pipeline has no stage for: without one a deal cannot end that way."""


def courses(actor: Actor) -> list[Course]:
    """Every pipeline with its stages in order; three queries."""
    labels = {option.value: str(option.label) for option in stages.ASKABLE}
    held = Deal.objects.filter(deleted_at=None, state="open").order_by().values_list("stage")
    counts = dict(held.annotate(n=Count("pk")).values_list("stage", "n"))
    rows: dict[int, list[Stage]] = {}
    for stage in access.scope(actor, "stage").select_related("pipeline").order_by("position", "pk"):
        rows.setdefault(stage.pipeline_id, []).append(stage)
    found = []
    for pipeline in access.scope(actor, "pipeline").order_by("position", "pk"):
        own = rows.get(pipeline.pk, [])
        names = {stage.key: stage.name for stage in own}
        shown = [
            StageLine(
                stage, [labels[key] for key in stage.required if key in labels], lines(stage.checklist),
                tuple(task for task in map(parse_task, lines(stage.tasks)) if task is not None),
                [names[key] for key in stage.next if key in names], counts.get(stage.key, 0),
            )
            for stage in own
        ]  # fmt: skip
        there = {stage.state for stage in own}
        found.append(
            Course(pipeline, shown, [state for state in ("open", "won", "lost") if state not in there])
        )
    return found


def move_stage(key: int, *, up: bool, by: Actor) -> None:
    """One place up or down in its pipeline; all positions are written anew. Raises NotVisible, Denied."""
    with transaction.atomic():
        stage: Stage = access.one(by, "stage", key, "edit")
        order = list(
            Stage.objects.filter(pipeline=stage.pipeline_id, deleted_at=None).order_by("position", "pk")
        )
        place = order.index(stage)
        other = place - 1 if up else place + 1
        if not 0 <= other < len(order):
            raise Refused("at_the_end", _("已经在最前面或最后面了"))
        order[place], order[other] = order[other], order[place]
        places = {one.pk: {"position": (n + 1) * STEP} for n, one in enumerate(order)}
        records.bulk_update("stage", places, by=by)
