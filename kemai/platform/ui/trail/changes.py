"""The list of what was changed: one's own, for administrators everybody's; what an undo would do, and doing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kemai.kit.numbers import record_key
from kemai.platform import access, audit, records
from kemai.platform.access import SYSTEM, Actor, NotVisible
from kemai.platform.access.auditor import may_audit
from kemai.platform.audit import reading
from kemai.platform.jobs import Fatal, Progress, enqueue, status
from kemai.platform.models import Change, ChangeSet
from kemai.platform.objects import DiffLine, all_types
from kemai.platform.records.undo import NO_CHANGE, kept_of
from kemai.platform.ui import addresses
from kemai.platform.ui.door import is_fragment, signed_in
from kemai.platform.ui.records.answers import go
from kemai.platform.ui.trail import naming

SHOWN = 50
RECORDS = 40
KEPT = 100
AT_ONCE = 200
"""Up to so many records are taken back while the person waits."""
PREVIEWED = 30_000
"""Up to so many changes the page works out by itself what an undo would do."""
WORK = "kemai.platform.ui.trail.changes.work"


class Line(NamedTuple):
    set: ChangeSet
    kind: Any
    type: str
    who: str
    reason: str
    state: naming.State


@require_safe
@signed_in
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    asked = asking(request, actor)
    found = list(matching(actor, asked)[: SHOWN + 1])
    rows, more = found[:SHOWN], len(found) > SHOWN
    query = request.GET.copy()
    query.pop("before", None)
    context = {
        "lines": [line_of(one, actor) for one in rows],
        "older": addresses.at("", [*addresses.pairs(query), ("before", rows[-1].pk)]) if more else "",
        "asked": asked,
        "everybody": actor.is_admin,
        "kinds": [
            {"value": option.value, "label": str(option.label)}
            for option in ChangeSet.KINDS
            if option.value not in NO_CHANGE and option.value != "run"
        ],
        "types": [{"value": one.key, "label": str(one.label)} for one in all_types() if not one.administered],
    }
    return render(request, "ui/trail/changes.html", context)


def asking(request: HttpRequest, actor: Actor) -> dict[str, str]:
    names = ("whose", "kind", "type", "from", "to", "single", "before")
    asked = {name: request.GET.get(name, "")[:40] for name in names}
    if not actor.is_admin:
        asked["whose"] = "mine"
    return asked


def matching(actor: Actor, asked: Mapping[str, str]) -> QuerySet[ChangeSet]:
    found = reading.change_sets().exclude(kind__in=[*NO_CHANGE, "run"])
    if asked["whose"] != "all" or not actor.is_admin:
        found = found.filter(actor=actor.user_id or 0)
    if asked["single"] != "1":
        found = found.filter(count__gt=1)
    if asked["kind"]:
        found = found.filter(kind=asked["kind"])
    if asked["type"]:
        found = found.filter(type_key=asked["type"])
    found = between(found, asked["from"], asked["to"])
    before = asked["before"]
    return found.filter(pk__lt=int(before)) if before.isascii() and before.isdigit() else found


def between(found: QuerySet[Any], first: str, last: str) -> QuerySet[Any]:
    """Days of the company's clock, both included; what is no date asks nothing."""
    begin, end = day(first), day(last)
    if begin:
        found = found.filter(at__gte=begin)
    return found.filter(at__lt=end + timedelta(days=1)) if end else found


def day(text: str) -> datetime | None:
    try:
        found = parse_date(text)
    except ValueError:
        return None
    return datetime.combine(found, time.min, timezone.get_default_timezone()) if found else None


def line_of(one: ChangeSet, actor: Actor) -> Line:
    return Line(
        one,
        naming.KINDS[one.kind],
        naming.type_label(one.type_key),
        naming.who(one.actor_name),
        naming.reason_of(one),
        naming.state_of(one, actor),
    )


def find(actor: Actor, pk: int) -> ChangeSet:
    """Raises NotVisible for what is neither the actor's own nor his to look after."""
    one = reading.change_sets().filter(pk=pk).first() if 0 < pk < 2**63 else None
    if one is None or one.kind == "run":
        raise NotVisible
    mine = actor.user_id is not None and one.actor_id == actor.user_id
    if not (mine or actor.is_admin or may_audit(actor)):
        raise NotVisible
    return one


