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

OF_PIPELINE = ("name", "position", "active")
OF_STAGE = (
    "name", "state", "color", "position", "win_rate", "max_days", "may_go_back", "approval", "required", "checklist",
    "tasks", "next",
)  # fmt: skip


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
        row = Pipeline.objects.filter(key=place, deleted_at=None).first()
        if new is None:
            if row is not None:
                records.delete("pipeline", [row.pk], by=by)
            return
        values = {key: new[key] for key in OF_PIPELINE if key in new}
        pk = row.pk if row is not None else made("pipeline", place, values, by)
        if row is not None:
            records.update("pipeline", pk, values, by=by)
        given = new.get("stages") or {}
        for key, state in given.items():
            put_stage(
                pk, key, {name: state[name] for name in OF_STAGE if name in state and name != "next"}, by
            )
        stages.forget()
        for key, state in given.items():  # only now every stage is there that may follow
            if "next" in state:
                records.update("stage", Stage.objects.get(key=key).pk, {"next": state["next"]}, by=by)
    stages.forget()


def put_stage(pipeline: int, key: str, values: dict[str, Any], by: Actor) -> None:
    row = Stage.objects.filter(key=key, deleted_at=None).first()
    if row is None:
        made("stage", key, {"pipeline": pipeline, **values}, by)
    elif row.pipeline_id != pipeline:
        raise FieldErrors({"stages": _("阶段标识“%(key)s”已经属于另一个管道") % {"key": key}})
    else:
        records.update("stage", row.pk, values, by=by)


def made(type_key: str, key: str, values: Mapping[str, Any], by: Actor) -> int:
    """A new one whose key the file says: deals of another machine hold the same."""
    row = records.create(type_key, dict(values), by=by)
    type(row)._default_manager.filter(pk=row.pk).update(key=key[:40])
    stages.forget()
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
