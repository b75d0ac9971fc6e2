"""Deals through the write door: where they stand, what that means, and what is noted of the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.collab.services.tasks import create_task
from kemai.customers.models import Interaction
from kemai.kit.money import from_cents, to_cents
from kemai.platform import access, events, records
from kemai.platform.access import Actor
from kemai.platform.fields import listed
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors, Refused, own
from kemai.sales.models import Deal, StageEvent
from kemai.sales.rules import Verdict
from kemai.sales.rules.stages import (
    BEFORE_ALL,
    StageTask,
    Standing,
    entry,
    may_change,
    may_move,
    passed_over,
    weighted,
)
from kemai.sales.services import stages
from kemai.sales.services.stages import StageRow

Values = dict[str, Any]
CALL_AT = time(10)
REMOVAL = "removal"
"""The source of an actor who takes a stage or a pipeline away (services.removal)."""
CLOSED = frozenset({"won", "lost", "invalid"})


def prepare_deal(values: Values, existing: Deal | None, by: Actor) -> None:
    """A deal stands in a stage of its pipeline; state, win rate and weighted amount follow from it."""
    if existing is not None and values.get("pipeline") == existing.pipeline:
        del values["pipeline"]  # a form sends it back as it was: the gates between its stages hold
    if (values.get("amount") or 0) < 0:
        raise FieldErrors({"amount": _("金额不能小于 0")})
    if existing is None or "pipeline" in values:
        choose_pipeline(values, existing)
    new = stages.find(values.get("stage") or (existing.stage if existing else ""))
    if new is None:
        raise FieldErrors({"stage": _("请先在设置里建立销售阶段")})
    if existing is None or new.step.key != existing.stage:
        enter(values, existing, new, by)
    elif "amount" in values:
        values["weighted"] = weighted_amount(values["amount"], existing.win_rate)


def choose_pipeline(values: Values, existing: Deal | None) -> None:
    """The pipeline asked for, else the stage's, else the first; its first stage where none of its own is named."""
    stage = stages.find(values.get("stage", ""))
    key = values.get("pipeline") or (stage.step.pipeline if stage else "")
    key = key or (existing.pipeline if existing else next((one.value for one in stages.PIPELINES), ""))
    rows = stages.of_pipeline(key)
    if not rows:
        raise FieldErrors({"pipeline": _("这个销售管道还没有阶段，请先在设置里建立")})
    values["pipeline"] = key
    if stage is None or stage.step.pipeline != key:
        if stage is not None and values.get("stage"):
            raise FieldErrors({"stage": _("“%(stage)s”不是这个销售管道的阶段") % {"stage": stage.label}})
        values["stage"] = rows[0].step.key


def enter(values: Values, existing: Deal | None, new: StageRow, by: Actor) -> None:
    """What changes with the stage. Raises FieldErrors with what the gate misses."""
    if existing is not None:
        check_move(values, existing, new, by)
    else:
        check_birth(new, by)
    now = timezone.now()
    amount = values.get("amount", existing.amount if existing else 0)
    values["stage"] = new.step.key
    values["wanted_stage"] = ""  # whoever waited to enter another one waits no more
    values["state"] = new.step.state
    values["last_stage"] = how_far(values, existing, new)
    values["win_rate"] = new.win_rate
    values["weighted"] = weighted_amount(amount, new.win_rate)
    values.setdefault("stage_since", now)
    closed = new.step.state in CLOSED
    values["closed_at"] = values.get("closed_at") or now if closed else None
    if new.step.state == "won":
        values["category"] = "closed"
    elif closed:
        values["category"] = "omitted"
    elif existing is not None and existing.category in {"closed", "omitted"}:
        values["category"] = "pipeline"
    if new.step.state != "lost":
        values["lost_reason"] = None


def check_move(values: Mapping[str, Any], existing: Deal, new: StageRow, by: Actor) -> None:
    """Raises FieldErrors with what the gate misses. Whoever takes a stage away moves its deals past all gates."""
    old = stages.find(existing.stage)
    if old is None or (by.is_system and by.source == REMOVAL):
        return
    there, course = standing(values, existing), stages.course_of(new.step.pipeline)
    there = replace(there, proven=by.is_system)
    if by.is_system and new.step.state == "won":  # a contract in force was approved itself
        there = replace(there, approved=new.step.key)
    if "pipeline" in values:
        verdict = may_change(
            old.step, new.step, there, reopen=may_reopen(by), trusted=by.is_system, course=course
        )
    else:
        verdict = may_move(old.step, new.step, there, reopen=may_reopen(by), course=course)
    if not verdict.ok:
        raise FieldErrors({"stage": why_not(verdict, old, new)})


