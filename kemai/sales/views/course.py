"""The standard course on screen: every pipeline with its stages and their rules; taking one away."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kemai.platform import access
from kemai.platform.access import Actor
from kemai.platform.ui.door import signed_in
from kemai.sales.models import Pipeline, Stage
from kemai.sales.services import courses, removal, stages
from kemai.sales.services.stages import StageRow
from kemai.sales.views.dialog import Asked, Button, Dialog, Step, step


def shown(request: HttpRequest, actor: Actor, template: str) -> HttpResponse:
    context = {"courses": courses.courses(actor), "may_edit": access.may(actor, "stage", "edit")}
    return render(request, template, context)


@require_GET
@signed_in
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    access.require(actor, "stage", "view")
    part = request.headers.get("HX-Target") == "courses"
    return shown(request, actor, "sales/courses_part.html" if part else "sales/courses.html")


@require_POST
@signed_in
def move(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    courses.move_stage(pk, up=request.POST.get("up") == "1", by=actor)
    return shown(request, actor, "sales/courses_part.html")


@step("stage", "delete", back="courses")
def remove_stage(actor: Actor, stage: Stage) -> Step:
    there = removal.standing_in([stage.key])
    return removing(
        _("删除阶段：%(name)s") % {"name": _(stage.name)}, there, removal.targets_of_stage(stage),
        lambda into: removal.remove_stage(stage.pk, into, by=actor),
    )  # fmt: skip


@step("pipeline", "delete", back="courses")
def remove_pipeline(actor: Actor, pipeline: Pipeline) -> Step:
    there = removal.standing_in([row.step.key for row in stages.of_pipeline(pipeline.key)])
    return removing(
        _("删除管道：%(name)s") % {"name": _(pipeline.name)}, there, removal.targets_of_pipeline(pipeline),
        lambda into: removal.remove_pipeline(pipeline.pk, into, by=actor),
        ended=_("已经结束的商机移到那个管道里含义相同的阶段。"),
    )  # fmt: skip


def removing(
    title: str,
    there: removal.Standing,
    targets: Sequence[StageRow],
    remove: Callable[[str], int],
    *,
    ended: str = "",
) -> Step:
    """Asks where the deals go that stand in what is taken away."""
    names = {option.value: str(option.label) for option in stages.PIPELINES}
    options = [
        {"value": row.step.key, "label": f"{names.get(row.step.pipeline, row.step.pipeline)} · {row.label}"}
        for row in targets
    ]
    asked = (
        [Asked("into", _("这些商机移到"), "select", options=options, required=True)] if there.total else []
    )
    warning = ""
    if there.total:
        warning = _("还有 %(n)s 个商机在这里：%(where)s。") % {"n": there.total, "where": there.text()}
    if there.total and not targets:
        warning += _("没有可以移去的阶段，请先新建一个含义相同的。")
    buttons = [Button(_("移走并删除") if there.total else _("删除"), kind="danger-solid")]
    dialog = Dialog(
        title, asked if targets else [], buttons if targets or not there.total else [], warning=warning,
        intro=ended if there.total else _("没有商机在这里，可以直接删除。"),
    )  # fmt: skip

    def act(typed: Mapping[str, str]) -> str:
        moved = remove(typed.get("into", ""))
        return _("已删除，移走了 %(n)s 个商机") % {"n": moved} if moved else _("已删除")

    return Step(dialog, act)
