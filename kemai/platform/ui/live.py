"""Where a page's live connection goes: a process of its own beside the web server (docs/adr/022)."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port


def url(request: HttpRequest) -> str:
    """'' where there is no such process: pages then ask now and then."""
    if not settings.LIVE:
        return ""
    if settings.LIVE_URL:
        return str(settings.LIVE_URL)
    return f"{origin(request)}/live/stream"


def origin(request: HttpRequest) -> str:
    """The origin to be named in the content policy; '' where it is the page's own."""
    if not settings.LIVE:
        return ""
    if settings.LIVE_URL:
        scheme, found, rest = settings.LIVE_URL.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}" if found else ""
    domain, _port = split_domain_port(request.get_host())
    return f"{request.scheme}://{domain}:{settings.LIVE_PORT}"
