"""Writing down what was said and done, and what is to be done next: what the composer of a customer's page calls."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Min
from django.utils import timezone
from django.utils.translation import gettext as _

from kemai.collab.models import Task
from kemai.collab.services.tasks import create_task
from kemai.customers.models import CustomerFacts, Interaction
from kemai.platform import access, records
from kemai.platform.access import Actor
from kemai.platform.fields import KINDS, FieldSpec, Invalid
from kemai.platform.records import FieldErrors

ABOUT = "customer"
NEXT = FieldSpec("next_at", "next_at", "", KINDS["datetime"], nullable=True)
TASK_KIND: Mapping[str, str] = {"call": "call", "visit": "visit", "sms": "message", "wecom": "message"}


def log_touch(customer_id: int, channel: str, typed: Mapping[str, str], *, by: Actor) -> Any:
    """Notes a touch: `typed` may hold body, subject, outcome, minutes, contact, direction, at, next_at ("call again"
    at that moment becomes a task). Something must have been said, or an outcome be known.

    Raises access.NotVisible, access.Denied, FieldErrors."""
    access.one(by, ABOUT, customer_id)
    body = typed.get("body", "").strip()
    outcome = typed.get("outcome", "")
    if not body and not outcome and channel != "visit":
        raise FieldErrors({"body": _("写几个字，说说这次联系了什么")})
    values: dict[str, object] = {
        "customer": customer_id,
        "channel": channel,
        "direction": typed.get("direction") or "out",
        "at": typed.get("at") or timezone.now(),
        "body": body,
    }
    values |= {key: typed[key] for key in ("subject", "outcome", "minutes", "contact") if typed.get(key)}
    if by.user_id is not None:
        values["owner"] = by.user_id
    next_at = moment(typed.get("next_at", ""))
    with transaction.atomic():
        made = records.create("interaction", values, by=by)
        if next_at is not None:
            words = {"title": _("跟进：%(about)s") % {"about": (body or label(channel))[:60]}}
            add_task(customer_id, {**words, "kind": TASK_KIND.get(channel, "todo"), "due_at": next_at}, by=by)
    return made


def label(channel: str) -> str:
    option = next((one for one in Interaction.CHANNELS if one.value == channel), None)
    return str(option.label) if option else channel


def moment(text: str) -> datetime | None:
    try:
        value = NEXT.type.parse(text, NEXT)
    except Invalid as error:
        raise FieldErrors({"next_at": error.message}) from error
    assert value is None or isinstance(value, datetime)
    return value


def add_task(customer_id: int, values: Mapping[str, object], *, by: Actor, origin: str = "") -> Task:
    """A task about a customer that the actor sees; theirs unless `values` name an owner. One open task for each
    origin: where there is one already, it is returned. Raises access.NotVisible, access.Denied, FieldErrors."""
    access.one(by, ABOUT, customer_id)
    about = Task.objects.filter(type_key=ABOUT, object_id=customer_id, deleted_at=None)
    with transaction.atomic():
        there = about.filter(origin=origin, state="open").first() if origin else None
        if there is not None:
            return there
        task = create_task(values, by=by, about=(ABOUT, customer_id), origin=origin)
        follow_next(customer_id)
    return task


def follow_next(customer_id: int) -> None:
    """The next contact is the earliest open task with a date."""
    waiting = Task.objects.filter(type_key=ABOUT, object_id=customer_id, state="open", deleted_at=None)
    earliest = waiting.aggregate(at=Min("due_at"))["at"]
    CustomerFacts.objects.filter(customer=customer_id).update(next_contact_at=earliest)


def open_tasks(actor: Actor, customer_id: int, limit: int = 5) -> list[dict[str, Any]]:
    """The open tasks about a customer that the actor may see, the most urgent first."""
    rows = access.scope(actor, "task").filter(type_key=ABOUT, object_id=customer_id, state="open")
    return list(
        rows.order_by("due_at", "pk").values("pk", "title", "due_at", "origin", "owner__name")[:limit]
    )


def tomorrow_morning() -> datetime:
    """Ten o'clock of the next day, by the company's clock."""
    here = timezone.localtime(timezone.now(), timezone.get_default_timezone())
    return (here + timedelta(days=1)).replace(hour=10, minute=0, second=0, microsecond=0)
