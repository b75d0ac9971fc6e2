"""What a deal has to bring before it goes on: empty fields and unticked items, asked for in one form and written in one
act, and the agreement of somebody else where the next stage wants it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils.translation import gettext as _

from kemai.platform import records
from kemai.platform.access import Actor
from kemai.platform.fields import listed
from kemai.platform.records import FieldErrors, Refused
from kemai.sales.models import Deal
from kemai.sales.rules.stages import Standing, entry, may_move
from kemai.sales.services import approvals, deals, stages
from kemai.sales.services.stages import StageRow


@dataclass(frozen=True)
class Missing:
    """Keys of fields that are empty, items of the checklist that are not ticked, and whether somebody has to agree."""

    fields: Sequence[str] = ()
    items: Sequence[str] = ()
    approval: bool = False

    @property
    def any(self) -> bool:
        return bool(self.fields or self.items or self.approval)


def missing(deal: Deal, new: StageRow, there: Standing | None = None) -> Missing:
    """Nothing where the way is free, or barred for another reason, which the write door tells. Asks no database.
    `there` is the deal's standing where it is known already."""
    old = stages.find(deal.stage)
    if old is None or old.step.pipeline != new.step.pipeline:
        return Missing()
    there, course = there or deals.standing({}, deal), stages.course_of(new.step.pipeline)
    verdict = may_move(old.step, new.step, there, course=course)
    if verdict.reason not in {"gate", "approval"}:
        return Missing()
    wanted = not entry(new.step, there, course, since=old.step.position).ok
    return Missing(deals.texts_of(verdict, "fields"), deals.texts_of(verdict, "checklist"), wanted)


def enter(pk: int, stage: str, values: Mapping[str, object], ticked: Sequence[str], *, by: Actor) -> Deal:
    """Fills, ticks and moves, or does nothing of it. Raises access.NotVisible, access.Denied, FieldErrors, Refused."""
    with transaction.atomic():
        for item in ticked:
            deals.tick(pk, item, on=True, by=by, towards=stages.find(stage))
        moved: Deal = records.update("deal", pk, {**values, "stage": stage}, by=by)
    return moved


def ask(
    pk: int, stage: str, values: Mapping[str, object], ticked: Sequence[str], reason: str, *, by: Actor
) -> Deal:
    """Fills, ticks and asks leave to enter the stage, or does nothing of it. Raises access.NotVisible, access.Denied,
    FieldErrors with what is missing besides, Refused where somebody waits already or no leave is needed."""
    with transaction.atomic():
        for item in ticked:
            deals.tick(pk, item, on=True, by=by, towards=stages.find(stage))
        if values:
            records.update("deal", pk, dict(values), by=by)
        deal: Deal = approvals.locked("deal", pk, "edit", by)
        new, old = stages.find(stage), stages.find(deal.stage)
        if new is None or old is None:
            raise Refused("no_stage", _("这个阶段已经不存在，请刷新页面"))
        if deal.wanted_stage:
            raise Refused("waiting", waiting_words(deal))
        there, course = deals.standing({}, deal), stages.course_of(new.step.pipeline)
        verdict = may_move(old.step, new.step, there, reopen=deals.may_reopen(by), course=course)
        if verdict.ok:
            raise Refused("free", _("进入“%(stage)s”现在不需要审批，直接移动就可以") % {"stage": new.label})
        if verdict.reason != "approval":
            raise FieldErrors({"stage": deals.why_not(verdict, old, new)})
        approvals.ask("deal", deal, reason, by=by, values={"wanted_stage": stage})
    return deal


def decide(pk: int, *, yes: bool, note: str, by: Actor) -> Deal:
    """A yes moves the deal into the stage, a no leaves it where it is, with the reason. Raises access.NotVisible,
    access.Denied, Refused where nobody waits, FieldErrors where a no says not why or the gate misses something now."""
    with transaction.atomic():
        deal: Deal = approvals.locked("deal", pk, "edit", by)
        stage = deal.wanted_stage
        if not stage:
            raise Refused("nothing_asked", _("这个商机没有等待审批"))

        def outcome(ok: bool) -> Mapping[str, object]:
            deal.approval = {**deal.approval, "stage": stage}
            return {"wanted_stage": ""}

        final = approvals.decide("deal", deal, yes=yes, note=note, by=by, outcome=outcome)
        if final:
            deal = records.update("deal", pk, {"stage": stage}, by=by, reason=note)
            deal.approval = {**deal.approval, "used": True}
            deal.save(update_fields=["approval"])
    return deal


def withdraw(pk: int, *, by: Actor) -> Deal:
    """Whoever asked, or looks after the deal, waits no longer."""
    with transaction.atomic():
        deal: Deal = approvals.locked("deal", pk, "edit", by)
        if not deal.wanted_stage:
            raise Refused("nothing_asked", _("这个商机没有等待审批"))
        deal.approval = {}
        records.put("deal", deal, {"wanted_stage": ""}, by=by, kind="step")
    return deal


def waiting_words(deal: Deal) -> str:
    row = stages.find(deal.wanted_stage)
    return _("正在等待批准进入“%(stage)s”（%(who)s）") % {
        "stage": row.label if row else deal.wanted_stage, "who": who_decides(deal),
    }  # fmt: skip


def who_decides(deal: Deal) -> str:
    """The names of those who are asked, else what they must be."""
    keys = approvals.asked_people("deal", deal)
    names = (
        get_user_model()._default_manager.filter(pk__in=keys).order_by("pk").values_list("name", flat=True)
    )
    found = [str(one) for one in names]
    return _("由%(who)s审批") % {"who": listed(found) if found else _("能处理同事商机的人（例如主管）")}
