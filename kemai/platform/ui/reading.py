"""The brake for those who read page after page by hand: warned near the limit, then refused until the hour is over."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from kemai.platform import records
from kemai.platform.access import reading
from kemai.platform.ui.door import actor_of
from kemai.platform.ui.middleware import Refusals

Respond = Callable[[HttpRequest], HttpResponse]
ALWAYS_OPEN = frozenset({"/"})
"""Where one may still go: the own day's page says what waits, and the way out leads there."""
SHOWN = frozenset({200, 422})
"""Answers that have something to read in them."""


class CountReading:
    """What pages show to somebody is counted as read by them. A write is never refused for that: by the time that its
    answer shows the record, it has been done. A POST that shows records and has written nothing is reading by another
    name, and is answered as a GET would be; only afterwards is it known."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response
        self.refusals = Refusals(get_response)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        actor = actor_of(request)
        if actor is None:
            return self.get_response(request)
        free = request.path in ALWAYS_OPEN
        with reading.page_of(actor, brake=request.method in {"GET", "HEAD"} and not free) as reader:
            response = self.get_response(request)
        if reader.shows and not (reader.brake or reader.writes or free) and response.status_code in SHOWN:
            refusal = reading.too_many(actor)
            response = (refusal and self.refusals.process_exception(request, refusal)) or response
        line = reading.settle(actor)
        if line is not None:
            records.reading_reached("pages", line.number, line.most, by=actor, near=line.near)
        return response
