"""Starting a play from the chain sheet: who would be touched, which tasks, when, and how it is taken back.

A play is exact and repeatable: the customers are chosen when it is started, its tasks carry its mark, and the job
that makes them skips customers who have theirs already, so that a worker may die in the middle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kemai.collab.models import Task
from kemai.customers.models import ChainPlay, ChainStrategy, Consent, CustomerFacts
from kemai.customers.services.chain_defaults import Step
from kemai.kit.calendar_cn import add_workdays, is_workday
from kemai.platform import access, audit, jobs, records
from kemai.platform.access import Actor, actor_for
from kemai.platform.fields import Ref, Saying
from kemai.platform.models import Change, ChangeSet, Job
from kemai.platform.objects import get
from kemai.platform.records import FieldErrors, Refused

MOST_CUSTOMERS = 20_000
AT_ONCE = 300
"""Up to so many tasks are made while the person waits; more go to the background."""
CHUNK = 1000
DUE = time(18)
MARK = "chain/"
RUN = "kemai.customers.services.chain_plays.run_play"
PLAYED = Saying(gettext_noop("客户链动作：%(name)s"))


@dataclass(frozen=True)
class Wish:
    """What a person wants to start. `first` limits the play to the customers with the most money in twelve months."""

    value_class: str
    steps: tuple[Step, ...]
    start: date
    per_day: int = 20
    """So many customers a day and owner begin their play; the rest follow on the next working days."""
    first: int = 200
    owner: int | None = None
    activity: str = ""
    skip_busy: bool = True
    """Leave out customers with an open task of an earlier play."""


@dataclass(frozen=True)
class Share:
    """What falls to one member of staff."""

    name: str
    customers: int
    tasks: int
    last: date


@dataclass(frozen=True)
class Chosen:
    """A customer of a play and who has to do it."""

    id: int
    name: str
    owner: int
    owned: bool = True


@dataclass(frozen=True)
class Preview:
    customers: int
    tasks: int
    shares: Sequence[Share]
    samples: Sequence[tuple[str, str, str, date]]
    """(customer, owner, task, due day)"""
    busy: int
    refused: int
    """Customers who said no to being approached."""
    unowned: int
    """Customers without an owner: their tasks fall to the person who starts the play."""
    more: int
    """Customers of the class beyond the limit."""
    at_once: bool


@dataclass
class Due:
    """Gives each owner's customers their turn: `per_day` a working day from the start on."""

    start: date
    per_day: int
    turns: Counter[int] = field(default_factory=Counter)
    days: dict[int, date] = field(default_factory=dict)

    def begin(self, owner: int) -> date:
        turn = self.turns[owner] // self.per_day
        self.turns[owner] += 1
        if turn not in self.days:
            self.days[turn] = workday(self.start) if turn == 0 else add_workdays(workday(self.start), turn)
        return self.days[turn]


def workday(day: date) -> date:
    """The day, or the next one on which people work."""
    while not is_workday(day):
        day += timedelta(days=1)
    return day


def candidates(actor: Actor, wish: Wish) -> QuerySet[Any]:
    """The customers of the class that the actor may work on, as filtered."""
    found = access.scope(actor, "customer", "edit").filter(facts__value_class=wish.value_class)
    if wish.owner is not None:
        found = found.filter(owner=wish.owner)
    if wish.activity:
        found = found.filter(facts__activity=wish.activity)
    return found


def refused(found: QuerySet[Any]) -> QuerySet[Any]:
    """Those among them who said no to marketing, by their newest word: no play approaches them."""
    word = Consent.objects.filter(
        customer=OuterRef("pk"), purpose="marketing", channel="any", deleted_at=None
    )
    last = Subquery(word.order_by("-at", "-pk").values("state")[:1])
    said_no: QuerySet[Any] = found.annotate(word=last).filter(word="withdrawn")
    return said_no


def busy() -> Exists:
    """Is there an open task of a play about the customer?"""
    return Exists(
        Task.objects.filter(
            type_key="customer",
            object_id=OuterRef("pk"),
            state="open",
            deleted_at=None,
            origin__startswith=MARK,
        )
    )


