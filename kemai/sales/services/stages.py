"""Pipelines and stages as the rest of selling reads them: a small table, kept per process until it changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext, gettext_lazy

from kemai.platform.models import Option
from kemai.platform.objects import LiveOptions, get, options_changed
from kemai.sales.models import Pipeline, Stage
from kemai.sales.rules.stages import StageTask, Step, lines, parse_task


@dataclass(frozen=True)
class StageRow:
    """A stage with its pipeline's key and everything that moving there means."""

    step: Step
    name: str
    color: str
    win_rate: float
    max_days: int | None
    tasks: tuple[StageTask, ...] = ()
    pipeline_id: int = 0

    @property
    def label(self) -> str:
        """The name in the reader's language, where it is one that installations begin with."""
        return gettext(self.name)


class StageOption(Option):
    """The option of a stage knows itself, so that one table serves choices and rules alike."""

    row: StageRow

    def __new__(cls, row: StageRow) -> StageOption:
        self = super().__new__(cls, row.step.key, gettext_lazy(row.name), row.color)
        self.row = row
        return self


def load_pipelines() -> list[Option]:
    rows = Pipeline.objects.filter(deleted_at=None, active=True).order_by("position", "pk")
    return [Option(key, gettext_lazy(name), "blue") for key, name in rows.values_list("key", "name")]


def load_stages() -> list[Option]:
    rows = Stage.objects.filter(deleted_at=None, pipeline__deleted_at=None).select_related("pipeline")
    return [StageOption(row_of(stage)) for stage in rows.order_by("pipeline__position", "position", "pk")]


def load_askable() -> list[Option]:
    """The fields of a deal that a stage may ask for."""
    fields = get("deal").fields.values()
    asked = [spec for spec in fields if not (spec.readonly or spec.private or spec.type.key == "tags")]
    return [Option(spec.key, spec.label) for spec in asked if spec.key not in {"pipeline", "stage", "number"}]


PIPELINES = LiveOptions(load_pipelines, "pipeline")
ASKABLE = LiveOptions(load_askable)
STAGES = LiveOptions(load_stages, "stage", "pipeline")


def row_of(stage: Stage) -> StageRow:
    step = Step(
        stage.key, stage.pipeline.key, stage.state, stage.position, tuple(stage.next), stage.may_go_back,
        tuple(stage.required), lines(stage.checklist), stage.approval,
    )  # fmt: skip
    tasks = tuple(task for task in map(parse_task, lines(stage.tasks)) if task is not None)
    return StageRow(step, stage.name, stage.color, stage.win_rate, stage.max_days, tasks, stage.pipeline_id)


def rows() -> Iterable[StageRow]:
    return (option.row for option in STAGES if isinstance(option, StageOption))


def find(key: str) -> StageRow | None:
    return next((row for row in rows() if row.step.key == key), None)


def of_pipeline(key: str) -> list[StageRow]:
    """The stages of a pipeline in their order."""
    return [row for row in rows() if row.step.pipeline == key]


def course_of(key: str) -> list[Step]:
    """The stages of a pipeline as the rules see them."""
    return [row.step for row in of_pipeline(key)]


def keys_of(pipeline: int) -> list[str]:
    """The keys of the stages of a pipeline, named by its own key in the database."""
    return [row.step.key for row in rows() if row.pipeline_id == pipeline]


def ends(pipeline: str, state: str) -> StageRow | None:
    """The first stage of a pipeline that means `state`."""
    return next((row for row in of_pipeline(pipeline) if row.step.state == state), None)


def forget() -> None:
    """Stages or pipelines were changed past the write door: to be called in the same transaction."""
    options_changed()