def check_birth(new: StageRow, by: Actor) -> None:
    """A deal does not begin where somebody else has to agree first; those whose agreement is enough may begin there.
    Raises FieldErrors."""
    if by.is_system or access.verb_scope(by, get("deal"), "edit") == "all":
        return
    course = stages.course_of(new.step.pipeline)
    if not entry(new.step, Standing(), course, since=BEFORE_ALL).ok:
        message = _("进入“%(stage)s”要先审批：请先建在前面的阶段，再提交审批") % {"stage": new.label}
        raise FieldErrors({"stage": message})


def approved_for(deal: Deal) -> str:
    """The stage that somebody agreed to its entering, until it has entered it."""
    told = deal.approval
    return str(told.get("stage", "")) if told.get("answer") == "yes" and not told.get("used") else ""


def how_far(values: Values, existing: Deal | None, new: StageRow) -> str:
    """The open stage in which the deal stands, or stood last; a deal that is stored ended may bring it."""
    if new.step.state == "open":
        return new.step.key
    if existing is not None:
        return existing.last_stage
    given = stages.find(str(values.get("last_stage") or ""))
    if given is not None and given.step.pipeline == new.step.pipeline:
        return given.step.key
    open_ones = [row.step.key for row in stages.of_pipeline(new.step.pipeline) if row.step.state == "open"]
    return (open_ones[-1] if new.step.state == "won" else open_ones[0]) if open_ones else ""


def followed(customers: Sequence[int]) -> int:
    """Open deals of these customers know of the last touch with them. Returns how many heard of a newer one."""
    touches = Interaction.objects.filter(customer=OuterRef("customer"), deleted_at=None).exclude(
        channel="system"
    )
    latest = touches.order_by("-at").values("at")[:1]
    late = Deal.objects.filter(customer__in=customers, state="open").annotate(touched=Subquery(latest))
    late = late.filter(touched__gt=Coalesce("last_follow_at", "created_at"))
    return Deal.objects.filter(pk__in=late.values("pk")).update(last_follow_at=Subquery(latest))


def standing(values: Mapping[str, Any], deal: Deal) -> Standing:
    """What is filled and ticked, the values about to be saved counted in."""
    fields = get("deal").fields
    filled = set()
    for key, spec in fields.items():
        stored = own.value_of(deal, spec) if spec.own is not None else getattr(deal, spec.value_path, None)
        value = values.get(key, stored)
        if not spec.type.is_empty(value) and not (key == "amount" and not value):
            filled.add(key)
    ticked = values.get("ticked", deal.ticked)
    return Standing(frozenset(filled), ticked, "lost_reason" in filled, approved_for(deal))


def may_reopen(by: Actor) -> bool:
    """Closed deals are brought back by those who answer for others' deals as well."""
    return by.is_system or access.verb_scope(by, get("deal"), "edit") not in {"none", "own"}


def why_not(verdict: Verdict, old: StageRow, new: StageRow) -> str:
    match verdict.reason:
        case "gate":
            return gate_words(verdict, old)
        case "closed":
            return _("这个商机已经结束；需要重新打开请联系主管")
        case "no_way_back":
            return _("“%(stage)s”不允许退回") % {"stage": old.label}
        case "skipped":
            names = [row.label for key in old.step.next if (row := stages.find(key)) is not None]
            return _("“%(stage)s”之后只能进入：%(next)s") % {"stage": old.label, "next": listed(names)}
        case "no_reason":
            return _("请先选择输单原因")
        case "not_open":
            return _("换到另一个销售管道时，请先放在进行中的阶段，再按那里的要求推进到“%(stage)s”") % {
                "stage": new.label,
            }  # fmt: skip
        case "approval":
            return _("进入“%(stage)s”要先审批：请在商机页面或看板上提交审批") % {"stage": new.label}
        case "other_pipeline":
            return _("“%(stage)s”不是这个销售管道的阶段") % {"stage": new.label}
    return verdict.reason


def gate_words(verdict: Verdict, old: StageRow) -> str:
    fields = get("deal").fields
    missing = [str(fields[key].label) for key in texts_of(verdict, "fields") if key in fields]
    wanted = [*missing, *(_("清单：%(item)s") % {"item": item} for item in texts_of(verdict, "checklist"))]
    return _("离开“%(stage)s”之前还需要：%(wanted)s") % {"stage": old.label, "wanted": listed(wanted)}


