"""The hand-over desk: what a leaver has, who gets it, the hand-over itself and its report."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kemai.kit.numbers import record_key
from kemai.platform.access import Actor
from kemai.platform.records import FieldErrors, Kept, undoable
from kemai.platform.records.naming import Naming, defaults_naming, title_of
from kemai.platform.ui.trail.naming import kept_lines
from kemai.staff.models import User
from kemai.staff.rules import METHODS
from kemai.staff.services import departments, handover, people
from kemai.staff.services.handover import Part, Wish
from kemai.staff.views.door import admin_page, found
from kemai.staff.views.users import indented

LISTED = 100
"""Records that were refused, as far as the report names them."""


def method_labels() -> list[dict[str, str]]:
    labels = {
        "one": _("全部交给一个人"),
        "rotation": _("轮流分配"),
        "weights": _("按比例分配"),
        "load": _("谁手上最少就给谁"),
    }
    return [{"value": key, "label": labels[key]} for key in METHODS]


def keys(values: list[str]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(key for one in values if (key := record_key(one)) is not None))


def wish_of(request: HttpRequest, leaver: User) -> Wish:
    """What the form says; what cannot be read is left out, and the service asks for it."""
    post = request.POST
    receivers = keys(post.getlist("receivers"))
    weights = [(one, post.get(f"weight-{one}", "")) for one in receivers]
    method = post.get("method", "one")
    return Wish(
        leaver=leaver.pk,
        types=tuple(post.getlist("types")),
        method=method if method in METHODS else "one",
        receivers=receivers,
        weights=tuple(
            (one, min(int(text), 1000)) for one, text in weights if text.isascii() and text.isdigit()
        ),
        departments=keys(post.getlist("departments")),
        without=keys(post.getlist("without")),
        spare=tuple(post.get("spare", "").replace(",", " ").replace("，", " ").split()[:1000]),
        reason=post.get("reason", "").strip()[:500],
        deactivate=post.get("deactivate") == "1",
    )


@require_http_methods(["GET", "POST"])
@admin_page
def page(request: HttpRequest, actor: Actor, key: int) -> HttpResponseBase:
    leaver = found(people.people(active=None), key)
    holdings = handover.holdings(leaver)
    wish = wish_of(request, leaver) if request.method == "POST" else None
    context = form_context(leaver, holdings, wish)
    if wish is None:
        return render(request, "staff/handover.html", context)
    try:
        changes, _job = handover.start(wish, by=actor)
    except FieldErrors as error:
        return render(request, "staff/handover.html", {**context, "errors": error.errors}, status=422)
    return redirect("handover_report", changes.pk)


def form_context(leaver: User, holdings: list[Any], wish: Wish | None) -> dict[str, Any]:
    staff = [one for one in people.people() if one.pk != leaver.pk]
    chosen = {str(one) for one in (wish.receivers if wish else ())}
    without = {str(one) for one in (wish.without if wish else ())}
    units = {str(one) for one in (wish.departments if wish else ())}
    weights = dict(wish.weights) if wish else {}
    return {
        "person": leaver,
        "holdings": [offer(one, count, wish) for one, count in holdings if not isinstance(one, Naming)],
        "namings": [offer(one, count, wish) for one, count in holdings if isinstance(one, Naming)],
        "defaults": [
            {"label": one.title, "url": reverse("define_field", args=(one.type_key, one.field))}
            for one in defaults_naming("user", leaver.pk)
        ],
        "wish": wish,
        "methods": method_labels(),
        "people": options(staff, chosen),
        "others": options(staff, without),
        "named": [(one, weights.get(one.pk, 1)) for one in staff if str(one.pk) in chosen],
        "departments": [
            {"value": str(one.pk), "label": indented(one), "selected": str(one.pk) in units}
            for one in departments.tree()
        ],
        "errors": {},
    }  # fmt: skip


def offer(one: Part, count: int, wish: Wish | None) -> dict[str, Any]:
    return {
        "key": one.key, "label": str(one.title), "icon": one.type.icon, "count": f"{count:,}",
        "chosen": wish is None or one.key in wish.types,
    }  # fmt: skip


def options(staff: list[User], chosen: set[str]) -> list[dict[str, Any]]:
    return [
        {
            "value": str(one.pk), "label": str(one), "selected": str(one.pk) in chosen,
            "sub": one.department.name if one.department else "",
        }
        for one in staff
    ]  # fmt: skip


@require_POST
@admin_page
def preview(request: HttpRequest, actor: Actor, key: int) -> HttpResponse:
    """What would go to whom, by what the form says now."""
    leaver = found(people.people(active=None), key)
    wish = wish_of(request, leaver)
    try:
        lines = handover.preview(wish, by=actor)
        errors: dict[str, str] = {}
    except FieldErrors as error:
        lines, errors = [], error.errors
    named = people.people().in_bulk(wish.receivers)
    context = {
        "table": table_of([(str(one.part.title), one.to) for one in lines]),
        "errors": errors,
        "people": [
            (named[one], dict(wish.weights).get(one, 1)) for one in wish.receivers if one in named
        ] if wish.method == "weights" else [],
    }  # fmt: skip
    return render(request, "staff/handover_preview.html", context)


def table_of(lines: list[tuple[str, Any]]) -> dict[str, Any]:
    """Types down, people across, with sums."""
    users = sorted({int(user) for _label, to in lines for user in to})
    names = {one.pk: one.name for one in people.people(active=None).filter(pk__in=users)}
    rows = [
        {"label": label, "counts": [numbered(to, user) for user in users], "sum": sum(to.values())}
        for label, to in lines
    ]
    sums = [sum(int(row["counts"][place]) for row in rows) for place in range(len(users))]
    return {
        "people": [names.get(user, f"#{user}") for user in users], "rows": rows, "sums": sums, "total": sum(sums),
    }  # fmt: skip


def numbered(to: Any, user: int) -> int:
    return int(to.get(user, to.get(str(user), 0)))


@require_safe
@admin_page
def report(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    changes, job = handover.report_of(pk)
    told = changes.outcome or {}
    leaver = people.people(active=None).filter(pk=told["leaver"]).first()
    context = {
        "changes": changes,
        "told": told,
        "leaver": leaver,
        "job": job,
        "running": job is not None and job.state in {"waiting", "running"},
        "failed": job is not None and job.state in {"failed", "cancelled"},
        "table": table_of([(title_of(key), to) for key, to in sorted(told["lines"].items())]),
        "fields": sum(sum(to.values()) for key, to in told["lines"].items() if "." in key),
        "staying": kept_lines(actor, [Kept(*one) for one in told.get("left", [])[:LISTED]]),
        "kept_count": told.get("left_count", 0),
        "undoable": bool(undoable([changes], actor)),
        "undone": changes.undone_by_id is not None,
    }
    return render(request, "staff/handover_report.html", context)
