"""Targets of the company, its departments and people: read with what was reached, set as one act that can be undone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kemai.kit.money import BadMoney, from_cents, parse_exact
from kemai.platform import audit, records
from kemai.platform.access import Actor, Denied
from kemai.platform.fields import Ref, Saying
from kemai.platform.fields.number import money_problem
from kemai.platform.models import Option
from kemai.platform.records import FieldErrors
from kemai.sales.models import Target
from kemai.sales.models.target import MEASURES
from kemai.sales.rules import targets as rules
from kemai.sales.services import achieved, margins, staff
from kemai.sales.services.margins import Coverage

COMPANY = "c"
MOST = 10**15
# lint: allow translated — how people type ten thousands, whatever language the page speaks
WAN = "万"
Months = list[int | None]
TARGETS_OF = Saying(gettext_noop("目标 %(year)s"))


@dataclass(frozen=True)
class Line:
    """A node of the tree: its months in cents (or customers), `byhand` says which of them somebody set."""

    key: str
    name: str
    kind: str
    depth: int
    target: Months
    byhand: list[bool]
    actual: list[int]
    person: int | None = None

    def sum_target(self, months: range) -> int | None:
        known = [one for month in months if (one := self.target[month]) is not None]
        return sum(known) if known else None

    def sum_actual(self, months: range) -> int:
        return sum(self.actual[month] for month in months)

    def share(self, months: range) -> float | None:
        return rules.achieved(self.sum_actual(months), self.sum_target(months))


@dataclass(frozen=True)
class Sheet:
    measure: str
    year: int
    lines: list[Line]
    may_edit: bool
    coverage: Coverage | None = None
    """For gross profit: how much of the contracts it says nothing of."""

    @property
    def people(self) -> list[Line]:
        return [one for one in self.lines if one.kind == "person"]


def first_of_month(values: dict[str, Any], existing: Target | None, by: Actor) -> None:
    """A target is a month's, whichever day of it is given."""
    if values.get("month") is not None:
        values["month"] = values["month"].replace(day=1)


def measures(actor: Actor) -> list[Option]:
    """Those that the actor may know the figures of."""
    return [one for one in MEASURES if one.value != "gross" or margins.may_see(actor)]


def measure_of(actor: Actor, text: str) -> str:
    return text if text in {one.value for one in measures(actor)} else MEASURES[0].value


def may_set(actor: Actor) -> bool:
    """Whoever answers for others may say what they are to reach."""
    return staff.leads(actor) and not actor.read_only


def figure(measure: str, amount: Any) -> int:
    return int(amount) if measure == "customers" else achieved.figure_of(amount)


def amount(measure: str, value: int) -> Decimal:
    return Decimal(value) if measure == "customers" else from_cents(value)


def sheet(actor: Actor, measure: str, year: int) -> Sheet:
    """Everything within the actor's reach; about six statements."""
    reach = staff.reach(actor)
    owners = None if reach.whole else list(reach.by_key)
    actual = achieved.monthly(measure, year, owners)
    own = stored(measure, year)
    children = tree(reach)
    root = COMPANY if reach.whole else "top"
    found = rules.roll_up(own, children, root)
    lines: list[Line] = []
    names = {f"d{one.pk}": one.name for one in reach.units} | {f"p{one.pk}": one.name for one in reach.people}
    sums: dict[str, list[int]] = {}

    def reached(node: str) -> list[int]:
        """What those below reached, together; the company's also counts those who are gone."""
        if node not in sums:
            parts = [reached(child) for child in children.get(node, ())]
            months = [sum(part[month] for part in parts) for month in range(rules.MONTHS)]
            if node.startswith("p"):
                months = actual.get(int(node[1:]), [0] * rules.MONTHS)
            if node == COMPANY:
                months = [sum(part[month] for part in actual.values()) for month in range(rules.MONTHS)]
            sums[node] = months
        return sums[node]

    def walk(node: str, depth: int) -> None:
        if node != "top":
            months = found[node]
            kind = {"c": "company", "d": "department", "p": "person"}[node[0]]
            lines.append(
                Line(
                    node, names.get(node) or _("全公司"), kind, depth, [one for one, _by in months],
                    [by for _one, by in months], reached(node), int(node[1:]) if kind == "person" else None,
                )
            )  # fmt: skip
        for child in children.get(node, ()):
            walk(child, depth + (node != "top"))

    walk(root, 0)
    covered = achieved.coverage(year, owners) if measure == "gross" else None
    return Sheet(measure, year, lines, may_set(actor), covered)


