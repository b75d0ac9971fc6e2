"""How good the data are: measures and entry standards, counted by owner, kept by day.

A count walks the customers once for each measure, so it is made at night and on request in the background, and the
page reads what was kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Count, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.customers.models import Customer, EntryStandard, HealthCount
from kemai.platform import access, audit, query
from kemai.platform.access import SYSTEM, Actor
from kemai.platform.fields import Label
from kemai.platform.jobs import Progress
from kemai.platform.objects import get
from kemai.platform.query.orm import compile_q
from kemai.platform.records import FieldErrors

FRESH_DAYS = 180
KEEP_DAYS = 400
Tree = dict[str, Any]


@dataclass(frozen=True)
class Measure:
    """A share of the customers: those that pass `good`, of those that pass `of`."""

    key: str
    label: Label
    good: Tree
    of: Tree | None = None
    target: int = 90
    help: Label = ""

    @property
    def bad(self) -> Tree:
        """The condition of those to look at."""
        missing: Tree = {"not": self.good}
        return {"all": [self.of, missing]} if self.of else missing


def leaf(field: str, op: str, value: Any = None) -> Tree:
    return {"field": field, "op": op} if value is None else {"field": field, "op": op, "value": value}


BUILT_IN = (
    Measure(
        "reachable", gettext_lazy("可联系"),
        {"any": [leaf(key, "not_empty") for key in ("phone", "email", "wecom_id")]},
        help=gettext_lazy("有电话、邮箱或企业微信中的至少一种"),
    ),
    Measure(
        "complete", gettext_lazy("资料完整"), leaf("completeness", "gte", 60), target=80,
        help=gettext_lazy("完整度不低于 60%"),
    ),
    Measure(
        "fresh", gettext_lazy("半年内核实过"), leaf("verified_at", "last", FRESH_DAYS), target=70,
        help=gettext_lazy("有人在 180 天内确认过资料"),
    ),
    Measure(
        "agreed", gettext_lazy("没有资料冲突"), leaf("conflicts", "eq", 0), leaf("verified_at", "not_empty"),
        target=100, help=gettext_lazy("导入或接口带来的内容与核实过的不同时，等人决定采用还是保留"),
    ),
    Measure("valid", gettext_lazy("已核实有效"), leaf("validity", "in", ["valid"]), target=70),
    Measure("located", gettext_lazy("知道地区"), leaf("region", "not_empty")),
    Measure("sourced", gettext_lazy("知道来源"), {"not": leaf("source", "in", ["other"])}),
    Measure(
        "coded", gettext_lazy("企业有信用代码"), leaf("credit_code", "not_empty"), leaf("kind", "in", ["company"]),
        target=80,
    ),
)  # fmt: skip


def measures() -> list[Measure]:
    """The built-in ones, then the company's own standards."""
    own = (
        EntryStandard.objects.filter(deleted_at=None, active=True)
        .exclude(where={})
        .order_by("position", "pk")
    )
    return [*BUILT_IN, *(of_standard(one) for one in own)]


def of_standard(one: EntryStandard) -> Measure:
    only = leaf("kind", "in", [one.kind]) if one.kind else None
    return Measure(f"standard/{one.pk}", one.name, one.where, only, one.target)


def prepare_standard(values: dict[str, Any], existing: EntryStandard | None, by: Actor) -> None:
    target = values.get("target")
    if target is not None and not 1 <= int(target) <= 100:
        raise FieldErrors({"target": _("请填写 1 到 100 之间的整数")})


def set_condition(one: EntryStandard, where: Tree, *, by: Actor) -> None:
    """The condition of a standard, which has been read already; the log keeps what it was."""
    with transaction.atomic():
        audit.note("update", "entry_standard", one.pk, by=by, diff={"where": [one.where, where]})
        one.where = where
        one.save(update_fields=["where"])


