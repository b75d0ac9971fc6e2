"""The standard course as a part of the configuration file, and which stages name a field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.platform import records
from kemai.platform.access import Actor
from kemai.platform.define import config, usage
from kemai.platform.define.usage import Source, Use
from kemai.platform.records import FieldErrors
from kemai.sales.models import Pipeline, Stage
from kemai.sales.models.pipeline import STATES
from kemai.sales.services import stages

OF_PIPELINE: dict[str, Any] = {"name": "", "position": 0, "active": False}
OF_STAGE: dict[str, Any] = {
    "name": "", "state": "open", "color": "blue", "position": 0, "win_rate": 0.0, "max_days": None,
    "may_go_back": False, "approval": False, "required": [], "checklist": "", "tasks": "", "next": [],
}  # fmt: skip
"""What stands in the file, and what it means where it does not: the file leaves out what is empty."""


def read() -> dict[str, Any]:
    held: dict[int, dict[str, Any]] = {}
    for stage in Stage.objects.filter(deleted_at=None).order_by("position", "pk"):
        held.setdefault(stage.pipeline_id, {})[stage.key] = {key: getattr(stage, key) for key in OF_STAGE}
    found = Pipeline.objects.filter(deleted_at=None).order_by("position", "pk")
    return {
        one.key: {key: getattr(one, key) for key in OF_PIPELINE} | {"stages": held.get(one.pk, {})}
        for one in found
    }


def put(place: str, old: Any, new: Any, by: Actor) -> None:
    """Stages that the file does not name stay: deals may stand in them."""
    with transaction.atomic():
        if new is None:
            row = Pipeline.objects.filter(key=place, deleted_at=None).first()
            if row is not None:
                records.delete("pipeline", [row.pk], by=by)
            return
        pk = put_row("pipeline", Pipeline, place, told(new, OF_PIPELINE), by)
        given = {key: told(state, OF_STAGE) for key, state in (new.get("stages") or {}).items()}
        for key, state in given.items():
            check_free(key, pk)
            first = {name: value for name, value in state.items() if name != "next"}
            put_row("stage", Stage, key, {"pipeline": pk, **first}, by)
        for key, state in given.items():  # only now every stage is there that may follow
            put_row("stage", Stage, key, {"next": state["next"]}, by)


def told(state: Mapping[str, Any], plain: Mapping[str, Any]) -> dict[str, Any]:
    return {name: state.get(name, value) for name, value in plain.items()}


def check_free(key: str, pipeline: int) -> None:
    """Raises FieldErrors where the stage is another pipeline's."""
    if Stage.objects.filter(key=key).exclude(pipeline=pipeline).exists():
        raise FieldErrors({"stages": _("阶段标识“%(key)s”已经属于另一个管道") % {"key": key}})


def put_row(
    type_key: str, model: type[Pipeline | Stage], key: str, values: Mapping[str, Any], by: Actor
) -> int:
    """The one with this key as the values say, out of the bin if it lies there. A new one gets the file's key: deals of
    another machine hold the same."""
    row = model._default_manager.filter(key=key).first()
    if row is None:
        made = records.create(type_key, dict(values), by=by)
        model._default_manager.filter(pk=made.pk).update(key=key[:40])
        stages.forget()
        return int(made.pk)
    if row.deleted_at is not None:
        records.restore(type_key, [row.pk], by=by)
    records.update(type_key, row.pk, dict(values), by=by)
    return int(row.pk)


def problem(place: str, old: Any, new: Any, wanted: Mapping[str, Any]) -> str:
    held = new.get("stages") or {}
    if not isinstance(held, Mapping) or not all(isinstance(one, Mapping) for one in held.values()):
        return _("内容的格式不对")
    if not str(new.get("name") or "").strip():
        return _("请填写管道名称")
    known = {option.value for option in STATES}
    for key, state in held.items():
        if not str(state.get("name") or "").strip():
            return _("阶段“%(key)s”没有名称") % {"key": key}
        if state.get("state", "open") not in known:
            return _("阶段“%(key)s”的含义不认识：%(state)s") % {"key": key, "state": state.get("state")}
    return ""


def name(place: str, state: Any) -> str:
    text = str(state.get("name") or place) if isinstance(state, Mapping) else place
    return _(text) if text else place


def naming(type_key: str, key: str) -> Iterator[Use]:
    """Stages that ask for a field."""
    if type_key == "deal":
        rows = Stage.objects.filter(deleted_at=None, pipeline__deleted_at=None).select_related("pipeline")
        for stage in rows.order_by("pipeline__position", "position"):
            if key in stage.required:
                called = f"{_(stage.pipeline.name)} · {_(stage.name)}"
                yield Use(called, _("必填字段"), reverse("courses"))


def register() -> None:
    config.register(config.Part("courses", gettext_lazy("销售流程"), read, put, problem, name, 35))
    usage.register(Source("stage", gettext_lazy("销售阶段"), naming))
