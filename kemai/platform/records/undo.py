"""Taking back a change set: what was edited later is kept and listed. Taking back an undo is a redo, which can be
taken back in turn; an act that has been undone cannot be undone once more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.platform import access, audit, events
from kemai.platform.access import Actor
from kemai.platform.models import Change, ChangeSet
from kemai.platform.records.bulk import chunks
from kemai.platform.records.errors import Refused
from kemai.platform.records.limits import days
from kemai.platform.records.undo_apply import Applied, apply
from kemai.platform.records.undo_plan import Kept, Planner, by_type, known, rounds

NO_CHANGE = frozenset("reveal export download login login_failed logout setting retention purge".split())
"""Kinds of change sets that note what somebody took out, looked at or did elsewhere; and what is gone for good."""
NEVER = {
    "run": ("derived", gettext_lazy("分析结果不能撤销，请调整参数后重新计算")),
    "step": ("step", gettext_lazy("这一步有后续影响（例如已发送、已入账），不能撤销；请用相应的操作改回")),
}
CHUNK = 2000
MOST_LISTED = 1000
"""Kept records that a report names; their number is always exact."""
Report = Callable[[int, int], object]


@dataclass
class UndoReport:
    """`kept` names what stays as it was, as far as it is listed; `kept_count` is how many there are."""

    changeset: ChangeSet
    undone: int = 0
    kept: list[Kept] = field(default_factory=list)
    kept_count: int = 0

    def add(self, done: Applied) -> None:
        self.undone += done.records
        self.kept_count += len(done.kept)
        self.kept += done.kept[: max(0, MOST_LISTED - len(self.kept))]

    def outcome(self, cursor: int) -> dict[str, Any]:
        return {
            "undone": self.undone, "kept_count": self.kept_count, "kept": [list(one) for one in self.kept],
            "cursor": cursor,
        }  # fmt: skip


@dataclass(frozen=True)
class Inverse:
    """How change sets of a kind are taken back that are more than changes of columns (a merge): `preview` says what
    would happen, `undo` does it and logs into the change set it is given."""

    preview: Callable[[ChangeSet, Actor], UndoReport]
    undo: Callable[[ChangeSet, ChangeSet, Actor, Report | None], UndoReport]
    check: Callable[[ChangeSet, Actor], None] | None = None
    """Raises Refused (or NotVisible, Denied) where it cannot be taken back now."""


_inverses: dict[str, Inverse] = {}


def register_inverse(kind: str, inverse: Inverse) -> None:
    _inverses[kind] = inverse


def undo(
    changeset_id: int, *, by: Actor, progress: Report | None = None, resume: bool = False, reason: str = ""
) -> UndoReport:
    """The inverse of a change set, newest change first. `resume` goes on with an undo that was cut off (a job that is
    run again). Raises Refused when it was undone already or cannot be, Denied when it is not the actor's to undo,
    NotVisible when there is none."""
    with transaction.atomic():  # what is refused as a whole is not marked as taken back either
        original, inverse = begin(changeset_id, by, resume=resume, reason=reason)
        special = _inverses.get(original.kind)
        report = special.undo(original, inverse, by, progress) if special else None
    report = walk(original, inverse, by, progress) if report is None else report
    with transaction.atomic():
        payload = {"changeset": original.pk, "kind": original.kind, "redo": inverse.kind == "redo"}
        events.emit("change.undone", original.type_key, None, inverse, payload)
    return report


def begin(changeset_id: int, by: Actor, *, resume: bool, reason: str) -> tuple[ChangeSet, ChangeSet]:
    """The change set, marked as undone, and the one of its undo."""
    with transaction.atomic():
        original = ChangeSet.objects.select_for_update(of=("self",)).filter(pk=changeset_id).first()
        if original is None:
            raise access.NotVisible
        inverse = original.undone_by if resume else None
        if inverse is None:
            check_undoable(original, by)
            kind = "redo" if original.kind == "undo" else "undo"
            inverse = audit.open_set(kind, original.type_key, by=by, reason=reason or f"{kind} {original.pk}")
            ChangeSet.objects.filter(pk=original.pk).update(undone_by=inverse)
    return original, inverse


def walk(original: ChangeSet, inverse: ChangeSet, by: Actor, progress: Report | None) -> UndoReport:
    """In chunks, each with its place noted in the same transaction, so that an undo which is cut off goes on there."""
    told = inverse.outcome or {}
    report = UndoReport(inverse, told.get("undone", 0), kept_of(told), told.get("kept_count", 0))
    planner, done = Planner(original), 0
    for chunk in chunks(newest_first(original, told.get("cursor")), CHUNK):
        with transaction.atomic():
            for turn in rounds(chunk):
                for object_type, changes in by_type(turn):
                    report.add(take_back(object_type, changes, planner, inverse, by))
            ChangeSet.objects.filter(pk=inverse.pk).update(outcome=report.outcome(chunk[-1].pk))
        done += len(chunk)
        if progress is not None:
            progress(min(done, original.count), original.count)
    return report


def take_back(
    object_type: Any, changes: Sequence[Change], planner: Planner, inverse: ChangeSet, by: Actor
) -> Applied:
    if object_type is None:
        return Applied(0, [Kept(change.type_key, change.object_id, "", "gone") for change in changes])
    return apply(planner.plan(object_type, changes), inverse, by)


def preview(changeset_id: int, *, by: Actor) -> UndoReport:
    """What an undo would do now, without doing it. Raises as `undo` does."""
    original = ChangeSet.objects.filter(pk=changeset_id).first()
    if original is None:
        raise access.NotVisible
    check_undoable(original, by)
    special = _inverses.get(original.kind)
    if special:
        return special.preview(original, by)
    report, planner = UndoReport(original), Planner(original, pretend=True)
    for chunk in chunks(newest_first(original, None), CHUNK):
        for turn in rounds(chunk):
            for object_type, changes in by_type(turn):
                if object_type is None:
                    gone = [Kept(change.type_key, change.object_id, "", "gone") for change in changes]
                    report.add(Applied(0, gone))
                else:
                    steps = planner.plan(object_type, changes)
                    report.add(Applied(len(steps.touched), steps.kept))
    return report


def kept_of(outcome: dict[str, Any]) -> list[Kept]:
    return [Kept(*one) for one in outcome.get("kept", [])]


def newest_first(changeset: ChangeSet, before: int | None) -> Iterator[Change]:
    last = before
    while True:
        batch = changeset.changes.order_by("-id")
        if last is not None:
            batch = batch.filter(pk__lt=last)
        rows = list(batch[:CHUNK])
        if not rows:
            return
        yield from rows
        last = rows[-1].pk


def check_undoable(changeset: ChangeSet, by: Actor) -> None:
    """Raises Refused with the reason, or Denied."""
    reason = why_not(changeset)
    if reason is not None:
        raise Refused(*reason)
    if not may_undo(changeset, by):
        raise access.Denied
    special = _inverses.get(changeset.kind)
    if special is not None and special.check is not None:
        special.check(changeset, by)


def why_not(changeset: ChangeSet) -> tuple[str, str] | None:
    """(code, sentence) where nobody can take it back."""
    if changeset.undone_by_id is not None:
        if changeset.kind == "undo":
            return "undone", _("这次撤销已经重做过了")
        if (
            changeset.kind == "merge"
        ):  # no redo puts parted records together: other things may hang on them now
            return "undone", _("这次合并已经撤销过了；如果它们确实是同一条，请再合并一次")
        return "undone", _("这次修改已经撤销过了；如需恢复撤销前的内容，请重做那次撤销")
    if changeset.kind in NO_CHANGE:
        return "no_change", _("这不是一次修改，没有可以撤销的内容")
    if changeset.kind in NEVER:
        return NEVER[changeset.kind][0], str(NEVER[changeset.kind][1])
    if (
        changeset.kind == "undo"
        and ChangeSet.objects.filter(undone_by=changeset, kind__in=_inverses).exists()
    ):
        return "no_redo", _("这次撤销不能重做，请重新操作一次")
    if changeset.at < timezone.now() - timedelta(days=days("undo_days")):
        return "too_old", _("已超过 %(days)s 天，不能再撤销") % {"days": days("undo_days")}
    if changeset.kind in _inverses or changeset.kind in {"handover", "dissolve", "undo"}:
        return None
    object_type = known(changeset.type_key)
    if object_type is None or object_type.administered:
        return "settings", _("员工、部门、角色和设置的修改不能撤销，请直接改回来")
    return None


def may_undo(changeset: ChangeSet, by: Actor) -> bool:
    """Whoever made it, those who may change every record of the type at once, and administrators."""
    if by.read_only:
        return False
    if by.is_system or by.is_admin or (by.user_id is not None and changeset.actor_id == by.user_id):
        return True
    object_type = known(changeset.type_key)
    return object_type is not None and access.verb_scope(by, object_type, "bulk") == "all"


def undoable(changesets: Iterable[ChangeSet], by: Actor) -> list[ChangeSet]:
    """Those that the actor could take back now."""
    return [one for one in changesets if why_not(one) is None and may_undo(one, by)]