def choose(actor: Actor, wish: Wish) -> list[Chosen]:
    found = candidates(actor, wish)
    if wish.skip_busy:
        found = found.filter(~busy())
    found = found.exclude(pk__in=refused(found).values("pk"))
    rows = found.order_by("-facts__amount_12m", "-pk").values_list("pk", "name", "owner")
    me = actor.user_id or 0
    return [
        Chosen(key, name, owner or me, owner is not None)
        for key, name, owner in rows[: min(wish.first, MOST_CUSTOMERS)]
    ]


def check(actor: Actor, wish: Wish) -> None:
    """Raises access.Denied, FieldErrors."""
    access.require(actor, "task", "create")
    access.require(actor, "customer", "edit")
    if actor.user_id is None:
        raise access.Denied
    errors = {}
    if not wish.steps:
        errors["steps"] = _("请至少填写一个步骤")
    if not 1 <= wish.first <= MOST_CUSTOMERS:
        errors["first"] = _("请填写 1 到 %(most)s 之间的数") % {"most": f"{MOST_CUSTOMERS:,}"}
    if not 1 <= wish.per_day <= 500:
        errors["per_day"] = _("请填写 1 到 %(most)s 之间的数") % {"most": 500}
    today = timezone.localdate()
    if not today <= wish.start <= today + timedelta(days=365):
        errors["start"] = _("开始日期要在今天到一年之内")
    errors |= step_errors(wish.steps)
    if errors:
        raise FieldErrors(errors)


def step_errors(steps: Sequence[Step]) -> dict[str, str]:
    kinds = {option.value for option in Task.KINDS}
    for step in steps:
        if (
            not step.title
            or len(step.title) > 80
            or step.kind not in kinds
            or not 0 <= step.after_days <= 365
        ):
            return {"steps": _("每个步骤要有标题（不超过 80 字）、类型，以及 0 到 365 之间的天数")}
    return {}


def preview(actor: Actor, wish: Wish) -> Preview:
    """How many customers, how many tasks for whom, samples. Nothing is written. Raises access.Denied, FieldErrors."""
    check(actor, wish)
    chosen = choose(actor, wish)
    everybody = candidates(actor, wish)
    skipped = everybody.filter(busy()).count() if wish.skip_busy else 0
    names = staff_names({one.owner for one in chosen})
    planned = list(plan(chosen, wish))
    last: dict[int, date] = {}
    for one, _step, day in planned:
        last[one.owner] = max(day, last.get(one.owner, day))
    counts = Counter(one.owner for one in chosen)
    unowned = sum(not one.owned for one in chosen)
    shares = [
        Share(names.get(key, "?"), count, count * len(wish.steps), last[key])
        for key, count in counts.most_common()
    ]
    samples = [(one.name, names.get(one.owner, "?"), step.title, day) for one, step, day in planned[:6]]
    no = refused(everybody).count()
    more = max(0, everybody.count() - skipped - no - len(chosen))
    total = len(planned)
    return Preview(len(chosen), total, shares, samples, skipped, no, unowned, more, total <= AT_ONCE)


def staff_names(keys: set[int]) -> dict[int, str]:
    rows = get_user_model()._default_manager.filter(pk__in=keys)
    return {user.pk: str(user) for user in rows}


def plan(chosen: Sequence[Chosen], wish: Wish) -> Iterator[tuple[Chosen, Step, date]]:
    """Every task with its due day: a working day each."""
    due = Due(wish.start, wish.per_day)
    for one in chosen:
        begin = due.begin(one.owner)
        for step in wish.steps:
            yield one, step, workday(begin + timedelta(days=step.after_days))


