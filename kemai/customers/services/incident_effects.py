"""What the log knows of an account, a key for programs or an export between two moments, counted and paged by the
database (docs/adr/066)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NamedTuple

import orjson
from django.contrib.auth import get_user_model
from django.db.models import (
    BooleanField,
    Case,
    Count,
    ExpressionWrapper,
    IntegerField,
    Q,
    QuerySet,
    When,
    Window,
)

from kemai.customers.models import Incident
from kemai.customers.services.own_erasing import naming_customers
from kemai.kit.marked import Marked
from kemai.platform import access, query
from kemai.platform.access import Actor
from kemai.platform.access.actor import actor_for
from kemai.platform.access.quota import HOUR
from kemai.platform.exports import Order
from kemai.platform.exports.rows import records as exported
from kemai.platform.models import ApiToken, AuditEntry, Change, ChangeSet, RateCount
from kemai.platform.objects import ObjectType, get
from kemai.platform.records.sql import Among

TYPES = ("customer", "contact")
"""The persons: a customer is affected by what belongs to them as well (orders, interactions …)."""
SHOWN = 50
MOST_FILTERS = 50
"""Of so many different filters (of exports whose records the log does not name) the persons are asked for; the page
names the exports of the others."""


class Taken(NamedTuple):
    """An export of the span; `named` says whether the log knows its records, or only its filter."""

    key: int
    type_key: str
    asked: Mapping[str, Any]
    named: bool

    @property
    def filter(self) -> tuple[str, bytes]:
        """Exports by the same filter are the same persons today."""
        asked = [self.asked.get("where"), self.asked.get("q", "")]
        return self.type_key, orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)


class Page(NamedTuple):
    """How many there are in all, and the keys of one page of them, one more than is shown where there are more."""

    total: int
    keys: list[int]


def user_of(key: int | None) -> Any:
    return get_user_model()._default_manager.filter(pk=key).first() if key else None


class Effects:
    """What an incident touched, counted and paged by the database."""

    def __init__(self, incident: Incident) -> None:
        self.incident = incident

    def sets(self) -> QuerySet[ChangeSet]:
        one = self.incident
        if one.kind == "export":
            return ChangeSet.objects.filter(pk=one.export or 0)
        found = ChangeSet.objects.filter(at__gte=one.began_at, at__lte=one.ended_at)
        if one.account is not None:
            found = found.filter(actor_id=one.account)
        return found.filter(via=f"token {one.token}") if one.kind == "token" else found

    def acts(self, type_key: str = "") -> QuerySet[Change]:
        found = Change.objects.filter(changeset__in=self.sets().values("pk"))
        return found.filter(type_key=type_key) if type_key else found

    @cached_property
    def counts(self) -> dict[tuple[str, str], int]:
        """{(type, act): different records}"""
        rows = self.acts().order_by().values_list("type_key", "action")
        return {(key, act): many for key, act, many in rows.annotate(many=Count("object_id", distinct=True))}

    def export_sets(self) -> QuerySet[ChangeSet]:
        return self.sets().filter(kind="export").order_by("-pk")

    @cached_property
    def exports(self) -> dict[str, list[Taken]]:
        """{type: its exports, newest first}; their keys stay in the database."""
        found: dict[str, list[Taken]] = defaultdict(list)
        rows = self.export_sets().annotate(named=ExpressionWrapper(Q(outcome__isnull=False), BooleanField()))
        for key, type_key, reason, named in rows.values_list("pk", "type_key", "reason", "named").iterator():
            asked = asked_of(reason)
            if of_persons(type_key) and "report" not in asked:  # its figures name nobody: the page says so
                found[type_key].append(Taken(key, type_key, asked, named))
        return found

    def named(self, type_key: str) -> Iterator[tuple[int, list[int]]]:
        """(export, keys of its records) of those that the log names, one after the other."""
        if any(one.named for one in self.exports.get(type_key, ())):
            rows = self.export_sets().filter(type_key=type_key, outcome__isnull=False)
            for key, outcome in rows.values_list("pk", "outcome").iterator(chunk_size=50):
                yield key, (outcome or {}).get("keys") or []

    def filters(self, type_key: str) -> list[Taken]:
        """The newest export for each different filter, where only that is known."""
        found: dict[tuple[str, bytes], Taken] = {}
        for one in self.exports.get(type_key, ()):
            if not one.named and one.asked and "ids" not in one.asked:
                found.setdefault(one.filter, one)
        return list(found.values())

    @cached_property
    def rest(self) -> list[int]:
        """An export for each filter beyond the most: each can be an incident of its own."""
        return [one.key for type_key in self.exports for one in self.filters(type_key)[MOST_FILTERS:]]

    @cached_property
    def unknown(self) -> int:
        """Exports of records chosen by hand before the log kept which they were."""
        every = (one for exports in self.exports.values() for one in exports)
        return sum(not one.named and (not one.asked or "ids" in one.asked) for one in every)

    @cached_property
    def account(self) -> Actor | None:
        """With the rights of today, through the key where it was one."""
        person = user_of(self.incident.account)
        if person is None:
            return None
        actor = actor_for(person)
        token = ApiToken.objects.filter(pk=self.incident.token or 0).first()
        return replace(actor, types=frozenset(token.types)) if token else actor

    def parts(self, type_key: str) -> Iterable[QuerySet[Any, Any]]:
        """Keys of persons, from each thing that the log knows."""
        yield from self.touched(get(type_key))
        if type_key == "customer":
            yield from self.belonging()

    def touched(self, object_type: ObjectType) -> Iterable[QuerySet[Any, Any]]:
        """Keys of the type's own records: what was done with them, and what was exported of them."""
        yield self.acts(object_type.key).values("object_id")
        taken = self.exported_keys(object_type)
        if taken:
            yield object_type.records().filter(Among("pk", taken)).order_by().values("pk")
        for one in self.filters(object_type.key)[:MOST_FILTERS]:
            yield self.filtered(object_type, one).order_by().values("pk")

    def exported_keys(self, object_type: ObjectType) -> Marked:
        last = object_type.records().order_by("-pk").values_list("pk", flat=True).first()
        found = Marked(last or 0)
        for _export, keys in self.named(object_type.key):
            found.add(keys)
        return found

    def belonging(self) -> Iterable[QuerySet[Any, Any]]:
        touched = {key for key, _act in self.counts} | self.exports.keys()
        for other, links in naming_customers():
            if other.key in touched:
                paths = [link.path for link in links if not link.refs and link.own is None]
                for keys in self.touched(other):
                    rows = other.records().filter(pk__in=keys).order_by()
                    yield from (rows.exclude(**{path: None}).values(path) for path in paths)

    def filtered(self, object_type: ObjectType, one: Taken) -> QuerySet[Any]:
        """By the rights of today; nothing where nobody has them any more."""
        if self.account is None:
            return object_type.records().none()
        order = Order(object_type.key, where=one.asked.get("where"), q=str(one.asked.get("q", "")))
        try:
            return exported(self.account, order)
        except (access.Denied, query.QueryError):
            return object_type.records().none()

    def persons(self, type_key: str) -> QuerySet[Any]:
        """Those who are still there, by key; deleted ones too."""
        first, *others = self.parts(type_key)
        keys = first.union(*others) if others else first
        return get(type_key).records().filter(pk__in=keys).order_by("pk")

    def page(self, type_key: str, after: int) -> Page:
        """Counted and paged by one statement: all of them are asked for once. Those of the page come first."""
        past = Case(When(pk__gt=after, then=0), default=1, output_field=IntegerField())
        rows = self.persons(type_key).annotate(past=past, total=Window(Count("*"))).order_by("past", "pk")
        found = list(rows.values_list("pk", "total", "past")[: SHOWN + 1])
        return Page(found[0][1] if found else 0, [pk for pk, _total, past in found if not past])

    def gone(self, type_key: str) -> int:
        """Those of whom only the log's number is left."""
        there = get(type_key).records().values("pk")
        left = self.acts(type_key).filter(object_id__gt=0).exclude(object_id__in=there)
        return left.aggregate(many=Count("object_id", distinct=True))["many"] or 0

    def reach(self, type_key: str) -> int:
        """How many the account sees today at all: the upper bound of what was read."""
        return access.scope(self.account, type_key).count() if self.account is not None else 0

    def hours(self) -> list[tuple[datetime, bool, int]]:
        """(hour, through the interface?, records read), as far as the count is still kept."""
        one = self.incident
        if one.account is None or one.kind == "export":
            return []
        names = [f"api:{one.account}"] + ([f"pages:{one.account}"] if one.kind == "account" else [])
        span = (int(one.began_at.timestamp()) // HOUR, int(one.ended_at.timestamp()) // HOUR)
        rows = RateCount.objects.filter(bucket__in=names, window__range=span).order_by("window")
        return [
            (datetime.fromtimestamp(row.window * HOUR, tz=UTC), row.bucket.startswith("api:"), row.count)
            for row in rows[:100]
        ]

    def kinds(self) -> list[str]:
        """The labels of the data that certainly were seen, changed or taken out."""
        wanted: set[tuple[str, str]] = set()
        sealed = AuditEntry.objects.filter(changeset_id__in=self.sets().values("pk")).exclude(fields="")
        for key, names in sealed.order_by().values_list("type_key", "fields").distinct()[:500]:
            wanted |= {(key, name) for name in names.split()}
        for one in (one for exports in self.exports.values() for one in exports):
            wanted |= {(one.type_key, name) for name in one.asked.get("columns", ())}
        return sorted({label for key, name in wanted if (label := label_of(key, name))})


def asked_of(reason: str) -> Mapping[str, Any]:
    try:
        found = orjson.loads(reason)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def of_persons(type_key: str) -> bool:
    """Are these persons, or records that belong to them?"""
    return type_key in TYPES or any(other.key == type_key for other, _links in naming_customers())


def label_of(type_key: str, name: str) -> str:
    """Of a field of persons and what belongs to them; '' for settings and the like."""
    spec = get(type_key).fields.get(name) if of_persons(type_key) else None
    return str(spec.label) if spec is not None else ""
