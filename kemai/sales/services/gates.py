"""What a deal has to bring before it leaves its stage forwards, asked for in one form and written in one act."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from kemai.platform import records
from kemai.platform.access import Actor
from kemai.sales.models import Deal
from kemai.sales.rules.stages import may_move
from kemai.sales.services import deals, stages
from kemai.sales.services.stages import StageRow


@dataclass(frozen=True)
class Missing:
    """Keys of fields that are empty, items of the checklist that are not ticked."""

    fields: Sequence[str] = ()
    items: Sequence[str] = ()

    @property
    def any(self) -> bool:
        return bool(self.fields or self.items)


def missing(deal: Deal, new: StageRow) -> Missing:
    """Nothing where the way is free, or barred for another reason, which the write door tells. Asks no database."""
    old = stages.find(deal.stage)
    if old is None or old.step.pipeline != new.step.pipeline:
        return Missing()
    verdict = may_move(old.step, new.step, deals.standing({}, deal))
    if verdict.reason != "gate":
        return Missing()
    return Missing(deals.texts_of(verdict, "fields"), deals.texts_of(verdict, "checklist"))


def enter(pk: int, stage: str, values: Mapping[str, object], ticked: Sequence[str], *, by: Actor) -> Deal:
    """Fills, ticks and moves, or does nothing of it. Raises access.NotVisible, access.Denied, FieldErrors, Refused."""
    with transaction.atomic():
        for item in ticked:
            deals.tick(pk, item, on=True, by=by)
        moved: Deal = records.update("deal", pk, {**values, "stage": stage}, by=by)
    return moved
