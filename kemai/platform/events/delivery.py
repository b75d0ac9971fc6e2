"""Acting on facts: every handler's effect happens once, and a handler that fails holds up nobody else.

A handler runs in a savepoint next to the row that notes its delivery. If it fails, its part is rolled back and handed
to the queue as a job of its own, which tries again with growing pauses and, after its last attempt, stays failed with
the error to see; the event itself is done."""

from __future__ import annotations

import logging

from django.db import transaction
from django.utils import timezone

from kemai.platform.events.registry import Handler, handler_named, handlers_for
from kemai.platform.jobs.progress import Fatal, Progress
from kemai.platform.jobs.queue import enqueue
from kemai.platform.jobs.runner import atomic_task, run_all
from kemai.platform.models import EventDelivery, OutboxEvent

log = logging.getLogger(__name__)

ATTEMPTS = 8
REDELIVER = "kemai.platform.events.delivery.redeliver"


def drain(limit: int = 200) -> int:
    """Deliver up to `limit` waiting events, oldest first; returns how many were finished."""
    waiting = list(OutboxEvent.objects.filter(done_at=None).order_by("id").values_list("id", "name")[:limit])
    idle = [event_id for event_id, name in waiting if not handlers_for(name)]
    finished = 0
    if idle:
        finished += OutboxEvent.objects.filter(pk__in=idle, done_at=None).update(done_at=timezone.now())
    for event_id, name in waiting:
        if handlers_for(name):
            finished += deliver(event_id)
    return finished


def deliver(event_id: int) -> bool:
    """Deliver one event to all who have not had it yet, in one transaction. False if somebody else is at it."""
    with transaction.atomic():
        event = (
            OutboxEvent.objects.select_for_update(skip_locked=True).filter(pk=event_id, done_at=None).first()
        )
        if event is None:
            return False
        had = set(EventDelivery.objects.filter(event=event).values_list("handler", flat=True))
        for handler in handlers_for(event.name):
            if handler.name not in had:
                _deliver_or_hand_over(event, handler)
        event.done_at = timezone.now()
        event.save(update_fields=["done_at"])
    return True


def _deliver_or_hand_over(event: OutboxEvent, handler: Handler) -> None:
    try:
        with transaction.atomic():
            _deliver_to(event, handler)
    except Exception:
        log.exception("event %s (%s): handler %s failed", event.pk, event.name, handler.name)
        enqueue(
            REDELIVER,
            {"event_id": event.pk, "handler": handler.name},
            key=f"event/{event.pk}/{handler.name}"[:160],
            max_attempts=ATTEMPTS,
        )


def _deliver_to(event: OutboxEvent, handler: Handler) -> None:
    EventDelivery.objects.create(event=event, handler=handler.name)
    handler.function(event)


@atomic_task
def redeliver(progress: Progress, *, event_id: int, handler: str) -> None:
    """The job of a delivery that failed: the effect, the note of it and the end of the job are one transaction."""
    event = OutboxEvent.objects.filter(pk=event_id).first()
    if event is None or EventDelivery.objects.filter(event=event, handler=handler).exists():
        return
    found = handler_named(handler)
    if found is None:
        raise Fatal(f"the handler {handler} is gone")
    _deliver_to(event, found)


def drain_all(rounds: int = 50) -> int:
    """Deliver events, and what they set off, until nothing is due. For tests and the command line: runs in this
    thread, the due jobs of the queue included."""
    total = 0
    for _ in range(rounds):
        did = drain() + run_all()
        if not did:
            break
        total += did
    return total