def tree(reach: staff.Reach) -> dict[str, list[str]]:
    """Who stands below whom: departments below departments, people below theirs; what has no upper one within reach
    stands below the company (or the top of what the actor sees)."""
    root = COMPANY if reach.whole else "top"
    known = {one.pk for one in reach.units}
    children: dict[str, list[str]] = {root: []}
    for one in reach.people:
        above = f"d{one.department}" if one.department in known else root
        children.setdefault(above, []).append(f"p{one.pk}")
    for unit in reach.units:
        above = f"d{unit.parent}" if unit.parent in known else root
        children.setdefault(above, []).append(f"d{unit.pk}")
    return children


def stored(measure: str, year: int) -> dict[str, Months]:
    rows = Target.objects.filter(deleted_at=None, measure=measure, month__year=year)
    found: dict[str, Months] = {}
    for department, person, month, value in rows.values_list("department", "person", "month", "amount"):
        node = f"p{person}" if person else f"d{department}" if department else COMPANY
        found.setdefault(node, [None] * rules.MONTHS)[month.month - 1] = figure(measure, value)
    return found


def parse(measure: str, text: str) -> int | None:
    """A typed figure: yuan, 万 allowed, or a number of customers; None where nothing stands. Raises ValueError;
    BadMoney, which is one, where an amount is finer than a cent."""
    plain = text.strip().replace(",", "").replace("，", "").replace("¥", "").replace("￥", "").strip()
    if not plain:
        return None
    factor = 10_000 if plain.endswith(WAN) else 1
    try:
        value = Decimal(plain.removesuffix(WAN).strip()) * factor
    except InvalidOperation:
        raise ValueError(text) from None
    if not value.is_finite() or value < 0 or value > MOST or (measure == "customers" and value != int(value)):
        raise ValueError(text)
    if measure != "customers":
        parse_exact(f"{value:f}")
    return figure(measure, value)


def why_not(error: ValueError, text: str) -> str:
    if isinstance(error, BadMoney) and error.code == "money_places":
        return money_problem(error, text)
    return _("请填写不小于 0 的数字")


def set_months(actor: Actor, measure: str, year: int, typed: Mapping[str, Sequence[str]]) -> int | None:
    """The months of some nodes as they were typed ('' takes a target away). Returns the change set, None where nothing
    changed. Raises Denied, FieldErrors naming the cell."""
    nodes = check_nodes(actor, typed)
    wanted: dict[str, Months] = {}
    errors: dict[str, str] = {}
    for node in nodes:
        wanted[node] = [None] * rules.MONTHS
        for month, text in enumerate(typed[node][: rules.MONTHS]):
            try:
                wanted[node][month] = parse(measure, text)
            except ValueError as error:
                errors[f"{node}.{month + 1}"] = why_not(error, text)
    if errors:
        raise FieldErrors(errors)
    return write(actor, measure, year, wanted)


