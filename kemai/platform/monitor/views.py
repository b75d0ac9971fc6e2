"""Health and figures. They answer before anything else looks at the request: a probe comes by address, without a
name, without TLS, and also when the database is away."""

from __future__ import annotations

import hmac
import os
from functools import lru_cache

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from kemai.platform.monitor import metrics

FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_REAL_IP", "HTTP_VIA")
LOCAL = ("127.0.0.1", "::1", "::ffff:127.0.0.1", "")


def answer(request: HttpRequest) -> HttpResponse | None:
    """The answer to a probe; None for everything else."""
    match request.path_info:
        case "/healthz/live":
            return JsonResponse({"status": "ok", "generation": os.environ.get("KEMAI_GENERATION", "")})
        case "/healthz" | "/healthz/" | "/healthz/ready":
            return ready()
        case "/metrics":
            return figures(request)
    return None


def ready() -> HttpResponse:
    """200 when requests can be served: the database answers and is as new as the code."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        pending = not migrated()
    except DatabaseError:
        connection.close()
        return JsonResponse({"status": "unavailable", "database": "away"}, status=503)
    if pending:
        return JsonResponse({"status": "unavailable", "database": "needs_migration"}, status=503)
    return JsonResponse({"status": "ready", "database": "ok"})


def migrated() -> bool:
    return bool(_applied(os.getpid()) or forget())


@lru_cache(maxsize=1)
def _applied(_process: int) -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def forget() -> bool:
    """Only a yes is remembered."""
    _applied.cache_clear()
    return False


def figures(request: HttpRequest) -> HttpResponse:
    if not may_read(request):
        return HttpResponse("Forbidden: set KEMAI_METRICS_TOKEN and send it as a bearer token\n", status=403)
    try:
        return HttpResponse(metrics.text(), content_type="text/plain; version=0.0.4; charset=utf-8")
    except DatabaseError:
        connection.close()
        return HttpResponse("kemai_up 0\n", content_type="text/plain; version=0.0.4; charset=utf-8")


def may_read(request: HttpRequest) -> bool:
    """Whoever has the token; without one, this machine itself, and nobody through a proxy on it."""
    if settings.METRICS_TOKEN:
        given = request.META.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ").strip()
        return hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode())
    through = any(request.META.get(name) for name in FORWARDED)
    return not through and request.META.get("REMOTE_ADDR", "") in LOCAL