def start(actor: Actor, wish: Wish) -> ChainPlay:
    """Notes the play and makes its tasks, at once or in the background. Raises access.Denied, FieldErrors, and
    Refused where nobody is left to be touched."""
    check(actor, wish)
    chosen = choose(actor, wish)
    if not chosen:
        raise Refused("nobody", _("没有符合条件的客户，请调整筛选"))
    label = class_label(wish.value_class)
    with transaction.atomic():
        reason = PLAYED.kept(name=label)
        changes = audit.open_set("bulk", "task", by=actor, reason=reason)
        play = ChainPlay.objects.create(
            value_class=wish.value_class,
            steps=[step.as_json() for step in wish.steps],
            where={
                "start": wish.start.isoformat(), "per_day": wish.per_day, "owner": wish.owner,
                "activity": wish.activity, "first": wish.first,
            },
            customers=len(chosen),
            changeset_id=changes.pk,
            by_id=actor.user_id,
            at=timezone.now(),
        )  # fmt: skip
        if len(chosen) * len(wish.steps) > AT_ONCE:
            args = {"play": play.pk, "customers": [[one.id, one.owner] for one in chosen]}
            title = _("建立任务：%(name)s") % {"name": label}
            jobs.enqueue(RUN, args, key=job_key(play), user=actor.user_id, title=title)
            return play
    make_tasks(play, chosen, wish, by=actor)
    return play


def job_key(play: ChainPlay) -> str:
    return f"chain.play/{play.pk}"


def class_label(key: str) -> str:
    return next((str(option.label) for option in CustomerFacts.CLASSES if option.value == key), key)


def run_play(progress: jobs.Progress, *, play: int, customers: Sequence[Sequence[int]]) -> dict[str, int]:
    """The job. Raises Fatal where the play or its starter is gone, or was undone meanwhile."""
    row = ChainPlay.objects.filter(pk=play).first()
    people = get_user_model()._default_manager.select_related("department")
    starter = people.filter(pk=row.by_id, is_active=True).first() if row and row.by_id else None
    if row is None or starter is None:
        raise jobs.Fatal(_("启动动作的人已停用，任务没有建立"))
    actor = actor_for(starter)
    wish = wish_of(row)
    visible = access.scope(actor, "customer", "edit")
    owners = {row[0]: row[1] for row in customers}
    names: dict[int, str] = {}
    keys = list(owners)
    for begin in range(0, len(keys), CHUNK):
        names.update(visible.filter(pk__in=keys[begin : begin + CHUNK]).values_list("pk", "name"))
    chosen = [Chosen(key, names[key], owner) for key, owner in owners.items() if key in names]
    made = make_tasks(row, chosen, wish, by=actor, progress=progress)
    return {"tasks": made}


def wish_of(play: ChainPlay) -> Wish:
    where: Mapping[str, Any] = play.where
    steps = tuple(Step(**step) for step in play.steps)
    return Wish(play.value_class, steps, date.fromisoformat(where["start"]), where["per_day"], where["first"])


def make_tasks(
    play: ChainPlay, chosen: Sequence[Chosen], wish: Wish, *, by: Actor, progress: jobs.Progress | None = None
) -> int:
    """The tasks of the play, in chunks of customers, one change set; returns how many there are now."""
    changes = ChangeSet.objects.get(pk=play.changeset_id or 0)
    origin = f"{MARK}{play.pk}"
    due = Due(wish.start, wish.per_day)
    for begin in range(0, len(chosen), CHUNK):
        part = chosen[begin : begin + CHUNK]
        begins = [due.begin(one.owner) for one in part]
        if changes.undone_by_id is not None:
            raise jobs.Fatal(_("这个动作已被撤销"))
        with transaction.atomic():
            there = set(
                Task.objects.filter(type_key="customer", object_id__in=[one.id for one in part], origin=origin)
                .values_list("object_id", flat=True)
            )  # fmt: skip
            rows = [
                task_values(one, step, first, origin)
                for one, first in zip(part, begins, strict=True)
                for step in wish.steps
                if one.id not in there
            ]
            records.bulk_create("task", rows, by=by, changeset=changes, parsed=True)
            ChainPlay.objects.filter(pk=play.pk).update(tasks=F("tasks") + len(rows))
            follow_next([one.id for one in part])
        changes.refresh_from_db(fields=["undone_by"])
        if progress is not None:
            progress(begin + len(part), len(chosen))
    play.refresh_from_db()
    return play.tasks


def follow_next(customers: Sequence[int]) -> None:
    """The next contact of these customers is their earliest open task with a date."""
    waiting = Task.objects.filter(
        type_key="customer", object_id=OuterRef("pk"), state="open", deleted_at=None, due_at__isnull=False
    )
    earliest = Subquery(waiting.order_by("due_at").values("due_at")[:1])
    CustomerFacts.objects.filter(pk__in=customers).update(next_contact_at=earliest)


