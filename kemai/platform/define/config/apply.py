"""Taking a file over: all of it in one transaction and one act, which can be taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from kemai.platform.access import Actor, NotVisible
from kemai.platform.define import changes
from kemai.platform.define.changes import require_admin
from kemai.platform.define.config.parts import read_all
from kemai.platform.define.config.plan import Step, plan
from kemai.platform.define.config.text import tidy
from kemai.platform.models import ConfigChange
from kemai.platform.objects import own
from kemai.platform.records import FieldErrors, Refused

TARGET = "file/configuration"


@dataclass(frozen=True)
class Outcome:
    steps: Sequence[Step]
    change: ConfigChange | None
    """None where there was nothing to do."""


class InTheWay(Refused):
    """A step that cannot be taken, and why."""

    def __init__(self, step: Step, why: str, code: str = "problem") -> None:
        super().__init__(code, f"{step.name}：{why}")
        self.step, self.why = step, why


class OnlyTried(Exception):
    """Everything could be done; now nothing is."""


def rehearse(
    states: Mapping[str, Mapping[str, Any]], as_of: int, *, by: Actor, remove: bool = False
) -> list[Step]:
    """What would be done, each step with what stands in its way. What cannot be seen from the file (a formula, a
    limit, a name) is found by doing it all, in a transaction that is then given up."""
    require_admin(by)
    steps = plan(states, as_of, remove=remove)
    if any(step.problem for step in steps):
        return steps
    try:
        with transaction.atomic():
            take_all(steps, by)
            raise OnlyTried
    except OnlyTried:
        return steps
    except InTheWay as error:
        return [replace(step, problem=error.why) if step is error.step else step for step in steps]
    finally:
        own.forget()


def import_file(
    states: Mapping[str, Mapping[str, Any]],
    as_of: int,
    *,
    by: Actor,
    remove: bool = False,
    action: str = "import",
) -> Outcome:
    """Makes the configuration what the file says. Raises Refused (nothing is done then), Denied."""
    require_admin(by)
    with transaction.atomic():
        before = read_all()
        steps = plan(states, as_of, remove=remove)
        if not steps:
            return Outcome(steps, None)
        wrong = next((step for step in steps if step.problem), None)
        if wrong is not None:
            raise InTheWay(wrong, wrong.problem)
        inner = ConfigChange.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        take_all(steps, by)
        # one act: the services' own notes of the single steps are part of this one
        ConfigChange.objects.filter(pk__gt=inner, by_id=by.user_id).exclude(target=TARGET).delete()
        after = {"steps": [told(step) for step in steps]}
        change = changes.note(TARGET, action, {"states": only(before, steps)}, after, by=by)
    return Outcome(steps, change)


def take_all(steps: Sequence[Step], by: Actor) -> None:
    """What is added and changed, then what that made possible, then what goes."""
    staying = [step for step in steps if step.new is not None]
    for _part, several in groupby(staying, key=lambda step: step.part.key):
        take_in_turn(list(several), by)
    for step in staying:
        if step.part.late is not None:
            take(step, by, late=True)
    for step in steps:
        if step.new is None:
            take(step, by)


def take_in_turn(steps: Sequence[Step], by: Actor) -> None:
    """A formula reads a field that stands after it, a roll-up counts what another object's field refers to: what is
    refused is tried again after the others, until nothing more can be done."""
    waiting = list(steps)
    while waiting:
        refused: list[InTheWay] = []
        for step in waiting:
            try:
                with transaction.atomic():
                    take(step, by)
            except InTheWay as error:
                own.forget()
                refused.append(error)
        if len(refused) == len(waiting):
            raise refused[0]
        waiting = [error.step for error in refused]


def take(step: Step, by: Actor, *, late: bool = False) -> None:
    """Raises InTheWay."""
    try:
        if late and step.part.late is not None:
            step.part.late(step.place, step.new, by)
        else:
            step.part.put(step.place, step.old, step.new, by)
    except FieldErrors as error:
        raise InTheWay(step, "；".join(error.errors.values())) from error
    except NotVisible as error:
        raise InTheWay(step, _("已经不在了，请重新预演")) from error
    except Refused as error:
        raise InTheWay(step, error.message, error.code) from error
    except (TypeError, ValueError, AttributeError) as error:
        raise InTheWay(step, _("内容的格式不对")) from error


def told(step: Step) -> dict[str, Any]:
    lines = step.lines
    return {
        "place": f"{step.part.key}/{step.place}",
        "action": step.action,
        "old": "" if step.action == "add" else "；".join(f"{key}: {old}" for key, old, _new in lines)[:400],
        "new": ""
        if step.action == "remove"
        else "；".join(f"{key}: {new}" for key, _old, new in lines)[:400],
    }


def only(before: Mapping[str, Mapping[str, Any]], steps: Sequence[Step]) -> dict[str, dict[str, Any]]:
    """What stood at the places that were touched; None where nothing did."""
    found: dict[str, dict[str, Any]] = {}
    for step in steps:
        state = before[step.part.key].get(step.place)
        found.setdefault(step.part.key, {})[step.place] = None if state is None else tidy(state)
    return found


def take_back(change: ConfigChange, *, by: Actor) -> Outcome:
    """The places that an import touched, as they were before it. Raises Refused."""
    require_admin(by)
    states = (change.before or {}).get("states") or {}
    with transaction.atomic():
        now = read_all()
        back = [
            back_step(part, place, now, state)
            for part, places in reversed(list(states.items()))
            for place, state in reversed(list(places.items()))
        ]
        steps = [step for step in back if step is not None]
        if not steps:
            raise Refused("nothing", _("已经和导入之前一样了"))
        adding = sorted((one for one in steps if one.new is not None), key=lambda one: one.part.order)
        removing = sorted((one for one in steps if one.new is None), key=lambda one: -one.part.order)
        take_all([*adding, *removing], by)
        note = changes.note(
            TARGET, "rollback", {"states": only(now, steps)}, {"steps": [told(step) for step in steps]}, by=by
        )
    return Outcome(steps, note)


def back_step(part_key: str, place: str, now: Mapping[str, Mapping[str, Any]], state: Any) -> Step | None:
    from kemai.platform.define.config.parts import parts

    part = next((one for one in parts() if one.key == part_key), None)
    held = now.get(part_key, {}).get(place)
    if part is None or tidy(held) == state:
        return None
    action = "remove" if state is None else "add" if held is None else "change"
    return Step(part, place, part.name(place, state if state is not None else held), action, held, state)
