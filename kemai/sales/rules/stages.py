"""May a deal go from one stage to another, and what is missing if not."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from kemai.sales.rules import YES, Verdict


@dataclass(frozen=True)
class Step:
    """A stage as the rule sees it. `next` is empty where any stage of the pipeline may follow."""

    key: str
    pipeline: str
    state: str
    position: int
    next: tuple[str, ...] = ()
    may_go_back: bool = True
    required: tuple[str, ...] = ()
    """Fields of the deal that must be filled before it leaves the stage forwards."""
    checklist: tuple[str, ...] = ()
    approval: bool = False
    """A deal enters it forwards only when somebody has agreed."""


MOST_DAYS = 365
BEFORE_ALL = -(2**31)


@dataclass(frozen=True)
class StageTask:
    """What is to be done when a deal enters a stage, within so many days."""

    title: str
    days: int = 1


def lines(text: str) -> tuple[str, ...]:
    """The lines of a list that somebody typed, without empty ones and without doubles."""
    return tuple(dict.fromkeys(line for line in map(str.strip, text.splitlines()) if line))


def parse_task(line: str) -> StageTask | None:
    """ "准备报价单 | 3": the title and the days; one day where none are told. None for what cannot be meant."""
    title, bar, days = (part.strip() for part in line.replace("｜", "|").rpartition("|"))
    if not bar:
        return StageTask(days) if len(days) <= 120 else None
    number = int(days) if days.isascii() and days.isdigit() and len(days) < 4 else 0
    return StageTask(title, number) if title and 1 <= number <= MOST_DAYS and len(title) <= 120 else None


@dataclass(frozen=True)
class Standing:
    """What is known of the deal: filled fields, and the ticked items of each stage's list."""

    filled: frozenset[str] = field(default_factory=frozenset)
    ticked: Mapping[str, Collection[str]] = field(default_factory=dict)
    lost_reason: bool = False
    approved: str = ""
    """The key of the stage that somebody agreed to its entering."""
    proven: bool = False
    """A document moves it (a contract in force, say), which proves what the steps between ask for."""


def may_move(
    old: Step, new: Step, deal: Standing, *, reopen: bool = False, course: Sequence[Step] = ()
) -> Verdict:
    """`reopen` is the right to bring a closed deal back, `course` are the stages of the pipeline: those that the move
    passes over are asked as well.
    Losing is never held up by a gate, but needs a reason."""
    if old.key == new.key:
        return YES
    if old.pipeline != new.pipeline:
        return Verdict(False, "other_pipeline", {"from": old.pipeline, "to": new.pipeline})
    if old.state != "open" and not reopen:
        return Verdict(False, "closed", {"stage": old.key})
    if new.state in {"lost", "invalid"}:
        lost = new.state == "lost" and not deal.lost_reason
        return Verdict(False, "no_reason", {"stage": new.key}) if lost else YES
    back = old.state != "open" or new.position < old.position
    if back:
        return (
            YES
            if old.may_go_back or old.state != "open"
            else Verdict(False, "no_way_back", {"stage": old.key})
        )
    if old.next and new.key not in old.next:
        return Verdict(False, "skipped", {"stage": old.key, "allowed": old.next})
    between = [] if deal.proven else passed_over(course, old.position, new)
    passed = gate([old, *between], deal)
    return passed if not passed.ok else entry(new, deal, course, since=old.position)


def entry(new: Step, deal: Standing, course: Sequence[Step], *, since: int) -> Verdict:
    """Has somebody agreed, where the stage, or one that is passed over on the way to it, wants that?"""
    if deal.approved != new.key and any(one.approval for one in (*passed_over(course, since, new), new)):
        return Verdict(False, "approval", {"stage": new.key})
    return YES


def passed_over(course: Sequence[Step], since: int, new: Step) -> list[Step]:
    return [one for one in course if one.state == "open" and since < one.position < new.position]


def may_change(
    old: Step,
    new: Step,
    deal: Standing,
    *,
    reopen: bool = False,
    trusted: bool = False,
    course: Sequence[Step] = (),
) -> Verdict:
    """To a stage of another pipeline. Its gates cannot be asked for what was never there, so a deal begins among the
    open stages; `trusted` (an undo, say) goes anywhere."""
    if old.state != "open" and not reopen:
        return Verdict(False, "closed", {"stage": old.key})
    if new.state != "open" and not trusted:
        return Verdict(False, "not_open", {"stage": new.key})
    return YES if trusted else entry(new, deal, course, since=BEFORE_ALL)


def gate(stages: Sequence[Step], deal: Standing) -> Verdict:
    """What these stages ask for before a deal may leave the first of them and pass over the others."""
    wanted = dict.fromkeys(key for stage in stages for key in stage.required)
    missing = [key for key in wanted if key not in deal.filled]
    open_items = [
        item for stage in stages for item in stage.checklist if item not in deal.ticked.get(stage.key, ())
    ]
    unticked = list(dict.fromkeys(open_items))
    if missing or unticked:
        return Verdict(False, "gate", {"fields": missing, "checklist": unticked})
    return YES


def weighted(amount: int, win_rate: float) -> int:
    """The amount times the win rate, rounded half up to the cent."""
    from kemai.sales.rules.amounts import line_amount

    return line_amount(win_rate, amount)


def overdue_days(days_in_stage: int, most: int | None) -> int:
    """How many days longer than allowed a deal has stood; 0 within the time or without a limit."""
    return max(days_in_stage - most, 0) if most else 0


def cycle_days(seconds: Sequence[Mapping[str, int]]) -> float:
    """Mean days from first stage to won, of deals given as {stage: seconds}; 0 for none."""
    totals = [sum(one.values()) for one in seconds]
    return sum(totals) / len(totals) / 86_400 if totals else 0.0