def texts_of(verdict: Verdict, key: str) -> list[str]:
    found = verdict.inputs.get(key, ())
    return [str(one) for one in found] if isinstance(found, list | tuple) else []


def after_deal(deals: Sequence[Deal], changed: frozenset[str], by: Actor) -> None:
    """One deal at a time (forms, API): the way is noted, the stage's tasks are made, the world is told."""
    if changed and "stage" not in changed:
        return
    for deal in deals:
        note_stage(deal, by)


def note_stage(deal: Deal, by: Actor) -> None:
    last = StageEvent.objects.filter(deal=deal).order_by("-at", "-pk").first()
    if last is not None and last.new == deal.stage:
        return
    at = deal.stage_since or timezone.now()
    seconds = int((at - last.at).total_seconds()) if last else None
    StageEvent.objects.create(
        deal=deal, old=last.new if last else "", new=deal.stage, at=at, by_id=by.user_id, seconds=seconds
    )
    row = stages.find(deal.stage)
    if row is not None:
        for task in row.tasks:
            make_task(deal, task, by)
    name = deal.state if deal.state in CLOSED else "stage_changed"
    events.emit(f"deal.{name}", "deal", deal.pk, payload={"stage": deal.stage, "amount": str(deal.amount)})


def make_task(deal: Deal, task: StageTask, by: Actor) -> None:
    """A task that the stage brings along, once for each deal and stage."""
    due = timezone.now() + timedelta(days=task.days)
    values: dict[str, object] = {"title": f"{task.title}：{deal.name}"[:200], "kind": "todo", "due_at": due}
    if deal.owner_id is not None:
        values["owner"] = deal.owner_id
    create_task(
        values, by=by, about=("deal", deal.pk), origin=f"stage/{deal.pk}/{deal.stage}/{task.title}"[:80]
    )


def win_deal(key: int, *, by: Actor) -> Deal:
    """Raises access.NotVisible, access.Denied, FieldErrors, Refused where the pipeline has no such end."""
    return end_deal(key, "won", {}, by=by)


def lose_deal(key: int, values: Mapping[str, object], *, by: Actor) -> Deal:
    """`values`: lost_reason (required), competitor, call_back_on, note. A date to call back becomes a task."""
    with transaction.atomic():
        deal = end_deal(key, "lost", values, by=by)
        if deal.call_back_on is not None:
            moment = timezone.make_aware(datetime.combine(deal.call_back_on, CALL_AT))
            words = {
                "title": _("再次联系：%(name)s") % {"name": deal.name[:180]},
                "kind": "call",
                "due_at": moment,
            }
            create_task(words, by=by, about=("deal", deal.pk), origin=f"call_back/{deal.pk}")
    return deal


def end_deal(key: int, state: str, values: Mapping[str, object], *, by: Actor) -> Deal:
    deal: Deal = access.one(by, "deal", key, "edit")
    stage = stages.ends(deal.pipeline, state)
    if stage is None:
        raise Refused("no_end", _("这个销售管道没有对应的结束阶段，请管理员在设置里补上"))
    ended: Deal = records.update("deal", key, {**values, "stage": stage.step.key}, by=by)
    return ended


def tick(key: int, item: str, *, on: bool, by: Actor, towards: StageRow | None = None) -> Deal:
    """An item of the present stage's list, or of those on the way to another. Raises access.NotVisible, access.Denied,
    Refused."""
    with transaction.atomic():
        deal: Deal = access.one(by, "deal", key, "edit")
        row = stages.find(deal.stage)
        steps = [] if row is None else [row.step]
        if row is not None and towards is not None:
            course = stages.course_of(row.step.pipeline)
            steps += passed_over(course, row.step.position, towards.step)
        lists = [one.key for one in steps if item in one.checklist]
        if not lists:
            raise Refused("no_item", _("当前阶段的清单里没有这一项"))
        for stage in lists:
            done = [one for one in deal.ticked.get(stage, []) if one != item]
            deal.ticked = {**deal.ticked, stage: [*done, item] if on else done}
        deal.save(update_fields=["ticked"])
    return deal


def weighted_amount(amount: object, win_rate: float) -> Decimal:
    return from_cents(weighted(to_cents(Decimal(str(amount))), win_rate))