@require_safe
@signed_in
def detail(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    one = find(actor, pk)
    outcome: dict[str, Any] = one.outcome or {}
    undone = outcome.get("undone") if one.kind in {"undo", "redo"} else None
    job = status.by_key(job_key(pk))
    context = {
        "line": line_of(one, actor),
        "door": naming.door(one.source),
        "place": place_of(one, actor),
        "undone": undone,
        "kept_count": outcome.get("kept_count", 0),
        "staying": naming.kept_lines(actor, kept_of(outcome)[:KEPT]),
        "origin": reading.change_sets().filter(undone_by=one).first(),
        "records_url": reverse("change_records", args=[pk]),
        "auto": one.count <= PREVIEWED,
        "job": job if job is not None and job.state in {"waiting", "running"} else None,
        "crumbs": [{"label": _("变更"), "url": reverse("changes")}],
    }
    return render(request, "ui/trail/change.html", context)


def place_of(one: ChangeSet, actor: Actor) -> str:
    """From where: one's own, or for those who may read the audit."""
    mine = actor.user_id is not None and one.actor_id == actor.user_id
    return " · ".join(part for part in (one.address, one.via) if part) if mine or may_audit(actor) else ""


@require_safe
@signed_in
def preview(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """What an undo would do now."""
    one = find(actor, pk)
    report = records.preview(one.pk, by=actor)
    context = {
        "one": one,
        "take": report.undone,
        "kept_count": report.kept_count,
        "staying": naming.kept_lines(actor, report.kept[:KEPT]),
    }
    return render(request, "ui/trail/preview.html", context)


class Touched(NamedTuple):
    name: naming.Named
    type: str
    act: str
    icon: str
    color: str
    diff: Sequence[DiffLine]


@require_safe
@signed_in
def touched(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """The records of a change set, as far as the reader may see them."""
    one = find(actor, pk)
    after = record_key(request.GET.get("after", ""))
    rows = one.changes.select_related("changeset").order_by("pk")
    if after is not None:
        rows = rows.filter(pk__gt=after)
    found = list(rows[: RECORDS + 1])
    context = {
        "one": one,
        "rows": told(actor, found[:RECORDS]),
        "more": found[RECORDS - 1].pk if len(found) > RECORDS else 0,
        "first": not after,
    }
    return render(request, "ui/trail/records.html", context)


def told(actor: Actor, changes: Sequence[Change]) -> list[Touched]:
    by_type: dict[str, list[Change]] = {}
    for change in changes:
        by_type.setdefault(change.type_key, []).append(change)
    names: dict[str, dict[int, naming.Named]] = {}
    diffs: dict[int, list[DiffLine]] = {}
    for key, some in by_type.items():
        object_type = naming.type_of(key)
        if object_type is None:
            names[key] = {}
            continue
        names[key] = naming.named(actor, object_type, {change.object_id for change in some})
        diffs |= audit.diffs(actor, object_type, [one for one in some if one.object_id in names[key]])
    return [
        Touched(
            names[change.type_key].get(change.object_id, naming.Named(f"#{change.object_id}")),
            naming.type_label(change.type_key),
            audit.act(change),
            *audit.look(change),
            diffs.get(change.pk, []),
        )
        for change in changes
    ]


@require_POST
@signed_in
def undo(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """At once, or in the background with a bar; either way there is a page of what came out."""
    one = find(actor, pk)
    records.check_undoable(one, actor)
    if one.count <= AT_ONCE:
        report = records.undo(one.pk, by=actor)
        text = _("已重做") if report.changeset.kind == "redo" else _("已撤销")
        return go(request, reverse("change", args=[report.changeset.pk]), text)
    title = _("撤销：%(kind)s %(type)s %(n)s 条") % {
        "kind": naming.KINDS[one.kind].label, "type": naming.type_label(one.type_key), "n": f"{one.count:,}",
    }  # fmt: skip
    args = {
        "changeset": one.pk, "user": actor.user_id, "language": actor.language, "address": actor.address,
        "via": actor.via,
    }  # fmt: skip
    job = enqueue(WORK, args, key=job_key(one.pk), again=True, user=actor.user_id, title=title)
    if is_fragment(request):
        return render(request, "ui/trail/undoing.html", {"job": job, "one": one})
    return go(request, reverse("change", args=[one.pk]))


def job_key(pk: int) -> str:
    return f"undo/{pk}"


def work(
    progress: Progress, *, changeset: int, user: int, language: str, address: str = "", via: str = ""
) -> dict[str, Any]:
    """The job: an undo that was cut off goes on where it was."""
    person = access.scope(SYSTEM, "user").filter(pk=user, is_active=True).first()
    if person is None:
        raise Fatal("the user is gone")
    actor = replace(access.actor_for(person), address=address, via=via)
    with translation.override(language):
        try:
            report = records.undo(changeset, by=actor, progress=progress, resume=True)
        except (access.Denied, records.Refused) as error:
            raise Fatal(str(error)) from error
        text = _("已撤销 %(undone)s 条，%(kept)s 处保持不变") % {
            "undone": f"{report.undone:,}", "kept": f"{report.kept_count:,}",
        }  # fmt: skip
    return {"count": report.undone, "undo": report.changeset.pk, "message": text}


@require_safe
@signed_in
def done(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """In place of the progress bar, when it has come to its end."""
    one = find(actor, pk)
    job = status.by_key(job_key(pk))
    context = {"one": one, "job": job, "result": one.undone_by if job and job.state == "done" else None}
    return render(request, "ui/trail/undone.html", context)
