"""What customers bring to the calendar: visits, and birthdays of customers and of the people at them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import CharField
from django.db.models.functions import Cast, Substr
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kemai.collab.services.calendar import Event, Layer, Span, add_layer
from kemai.collab.services.calendar.layers import MOST, local
from kemai.kit.calendar_cn import next_birthday
from kemai.platform import access, records
from kemai.platform.access import Actor
from kemai.platform.objects import get


def visits(actor: Actor, span: Span) -> Iterable[Event]:
    """By whoever made or is to make them."""
    begin, end = span.edges
    rows = access.scope(actor, "interaction").filter(
        at__gte=begin, at__lt=end, owner__in=span.people, channel="visit"
    )
    found = list(rows.order_by("at", "pk").values_list("pk", "at", "customer__name", "owner__name")[:MOST])
    now = timezone.now()
    for key, at, customer, owner in found:
        moment = local(at)
        yield Event(
            f"interaction/{key}", moment.date(), _("拜访 %(name)s") % {"name": customer}, "interaction", "purple",
            moment, reverse("record", args=["interaction", key]), owner or "", movable=at > now,
        )  # fmt: skip


def move_visit(actor: Actor, key: int, day: dt.date) -> Any:
    touch = access.one(actor, "interaction", key, "edit")
    at = dt.datetime.combine(day, local(touch.at).time(), tzinfo=timezone.get_default_timezone())
    return records.update("interaction", key, {"at": at}, by=actor)


def birthdays(actor: Actor, span: Span) -> Iterable[Event]:
    """Of the people's own customers, and of contacts there; only for those who may read birthdays."""
    days = [span.first + dt.timedelta(days=n) for n in range((span.last - span.first).days + 1)]
    if access.field_levels(actor, get("customer")).get("birthday") in {"read", "edit"}:
        rows = access.scope(actor, "customer").filter(owner__in=span.people)
        for pk, name, born in of_days(rows, days).values_list("pk", "name", "birthday")[:MOST]:
            yield from birthday(pk, name, born, span, f"birthday-customer/{pk}")
    if access.field_levels(actor, get("contact")).get("birthday") in {"read", "edit"}:
        rows = access.scope(actor, "contact").filter(customer__owner__in=span.people)
        columns = ("pk", "customer", "name", "birthday")
        for key, pk, name, born in of_days(rows, days).values_list(*columns)[:MOST]:
            yield from birthday(pk, name, born, span, f"birthday-contact/{key}")


def of_days(rows: Any, days: Sequence[dt.date]) -> Any:
    rows = rows.exclude(birthday=None).order_by("pk")
    if len(days) >= 366:
        return rows
    marks = {f"{day:%m-%d}" for day in days}
    if "02-28" in marks:
        marks.add("02-29")
    return rows.annotate(month_day=Substr(Cast("birthday", CharField()), 6, 5)).filter(month_day__in=marks)


def birthday(customer: int, name: str, born: dt.date, span: Span, key: str) -> Iterable[Event]:
    day = next_birthday(born, span.first)
    while day <= span.last:
        title = _("%(name)s 生日") % {"name": name}
        url = reverse("record", args=["customer", customer])
        yield Event(f"{key}/{day.year}", day, title, "birthday", "pink", None, url)
        day = next_birthday(born, day + dt.timedelta(days=1))


def sees_customers(actor: Actor) -> bool:
    return access.may(actor, "customer", "view")


def sees_touches(actor: Actor) -> bool:
    return access.may(actor, "interaction", "view")


def register() -> None:
    """Called when the addresses are declared."""
    add_layer(
        Layer("interaction", gettext_lazy("拜访"), "purple", visits, sees_touches, move_visit, order=20)
    )
    add_layer(Layer("birthday", gettext_lazy("生日"), "pink", birthdays, sees_customers, order=30))
