"""A file against what runs: what would be added, changed, taken away, and what stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from kemai.platform.define.config.parts import Part, parts, read_all
from kemai.platform.define.config.text import tidy
from kemai.platform.models import ConfigChange

TARGETS = {"objects": "object", "fields": "field", "layouts": "layout"}


@dataclass(frozen=True)
class Step:
    """One thing that would be done. `problem` stops the whole import, `conflict` warns: somebody changed this here
    after the file was written."""

    part: Part
    place: str
    name: str
    action: str
    """add, change, remove"""
    old: Any
    new: Any
    problem: str = ""
    conflict: str = ""

    @property
    def lines(self) -> list[tuple[str, Any, Any]]:
        """(property, old, new) of what differs."""
        old, new = flat(self.old), flat(self.new)
        return [
            (key, old.get(key), new.get(key))
            for key in dict.fromkeys((*old, *new))
            if old.get(key) != new.get(key)
        ]


def plan(wanted: Mapping[str, Mapping[str, Any]], as_of: int = 0, *, remove: bool = False) -> list[Step]:
    """The steps from what runs to what the file says. Parts that the file leaves out stay; within a part, what the file
    does not name is only taken away if `remove`."""
    now = read_all()
    target = {key: {**now.get(key, {}), **dict(wanted.get(key, {}))} for key in now}
    adding: list[Step] = []
    removing: list[Step] = []
    for part in parts():
        if part.key not in wanted:
            continue
        held = now[part.key]
        for place, state in wanted[part.key].items():
            if tidy(held.get(place)) != tidy(state) or place not in held:
                adding.append(
                    step(part, place, held.get(place), state if state is not None else {}, target, as_of)
                )
        if remove:
            gone = [place for place in held if place not in wanted[part.key]]
            removing += [step(part, place, held[place], None, target, as_of) for place in gone]
    return [*adding, *reversed(removing)]


def step(
    part: Part, place: str, old: Any, new: Any, target: Mapping[str, Mapping[str, Any]], as_of: int
) -> Step:
    action = "add" if old is None else "remove" if new is None else "change"
    problem = "" if new is None else problem_of(part, place, old, new, target)
    name = part.name(place, new if new is not None else old)
    if part.nested:
        name = renamed(name, place, target)
    conflict = "" if old is None or not as_of else changed_since(part, place, as_of)
    return Step(part, place, name, action, old, new, problem, conflict)


def renamed(name: str, place: str, target: Mapping[str, Mapping[str, Any]]) -> str:
    """A thing of an object that is still to be made is called after its label, not its key."""
    key = place.partition(".")[0]
    told = target.get("objects", {}).get(key)
    label = told.get("label") if isinstance(told, Mapping) else None
    return f"{label}{name.removeprefix(key)}" if label and name.startswith(f"{key} · ") else name


def problem_of(part: Part, place: str, old: Any, new: Any, target: Mapping[str, Mapping[str, Any]]) -> str:
    """What people wrote by hand may have any shape."""
    if isinstance(new, Mapping):
        try:
            return part.problem(place, old, new, target)
        except (TypeError, ValueError, AttributeError):
            pass
    return _("内容的格式不对")


def changed_since(part: Part, place: str, as_of: int) -> str:
    kind = TARGETS.get(part.key)
    if kind is None:
        return ""
    change = ConfigChange.objects.filter(target=f"{kind}/{place}", pk__gt=as_of).order_by("-pk").first()
    if change is None:
        return ""
    when = change.at.strftime("%Y-%m-%d %H:%M")
    return _("导出之后，%(who)s 在 %(when)s 也改过这里，导入会覆盖") % {"who": change.by_name, "when": when}


def flat(state: Any, prefix: str = "") -> dict[str, Any]:
    """{"settings.min": 3, …}: mappings opened up, lists whole."""
    if not isinstance(state, Mapping):
        return {prefix or "": state} if state is not None else {}
    found: dict[str, Any] = {}
    for key, value in tidy(state).items():
        path = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(value, Mapping):
            found |= flat(value, path)
        else:
            found[path] = value
    return found