def task_values(one: Chosen, step: Step, begin: date, origin: str) -> dict[str, object]:
    day = workday(begin + timedelta(days=step.after_days))
    title = _("%(task)s：%(customer)s") % {"task": step.title, "customer": one.name}
    return {
        "title": title[:200],
        "kind": step.kind,
        "state": "open",
        "due_at": datetime.combine(day, DUE, timezone.get_default_timezone()),
        "note": "",
        "owner": Ref(one.owner, ""),
        "type_key": "customer",
        "object_id": one.id,
        "origin": origin,
    }


def job_of(play: ChainPlay) -> Job | None:
    """The job that makes the play's tasks; None where they were made at once."""
    return Job.objects.filter(key=job_key(play)).first()


def take_back(actor: Actor, key: int) -> records.UndoReport:
    """The play's tasks go to the recycle bin, but for those somebody has worked on.

    Raises access.NotVisible, Refused, access.Denied."""
    play = ChainPlay.objects.filter(pk=key).first()
    if play is None:
        raise access.NotVisible
    if play.changeset_id is None:
        raise Refused("nothing_to_undo", _("这个动作没有建立任务"))
    report = records.undo(play.changeset_id, by=actor)
    made = Change.objects.filter(changeset=play.changeset_id, type_key="task", action="create").values(
        "object_id"
    )
    touched = list(Task.objects.filter(pk__in=made).values_list("object_id", flat=True).distinct())
    for begin in range(0, len(touched), CHUNK):
        follow_next([key for key in touched[begin : begin + CHUNK] if key is not None])
    return report


def set_steps(actor: Actor, strategy: ChainStrategy, steps: Sequence[Step]) -> None:
    """The usual steps of a class, from now on. Raises access.Denied, FieldErrors."""
    strategy = access.one(actor, "chain_strategy", strategy.pk, "edit")
    errors = step_errors(steps)
    if errors:
        raise FieldErrors(errors)
    old, new = strategy.play, [step.as_json() for step in steps]
    if old == new:
        return
    with transaction.atomic():
        changes = audit.open_set("update", "chain_strategy", by=actor, count=1)
        Change.objects.create(
            changeset=changes,
            type_key="chain_strategy",
            object_id=strategy.pk,
            action="update",
            diff={"play": [old, new]},
        )
        rows = ChainStrategy.objects.filter(pk=strategy.pk)
        rows.update(play=new, version=F("version") + 1, updated_at=timezone.now())


@dataclass(frozen=True)
class Started:
    """A play as the sheet lists it."""

    play: ChainPlay
    label: str
    by: str
    open: int = 0
    done: int = 0
    undone: bool = False

    @property
    def total(self) -> int:
        return self.play.tasks


def recent(actor: Actor, count: int = 3) -> list[Started]:
    """The last plays with the state of their tasks; those of others only for people who see every customer."""
    plays = ChainPlay.objects.select_related("by").order_by("-pk")
    if access.verb_scope(actor, get("customer"), "view") != "all":
        plays = plays.filter(by=actor.user_id)
    found = [Started(play, class_label(play.value_class), str(play.by or "")) for play in plays[:count]]
    sets = [one.play.changeset_id for one in found if one.play.changeset_id]
    made = Change.objects.filter(changeset__in=sets, type_key="task", action="create")
    states = (
        Task.objects.filter(pk__in=made.values("object_id"), deleted_at=None)
        .order_by()
        .values_list("origin", "state")
        .annotate(n=Count("pk"))
    )
    counts = {(origin, state): n for origin, state, n in states}
    undone = set(ChangeSet.objects.filter(pk__in=sets).exclude(undone_by=None).values_list("pk", flat=True))
    return [
        replace(
            one,
            open=counts.get((f"{MARK}{one.play.pk}", "open"), 0),
            done=counts.get((f"{MARK}{one.play.pk}", "done"), 0),
            undone=one.play.changeset_id in undone,
        )
        for one in found
    ]