def spread_year(
    actor: Actor, measure: str, year: int, node: str, text: str, *, like_last_year: bool
) -> int | None:
    """A year's figure over the node's twelve months, evenly or as last year really went."""
    check_nodes(actor, {node: ()})
    try:
        total = parse(measure, text)
    except ValueError as error:
        raise FieldErrors({"year": why_not(error, text)}) from None
    if total is None:
        raise FieldErrors({"year": _("请填写全年目标")})
    weights = last_year(actor, measure, year, node) if like_last_year else []
    if like_last_year and sum(weights) <= 0:
        raise FieldErrors({"how": _("去年没有数字，请选择平均分摊")})
    parts = rules.spread(total * 100, weights) if measure == "customers" else rules.spread(total, weights)
    months: Months = [part // 100 if measure == "customers" else part for part in parts]
    return write(actor, measure, year, {node: months})


def last_year(actor: Actor, measure: str, year: int, node: str) -> list[float]:
    line = next((one for one in sheet(actor, measure, year - 1).lines if one.key == node), None)
    return [float(max(one, 0)) for one in line.actual] if line else []


def check_nodes(actor: Actor, typed: Mapping[str, Sequence[str]]) -> list[str]:
    """Only nodes within reach. Raises Denied."""
    if not may_set(actor):
        raise Denied(_("目标由主管设置"))
    reach = staff.reach(actor)
    known = {f"p{one.pk}" for one in reach.people} | {f"d{one.pk}" for one in reach.units}
    known |= {COMPANY} if reach.whole else set()
    if not set(typed) <= known:
        raise Denied(_("您只能设置自己团队的目标"))
    return list(typed)


def write(actor: Actor, measure: str, year: int, wanted: Mapping[str, Months]) -> int | None:
    """Through the write door, as one change set; the rights were checked here, by reach and not by owner."""
    by = replace(actor, is_system=True, source="targets")
    rows = Target.objects.filter(deleted_at=None, measure=measure, month__year=year)
    held = {(node_of(one), one.month.month - 1): one for one in rows}
    made, changed, gone = [], {}, []
    for node, months in wanted.items():
        for month, value in enumerate(months):
            old = held.get((node, month))
            if old is None and value is not None:
                made.append(row_of(measure, year, node, month, value))
            elif old is not None and value is None:
                gone.append(old.pk)
            elif old is not None and value is not None and figure(measure, old.amount) != value:
                changed[old.pk] = {"amount": amount(measure, value)}
    if not (made or changed or gone):
        return None
    with transaction.atomic():
        changes = audit.open_set("bulk", "target", by=by, reason=TARGETS_OF.kept(year=year))
        if made:
            records.bulk_create("target", made, by=by, changeset=changes, parsed=True)
        if changed:
            records.bulk_update("target", changed, by=by, changeset=changes, parsed=True)
        if gone:
            records.delete("target", gone, by=by)
    return changes.pk


def node_of(target: Target) -> str:
    if target.person_id:
        return f"p{target.person_id}"
    return f"d{target.department_id}" if target.department_id else COMPANY


def row_of(measure: str, year: int, node: str, month: int, value: int) -> dict[str, object]:
    ref = Ref(int(node[1:]), "") if node != COMPANY else None
    return {
        "measure": measure, "month": dt.date(year, month + 1, 1), "amount": amount(measure, value),
        "person": ref if node[0] == "p" else None, "department": ref if node[0] == "d" else None,
    }  # fmt: skip


@dataclass(frozen=True)
class Mine:
    """A person's month for the page of the day."""

    measure: str
    target: int
    actual: int
    share: float
    passed: float
    """How much of the month is over."""


def mine(actor: Actor, now: dt.datetime | None = None) -> list[Mine]:
    """The actor's own targets of this month with what was reached; two statements, one more for each target."""
    today = timezone.localdate(now, timezone.get_default_timezone())
    rows = Target.objects.filter(deleted_at=None, person=actor.user_id, month=today.replace(day=1))
    following = (today.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
    length = (following - today.replace(day=1)).days
    found = []
    order = [one.value for one in measures(actor)]
    mine = [row for row in rows.values_list("measure", "amount") if row[0] in order]
    for measure, value in sorted(mine, key=lambda row: order.index(row[0])):
        goal = figure(measure, value)
        actual = achieved.monthly(measure, today.year, [actor.user_id or 0])
        reached = actual.get(actor.user_id or 0, [0] * rules.MONTHS)[today.month - 1]
        found.append(Mine(measure, goal, reached, rules.achieved(reached, goal) or 0.0, today.day / length))
    return found