def count_all(progress: Progress | None = None, *, day: date | None = None) -> int:
    """Today's counts, in place of earlier ones of the same day. Returns the number of measures."""
    day = day or timezone.localdate(timezone=timezone.get_default_timezone())
    found = measures()
    for done, measure in enumerate(found, 1):
        rows = [
            HealthCount(day=day, measure=measure.key, owner=owner, good=good, total=total)
            for owner, good, total in counts(measure)
        ]
        with transaction.atomic():
            HealthCount.objects.filter(day=day, measure=measure.key).delete()
            HealthCount.objects.bulk_create(rows, batch_size=1000)
        if progress is not None:
            progress(done, len(found))
    HealthCount.objects.filter(day__lt=day - timedelta(days=KEEP_DAYS)).delete()
    return len(found)


def counts(measure: Measure) -> list[tuple[int | None, int, int]]:
    """(owner, good, all) of a measure, in one walk. A standard that names something gone counts nobody."""
    customer = get("customer")
    moment = SYSTEM.moment()
    try:
        good = compile_q(query.parse(measure.good, customer, moment), customer)
        of = compile_q(query.parse(measure.of, customer, moment), customer)
    except query.QueryError:
        return []
    rows = Customer.objects.filter(of, deleted_at=None).order_by().values("owner")
    return list(rows.annotate(good=Count("pk", filter=good), n=Count("pk")).values_list("owner", "good", "n"))


@dataclass(frozen=True)
class Line:
    """A measure as the page shows it; shares from 0 to 1, `before` 30 days ago."""

    measure: Measure
    good: int
    total: int
    before: float | None

    @property
    def share(self) -> float:
        return self.good / self.total if self.total else 0.0

    @property
    def short(self) -> bool:
        return self.total > 0 and self.share * 100 < self.measure.target


@dataclass(frozen=True)
class Health:
    day: date | None
    lines: Sequence[Line] = ()
    owners: Sequence[tuple[str, int, Mapping[str, float]]] = ()
    """(name, customers, {measure: share}), the most customers first."""


def owners_of(actor: Actor) -> Q:
    """Whose figures the actor may see: those of everybody whose customers they may."""
    reach = access.verb_scope(actor, get("customer"), "view")
    if reach == "all":
        return Q()
    people = access.scope(actor, "customer").order_by().values_list("owner", flat=True).distinct()[:1000]
    return Q(owner__in=[key for key in people if key is not None])


def read(actor: Actor, *, most: int = 30) -> Health:
    day = HealthCount.objects.order_by("-day").values_list("day", flat=True).first()
    if day is None:
        return Health(None)
    mine = owners_of(actor)
    now = sums(day, mine)
    earlier_day = HealthCount.objects.filter(day__lte=day - timedelta(days=30)).order_by("-day").first()
    earlier = sums(earlier_day.day, mine) if earlier_day is not None else {}
    lines = [
        Line(one, *now.get(one.key, (0, 0)), before=share(earlier.get(one.key)))
        for one in measures()
        if one.key in now
    ]
    return Health(day, lines, by_owner(day, mine, most))


def share(pair: tuple[int, int] | None) -> float | None:
    return pair[0] / pair[1] if pair and pair[1] else None


def sums(day: date, mine: Q) -> dict[str, tuple[int, int]]:
    rows = HealthCount.objects.filter(mine, day=day).values("measure")
    return {
        key: (good, total)
        for key, good, total in rows.annotate(g=Sum("good"), t=Sum("total")).values_list("measure", "g", "t")
    }


def by_owner(day: date, mine: Q, most: int) -> list[tuple[str, int, dict[str, float]]]:
    rows = HealthCount.objects.filter(mine, day=day).values_list("owner", "measure", "good", "total")
    found: dict[int | None, dict[str, tuple[int, int]]] = {}
    for owner, measure, good, total in rows:
        found.setdefault(owner, {})[measure] = (good, total)
    ordered = sorted(found.items(), key=lambda one: -one[1].get("reachable", (0, 0))[1])[:most]
    people = get_user_model()._default_manager.filter(pk__in=[key for key, _one in ordered if key])
    names = {person.pk: str(person) for person in people}
    return [
        (
            names.get(key, _("无负责人")) if key else _("无负责人"),
            one.get("reachable", (0, 0))[1],
            {measure: good / total for measure, (good, total) in one.items() if total},
        )
        for key, one in ordered
    ]
