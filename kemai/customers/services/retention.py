"""How long records are kept: what a rule would take is shown before it may run, and it runs at night."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kemai.customers.models import Contact, Customer, Interaction, RetentionRule
from kemai.customers.services import erasure, own_erasing  # noqa: F401 - it registers itself
from kemai.platform import access, audit, query, records
from kemai.platform.access import SYSTEM, Actor
from kemai.platform.fields import Saying
from kemai.platform.jobs import Progress
from kemai.platform.objects import get
from kemai.platform.query.orm import compile_q
from kemai.platform.records import FieldErrors, Refused

LEAST_DAYS = 30
BITE = 1000
SAMPLES = 8
Values = dict[str, Any]
KEPT_LONG_ENOUGH = Saying(gettext_noop("保存期限规则：%(name)s"))


@dataclass(frozen=True)
class Rehearsal:
    """What the rule would take today, and some of it; `kept` how many it leaves alone."""

    count: int
    kept: int
    samples: Sequence[tuple[int, str, datetime | None]]


def prepare_rule(values: Values, existing: RetentionRule | None, by: Actor) -> None:
    """A rule that was changed is switched off until it is rehearsed again."""
    days = values.get("days", existing.days if existing else None)
    if days is not None and int(days) < LEAST_DAYS:
        raise FieldErrors({"days": _("至少保留 %(n)s 天") % {"n": LEAST_DAYS}})
    act = values.get("act", existing.act if existing else "bin")
    kind = values.get("type_key", existing.type_key if existing else "customer")
    if act == "erase" and kind != "customer":
        raise FieldErrors({"act": _("只有客户可以匿名化，其他记录请选择移到回收站")})
    if existing is not None and {"type_key", "days", "act"} & values.keys():
        values |= {"active": False, "rehearsed_at": None, "rehearsed": None}


def due(rule: RetentionRule, *, now: datetime | None = None) -> QuerySet[Any]:
    """The records whose time is over, oldest first. A customer's time runs from the last order, contact or change; one
    with an open request or task is never due."""
    limit = (now or timezone.now()) - timedelta(days=rule.days)
    if rule.type_key == "interaction":
        found: QuerySet[Any] = Interaction.objects.filter(deleted_at=None, at__lt=limit).annotate(
            last=F("at")
        )
    elif rule.type_key == "contact":
        found = Contact.objects.filter(deleted_at=None, updated_at__lt=limit).annotate(last=F("updated_at"))
    else:
        found = customers(limit)
    if rule.where:
        tree = query.parse(rule.where, get(rule.type_key), SYSTEM.moment(now))
        found = found.filter(compile_q(tree, get(rule.type_key)))
    return found.order_by("last", "pk")


def customers(limit: datetime) -> QuerySet[Any]:
    last = Greatest(
        F("updated_at"),
        Coalesce("facts__last_order_at", "created_at"),
        Coalesce("facts__last_contact_at", "created_at"),
    )
    asked = Q(privacy_requests__state__in=("received", "verified"), privacy_requests__deleted_at=None)
    busy = Q(facts__next_contact_at__isnull=False)
    alive = Customer.objects.filter(deleted_at=None, updated_at__lt=limit)
    return alive.annotate(last=last).filter(last__lt=limit).exclude(asked).exclude(busy)


def rehearse(rule: RetentionRule, *, by: Actor) -> Rehearsal:
    """Raises access.Denied, NotVisible. What it finds is noted with the rule: only then may it be switched on."""
    access.one(by, "retention_rule", rule.pk, "edit")
    found = due(rule)
    count = found.count()
    total = get(rule.type_key).records().filter(deleted_at=None).count()
    samples = [(row.pk, str(row), row.last) for row in found[:SAMPLES]]
    RetentionRule.objects.filter(pk=rule.pk).update(rehearsed_at=timezone.now(), rehearsed=count)
    return Rehearsal(count, total - count, samples)


def switch(key: int, *, on: bool, by: Actor) -> RetentionRule:
    """Raises Refused while nobody has looked at what the rule would take."""
    rule: RetentionRule = access.one(by, "retention_rule", key, "edit")
    if on and rule.rehearsed_at is None:
        raise Refused("not_rehearsed", _("请先预演，看清会处理哪些记录，再启用"))
    with transaction.atomic():
        done: RetentionRule = records.put("retention_rule", rule, {"active": on}, by=by)
    return done


def run(rule: RetentionRule, progress: Progress | None = None) -> int:
    """Takes what is due, in bites, as the system; each bite into the bin is a change set that can be undone."""
    by = SYSTEM.through("retention")
    reason = KEPT_LONG_ENOUGH.kept(name=rule.name)
    removed = 0
    while keys := list(due(rule).values_list("pk", flat=True)[:BITE]):
        if rule.act == "erase":
            for key in keys:
                erasure.erase_customer(key, by=by, reason=reason)
        else:
            records.delete(rule.type_key, keys, by=by, reason=reason)
        removed += len(keys)
        if progress is not None:
            progress(removed)
    RetentionRule.objects.filter(pk=rule.pk).update(ran_at=timezone.now(), removed=removed)
    if removed:
        audit.note("retention", rule.type_key, by=by, reason=reason, diff={"removed": [None, removed]})
    return removed


def run_all(progress: Progress | None = None) -> int:
    rules = RetentionRule.objects.filter(deleted_at=None, active=True).order_by("pk")
    return sum(run(rule, progress) for rule in rules)
