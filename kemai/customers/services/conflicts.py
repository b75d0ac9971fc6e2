"""Values that were brought and differ from verified ones: kept until a person takes them over or leaves them
(docs/adr/054). The only writer of `ValueConflict` and of its count among the facts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kemai.customers.models import Customer, CustomerFacts, Identifier, ValueConflict
from kemai.platform import access, audit, records
from kemai.platform.access import Actor
from kemai.platform.fields import Saying
from kemai.platform.models import ChangeSet
from kemai.platform.objects import get
from kemai.platform.records import Refused

STANDING = ("open", "kept")
IDENTIFIED = {"phone": "phone", "email": "email", "wecom_id": "wecom", "credit_code": "credit_code"}
"""What may be had several times: the value that gives way stays as a further identifier."""
REASON = Saying(gettext_noop("处理资料冲突"))


def add(found: Sequence[tuple[int, str, Any]], changes: ChangeSet | None, *, by: Actor) -> None:
    """Keeps (customer, field, value) for a person. What waits already, or what somebody decided against, is not asked
    again."""
    keys = {customer for customer, _field, _value in found}
    known = {
        (one.customer_id, one.field, repr(one.value))
        for one in ValueConflict.objects.filter(customer__in=keys, state__in=STANDING)
    }
    now = timezone.now()
    fresh = {
        (customer, field, repr(value)): ValueConflict(
            customer_id=customer, field=field, value=value, source=by.source, by_name=by.name, changeset=changes, at=now
        )
        for customer, field, value in found
    }  # fmt: skip
    ValueConflict.objects.bulk_create([one for mark, one in fresh.items() if mark not in known])
    count(keys)


def count(customers: Collection[int]) -> None:
    """The number among the facts."""
    waiting = (
        ValueConflict.objects.filter(customer=OuterRef("pk"), state="open").order_by().values("customer")
    )
    number = Coalesce(Subquery(waiting.annotate(n=Count("pk")).values("n")), 0)
    CustomerFacts.objects.filter(pk__in=customers).update(conflicts=number)


def of(customer: int, *, state: str = "open") -> QuerySet[ValueConflict]:
    return ValueConflict.objects.filter(customer=customer, state=state).order_by("pk")


def follow(rows: Iterable[Customer], by: Actor) -> None:
    """Somebody wrote the very value by hand that waited: there is nothing left to decide."""
    customers = {row.pk: row for row in rows}
    fields = get("customer").fields
    done = [
        one.pk
        for one in ValueConflict.objects.filter(customer__in=customers, state="open")
        if audit.plain(fields[one.field], getattr(customers[one.customer_id], one.field)) == one.value
    ]
    if done:
        decided = {"state": "taken", "decided_by": by.name, "decided_at": timezone.now()}
        ValueConflict.objects.filter(pk__in=done).update(**decided)
        count(customers)


def follow_undo(changes: int) -> None:
    """An act was taken back, or the taking back was: what the first of them brought waits no longer, or again."""
    gone = True
    while first := ChangeSet.objects.filter(undone_by=changes).values_list("pk", flat=True).first():
        changes, gone = first, not gone
    before, after = ("open", "withdrawn") if gone else ("withdrawn", "open")
    rows = ValueConflict.objects.filter(changeset=changes, state=before)
    touched = set(rows.values_list("customer", flat=True))
    if touched:
        rows.update(state=after)
        count(touched)


def locked(key: int, by: Actor, states: Collection[str]) -> ValueConflict:
    """Raises access.NotVisible, access.Denied, Refused."""
    found = ValueConflict.objects.select_for_update().filter(pk=key).first()
    if found is None:
        raise access.NotVisible
    access.one(by, "customer", found.customer_id, "edit")
    if access.levels_on(by, get("customer"), found.customer_id).get(found.field) != "edit":
        raise access.Denied
    if found.state not in states:
        raise Refused("decided", _("这条冲突已经处理过了，请刷新"))
    return found


def take(key: int, *, by: Actor) -> ValueConflict:
    """The value that was brought replaces the verified one, by this person's hand. Raises what `locked` and
    `records.update` raise."""
    with transaction.atomic():
        found = locked(key, by, ("open",))
        customer = found.customer_id
        old = getattr(Customer.objects.get(pk=customer), found.field)
        close(found, "taken", by)
        records.update("customer", customer, {found.field: found.value}, by=by, reason=REASON.kept())
        found.decided_set = audit.history("customer", customer).values_list("changeset", flat=True).first()
        found.save(update_fields=["decided_set"])
        keep_identifier(customer, found.field, old, by)
        count([customer])
    return found


def keep_identifier(customer: int, field: str, old: Any, by: Actor) -> None:
    kind = IDENTIFIED.get(field)
    if not kind or not old or Identifier.objects.filter(kind=kind, value=old, deleted_at=None).exists():
        return
    if access.may(by, "identifier", "create"):
        records.create(
            "identifier", {"customer": customer, "kind": kind, "raw": old}, by=by, reason=REASON.kept()
        )


def keep(key: int, *, by: Actor) -> ValueConflict:
    """What is there stays; the same value is not asked about again. Raises what `locked` raises."""
    with transaction.atomic():
        found = locked(key, by, ("open",))
        close(found, "kept", by)
        count([found.customer_id])
    return found


def deciders(customer: int, fields: Collection[str]) -> str:
    """Whom to ask about fields that somebody may not write: the owner, where he may write them all; '' else."""
    owner = Customer.objects.select_related("owner__department").get(pk=customer).owner
    if owner is None or not owner.is_active:
        return ""
    other = access.actor_for(owner)
    levels = access.levels_on(other, get("customer"), customer)
    may = "edit" in access.abilities(other, "customer", customer, ("edit",))
    return str(owner) if may and all(levels.get(name) == "edit" for name in fields) else ""


def close(found: ValueConflict, state: str, by: Actor) -> None:
    found.state, found.decided_by, found.decided_at = state, by.name, timezone.now()
    found.save(update_fields=["state", "decided_by", "decided_at"])


def reopen(key: int, *, by: Actor) -> ValueConflict:
    """Takes a decision back: what was replaced returns, unless it was changed again since. Raises what `locked` and
    `records.undo` raise."""
    with transaction.atomic():
        found = locked(key, by, ("taken", "kept"))
        if found.decided_set is not None and not undone(found.decided_set):
            records.undo(found.decided_set, by=by)
        drop_identifier(found, by)
        found.state, found.decided_by, found.decided_at, found.decided_set = "open", "", None, None
        found.save(update_fields=["state", "decided_by", "decided_at", "decided_set"])
        count([found.customer_id])
    return found


def drop_identifier(found: ValueConflict, by: Actor) -> None:
    """What was kept as a further identifier is the customer's first one again."""
    kind, first = (
        IDENTIFIED.get(found.field),
        getattr(Customer.objects.get(pk=found.customer_id), found.field),
    )
    rows = Identifier.objects.filter(
        customer=found.customer_id, kind=kind or "", value=first, deleted_at=None
    )
    keys = list(rows.filter(created_at__gte=found.decided_at).values_list("pk", flat=True))
    if keys:
        records.delete("identifier", keys, by=by)


def undone(changes: int) -> bool:
    return ChangeSet.objects.filter(pk=changes, undone_by__isnull=False).exists()
