"""The brake for those who read page after page by hand: warned near the limit, then refused until the hour is over."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from kemai.platform import records
from kemai.platform.access import reading
from kemai.platform.ui.door import actor_of

Respond = Callable[[HttpRequest], HttpResponse]
ALWAYS_OPEN = frozenset({"/"})
"""Where one may still go: the own day's page says what waits, and the way out leads there."""


class CountReading:
    """What pages show to somebody is counted as read by them. A write is never refused for that: by the time that its
    answer shows the record, it has been done."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        actor = actor_of(request)
        if actor is None:
            return self.get_response(request)
        brake = request.method in {"GET", "HEAD"} and request.path not in ALWAYS_OPEN
        with reading.page_of(actor, brake=brake):
            response = self.get_response(request)
        line = reading.settle(actor)
        if line is not None:
            records.reading_reached("pages", line.number, line.most, by=actor, near=line.near)
        return response
